//! State that the aggregator keeps per socket from one Sample to the next.

use super::byte_counters::ByteCounters;
use crate::model::State;

/// The last known state of one socket.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that has happened to the socket"
)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TrackedSocket {
    /// Counters of the socket in the last Sample that had them.
    pub(super) counted: Option<ByteCounters>,
    /// That Sample, ns of the monotonic clock.
    pub(super) counted_ns: u64,
    /// True if this side of the connection connected, false if it accepted; `None` if unknown.
    pub(super) is_opener: Option<bool>,
    /// The last Sample that it was in, ns of the monotonic clock.
    pub(super) at_ns: u64,
    /// State of the socket in that Sample.
    pub(super) state: Option<State>,
    /// Last state as a full socket, before it became a mini-socket.
    pub(super) alive: Option<State>,
    /// The Sample that it was first seen in, ns of the monotonic clock; `None` if that is the first Sample of all.
    pub(super) first_ns: Option<u64>,
    /// Time that its TIME-WAIT still lasts at that Sample, ms.
    pub(super) time_wait_ms: u16,
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
