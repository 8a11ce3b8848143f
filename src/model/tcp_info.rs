//! `struct tcp_info`, as many bytes of it as the kernel sent.

use super::kernel_bytes::KernelBytes;
use super::kernel_struct::{KernelField, kernel_struct};

/// A view of the kernel's `struct tcp_info` (`include/uapi/linux/tcp.h`) over the received bytes.
///
/// The structure grows with the kernel: 104 bytes on 2.6, 232 on 5.4, 240 on 6.2, 248 on 6.7, 280 on 6.18. Each getter
/// returns `None` if its field is beyond the received bytes; absent is never zero. Getters have the kernel's names without
/// `tcpi_` and the kernel's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo<'a>(KernelBytes<'a>);

kernel_struct! { TcpInfo:
    /// TCP state, kernel numbering.
    state @ 0 + 1 => Agreed 3 Decimal None,
    /// Congestion avoidance state: 0 Open, 1 Disorder, 2 CWR, 3 Recovery, 4 Loss.
    ca_state @ 1 + 1 => Loss 0 CongestionState None,
    /// Retransmission timeouts of the segment in flight so far.
    retransmits @ 2 + 1 => Loss 1 Decimal Sum,
    /// Unanswered zero-window probes.
    probes @ 3 + 1 => Loss 3 Decimal Sum,
    /// Exponential backoff of the retransmission timer.
    backoff @ 4 + 1 => Loss 2 Decimal Highest,
    /// `TCPI_OPT_*` bits: timestamps, sack, wscale, ecn, ecn-seen, syn-data, usec-ts, tfo-child.
    options @ 5 + 1 => Agreed 0 TcpOptions None,
    /// Window scale of the peer.
    snd_wscale @ 6 + 1 [0, 0xf] => Agreed 1 Scale None,
    /// Window scale of this side.
    rcv_wscale @ 6 + 1 [4, 0xf] => Agreed 2 Scale None,
    /// 1 if the delivery rate sample was limited by the application.
    delivery_rate_app_limited @ 7 + 1 [0, 0x1] => Sending 8 YesNo None,
    /// Why TCP Fast Open failed on the client: 0 unknown, 1 cookie unavailable, 2 data not acked, 3 SYN retransmitted.
    fastopen_client_fail @ 7 + 1 [1, 0x3] => Agreed 4 Decimal None,
    /// Retransmission timeout, µs.
    rto @ 8 + 4 => Path 4 Microseconds Highest,
    /// Delayed-ACK timeout, µs.
    ato @ 12 + 4 => Path 5 Microseconds Highest,
    /// Sending maximum segment size, bytes.
    snd_mss @ 16 + 4 => Path 7 ExactBytes None,
    /// Receiving maximum segment size estimate, bytes.
    rcv_mss @ 20 + 4 => Path 8 ExactBytes None,
    /// Segments in flight. On LISTEN rows: the accept queue's length.
    unacked @ 24 + 4 => Sending 2 Count Sum,
    /// Segments selectively acknowledged. On LISTEN rows: the accept queue's limit.
    sacked @ 28 + 4 => Loss 5 Count Sum,
    /// Segments presumed lost.
    lost @ 32 + 4 => Loss 4 Count Sum,
    /// Retransmitted segments in flight.
    retrans @ 36 + 4 => Loss 6 Count Sum,
    /// Unused by current kernels.
    fackets @ 40 + 4 => Loss 13 Decimal None,
    /// Time since the last data segment was sent, ms.
    last_data_sent @ 44 + 4 if 156 + 4 => Ages 0 Milliseconds Highest,
    /// Unused by the kernel (always 0).
    last_ack_sent @ 48 + 4 => Ages 3 Milliseconds None,
    /// Time since the last data segment was received, ms.
    last_data_recv @ 52 + 4 if 152 + 4 => Ages 1 Milliseconds Highest,
    /// Time since the last ACK was received, ms.
    last_ack_recv @ 56 + 4 if 140 + 4 => Ages 2 Milliseconds Highest,
    /// Path MTU, bytes.
    pmtu @ 60 + 4 => Path 6 ExactBytes None,
    /// Receive slow-start threshold, bytes.
    rcv_ssthresh @ 64 + 4 => Receiving 2 Bytes None,
    /// Smoothed round-trip time, µs.
    rtt @ 68 + 4 => Path 0 Microseconds Highest,
    /// Mean deviation of the round-trip time, µs.
    rttvar @ 72 + 4 => Path 1 Microseconds Highest,
    /// Sending slow-start threshold, segments.
    snd_ssthresh @ 76 + 4 => Sending 1 Count None,
    /// Congestion window, segments.
    snd_cwnd @ 80 + 4 => Sending 0 Count None,
    /// Advertised maximum segment size, bytes.
    advmss @ 84 + 4 => Path 9 ExactBytes None,
    /// Reordering degree, segments.
    reordering @ 88 + 4 => Path 10 Count Highest,
    /// Receiver's estimate of the round-trip time, µs.
    rcv_rtt @ 92 + 4 => Path 3 Microseconds Highest,
    /// Receive buffer auto-tuning space, bytes.
    rcv_space @ 96 + 4 => Receiving 1 Bytes None,
    /// Segments retransmitted since the connection opened.
    total_retrans @ 100 + 4 => Loss 7 Count Sum,
    /// Pacing rate, bytes per second.
    pacing_rate @ 104 + 8 => Sending 5 BytesPerSecond None,
    /// Maximum pacing rate, bytes per second; all ones if unlimited.
    max_pacing_rate @ 112 + 8 => Sending 6 BytesPerSecond None,
    /// Bytes acknowledged by the peer, including SYN and FIN.
    bytes_acked @ 120 + 8 => Volume 0 Bytes Sum,
    /// Bytes received in order, including FIN.
    bytes_received @ 128 + 8 => Volume 1 Bytes Sum,
    /// Segments sent.
    segs_out @ 136 + 4 => Volume 3 Count Sum,
    /// Segments received.
    segs_in @ 140 + 4 => Volume 4 Count Sum,
    /// Bytes in the send queue that were never sent.
    notsent_bytes @ 144 + 4 => Sending 4 Bytes Sum,
    /// Minimum round-trip time, µs; all ones if none.
    min_rtt @ 148 + 4 => Path 2 Microseconds Highest,
    /// Segments with data received.
    data_segs_in @ 152 + 4 => Volume 6 Count Sum,
    /// Segments with data sent.
    data_segs_out @ 156 + 4 => Volume 5 Count Sum,
    /// Most recent delivery rate, bytes per second.
    delivery_rate @ 160 + 8 => Sending 7 BytesPerSecond None,
    /// Time spent with data to send, µs.
    busy_time @ 168 + 8 => Sending 9 Microseconds Sum,
    /// Time limited by the receive window, µs.
    rwnd_limited @ 176 + 8 => Sending 10 Microseconds Sum,
    /// Time limited by the send buffer, µs.
    sndbuf_limited @ 184 + 8 => Sending 11 Microseconds Sum,
    /// Segments delivered, including retransmissions.
    delivered @ 192 + 4 => Volume 7 Count Sum,
    /// Segments delivered with an ECN mark.
    delivered_ce @ 196 + 4 => Volume 8 Count Sum,
    /// Bytes of data sent, including retransmissions.
    bytes_sent @ 200 + 8 => Volume 2 Bytes Sum,
    /// Bytes retransmitted.
    bytes_retrans @ 208 + 8 => Loss 8 Bytes Sum,
    /// DSACKs received: spurious retransmissions.
    dsack_dups @ 216 + 4 => Loss 9 Count Sum,
    /// Reordering events.
    reord_seen @ 220 + 4 => Path 11 Count Sum,
    /// Segments received out of order.
    rcv_ooopack @ 224 + 4 => Receiving 3 Count Sum,
    /// The peer's advertised receive window after scaling, bytes.
    snd_wnd @ 228 + 4 => Sending 3 Bytes None,
    /// The window advertised to the peer after scaling, bytes.
    rcv_wnd @ 232 + 4 => Receiving 0 Bytes None,
    /// PLB or timeout-triggered rehashes of the flow label.
    rehash @ 236 + 4 => Path 12 Decimal Sum,
    /// Retransmission timeouts.
    total_rto @ 240 + 2 => Loss 10 Decimal Sum,
    /// Recoveries after retransmission timeouts.
    total_rto_recoveries @ 242 + 2 => Loss 11 Decimal Sum,
    /// Time spent in timeout recoveries, ms.
    total_rto_time @ 244 + 4 => Loss 12 Milliseconds Sum,
    /// Segments received with a CE mark (`AccECN`).
    received_ce @ 248 + 4 => Volume 9 Count Sum,
    /// Bytes delivered with ECT(1) (`AccECN`).
    delivered_e1_bytes @ 252 + 4 => Volume 10 Bytes Sum,
    /// Bytes delivered with ECT(0) (`AccECN`).
    delivered_e0_bytes @ 256 + 4 => Volume 11 Bytes Sum,
    /// Bytes delivered with CE (`AccECN`).
    delivered_ce_bytes @ 260 + 4 => Volume 12 Bytes Sum,
    /// Bytes received with ECT(1) (`AccECN`).
    received_e1_bytes @ 264 + 4 => Volume 13 Bytes Sum,
    /// Bytes received with ECT(0) (`AccECN`).
    received_e0_bytes @ 268 + 4 => Volume 14 Bytes Sum,
    /// Bytes received with CE (`AccECN`).
    received_ce_bytes @ 272 + 4 => Volume 15 Bytes Sum,
    /// How `AccECN` negotiation or use failed (layout of 6.18).
    accecn_fail_mode @ 276 + 2 => Agreed 5 Decimal None,
    /// Which `AccECN` options were seen (layout of 6.18).
    accecn_opt_seen @ 278 + 2 => Agreed 6 Decimal None,
}

impl TcpInfo<'_> {
    /// Reports whether it describes a connection: a segment was sent or received. The kernel clears the counters of a
    /// connection that is aborted by its own process (`tcp_disconnect`), and reports initial values for a socket that
    /// was never connected.
    pub fn has_traffic(&self) -> bool {
        let counters = [
            self.segs_out(),
            self.segs_in(),
            self.bytes_acked(),
            self.bytes_received(),
        ];
        counters.into_iter().any(|count| count != Some(0))
    }

    /// Returns the smoothed round-trip time, µs; `None` also before the first measurement, when [`Self::rtt`] is 0.
    pub fn measured_rtt(&self) -> Option<u64> {
        self.rtt().filter(|&rtt| rtt > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_end_to_end_without_a_gap() {
        let mut end = 0;
        for field in TcpInfo::FIELDS {
            assert!(field.offset <= end, "{} leaves a gap", field.name);
            end = end.max(field.offset + field.width);
        }
        assert_eq!(end, 280);
    }

    #[test]
    fn what_did_not_arrive_is_absent_and_what_did_is_exact() {
        let bytes: Vec<u8> = (0..=255u8).cycle().take(300).collect();
        for length in [0, 1, 7, 103, 104, 144, 232, 240, 248, 280, 300] {
            let info = TcpInfo::new(&bytes[..length]);
            for field in TcpInfo::FIELDS {
                assert_eq!(
                    field.read(info.bytes()).is_some(),
                    field.offset + field.width <= length,
                    "{} at {length}",
                    field.name
                );
            }
        }
        let info = TcpInfo::new(&bytes);
        assert_eq!(
            info.rtt(),
            Some(u64::from(u32::from_ne_bytes([68, 69, 70, 71])))
        );
        assert_eq!(info.snd_wscale(), Some(6));
        assert_eq!(info.rcv_wscale(), Some(0));
        assert_eq!(info.delivery_rate_app_limited(), Some(1));
        assert_eq!(info.fastopen_client_fail(), Some(3));
    }

    #[test]
    fn an_age_is_unknown_before_the_first_segment() {
        let mut bytes = [0u8; 232];
        for at in [44, 52, 56] {
            bytes[at..at + 4].copy_from_slice(&2_500_000u32.to_ne_bytes());
        }
        let ages = |bytes: &[u8]| {
            let info = TcpInfo::new(bytes);
            [
                info.last_data_sent(),
                info.last_data_recv(),
                info.last_ack_recv(),
            ]
        };
        assert_eq!(ages(&bytes), [None; 3]);
        assert!(!TcpInfo::new(&bytes).has_traffic());
        bytes[156] = 1;
        assert_eq!(ages(&bytes), [Some(2_500_000), None, None]);
        bytes[140] = 1;
        assert_eq!(ages(&bytes), [Some(2_500_000), None, Some(2_500_000)]);
        bytes[152] = 1;
        assert_eq!(ages(&bytes), [Some(2_500_000); 3]);
        assert_eq!(
            ages(&bytes[..60]),
            [Some(2_500_000); 3],
            "no counters: before Linux 4.6"
        );
    }
}
