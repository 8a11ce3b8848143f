//! Rates: differences of one socket's counters over the time between two looks at it.

use crate::model::{MptcpInfo, State, TcpInfo};

use super::Limit;

/// The shortest time over which a rate means anything, ns. Below it, jitter of the dump itself dominates.
pub(super) const MIN_WINDOW_NS: u64 = 50_000_000;

/// Rates of one socket, bytes per second. `None` on a first sample, after a counter went backwards, and where the
/// kernel does not count (UDP, unix).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SocketRates {
    /// Goodput in: Δ`bytes_received`.
    pub received: Option<f32>,
    /// Goodput out: Δ`bytes_acked`.
    pub sent: Option<f32>,
    /// Wire volume out without headers: Δ`bytes_sent`, retransmissions included.
    pub wire_sent: Option<f32>,
    /// Bytes retransmitted: Δ`bytes_retrans`.
    pub retransmitted: Option<f32>,
    /// What holds the sender back.
    pub limit: Option<Limit>,
    /// Time since it was seen for the first time, s. `None` if it was there already in the first Sample: nobody knows
    /// how old it is then.
    pub age: Option<f32>,
    /// What is new about it since the Sample before.
    pub change: Option<Change>,
}

/// What is new about a socket since the Sample before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// All of it: it was not there.
    Opened,
    /// Its state.
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
    /// In and out together, what tables sort by.
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
}

/// Connections opened, closed and gone to TIME-WAIT, per second. TCP only.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ChangeRates {
    /// Connections seen for the first time, those that lived between two samples included.
    pub opened: f64,
    /// Connections whose socket was freed.
    pub closed: f64,
    /// Connections that entered TIME-WAIT.
    pub time_wait: f64,
}

/// The counters of a connection that rates are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) bytes_received: u64,
    pub(super) bytes_acked: u64,
    pub(super) bytes_sent: u64,
    // The following are kept modulo 2^32: a difference needs no more for any interval under an hour.
    pub(super) bytes_retrans: u32,
    pub(super) busy_us: u32,
    pub(super) rwnd_limited_us: u32,
    pub(super) sndbuf_limited_us: u32,
}

impl Counted {
    /// Reads them; `None` if the kernel is too old to count bytes.
    #[inline]
    pub(super) fn read(info: TcpInfo<'_>) -> Option<Counted> {
        Some(Counted {
            bytes_received: info.bytes_received()?,
            bytes_acked: info.bytes_acked()?,
            bytes_sent: info.bytes_sent().unwrap_or(0),
            bytes_retrans: info.bytes_retrans().unwrap_or(0) as u32,
            busy_us: info.busy_time().unwrap_or(0) as u32,
            rwnd_limited_us: info.rwnd_limited().unwrap_or(0) as u32,
            sndbuf_limited_us: info.sndbuf_limited().unwrap_or(0) as u32,
        })
    }

    /// The same of an MPTCP connection; `None` where the kernel does not tell (before 6.5).
    pub(super) fn read_mptcp(info: MptcpInfo<'_>) -> Option<Counted> {
        Some(Counted {
            bytes_received: info.bytes_received()?,
            bytes_acked: info.bytes_acked()?,
            bytes_sent: info.bytes_sent()?,
            bytes_retrans: info.bytes_retrans()? as u32,
            ..Counted::default()
        })
    }

    /// What was added since `before`; `None` if a counter went backwards.
    #[inline]
    pub(super) fn since(&self, before: &Counted) -> Option<Counted> {
        Some(Counted {
            bytes_received: self.bytes_received.checked_sub(before.bytes_received)?,
            bytes_acked: self.bytes_acked.checked_sub(before.bytes_acked)?,
            bytes_sent: self.bytes_sent.checked_sub(before.bytes_sent)?,
            bytes_retrans: self.bytes_retrans.wrapping_sub(before.bytes_retrans),
            busy_us: self.busy_us.wrapping_sub(before.busy_us),
            rwnd_limited_us: self.rwnd_limited_us.wrapping_sub(before.rwnd_limited_us),
            sndbuf_limited_us: self
                .sndbuf_limited_us
                .wrapping_sub(before.sndbuf_limited_us),
        })
    }
}

/// What the aggregator remembers of each socket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    /// Its counters when it was last looked at.
    pub(super) counted: Option<Counted>,
    /// When that was, ns of the monotonic clock.
    pub(super) at_ns: u64,
    /// Its state then.
    pub(super) state: Option<State>,
    /// Its state when it was last more than a mini-socket.
    pub(super) alive: Option<State>,
    /// When it was seen for the first time, if not from the start, ns of the monotonic clock.
    pub(super) first_ns: Option<u64>,
    /// Samples since that it was not in.
    pub(super) missed: u8,
    /// It counts as opened, or was there already in the first Sample.
    pub(super) opened: bool,
    /// Its destroy event has been counted.
    pub(super) closed: bool,
    /// Samples in which only a mini-socket was left of it and its destroy event was not heard.
    pub(super) owed: u8,
    /// Whether the kernel will tell its end: until then it lives, in a table or not.
    pub(super) awaits_end: bool,
}

/// Sums of counters of a group over one interval.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Volume {
    received: u64,
    sent: u64,
    wire_sent: u64,
    retransmitted: u64,
    measured: bool,
}

impl Volume {
    #[inline]
    pub(super) fn add(&mut self, delta: &Counted) {
        // A recording may claim any counters.
        for (sum, more) in [
            (&mut self.received, delta.bytes_received),
            (&mut self.sent, delta.bytes_acked),
            (&mut self.wire_sent, delta.bytes_sent),
            (&mut self.retransmitted, delta.bytes_retrans.into()),
        ] {
            *sum = sum.saturating_add(more);
        }
        self.measured = true;
    }

    /// Per second over `seconds`.
    pub(super) fn over(&self, seconds: f64) -> Throughput {
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
    fn a_counter_that_goes_backwards_yields_no_rate() {
        let before = Counted {
            bytes_acked: 10,
            ..Counted::default()
        };
        let after = Counted {
            bytes_acked: 9,
            ..Counted::default()
        };
        assert_eq!(after.since(&before), None);
    }

    #[test]
    fn times_that_wrap_still_give_their_difference() {
        let before = Counted {
            busy_us: u32::MAX - 5,
            ..Counted::default()
        };
        let after = Counted {
            busy_us: 10,
            ..Counted::default()
        };
        assert_eq!(after.since(&before).unwrap().busy_us, 16);
    }

    #[test]
    fn counters_that_no_kernel_tells_add_up_to_no_more_than_fits() {
        let huge = Counted {
            bytes_received: u64::MAX,
            ..Counted::default()
        };
        let mut volume = Volume::default();
        volume.add(&huge);
        volume.add(&huge);
        assert_eq!(volume.over(1.0).received, Some(u64::MAX as f64));
    }

    #[test]
    fn a_group_in_which_nothing_was_measured_has_no_rate() {
        assert_eq!(Volume::default().over(1.0), Throughput::default());
        let mut volume = Volume::default();
        volume.add(&Counted::default());
        assert_eq!(volume.over(1.0).received, Some(0.0));
        assert_eq!(volume.over(1.0).retransmitted_share(), None);
    }
}
