//! How much a process had run when its descriptors were read; see [`not_run`](super::not_run).

use super::super::process_reader::RunCount;

/// Time after which all descriptors of a process that has not run are read nevertheless, ns.
const MAX_AGE: u64 = 120_000_000_000;

/// How much a process had run when its descriptors were read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReadAt {
    /// Before all of its descriptors were read.
    all: Option<RunCount>,
    /// Time at which all were read, ns.
    all_ns: u64,
    /// Before those of sockets were read.
    sockets: Option<RunCount>,
    /// Round in which it was last found not to have run since.
    pub(super) confirmed_in: u32,
}

impl ReadAt {
    /// Records how much it had run before all descriptors were read.
    pub(super) fn read_all(&mut self, count: Option<RunCount>, now_ns: u64) {
        self.all = count;
        self.all_ns = now_ns;
        self.sockets = count;
    }

    /// Records how much it had run before all sockets were read.
    pub(super) fn read_sockets(&mut self, count: Option<RunCount>) {
        self.sockets = count;
    }

    /// Returns true if it has not run since all its sockets were read. That is confirmed in `round`.
    pub(super) fn has_same_sockets(&mut self, count: Option<RunCount>, round: u32) -> bool {
        let is_same = count.is_some() && self.sockets == count;
        if is_same {
            self.confirmed_in = round;
        }
        is_same
    }

    /// Returns true if it has not run since all its descriptors were read, less than [`MAX_AGE`] ago.
    pub(super) fn has_same_descriptors(self, count: Option<RunCount>, now_ns: u64) -> bool {
        count.is_some() && self.all == count && now_ns.saturating_sub(self.all_ns) < MAX_AGE
    }
}
