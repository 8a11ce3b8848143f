//! The header of a recording file: magic, version, and the metadata as JSON.

use std::time::Duration;

use crate::model::Host;
use crate::recording::metadata::Metadata;
use crate::recording::stream;

/// First bytes of every recording. As in PNG, they reveal a transfer that converted line endings or stripped the eighth
/// bit.
pub(in crate::recording) const MAGIC: [u8; 8] = *b"\x89SWR\r\n\x1a\n";

/// First bytes of recordings made during development, before version 1 of the format.
pub(in crate::recording) const FORMER_MAGIC: [u8; 8] = *b"SOCKWTCH";

/// Version of the format, and the oldest version whose readers can read files of this one.
pub(in crate::recording) const VERSION: u16 = 1;
const OLDEST_READER: u16 = 1;

/// Length of the header without its JSON, bytes.
pub(in crate::recording) const FILE_HEADER_LEN: usize = 20;

/// Maximum length of the JSON, in bytes.
pub(in crate::recording) const MAX_METADATA_LEN: usize = 1 << 20;

/// Reports whether a file that begins with these bytes is a recording of any version, with at most one byte damaged.
pub fn is_recording(first: [u8; 8]) -> bool {
    let same = |magic: [u8; 8]| first.iter().zip(magic).filter(|(a, b)| *a == b).count();
    [MAGIC, FORMER_MAGIC]
        .into_iter()
        .any(|magic| same(magic) + 1 >= magic.len())
}

/// Encodes the header of a file.
pub(in crate::recording) fn file_header(metadata: &Metadata) -> Vec<u8> {
    let mut json = metadata_json(metadata);
    json["streams"] = stream::describe_streams();
    let json = json.to_string().into_bytes();
    let mut bytes = Vec::with_capacity(FILE_HEADER_LEN + json.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&OLDEST_READER.to_le_bytes());
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &json);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(&json);
    bytes
}

/// Returns the metadata as JSON, without the description of the streams.
pub(in crate::recording) fn metadata_json(metadata: &Metadata) -> serde_json::Value {
    let Metadata {
        host: Host {
            hostname,
            kernel,
            boot_id,
        },
        program,
        begun_at_us,
        interval,
        capabilities,
        filter,
        tables,
        restricted,
        redacted,
    } = metadata;
    let mut json = serde_json::json!({
        "program": program,
        "begun_at_us": begun_at_us,
        "interval_ns": interval.as_nanos() as u64,
        "host": { "hostname": hostname, "kernel": kernel, "boot_id": boot_id },
        "capabilities": capabilities,
        "filter": filter,
        "redacted": redacted,
    });
    if let Some(tables) = tables {
        json["tables"] = tables.as_slice().into();
        json["restricted"] = (*restricted).into();
    }
    json
}

/// Parses the metadata; missing fields stay empty. Returns `None` if the bytes are not JSON.
pub(in crate::recording) fn parse_metadata(json: &[u8]) -> Option<Metadata> {
    let json: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let host = &json["host"];
    Some(Metadata {
        host: Host {
            hostname: text(&host["hostname"]),
            kernel: text(&host["kernel"]),
            boot_id: text(&host["boot_id"]),
        },
        program: text(&json["program"]),
        begun_at_us: json["begun_at_us"].as_i64().unwrap_or(0),
        interval: Duration::from_nanos(json["interval_ns"].as_u64().unwrap_or(0)),
        capabilities: json["capabilities"]
            .as_array()
            .map(|names| names.iter().map(text).collect())
            .unwrap_or_default(),
        filter: text(&json["filter"]),
        tables: json["tables"]
            .as_array()
            .map(|names| names.iter().map(text).collect()),
        restricted: json["restricted"].as_bool().unwrap_or(false),
        redacted: json["redacted"].as_bool().unwrap_or(false),
    })
}
