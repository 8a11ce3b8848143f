//! Byte and time counters of one connection, and their growth between two Samples.

use crate::model::{MptcpInfo, Payload, TcpInfo};

/// Counters of one connection since it was established; or their growth over an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ByteCounters {
    /// Payload received.
    pub(super) received: u64,
    /// Payload sent and acknowledged.
    pub(super) acked: u64,
    /// Payload sent, retransmissions included.
    pub(super) bytes_sent: u64,
    // The following are kept modulo 2^32: enough for the growth over any interval under an hour.
    pub(super) bytes_retrans: u32,
    pub(super) busy_us: u32,
    pub(super) rwnd_limited_us: u32,
    pub(super) sndbuf_limited_us: u32,
}

impl ByteCounters {
    /// Joins the payload of a TCP connection with its other counters.
    #[inline]
    pub(super) fn new(payload: Payload, info: TcpInfo<'_>) -> ByteCounters {
        ByteCounters {
            received: payload.received,
            acked: payload.acked,
            bytes_sent: info.bytes_sent().unwrap_or(0),
            bytes_retrans: info.bytes_retrans().unwrap_or(0) as u32,
            busy_us: info.busy_time().unwrap_or(0) as u32,
            rwnd_limited_us: info.rwnd_limited().unwrap_or(0) as u32,
            sndbuf_limited_us: info.sndbuf_limited().unwrap_or(0) as u32,
        }
    }

    /// Reads the counters of an MPTCP connection; `None` if the kernel does not report them (before 6.5).
    pub(super) fn from_mptcp_info(info: MptcpInfo<'_>) -> Option<ByteCounters> {
        let sent = info.bytes_sent()?;
        Some(ByteCounters {
            received: info.bytes_received()?,
            // The rest is the end of the data stream (DATA_FIN).
            acked: info.bytes_acked()?.min(sent),
            bytes_sent: sent,
            bytes_retrans: info.bytes_retrans()? as u32,
            ..ByteCounters::default()
        })
    }

    /// Returns the growth since `before`; `None` if a counter went backwards.
    #[inline]
    pub(super) fn delta_since(&self, before: &ByteCounters) -> Option<ByteCounters> {
        let bytes_sent = self.bytes_sent.checked_sub(before.bytes_sent)?;
        let bytes_retrans = self.bytes_retrans.wrapping_sub(before.bytes_retrans);
        // Retransmitted bytes are sent bytes: a growth beyond these, by more than half of 2^32, is a counter that went back.
        if bytes_retrans > u32::MAX / 2 && u64::from(bytes_retrans) > bytes_sent {
            return None;
        }
        Some(ByteCounters {
            received: self.received.checked_sub(before.received)?,
            acked: self.acked.checked_sub(before.acked)?,
            bytes_sent,
            bytes_retrans,
            busy_us: self.busy_us.wrapping_sub(before.busy_us),
            rwnd_limited_us: self.rwnd_limited_us.wrapping_sub(before.rwnd_limited_us),
            sndbuf_limited_us: self
                .sndbuf_limited_us
                .wrapping_sub(before.sndbuf_limited_us),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_goes_backwards_yields_no_rate() {
        let before = ByteCounters {
            acked: 10,
            ..ByteCounters::default()
        };
        let after = ByteCounters {
            acked: 9,
            ..ByteCounters::default()
        };
        assert_eq!(after.delta_since(&before), None);
        let retransmitted = |bytes_sent, bytes_retrans| ByteCounters {
            bytes_sent,
            bytes_retrans,
            ..ByteCounters::default()
        };
        let before = retransmitted(5000, 100);
        assert_eq!(retransmitted(6000, 99).delta_since(&before), None);
        let wrapped = retransmitted(u64::MAX, 50).delta_since(&before);
        assert_eq!(
            wrapped.map(|delta| delta.bytes_retrans),
            Some(u32::MAX - 49)
        );
    }

    #[test]
    fn the_growth_of_a_time_that_wraps_is_correct() {
        let before = ByteCounters {
            busy_us: u32::MAX - 5,
            ..ByteCounters::default()
        };
        let after = ByteCounters {
            busy_us: 10,
            ..ByteCounters::default()
        };
        assert_eq!(after.delta_since(&before).unwrap().busy_us, 16);
    }
}
