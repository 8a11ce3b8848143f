//! Sockets that ended.

use super::super::at_hand::AtHand;
use super::super::streams::Streams;
use super::RowDecoder;
use crate::model::{ClosedSocket, Socket};
use crate::recording::column::{self, Beside};
use crate::recording::section::{SEEN_AS_KNOWN, SEEN_AS_TOLD};
use crate::recording::varint::{Broken, Cursor, Room};

/// Sockets that ended.
#[derive(Debug, Default)]
pub(super) struct Closed {
    pub(super) told: Vec<ClosedSocket>,
    pub(super) rows: Vec<(Socket, Beside)>,
    pub(super) bytes: Vec<u8>,
    /// When the rows that they go on from were seen first.
    first_ns: Vec<u64>,
    /// Those of `told` that were seen first when these were.
    as_known: Vec<usize>,
}

impl RowDecoder {
    /// Takes what a frame tells of sockets that ended.
    pub(super) fn take_closed(
        &mut self,
        mut told: Cursor<'_>,
        streams: &mut Streams<'_, '_>,
        now_ns: u64,
        room: &mut Room,
    ) -> Result<(), Broken> {
        self.closed.told.clear();
        self.closed.rows.clear();
        self.closed.bytes.clear();
        self.closed.first_ns.clear();
        self.closed.as_known.clear();
        if told.is_empty() {
            return Ok(());
        }
        let mut expected = 0i64;
        for _ in 0..told.count()? {
            room.take(size_of::<(ClosedSocket, usize)>())?;
            let row = expected.wrapping_add(told.signed()?);
            expected = row.wrapping_add(1);
            let monotonic_ns = now_ns.wrapping_sub(told.signed()? as u64);
            let flags = told.varint()?;
            // The first revision knew no more than whether it was told.
            let kinds = if self.manners.revision() == 1 { 1 } else { 2 };
            let last_state = match flags >> kinds {
                0 => None,
                state => Some(column::state(state)?),
            };
            let first_seen_ns = match flags & ((1 << kinds) - 1) {
                SEEN_AS_TOLD => Some(now_ns.wrapping_sub(told.signed()? as u64)),
                // For now.
                SEEN_AS_KNOWN => Some(0),
                _ => None,
            };
            let row = u32::try_from(row).map_err(|_| Broken("an ended socket has no row"))?;
            if flags & ((1 << kinds) - 1) == SEEN_AS_KNOWN {
                self.closed.as_known.push(self.closed.told.len());
            }
            self.closed.told.push(ClosedSocket {
                row,
                monotonic_ns,
                last_state,
                first_seen_ns,
            });
        }
        for _ in 0..told.count()? {
            let position: usize = told.number()?;
            let mut first_ns = 0;
            match position.checked_sub(1) {
                None => self.whole(streams)?,
                Some(position) => {
                    let at = self.rows.order.get(position).copied();
                    let at = at.ok_or(Broken("a socket goes on from none"))?;
                    first_ns = self.rows.row(at).first_ns;
                    self.at_hand.take_up(&self.rows, at);
                    if self.manners.revision() == 1 && !streams.changes(false)? {
                        return Err(Broken("an ended socket tells nothing"));
                    }
                    let plan = Self::plan(&self.plans, streams)?;
                    self.at_hand.change(plan, &self.manners, streams)?;
                }
            }
            let AtHand {
                socket,
                beside,
                parts,
            } = &self.at_hand;
            room.take(size_of::<(Socket, Beside, u64)>() + parts.len())?;
            self.closed.rows.push((*socket, *beside));
            self.closed.first_ns.push(first_ns);
            self.closed.bytes.extend_from_slice(parts);
        }
        for at in self.closed.as_known.drain(..) {
            let closed = &mut self.closed.told[at];
            let known = self.closed.first_ns.get(closed.row as usize);
            closed.first_seen_ns = known.copied();
        }
        Ok(())
    }
}
