//! Decides what limits a TCP sender.

use crate::model::TcpInfo;

use super::byte_counters::ByteCounters;

/// The factor that limited a connection's sending over the last interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendLimit {
    /// There was nothing to send for most of the time.
    Application,
    /// The peer's receive window was full: the peer reads too slowly.
    ReceiverWindow,
    /// The send buffer was full.
    SendBuffer,
    /// The congestion window was full: the path carries no more.
    CongestionWindow,
    /// Loss: recovery or a notable share of retransmissions.
    Loss,
}

impl SendLimit {
    /// Returns the short name shown in tables and exports.
    pub fn name(self) -> &'static str {
        match self {
            SendLimit::Application => "app",
            SendLimit::ReceiverWindow => "rwnd",
            SendLimit::SendBuffer => "sndbuf",
            SendLimit::CongestionWindow => "cwnd",
            SendLimit::Loss => "loss",
        }
    }

    /// Explains the limit in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            SendLimit::Application => "the application: it has nothing to send most of the time",
            SendLimit::ReceiverWindow => {
                "the receiver's window: the peer does not read fast enough"
            }
            SendLimit::SendBuffer => "the send buffer: it is too small for this path",
            SendLimit::CongestionWindow => {
                "the congestion window: the path carries no more at the moment"
            }
            SendLimit::Loss => "loss: segments are retransmitted",
        }
    }
}

/// Share of sent bytes above which retransmissions are the limit; RFC 5681's window reacts to far less.
const LOSS_SHARE: f64 = 0.01;

/// Decides from the growth of the counters over `window_us` and the present state of the connection.
///
/// The kernel's clocks are exclusive: while data is outstanding (`busy`), time counts as limited by the receiver's
/// window or by the send buffer; what remains of `busy` is the congestion window or the application.
pub(super) fn send_limit(delta: &ByteCounters, info: TcpInfo<'_>, window_us: u64) -> SendLimit {
    let busy = u64::from(delta.busy_us);
    // 3 Recovery, 4 Loss.
    let recovering = matches!(info.ca_state(), Some(3 | 4));
    let lossy = delta.bytes_sent > 0
        && f64::from(delta.bytes_retrans) > LOSS_SHARE * delta.bytes_sent as f64;
    if recovering || lossy {
        return SendLimit::Loss;
    }
    if busy * 10 < window_us {
        return SendLimit::Application;
    }
    let rwnd = u64::from(delta.rwnd_limited_us);
    let sndbuf = u64::from(delta.sndbuf_limited_us);
    if rwnd * 2 >= busy && rwnd >= sndbuf {
        return SendLimit::ReceiverWindow;
    }
    if sndbuf * 2 >= busy {
        return SendLimit::SendBuffer;
    }
    let cwnd_full = match (info.unacked(), info.snd_cwnd()) {
        (Some(unacked), Some(cwnd)) => unacked > 0 && unacked >= cwnd,
        _ => false,
    };
    let busy_throughout = busy * 10 >= window_us * 9;
    if cwnd_full || (busy_throughout && info.delivery_rate_app_limited() == Some(0)) {
        SendLimit::CongestionWindow
    } else {
        SendLimit::Application
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(ca_state: u8, app_limited: bool, unacked: u32, cwnd: u32) -> Vec<u8> {
        let mut bytes = vec![0; 232];
        bytes[1] = ca_state;
        bytes[7] = u8::from(app_limited);
        bytes[24..28].copy_from_slice(&unacked.to_ne_bytes());
        bytes[80..84].copy_from_slice(&cwnd.to_ne_bytes());
        bytes
    }

    fn decide(busy: u32, rwnd: u32, sndbuf: u32, sent: u64, again: u32, info: &[u8]) -> SendLimit {
        let delta = ByteCounters {
            busy_us: busy,
            rwnd_limited_us: rwnd,
            sndbuf_limited_us: sndbuf,
            bytes_sent: sent,
            bytes_retrans: again,
            ..ByteCounters::default()
        };
        send_limit(&delta, TcpInfo::new(info), 1_000_000)
    }

    #[test]
    fn each_limit_is_distinguished_from_the_others() {
        let calm = info(0, true, 0, 10);
        assert_eq!(decide(50_000, 0, 0, 1000, 0, &calm), SendLimit::Application);
        assert_eq!(
            decide(950_000, 900_000, 0, 1000, 0, &calm),
            SendLimit::ReceiverWindow
        );
        assert_eq!(
            decide(950_000, 0, 600_000, 1000, 0, &calm),
            SendLimit::SendBuffer
        );
        assert_eq!(
            decide(950_000, 0, 0, 1000, 0, &info(0, false, 10, 10)),
            SendLimit::CongestionWindow
        );
        assert_eq!(
            decide(950_000, 0, 0, 1000, 0, &calm),
            SendLimit::Application
        );
        assert_eq!(
            decide(950_000, 900_000, 0, 1000, 50, &calm),
            SendLimit::Loss
        );
        assert_eq!(
            decide(950_000, 0, 0, 1000, 0, &info(4, false, 1, 1)),
            SendLimit::Loss
        );
    }
}
