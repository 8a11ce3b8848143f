//! Numbers of the streams.

use crate::model::field;

pub(in crate::recording) const SEND_QUEUE: usize = field::send_queue.first_stream();
pub(super) const TIMER_EXPIRES: usize = field::timer.first_stream() + 1;

/// First stream of the words of `struct tcp_info`.
pub(in crate::recording) const TCP: usize = 64;

/// First stream of the words of the structures of other protocols, such as `struct mptcp_info`.
pub(super) const INFO: usize = 192;

/// First stream of the words of a socket's memory, `SK_MEMINFO_*`.
pub(super) const MEMORY: usize = 320;

/// First stream of the words of the congestion control, such as `struct tcp_bbr_info`.
pub(super) const CONGESTION_INFO: usize = 352;

/// Number of streams.
pub(in crate::recording) const STREAM_COUNT: usize = 368;

/// Maximum lengths of the structures, in bytes; longer ones are truncated. Kernel 6.18 reports 280, 36 and 20.
pub(in crate::recording) const MAX_INFO_LEN: usize = (INFO - TCP) * 4;
pub(in crate::recording) const MAX_MEMORY_LEN: usize = (CONGESTION_INFO - MEMORY) * 4;
pub(in crate::recording) const MAX_CONGESTION_INFO_LEN: usize =
    (STREAM_COUNT - CONGESTION_INFO) * 4;

/// `tcpi_rto`, `tcpi_rtt` and `tcpi_rttvar`.
pub(in crate::recording) const RTO: usize = TCP + 8 / 4;
pub(in crate::recording) const RTT: usize = TCP + 68 / 4;
pub(in crate::recording) const RTTVAR: usize = TCP + 72 / 4;

/// A set of streams, one bit each.
pub(in crate::recording) type StreamMask = [u64; STREAM_COUNT.div_ceil(64)];
