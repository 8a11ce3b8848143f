//! `struct mptcp_info`, as many bytes of it as the kernel sent.

use super::kernel_bytes::KernelBytes;
use super::kernel_struct::{KernelField, kernel_struct};

/// A view of the kernel's `struct mptcp_info` (`include/uapi/linux/mptcp.h`) over the bytes that arrived: what
/// `INET_DIAG_INFO` carries on an MPTCP connection, whose subflows are TCP sockets with a
/// [`TcpInfo`](super::TcpInfo) each. 48 bytes on 5.16, 84 on 6.5, 96 on 6.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MptcpInfo<'a>(KernelBytes<'a>);

kernel_struct! { MptcpInfo:
    /// Additional subflows, without the first one.
    subflows @ 0 + 1,
    /// `ADD_ADDR` options sent.
    add_addr_signal @ 1 + 1,
    /// `ADD_ADDR` options accepted.
    add_addr_accepted @ 2 + 1,
    /// Maximum number of additional subflows.
    subflows_max @ 3 + 1,
    /// Maximum number of `ADD_ADDR` options to send.
    add_addr_signal_max @ 4 + 1,
    /// Maximum number of `ADD_ADDR` options to accept.
    add_addr_accepted_max @ 5 + 1,
    /// `MPTCP_INFO_FLAG_*`: 1 fell back to TCP, 2 remote key received.
    flags @ 8 + 4,
    /// Local token.
    token @ 12 + 4,
    /// Data sequence number of the next byte to write.
    write_seq @ 16 + 8,
    /// Data sequence number of the first unacknowledged byte.
    snd_una @ 24 + 8,
    /// Data sequence number of the next byte expected.
    rcv_nxt @ 32 + 8,
    /// Local addresses used.
    local_addr_used @ 40 + 1,
    /// Maximum number of local addresses.
    local_addr_max @ 41 + 1,
    /// 1 if data is checksummed.
    csum_enabled @ 42 + 1,
    /// Retransmissions at the MPTCP level, from one subflow on another.
    retransmits @ 44 + 4,
    /// Bytes retransmitted at the MPTCP level.
    bytes_retrans @ 48 + 8,
    /// Bytes sent.
    bytes_sent @ 56 + 8,
    /// Bytes received in order.
    bytes_received @ 64 + 8,
    /// Bytes acknowledged by the peer.
    bytes_acked @ 72 + 8,
    /// All subflows, including the first one.
    subflows_total @ 80 + 1,
    /// Time since data was last sent, ms.
    last_data_sent @ 84 + 4 if 56 + 8,
    /// Time since data was last received, ms.
    last_data_recv @ 88 + 4 if 64 + 8,
    /// Time since an ACK was last received, ms.
    last_ack_recv @ 92 + 4,
}
