//! Rates of sockets and groups, per second, from the growth of counters between two Samples.

use super::byte_counters::ByteCounters;
use super::{AverageRates, SendLimit};

/// Shortest interval for a meaningful rate, ns. Below it, the jitter of the dump dominates.
pub(super) const MIN_WINDOW_NS: u64 = 50_000_000;

/// Rates of one socket, bytes per second. `None` on a first sample, after a counter went backwards, and where the
/// kernel does not count (UDP, unix).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SocketRates {
    /// Goodput in: growth of [`Payload::received`](crate::model::Payload).
    pub received: Option<f32>,
    /// Goodput out: growth of [`Payload::acked`](crate::model::Payload).
    pub sent: Option<f32>,
    /// Wire volume out without headers: Δ`bytes_sent`, retransmissions included.
    pub wire_sent: Option<f32>,
    /// Bytes retransmitted: Δ`bytes_retrans`.
    pub retransmitted: Option<f32>,
    /// Averages of the bytes received and sent; `None` where they are not counted.
    pub average: Option<AverageRates>,
    /// The factor that limits sending.
    pub limit: Option<SendLimit>,
    /// Time since it was first seen, s. `None` if it was in the first Sample already: its age is unknown then.
    pub age: Option<f32>,
    /// The change since the previous Sample.
    pub change: Option<Change>,
}

/// A change of a socket since the previous Sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The socket appeared.
    Opened,
    /// The state of the socket changed.
    State,
}

/// Bytes per second of a group. `None` if nothing in it could be measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Throughput {
    /// Goodput in.
    pub received: Option<f64>,
    /// Goodput out.
    pub sent: Option<f64>,
    /// Wire volume out, retransmissions included.
    pub wire_sent: Option<f64>,
    /// Bytes retransmitted.
    pub retransmitted: Option<f64>,
}

impl Throughput {
    /// Received and sent bytes together, the sort key of tables.
    pub fn total(&self) -> Option<f64> {
        match (self.received, self.sent) {
            (None, None) => None,
            (received, sent) => Some(received.unwrap_or(0.0) + sent.unwrap_or(0.0)),
        }
    }

    /// Share of the sent bytes that were retransmissions, 0 to 1. `None` if nothing was sent.
    pub fn retransmitted_share(&self) -> Option<f64> {
        match (self.retransmitted, self.wire_sent) {
            (Some(again), Some(all)) if all > 0.0 => Some((again / all).clamp(0.0, 1.0)),
            _ => None,
        }
    }

    /// Adds the rates of one socket.
    pub(crate) fn add(&mut self, rates: &SocketRates) {
        let add = |sum: &mut Option<f64>, rate: Option<f32>| {
            if let Some(rate) = rate {
                *sum = Some(sum.unwrap_or(0.0) + f64::from(rate));
            }
        };
        add(&mut self.received, rates.received);
        add(&mut self.sent, rates.sent);
        add(&mut self.wire_sent, rates.wire_sent);
        add(&mut self.retransmitted, rates.retransmitted);
    }
}

/// Connections opened, closed and moved to TIME-WAIT, per second. TCP only.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ChangeRates {
    /// Connections seen for the first time, including those that lived between two Samples.
    pub opened: f64,
    /// Connections whose socket was freed.
    pub closed: f64,
    /// Connections that entered TIME-WAIT.
    pub time_wait: f64,
}

/// Bytes that a group of connections transferred in one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ByteSum {
    received: u64,
    sent: u64,
    wire_sent: u64,
    retransmitted: u64,
    measured: bool,
}

impl ByteSum {
    /// Adds a `share` of the bytes of a connection: 1 unless they were transferred within a longer time than the interval.
    #[inline]
    pub(super) fn add(&mut self, delta: &ByteCounters, share: f64) {
        // A recording may claim any counters.
        for (sum, more) in [
            (&mut self.received, delta.received),
            (&mut self.sent, delta.acked),
            (&mut self.wire_sent, delta.bytes_sent),
            (&mut self.retransmitted, delta.bytes_retrans.into()),
        ] {
            let more = if share == 1.0 {
                more
            } else {
                (more as f64 * share).round() as u64
            };
            *sum = sum.saturating_add(more);
        }
        self.measured = true;
    }

    /// Returns the bytes received and sent.
    pub(super) fn payload(&self) -> u64 {
        self.received.saturating_add(self.sent)
    }

    /// Converts the sums to rates over an interval of `seconds`.
    pub(super) fn per_second(&self, seconds: f64) -> Throughput {
        let rate = |bytes: u64| self.measured.then(|| bytes as f64 / seconds);
        Throughput {
            received: rate(self.received),
            sent: rate(self.sent),
            wire_sent: rate(self.wire_sent),
            retransmitted: rate(self.retransmitted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_huge_counters_saturate() {
        let huge = ByteCounters {
            received: u64::MAX,
            ..ByteCounters::default()
        };
        let mut volume = ByteSum::default();
        volume.add(&huge, 1.0);
        volume.add(&huge, 1.0);
        assert_eq!(volume.per_second(1.0).received, Some(u64::MAX as f64));
    }

    #[test]
    fn a_group_in_which_nothing_was_measured_has_no_rate() {
        assert_eq!(ByteSum::default().per_second(1.0), Throughput::default());
        let mut volume = ByteSum::default();
        volume.add(&ByteCounters::default(), 1.0);
        assert_eq!(volume.per_second(1.0).received, Some(0.0));
        assert_eq!(volume.per_second(1.0).retransmitted_share(), None);
    }
}
