//! Finds processes that have not run since their descriptors were read, so that nothing can have changed there.
//!
//! Most processes of a host with many idle connections wait. Asking the kernel whether one has run costs as much as
//! reading a few descriptors. Only a process that shares its descriptors with another process, which no thread does, can
//! have them changed without running: the [sweep](super::sweep) reads each again after [`MAX_AGE`].

use std::os::fd::BorrowedFd;

use super::super::process_reader::{RunCount, Via, open_process};
use super::map::Owners;

/// Cost of asking, in descriptors read.
pub(super) const ASK_COST: usize = 4;
/// Time after which all descriptors of a process that has not run are read nevertheless, ns.
const MAX_AGE: u64 = 120_000_000_000;

/// How much a process had run when its descriptors were read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReadAt {
    /// Before all of its descriptors were read.
    all: Option<RunCount>,
    /// Before those of sockets were read.
    sockets: Option<RunCount>,
    /// Time at which all were read, ns.
    all_ns: u64,
    /// Round in which it was last found not to have run since.
    pub(super) confirmed_in: u32,
}

impl ReadAt {
    /// Records how much it had run before all descriptors were read.
    pub(super) fn read_all(&mut self, count: Option<RunCount>, now_ns: u64) {
        self.all = count;
        self.sockets = count;
        self.all_ns = now_ns;
    }

    /// Records how much it had run before all sockets were read.
    pub(super) fn read_sockets(&mut self, count: Option<RunCount>) {
        self.sockets = count;
    }
}

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
        let Some(read_at) = self.entry_mut(slot).map(|entry| &mut entry.read_at) else {
            return false;
        };
        let is_same = count.is_some() && read_at.sockets == count;
        if is_same {
            read_at.confirmed_in = round;
        }
        is_same
    }

    /// Returns true if a process has not run since all its descriptors were read, less than [`MAX_AGE`] ago.
    pub(super) fn has_same_descriptors(
        &mut self,
        slot: u32,
        count: Option<RunCount>,
        now_ns: u64,
    ) -> bool {
        self.has_same_sockets(slot, count)
            && self.entry(slot).is_some_and(|entry| {
                let read_at = entry.read_at;
                read_at.all == count && now_ns.saturating_sub(read_at.all_ns) < MAX_AGE
            })
    }
}
