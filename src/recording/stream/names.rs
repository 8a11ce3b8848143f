//! Names of the streams.

use super::fixed::{FIXED_NAMES, FIXED_STREAM_COUNT};
use super::numbers::{CONGESTION_INFO, INFO, MEMORY, STREAM_COUNT, TCP};
use crate::model::TcpInfo;

/// Structures whose words are streams: name and first stream.
const STRUCTURES: [(&str, usize); 4] = [
    ("tcp", TCP),
    ("info", INFO),
    ("memory", MEMORY),
    ("congestion", CONGESTION_INFO),
];

/// Returns a stream's name; `None` for an unused number. A word that is not exactly one field has the name of its
/// structure and its offset in bytes.
pub(in crate::recording) fn name(stream: usize) -> Option<String> {
    if let Some(name) = FIXED_NAMES.get(stream) {
        return (!name.is_empty()).then(|| (*name).to_owned());
    }
    if let Some(field) = tcp_field(stream) {
        return Some(format!("tcp.{field}"));
    }
    let mut structures = STRUCTURES.into_iter().rev();
    let (name, first) = structures.find(|(_, first)| *first <= stream)?;
    (stream < STREAM_COUNT).then(|| format!("{name}.{}", (stream - first) * 4))
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

/// Describes the streams for the file header: the names of named streams, by number, and the structures that the other
/// streams are the words of, by the number of the first word.
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
