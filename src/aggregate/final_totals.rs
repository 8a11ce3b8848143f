//! Payload that a connection had transferred when it ended.

use super::byte_counters::ByteCounters;
use super::tracked_socket::TrackedSocket;
use crate::model::{Payload, Sample, TcpInfo};

/// Bytes of payload that a closed connection transferred, from the counters of its destroy event.
///
/// The kernel clears the counters of a connection that its own process aborts. Those of the last Sample that had the
/// connection remain, as lower bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinalTotals {
    /// Received, without the peer's FIN.
    pub received: u64,
    /// Sent, each byte once.
    pub sent: u64,
    /// Sent and acknowledged.
    pub acked: u64,
    /// Retransmitted.
    pub retransmitted: u64,
    /// Time of the Sample that the counts are from, µs since 1970 UTC, if they are lower bounds; `None` if final.
    pub as_of_us: Option<i64>,
}

impl FinalTotals {
    /// Returns the final counts.
    pub(super) fn new(payload: Payload, info: TcpInfo<'_>) -> FinalTotals {
        FinalTotals {
            received: payload.received,
            sent: payload.sent,
            acked: payload.acked,
            retransmitted: info.bytes_retrans().unwrap_or(0),
            as_of_us: None,
        }
    }

    /// Returns the last known counts of a socket whose final ones are unknown; `None` if no Sample had any. `sample` is
    /// the current one.
    pub(super) fn last_known(socket: &TrackedSocket, sample: &Sample) -> Option<FinalTotals> {
        let counted: ByteCounters = socket.counted()?;
        let age_us = sample.monotonic_ns.saturating_sub(socket.counted_ns()?) / 1000;
        let retransmitted = u64::from(counted.bytes_retrans);
        Some(FinalTotals {
            received: counted.received,
            sent: counted
                .bytes_sent
                .saturating_sub(retransmitted)
                .max(counted.acked),
            acked: counted.acked,
            retransmitted,
            as_of_us: Some(sample.taken_at_us.saturating_sub(age_us.cast_signed())),
        })
    }
}
