//! The owner of a row, which is written only if it has changed: pages of rows are shared between Samples.

use crate::model::{Attribution, Socket, SocketTable};

/// The fields of a row that are about its owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    attribution: Attribution,
    holders_at: u32,
    holders_len: u16,
}

impl Owner {
    fn of(socket: &Socket) -> Owner {
        Owner {
            attribution: socket.attribution,
            holders_at: socket.holders_at,
            holders_len: socket.holders_len,
        }
    }

    /// Returns the owner of `after`, the same socket in `row` as `before`, if it is another.
    #[inline]
    pub(super) fn change(row: u32, before: &Socket, after: &Socket) -> Option<(u32, Owner)> {
        let owner = Owner::of(after);
        (Owner::of(before) != owner).then_some((row, owner))
    }

    /// Writes it to a row.
    pub(super) fn apply(self, table: &mut SocketTable, row: u32) {
        if let Some(socket) = table.get_mut(row as usize) {
            socket.attribution = self.attribution;
            socket.holders_at = self.holders_at;
            socket.holders_len = self.holders_len;
        }
    }
}
