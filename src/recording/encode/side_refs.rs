//! Replaces references to a Sample by references to the chunk.

use crate::model::{Holder, MAX_SCTP_ADDRESSES, Row, Socket, SocketTable};
use crate::recording::row_store::without_sample_refs;
use crate::recording::stream::{MAX_CONGESTION_INFO_LEN, MAX_INFO_LEN, MAX_MEMORY_LEN, SideRefs};
use crate::recording::strings::StringInterner;
use crate::recording::varint::put_varint;

/// A socket without references outside of the chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkSocket<'a> {
    pub(super) socket: Socket,
    pub(super) side: SideRefs,
    pub(super) parts: &'a [u8],
}

/// Resolves the side references of the sockets of one table.
pub(super) struct SideRefResolver<'a> {
    table: &'a SocketTable,
    /// Holders of the sockets, with numbers of processes.
    holders: &'a [Holder],
    /// Strings of congestion control names, by their index in the table.
    congestion: [Option<u32>; 256],
    /// Buffer for the other holders of a socket.
    others: Vec<u8>,
}

impl<'a> SideRefResolver<'a> {
    /// Creates a resolver for a table.
    pub(super) fn new(table: &'a SocketTable, holders: &'a [Holder]) -> SideRefResolver<'a> {
        SideRefResolver {
            table,
            holders,
            congestion: [None; 256],
            others: Vec::new(),
        }
    }

    /// Resolves a row of the table; `parts` is a buffer for its parts, which are cut if they are too long.
    #[inline]
    pub(super) fn resolve<'c>(
        &mut self,
        row: Row<'_>,
        strings: &mut StringInterner,
        parts: &'c mut Vec<u8>,
    ) -> ChunkSocket<'c> {
        let mut side = SideRefs::default();
        let socket = row.socket;
        if socket.congestion > 0 {
            let number = &mut self.congestion[usize::from(socket.congestion)];
            side.congestion = *number.get_or_insert_with(|| {
                let name = self.table.name_at(socket.congestion);
                name.map_or(0, |name| strings.intern(name.as_bytes()))
            });
        }
        if let Some(name) = row.name() {
            side.name = strings.intern(&name[..name.len().min(MAX_SCTP_ADDRESSES)]);
        }
        if let Some((first, others)) = holders_of(socket, self.holders).split_first() {
            side.process = first.process;
            side.fd = first.fd;
            if !others.is_empty() {
                self.others.clear();
                for holder in others {
                    put_varint(&mut self.others, u64::from(holder.process));
                    put_varint(&mut self.others, u64::from(holder.fd));
                }
                side.others = strings.intern(&self.others);
            }
        }
        let (structures, report, _) = row.parts();
        let blob = socket.blob;
        let mut socket = without_sample_refs(&row.to_socket());
        let info = structures.slice(0, blob.info.into());
        let memory = structures.slice(blob.info.into(), blob.memory.into());
        let info = info.slice(0, MAX_INFO_LEN);
        let memory = memory.slice(0, MAX_MEMORY_LEN);
        let report = &report[..report.len().min(MAX_CONGESTION_INFO_LEN)];
        // Each length is at most that of the table.
        socket.blob.info = info.len() as u16;
        socket.blob.memory = memory.len() as u16;
        socket.blob.congestion_info = report.len() as u16;
        parts.clear();
        info.append_to(parts);
        memory.append_to(parts);
        parts.extend_from_slice(report);
        ChunkSocket {
            socket,
            side,
            parts,
        }
    }
}

/// Returns the holders of a socket.
#[inline]
pub(super) fn holders_of<'h>(socket: &Socket, holders: &'h [Holder]) -> &'h [Holder] {
    let from = socket.holders_at as usize;
    let to = from + usize::from(socket.holders_len);
    holders.get(from..to).unwrap_or(&[])
}
