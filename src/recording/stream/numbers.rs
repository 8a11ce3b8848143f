//! Numbers and names of the streams.

use crate::model::TcpInfo;

/// Names of the streams of fixed meaning, by number.
const FIXED: [&str; 41] = [
    "netns",
    "cookie",
    "inode",
    "family",
    "protocol",
    "state",
    "ends",
    "end_0",
    "end_1",
    "end_2",
    "end_3",
    "end_4",
    "end_5",
    "end_6",
    "end_7",
    "uid",
    "recv_queue",
    "send_queue",
    "interface",
    "mark",
    "class_id",
    "timer",
    "timer_expires",
    "timer_retries",
    "options",
    "attribution",
    "tos",
    "tclass",
    "shutdown",
    "v6only",
    "raw_protocol",
    "congestion",
    "cgroup",
    "info_bytes",
    "memory_bytes",
    "congestion_info_bytes",
    "name",
    "holders",
    "holder_process",
    "holder_fd",
    "other_holders",
];

pub(super) const COOKIE: usize = 1;
pub(super) const ENDS: usize = 6;
pub(super) const END: usize = 7;
pub(in crate::recording) const SEND_QUEUE: usize = 17;
pub(super) const TIMER: usize = 21;
pub(super) const TIMER_EXPIRES: usize = 22;
pub(super) const TIMER_RETRIES: usize = 23;

/// Number of streams of fixed meaning.
pub(in crate::recording) const FIXED_STREAM_COUNT: usize = FIXED.len();

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

/// Maximum lengths of the structures, bytes; more is cut. Kernel 6.18 reports 280, 36 and 20.
pub(in crate::recording) const MAX_INFO_LEN: usize = (INFO - TCP) * 4;
pub(in crate::recording) const MAX_MEMORY_LEN: usize = (CONGESTION_INFO - MEMORY) * 4;
pub(in crate::recording) const MAX_CONGESTION_INFO_LEN: usize =
    (STREAM_COUNT - CONGESTION_INFO) * 4;

/// Offsets in `struct tcp_info` of the fields that the clock alone counts up, in ms: `tcpi_last_data_sent`,
/// `tcpi_last_data_recv` and `tcpi_last_ack_recv`.
pub(in crate::recording) const AGE_OFFSETS: [usize; 3] = [44, 52, 56];

/// Length of `struct tcp_info` up to the last of [`AGE_OFFSETS`], bytes.
pub(in crate::recording) const AGE_FIELDS_END: usize = 60;

/// `tcpi_rto`, `tcpi_rtt` and `tcpi_rttvar`.
pub(in crate::recording) const RTO: usize = TCP + 8 / 4;
pub(in crate::recording) const RTT: usize = TCP + 68 / 4;
pub(in crate::recording) const RTTVAR: usize = TCP + 72 / 4;

/// A set of streams, one bit each.
pub(in crate::recording) type StreamMask = [u64; STREAM_COUNT.div_ceil(64)];

/// Structures whose words are streams: name and first stream.
const STRUCTURES: [(&str, usize); 4] = [
    ("tcp", TCP),
    ("info", INFO),
    ("memory", MEMORY),
    ("congestion", CONGESTION_INFO),
];

/// Returns a stream's name; empty for an unused number. A word that is not exactly one field has its structure's name and its
/// offset in bytes.
pub(in crate::recording) fn name(stream: usize) -> String {
    if let Some(name) = FIXED.get(stream) {
        return (*name).to_owned();
    }
    if let Some(field) = tcp_field(stream) {
        return format!("tcp.{field}");
    }
    let mut structures = STRUCTURES.into_iter().rev();
    match structures.find(|(_, first)| *first <= stream) {
        Some((name, first)) if stream < STREAM_COUNT => {
            format!("{name}.{}", (stream - first) * 4)
        }
        _ => String::new(),
    }
}

/// Returns the name of the only field of `struct tcp_info` in a stream's word.
fn tcp_field(stream: usize) -> Option<&'static str> {
    let offset = stream.checked_sub(TCP)? * 4;
    let fields = TcpInfo::FIELDS.iter();
    let mut within = fields.filter(|field| (offset..offset + 4).contains(&field.offset));
    match (within.next(), within.next()) {
        (Some(field), None) => Some(field.name),
        _ => None,
    }
}

/// Describes the streams for the file header: the names of those that have one of their own, by number, and the structures
/// whose words the others are, by the number of the first.
pub(in crate::recording) fn describe_streams() -> serde_json::Value {
    let has_own_name =
        |stream: &usize| *stream < FIXED_STREAM_COUNT || tcp_field(*stream).is_some();
    let named = (0..STREAM_COUNT).filter(has_own_name);
    let structures = STRUCTURES.into_iter();
    serde_json::json!({
        "names": named
            .map(|stream| (stream.to_string(), name(stream).into()))
            .collect::<serde_json::Map<_, _>>(),
        "words": structures
            .map(|(name, first)| (first.to_string(), name.into()))
            .collect::<serde_json::Map<_, _>>(),
    })
}
