//! `struct sctp_info`, as many bytes of it as the kernel sent: one part for associations, one for sockets.

use super::kernel_bytes::KernelBytes;
use super::kernel_struct::{KernelField, kernel_struct};

/// First byte of the part that concerns a socket: `sctpi_s_autoclose`.
const SOCKET_PART: usize = 344;

/// A view of the part of the kernel's `struct sctp_info` (`include/uapi/linux/sctp.h`) that concerns an association. The
/// kernel clears the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SctpInfo<'a>(KernelBytes<'a>);

impl<'a> SctpInfo<'a> {
    /// Creates the view of the bytes of an association's `INET_DIAG_INFO`.
    pub(super) fn of_association(bytes: KernelBytes<'a>) -> SctpInfo<'a> {
        SctpInfo(bytes.slice(0, SOCKET_PART))
    }
}

kernel_struct! { SctpInfo:
    /// Local verification tag.
    tag @ 0 + 4,
    /// State by number. Kernel: `enum sctp_state`.
    state @ 4 + 4,
    /// Receive window advertised to the peer, bytes.
    rwnd @ 8 + 4,
    /// DATA chunks sent but not acknowledged.
    unackdata @ 12 + 2,
    /// DATA chunks received out of order.
    penddata @ 14 + 2,
    /// Incoming streams.
    instrms @ 16 + 2,
    /// Outgoing streams.
    outstrms @ 18 + 2,
    /// Size at which messages are fragmented, bytes.
    fragmentation_point @ 20 + 4,
    /// Chunks in the input queue.
    inqueue @ 24 + 4,
    /// Chunks in the output queue.
    outqueue @ 28 + 4,
    /// Errors in a row over all paths.
    overall_error @ 32 + 4,
    /// Maximum burst of packets.
    max_burst @ 36 + 4,
    /// Maximum size of a DATA chunk, bytes.
    maxseg @ 40 + 4,
    /// Receive window of the peer, bytes.
    peer_rwnd @ 44 + 4,
    /// Verification tag of the peer.
    peer_tag @ 48 + 4,
    /// Extensions of the peer, as bits.
    peer_capable @ 52 + 1,
    /// 1 if a SACK is due.
    peer_sack @ 53 + 1,
    /// SACK chunks received.
    isacks @ 56 + 8,
    /// SACK chunks sent.
    osacks @ 64 + 8,
    /// Packets sent.
    opackets @ 72 + 8,
    /// Packets received.
    ipackets @ 80 + 8,
    /// Chunks retransmitted.
    rtxchunks @ 88 + 8,
    /// TSNs received beyond the next expected one.
    outofseqtsns @ 96 + 8,
    /// Duplicate chunks received.
    idupchunks @ 104 + 8,
    /// Gap acknowledgments received.
    gapcnt @ 112 + 8,
    /// Unordered DATA chunks sent.
    ouodchunks @ 120 + 8,
    /// Unordered DATA chunks received.
    iuodchunks @ 128 + 8,
    /// Ordered DATA chunks sent.
    oodchunks @ 136 + 8,
    /// Ordered DATA chunks received.
    iodchunks @ 144 + 8,
    /// Control chunks sent.
    octrlchunks @ 152 + 8,
    /// Control chunks received.
    ictrlchunks @ 160 + 8,
    /// Primary path: its state by number. Kernel: `enum sctp_spinfo_state`.
    p_state @ 296 + 4,
    /// Primary path: congestion window, bytes.
    p_cwnd @ 300 + 4,
    /// Primary path: smoothed round-trip time, ms.
    p_srtt @ 304 + 4,
    /// Primary path: retransmission timeout, ms.
    p_rto @ 308 + 4,
    /// Primary path: heartbeat interval, ms.
    p_hbinterval @ 312 + 4,
    /// Primary path: maximum number of retransmissions.
    p_pathmaxrxt @ 316 + 4,
    /// Primary path: delay of SACKs, ms.
    p_sackdelay @ 320 + 4,
    /// Primary path: packets per SACK.
    p_sackfreq @ 324 + 4,
    /// Primary path: slow start threshold, bytes.
    p_ssthresh @ 328 + 4,
    /// Primary path: bytes acknowledged towards the next increase of the window.
    p_partial_bytes_acked @ 332 + 4,
    /// Primary path: bytes in flight.
    p_flight_size @ 336 + 4,
    /// Primary path: errors in a row.
    p_error @ 340 + 2,
}

/// A view of the part of `struct sctp_info` that concerns a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SctpOptions<'a>(KernelBytes<'a>);

impl<'a> SctpOptions<'a> {
    /// Creates the view of the bytes of a socket's `INET_DIAG_INFO`.
    pub(super) fn of_socket(bytes: KernelBytes<'a>) -> SctpOptions<'a> {
        SctpOptions(bytes.slice(SOCKET_PART, usize::MAX))
    }
}

kernel_struct! { SctpOptions:
    /// Idle time after which associations close, s; 0 for never.
    s_autoclose @ 0 + 4,
    /// Adaptation layer indication.
    s_adaptation_ind @ 4 + 4,
    /// Bytes from which messages are delivered in part.
    s_pd_point @ 8 + 4,
    /// 1 if small messages are sent at once.
    s_nodelay @ 12 + 1,
    /// 1 if messages are not fragmented.
    s_disable_fragments @ 13 + 1,
    /// 1 if IPv4 addresses are reported v4-mapped.
    s_v4mapped @ 14 + 1,
    /// Level of interleaving of messages delivered in part.
    s_frag_interleave @ 15 + 1,
    /// Style of the socket: 0 one-to-many, 1 one-to-one.
    s_type @ 16 + 4,
}
