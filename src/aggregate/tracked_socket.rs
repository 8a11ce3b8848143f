//! State that the aggregator keeps per socket from one Sample to the next.

use std::num::NonZeroU64;

use super::averages::AveragePlace;
use super::byte_counters::ByteCounters;
use crate::model::State;

/// A time of the monotonic clock, in eight bytes even where it may be unknown.
#[derive(Debug, Clone, Copy)]
struct KnownTime(NonZeroU64);

impl KnownTime {
    fn new(ns: u64) -> KnownTime {
        KnownTime(NonZeroU64::MIN.saturating_add(ns))
    }

    /// Returns the time, ns.
    fn ns(self) -> u64 {
        self.0.get() - 1
    }
}

/// The last known state of one socket.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that has happened to the socket"
)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TrackedSocket {
    /// Counters of the socket in the last Sample that had them.
    counters: ByteCounters,
    /// That Sample.
    counted_at: Option<KnownTime>,
    /// True if this side of the connection connected, false if it accepted; `None` if unknown.
    pub(super) is_opener: Option<bool>,
    /// The last Sample that it was in, ns of the monotonic clock.
    pub(super) at_ns: u64,
    /// State of the socket in that Sample.
    pub(super) state: Option<State>,
    /// Last state as a full socket, before it became a mini-socket.
    pub(super) alive: Option<State>,
    /// The Sample that it was first seen in; `None` if that is the first Sample of all.
    first_at: Option<KnownTime>,
    /// Time that its TIME-WAIT still lasts at that Sample, ms.
    pub(super) time_wait_ms: u16,
    /// The place of its average rates.
    pub(super) average: AveragePlace,
    /// Consecutive Samples that it was missing from.
    pub(super) missed: u8,
    /// True once it is counted as opened, or if it was in the first Sample.
    pub(super) opened: bool,
    /// True once a process was seen to have it open.
    pub(super) accepted: bool,
    /// True once its destroy event is counted.
    pub(super) closed: bool,
    /// Consecutive Samples in which only a mini-socket was left and no destroy event arrived.
    pub(super) unreported_end: u8,
    /// True if the kernel will report its end. Until then it exists, in a table or not.
    pub(super) has_end_event: bool,
}

impl TrackedSocket {
    /// Returns the counters of the last Sample that had them.
    #[inline]
    pub(super) fn counted(&self) -> Option<ByteCounters> {
        self.counted_at.map(|_| self.counters)
    }

    /// Returns the time of that Sample, ns of the monotonic clock.
    pub(super) fn counted_ns(&self) -> Option<u64> {
        self.counted_at.map(KnownTime::ns)
    }

    /// Replaces the counters by those of a Sample.
    #[inline]
    pub(super) fn count(&mut self, counters: ByteCounters, at_ns: u64) {
        self.counters = counters;
        self.counted_at = Some(KnownTime::new(at_ns));
    }

    /// Returns the time of the Sample that it was first seen in, ns of the monotonic clock; `None` if that is the first
    /// Sample of all.
    #[inline]
    pub(super) fn first_ns(&self) -> Option<u64> {
        self.first_at.map(KnownTime::ns)
    }

    /// Sets the time of the Sample that it was first seen in.
    pub(super) fn set_first_ns(&mut self, ns: u64) {
        self.first_at = Some(KnownTime::new(ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_socket_stays_small() {
        assert!(
            size_of::<TrackedSocket>() <= 80,
            "{}",
            size_of::<TrackedSocket>()
        );
    }

    #[test]
    fn any_time_is_kept() {
        let mut socket = TrackedSocket::default();
        assert_eq!((socket.first_ns(), socket.counted_ns()), (None, None));
        for ns in [0, 1, u64::MAX - 1] {
            socket.set_first_ns(ns);
            socket.count(ByteCounters::default(), ns);
            assert_eq!(
                (socket.first_ns(), socket.counted_ns()),
                (Some(ns), Some(ns))
            );
        }
    }
}
