//! Decodes the sockets that closed, from the section [`CLOSED`](crate::recording::section::CLOSED).
//!
//! The section has a list of facts and a list of rows, because several closed sockets may share a row:
//!
//! 1. The number of closed sockets, and for each: the index of its row as the difference from the next expected one;
//!    the time from its end to the Sample, ns; its last state times four, plus whether and how it is stored when it was
//!    first seen; and that time, if it is stored.
//! 2. The number of rows, and for each: 0 for a new socket, or one more than the position in the previous Sample of the
//!    socket that it is based on. The cells are in the streams.
//!
//! Closed sockets come before those that exist, while the rows are still those of the previous Sample.

use super::row_builder::{RowBuilder, RowScratch};
use super::streams::StreamReaders;
use crate::model::{ClosedSocket, Socket, State, Stored as _};
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::row_store::RowStore;
use crate::recording::section::{SEEN_AT, SEEN_WITH_BASE};
use crate::recording::stream::SideRefs;
use crate::recording::varint::ByteReader;

/// The sockets that closed in the last frame.
#[derive(Debug, Default)]
pub(super) struct ClosedDecoder {
    /// Facts of each closed socket. [`ClosedSocket::row`] is an index of `rows`.
    pub(super) closed: Vec<ClosedSocket>,
    /// Rows of the closed sockets, and the parts of all rows one after the other.
    pub(super) rows: Vec<(Socket, SideRefs)>,
    pub(super) parts: Vec<u8>,
    /// When the socket that each row is based on was first seen, ns of the monotonic clock; 0 for a row without a base.
    base_first_ns: Vec<u64>,
    /// Indices in `closed` of the sockets that were first seen when their base was.
    seen_with_base: Vec<usize>,
}

impl ClosedDecoder {
    /// Replaces the closed sockets by those of a frame. `rows` are those of the previous Sample, and `now_ns` is the
    /// time of the frame, ns of the monotonic clock. An empty section means that no socket closed.
    ///
    /// # Errors
    /// If the section or a cell is corrupt, or a row is based on a socket that the previous Sample does not have.
    pub(super) fn decode(
        &mut self,
        mut reader: ByteReader<'_>,
        rows: &RowStore,
        builder: &mut RowBuilder,
        streams: &mut StreamReaders<'_, '_>,
        now_ns: u64,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        self.closed.clear();
        self.rows.clear();
        self.parts.clear();
        self.base_first_ns.clear();
        self.seen_with_base.clear();
        if reader.is_empty() {
            return Ok(());
        }
        self.decode_facts(&mut reader, now_ns, budget)?;
        self.decode_rows(&mut reader, rows, builder, streams, budget)?;
        for at in self.seen_with_base.drain(..) {
            let closed = &mut self.closed[at];
            let first_ns = self.base_first_ns.get(closed.row as usize);
            closed.first_seen_ns = first_ns.copied();
        }
        Ok(())
    }

    /// Decodes the list of facts.
    fn decode_facts(
        &mut self,
        reader: &mut ByteReader<'_>,
        now_ns: u64,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let mut expected = 0i64;
        for _ in 0..reader.count()? {
            // Copied to the Sample.
            budget.spend(size_of::<(ClosedSocket, ClosedSocket, usize)>())?;
            let row = expected.wrapping_add(reader.signed()?);
            expected = row.wrapping_add(1);
            let monotonic_ns = now_ns.wrapping_sub(reader.signed()? as u64);
            let flags = reader.varint()?;
            let last_state = match flags >> 2 {
                0 => None,
                state => Some(State::load(&[state])?),
            };
            let first_seen = flags & 3;
            let first_seen_ns = match first_seen {
                SEEN_AT => Some(now_ns.wrapping_sub(reader.signed()? as u64)),
                // Replaced once the bases are known.
                SEEN_WITH_BASE => Some(0),
                _ => None,
            };
            let row = u32::try_from(row).map_err(|_| Corrupt("a closed socket has no row"))?;
            if first_seen == SEEN_WITH_BASE {
                self.seen_with_base.push(self.closed.len());
            }
            self.closed.push(ClosedSocket {
                row,
                monotonic_ns,
                last_state,
                first_seen_ns,
            });
        }
        Ok(())
    }

    /// Decodes the list of rows.
    fn decode_rows(
        &mut self,
        reader: &mut ByteReader<'_>,
        rows: &RowStore,
        builder: &mut RowBuilder,
        streams: &mut StreamReaders<'_, '_>,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let count = reader.count()?;
        // Each row is that of at least one socket.
        if count > self.closed.len() {
            return Err(Corrupt::UNANNOUNCED);
        }
        for _ in 0..count {
            let base: usize = reader.number()?;
            let mut first_ns = 0;
            match base.checked_sub(1) {
                None => builder.decode_new(streams)?,
                Some(position) => {
                    let at = rows.order.get(position).copied();
                    let at = at.ok_or(Corrupt::NO_EARLIER_SOCKET)?;
                    first_ns = rows.row(at).first_ns;
                    builder.decode_changed(rows, at, streams)?;
                }
            }
            let RowScratch {
                socket,
                side,
                parts,
            } = &builder.scratch;
            budget.spend(size_of::<(Socket, SideRefs, u64)>() + parts.len())?;
            self.rows.push((*socket, *side));
            self.base_first_ns.push(first_ns);
            self.parts.extend_from_slice(parts);
        }
        Ok(())
    }
}
