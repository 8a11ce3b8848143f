//! The measures of a socket at one moment, kept for its charts.

use crate::column::SocketRow;
use crate::model::{MemoryInfo, TcpInfo};

/// The measures of a socket at one moment, for its charts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SocketPoint {
    /// Received bytes per second.
    pub received: Option<f64>,
    /// Sent bytes per second.
    pub sent: Option<f64>,
    /// Smoothed round-trip time, µs.
    pub rtt: Option<f64>,
    /// Congestion window, bytes.
    pub cwnd: Option<f64>,
    /// Bytes in flight: sent, and neither acknowledged nor considered lost.
    pub in_flight: Option<f64>,
    /// Unread bytes; on UDP their memory. `None` on listeners.
    pub unread: Option<f64>,
    /// Bytes sent or queued and not acknowledged. `None` on listeners.
    pub unacknowledged: Option<f64>,
    /// Connections waiting for `accept()`. `None` unless it is a listener.
    pub accept_queue: Option<f64>,
    /// Datagrams or connections dropped since the socket was created.
    pub drops: Option<f64>,
}

impl SocketPoint {
    /// Reads the measures of a socket from its row.
    pub(super) fn of(row: &SocketRow<'_>) -> SocketPoint {
        let rates = row.rates;
        let rate = |rate: Option<f32>| rate.map(f64::from);
        let socket = row.socket.socket;
        let memory = row.socket.memory();
        let mut point = SocketPoint {
            received: rate(rates.and_then(|rates| rates.received)),
            sent: rate(rates.and_then(|rates| rates.sent)),
            unread: socket.received_unread().map(f64::from),
            unacknowledged: socket.sent_unacknowledged().map(f64::from),
            accept_queue: socket.accept_queue().map(|queue| queue.waiting.into()),
            drops: memory.and_then(MemoryInfo::drops).map(f64::from),
            ..SocketPoint::default()
        };
        if let Some(info) = row.socket.tcp_info().filter(|_| !socket.is_listener()) {
            let bytes = |segments: Option<u64>| Some(segments? as f64 * info.snd_mss()? as f64);
            point.rtt = info.measured_rtt().map(|rtt| rtt as f64);
            point.cwnd = bytes(info.snd_cwnd());
            point.in_flight = bytes(in_flight(info));
        }
        point
    }
}

/// Segments in flight. Kernel: `tcp_packets_in_flight`.
fn in_flight(info: TcpInfo<'_>) -> Option<u64> {
    let delivered_or_lost = info.sacked()?.saturating_add(info.lost()?);
    Some((info.unacked()? + info.retrans()?).saturating_sub(delivered_or_lost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State};

    #[test]
    fn windows_of_any_size_are_known() {
        let mut info = [0; 232];
        // `snd_mss`, `unacked`, `retrans`, `snd_cwnd`.
        for at in [16, 24, 36, 80] {
            info[at..at + 4].copy_from_slice(&u32::MAX.to_ne_bytes());
        }
        let end = Endpoint {
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            port: 80,
        };
        let ends = Ends::Inet {
            local: end,
            remote: end,
        };
        let (family, state) = (Family::Inet, State::Established);
        let socket = Socket::new(1, 1, family, Protocol::Tcp, state, ends);
        let mut sample = Sample::default();
        let parts = Parts {
            info: &info,
            ..Parts::default()
        };
        let pushed = sample.sockets.push(socket, parts);
        pushed.expect("there is room");
        let row = SocketRow::detached(sample.socket(0).expect("it is there"));
        let point = SocketPoint::of(&row);
        let most = f64::from(u32::MAX) * f64::from(u32::MAX);
        assert_eq!(
            (point.cwnd, point.in_flight),
            (Some(most), Some(most * 2.0))
        );
    }
}
