//! The parts of variable length of a socket, cell by cell.

use crate::model::Socket;
use crate::recording::column::{
    self, CONGESTION_INFO, FOLLOWERS, MEMORY, TCP, cell, info_columns, set_cell,
};
use crate::recording::varint::Broken;

/// Lets cells change that are not told because they change as others do.
#[derive(Debug, Default)]
pub(super) struct Followers {
    /// By how much the leader of each changed.
    changes: [u64; FOLLOWERS.len()],
    /// How many have been looked at.
    done: usize,
}

impl Followers {
    /// Notes by how much a cell changed.
    #[inline]
    pub(super) fn lead(&mut self, column: usize, change: u64) {
        for ((leader, _), led) in FOLLOWERS.into_iter().zip(&mut self.changes) {
            if leader == column {
                *led = change;
            }
        }
    }

    /// Changes the followers that lie before a column.
    #[inline]
    pub(super) fn follow(&mut self, column: usize, parts: &mut Parts<'_>) -> Result<(), Broken> {
        while let Some(&(_, follower)) = FOLLOWERS.get(self.done)
            && follower < column
        {
            let change = self.changes[self.done];
            self.done += 1;
            if change != 0 && parts.has(follower) {
                let before = parts.get(follower);
                parts.set(follower, before.wrapping_add(change))?;
                self.lead(follower, change);
            }
        }
        Ok(())
    }

    /// By how much a cell that is told was foretold to change.
    #[inline]
    pub(super) fn change_of(&mut self, column: usize) -> u64 {
        match FOLLOWERS.get(self.done) {
            Some(&(_, follower)) if follower == column => {
                self.done += 1;
                self.changes[self.done - 1]
            }
            _ => 0,
        }
    }
}

/// The parts of variable length of a socket.
pub(super) struct Parts<'a> {
    info: &'a mut [u8],
    memory: &'a mut [u8],
    congestion_info: &'a mut [u8],
    info_columns: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn of(socket: &Socket, parts: &'a mut [u8]) -> Parts<'a> {
        let (info, rest) = parts.split_at_mut(usize::from(socket.blob.info));
        let (memory, congestion_info) = rest.split_at_mut(usize::from(socket.blob.memory));
        Parts {
            info,
            memory,
            congestion_info,
            info_columns: info_columns(socket.protocol),
        }
    }

    /// The part that a column lies in, and its first column. None lies in what another protocol reports.
    #[inline]
    pub(super) fn place(&mut self, column: usize) -> Option<(usize, &mut [u8])> {
        match column {
            CONGESTION_INFO.. => Some((CONGESTION_INFO, &mut *self.congestion_info)),
            MEMORY.. => Some((MEMORY, &mut *self.memory)),
            TCP.. => {
                let first = self.info_columns;
                let is_own = (column < column::INFO) == (first == TCP);
                is_own.then_some((first, &mut *self.info))
            }
            _ => None,
        }
    }

    /// Whether there is such a cell.
    pub(super) fn has(&mut self, column: usize) -> bool {
        let place = self.place(column);
        place.is_some_and(|(first, part)| (column - first) * 4 < part.len())
    }

    #[inline]
    pub(super) fn get(&mut self, column: usize) -> u64 {
        self.place(column)
            .map_or(0, |(first, part)| cell(first, column, part))
    }

    #[inline]
    pub(super) fn set(&mut self, column: usize, value: u64) -> Result<(), Broken> {
        match self.place(column) {
            Some((first, part)) => set_cell(first, column, value, part),
            None => Ok(()),
        }
    }
}
