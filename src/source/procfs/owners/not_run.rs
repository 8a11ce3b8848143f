//! Finds processes that have not run since their descriptors were read, so that nothing can have changed there.
//!
//! Most processes of a host with many idle connections wait. Asking the kernel whether one has run costs as much as
//! reading a few descriptors. Only a process that shares its descriptors with another process, which no thread does, can
//! have them changed without running: the [sweep](super::sweep) reads each again after two minutes.

use std::os::fd::BorrowedFd;

use super::super::process_reader::{RunCount, Via, open_process};
use super::map::Owners;

/// Cost of asking, in descriptors read.
pub(super) const ASK_COST: usize = 4;

impl Owners {
    /// Reads how much the process in `slot` has run; `None` if that is unknown.
    pub(super) fn run_count(&mut self, root: BorrowedFd<'_>, slot: u32) -> Option<RunCount> {
        let entry = self.entry(slot)?;
        if entry.process.is_some() || entry.via != Via::Leader {
            return None;
        }
        let process = open_process(root, entry.key.pid).ok()?;
        self.reader.read_run_count(process)
    }

    /// Returns true if a process has not run since all its sockets were read.
    pub(super) fn has_same_sockets(&mut self, slot: u32, count: Option<RunCount>) -> bool {
        let round = self.reader.round;
        self.entry_mut(slot)
            .is_some_and(|entry| entry.read_at.has_same_sockets(count, round))
    }

    /// Returns true if a process has not run since all its descriptors were read, not long ago.
    pub(super) fn has_same_descriptors(
        &mut self,
        slot: u32,
        count: Option<RunCount>,
        now_ns: u64,
    ) -> bool {
        self.has_same_sockets(slot, count)
            && self
                .entry(slot)
                .is_some_and(|entry| entry.read_at.has_same_descriptors(count, now_ns))
    }
}
