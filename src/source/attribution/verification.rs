//! Selects the sockets whose owners are verified in a Sample if there are too many to verify all: those that have
//! changed since.

use super::live_inodes::LiveInodes;
use super::remembered::{RememberedSocket, activity_of};
use super::unowned::is_of_kernel;
use crate::model::{ClearForReuse, Row, SocketTable};
use crate::source::procfs::{Owners, SocketDescriptor};

/// The changed sockets of one round.
#[derive(Debug, Default)]
pub(super) struct ChangedSockets {
    /// True if owners are verified here, and not by [`Owners::refresh`].
    enabled: bool,
    /// The selected rows.
    rows: Vec<u32>,
    /// Row at which the selection begins, so that the rows before it do not always come first.
    first: u32,
    /// First changed row that exceeded the limit.
    next: Option<u32>,
    descriptors: Vec<SocketDescriptor>,
}

impl ChangedSockets {
    /// Begins a round, after `owners` was refreshed.
    pub(super) fn begin(&mut self, owners: &Owners) {
        self.enabled = !owners.all_verified();
        self.first = self.next.take().unwrap_or(0);
        self.rows.clear_for_reuse();
    }

    /// Selects the socket in `row` if it has changed since its owner was verified, up to a limit. Allocates nothing for
    /// sockets that have not changed.
    #[inline]
    pub(super) fn select(
        &mut self,
        row: u32,
        socket: Row<'_>,
        remembered: &mut RememberedSocket,
        is_new: bool,
    ) -> bool {
        if !self.enabled {
            return false;
        }
        let activity = activity_of(socket);
        // The owner of a new socket has just been read.
        if is_new || remembered.activity == activity {
            remembered.activity = activity;
            return false;
        }
        if row < self.first || self.next.is_some() {
            return false;
        }
        if self.rows.len() >= Owners::verify_limit() {
            self.next = Some(row);
            return false;
        }
        remembered.activity = activity;
        self.rows.push(row);
        true
    }

    /// Verifies the owners of the selected rows, and adds those that have none any more to `unknown`.
    pub(super) fn verify(
        &mut self,
        rows: &SocketTable,
        owners: &mut Owners,
        unknown: &mut Vec<(u32, Option<u32>)>,
    ) {
        if self.rows.is_empty() {
            return;
        }
        self.descriptors.clear_for_reuse();
        let selected = || self.rows.iter().filter_map(|&row| rows.get(row as usize));
        for socket in selected() {
            self.descriptors
                .extend_from_slice(owners.holders(socket.inode));
        }
        let inodes = LiveInodes::new(rows);
        owners.verify_owners(&mut self.descriptors, &|inode| inodes.contains(inode));
        for socket in selected() {
            if owners.holders(socket.inode).is_empty() && !is_of_kernel(socket.socket) {
                unknown.push((socket.inode, socket.uid));
            }
        }
    }
}
