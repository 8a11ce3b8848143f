//! Replaces references to a Sample by references to the chunk.

use crate::model::{MAX_SCTP_ADDRESSES, Row, Sample, Socket, SocketTable};
use crate::recording::records::ProcessEncoder;
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
    sample: &'a Sample,
    strings: &'a mut StringInterner,
    processes: &'a ProcessEncoder,
    /// Strings of congestion control names, by their index in the table.
    congestion: [Option<u32>; 256],
    /// Buffer for the other holders of a socket.
    holders: Vec<u8>,
}

impl<'a> SideRefResolver<'a> {
    /// Creates a resolver for a table of the Sample.
    pub(super) fn new(
        sample: &'a Sample,
        strings: &'a mut StringInterner,
        processes: &'a ProcessEncoder,
    ) -> SideRefResolver<'a> {
        SideRefResolver {
            sample,
            strings,
            processes,
            congestion: [None; 256],
            holders: Vec::new(),
        }
    }

    /// Resolves a socket; `parts` is a buffer for its parts, which are cut if they are too long.
    #[inline]
    pub(super) fn resolve<'c>(
        &mut self,
        table: &'c SocketTable,
        row: Row<'c>,
        parts: &'c mut Vec<u8>,
    ) -> ChunkSocket<'c> {
        let mut side = SideRefs::default();
        let socket = row.socket;
        if socket.congestion > 0 {
            let strings = &mut *self.strings;
            let number = &mut self.congestion[usize::from(socket.congestion)];
            side.congestion = *number.get_or_insert_with(|| {
                let name = table.name_at(socket.congestion);
                name.map_or(0, |name| strings.intern(name.as_bytes()))
            });
        }
        if let Some(name) = row.name() {
            side.name = self
                .strings
                .intern(&name[..name.len().min(MAX_SCTP_ADDRESSES)]);
        }
        if let Some((first, others)) = self.sample.holders_of(socket).split_first() {
            side.process = self.processes.number_of(first.process);
            side.fd = first.fd;
            if !others.is_empty() {
                self.holders.clear();
                for holder in others {
                    let process = self.processes.number_of(holder.process);
                    put_varint(&mut self.holders, u64::from(process));
                    put_varint(&mut self.holders, u64::from(holder.fd));
                }
                side.others = self.strings.intern(&self.holders);
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
