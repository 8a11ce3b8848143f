//! State of the verification of owners; see [`verify`](super::verify).

use std::collections::VecDeque;

/// Time after which an owner that was not verified is in doubt, ns: longer than the period of the sweep.
const MAX_AGE: u64 = 30_000_000_000;

/// State of the verification.
#[derive(Debug, Default)]
pub(super) struct Verification {
    /// Rounds whose descriptors are not older than [`MAX_AGE`], with their times in ns.
    recent: VecDeque<(u32, u64)>,
    /// True if the last refresh verified all owners.
    pub(super) all_verified: bool,
    /// Sockets that another process was found to hold as well: the earlier one may have passed it on.
    pub(super) shared: Vec<u32>,
    /// Processes that were found to have passed sockets on in this round: pid and parent.
    pub(super) former: Vec<(u32, u32)>,
}

impl Verification {
    /// Begins a round.
    pub(super) fn begin(&mut self, round: u32, now_ns: u64) {
        self.former.clear();
        self.recent.push_back((round, now_ns));
        let is_old = |&(_, then): &(u32, u64)| now_ns.saturating_sub(then) > MAX_AGE;
        while self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
    }

    /// Returns the oldest round whose descriptors need not be read again.
    pub(super) fn oldest_round(&self) -> u32 {
        self.recent.front().map_or(0, |&(round, _)| round)
    }
}
