//! How a recording lies in its file.
//!
//! ```text
//!  head    "SOCKWTCH" version oldest-reader length CRC32C │ JSON: host, interval, columns, …
//!  frame   64 bytes: what it is, how long, when, CRC32C of these bytes and of those that follow │ zstd
//!  frame   …
//!  index   64 bytes │ where the frames since the index before lie, and the head without its columns
//!  end     64 bytes │ where the last index lies
//! ```
//!
//! Integers are little-endian. A frame says where in the file it lies, so that whoever looks for the next one behind a
//! damaged place does not take for one what only looks like it. All is appended; nothing is written twice.

use super::column;
use super::varint::{Broken, Cursor, put, put_bytes, put_signed};
use super::{Entry, Frame, Head};
use crate::model::Host;

/// What a recording begins with.
pub(super) const MAGIC: &[u8; 8] = b"SOCKWTCH";

/// The version of the format, and the oldest version of it whose readers can read this one. The second has columns that are
/// split ([`section::join`](super::section::join)) and tells cells in revision 2 ([`column::REVISION`]).
pub(super) const VERSION: u16 = 2;
const OLDEST_READER: u16 = 2;

/// Bytes of the head before its JSON.
pub(super) const HEAD: usize = 20;

/// The longest JSON in a head, bytes.
pub(super) const LONGEST_HEAD: usize = 1 << 20;

/// Bytes before each frame.
pub(super) const FRAME: usize = 64;

/// What a frame begins with.
pub(super) const FRAME_MAGIC: [u8; 4] = [0xf5, b'S', b'W', b'F'];

/// The longest frame, bytes.
pub(super) const LONGEST_FRAME: u32 = 256 << 20;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Key = 1,
    Delta = 2,
    Index = 3,
    End = 4,
}

/// What stands before a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) kind: Kind,
    /// Bytes that follow, and unpacked.
    pub(super) length: u32,
    pub(super) unpacked: u32,
    pub(super) entry: Entry,
    /// Sockets in it that ended, and in the Samples that were dropped before it.
    pub(super) closed: u32,
    pub(super) lost_closed: u32,
    /// Where it lies in the file.
    pub(super) offset: u64,
    /// CRC32C of the bytes that follow.
    pub(super) sum: u32,
}

impl Label {
    /// Before the frame of a Sample.
    pub(super) fn of(frame: &Frame, dropped: u32, lost_closed: u32, offset: u64) -> Label {
        Label {
            kind: if frame.is_key { Kind::Key } else { Kind::Delta },
            length: frame.payload.len() as u32,
            unpacked: frame.unpacked,
            entry: Entry {
                dropped,
                ..frame.entry
            },
            closed: frame.closed,
            lost_closed,
            offset,
            sum: crc32c::crc32c(&frame.payload),
        }
    }

    /// Before an index or the end.
    pub(super) fn beside(kind: Kind, payload: &[u8], offset: u64) -> Label {
        Label {
            kind,
            length: payload.len() as u32,
            unpacked: payload.len() as u32,
            entry: Entry {
                taken_at_us: 0,
                monotonic_ns: 0,
                sockets: 0,
                dropped: 0,
            },
            closed: 0,
            lost_closed: 0,
            offset,
            sum: crc32c::crc32c(payload),
        }
    }

    pub(super) fn bytes(&self) -> [u8; FRAME] {
        let mut bytes = [0; FRAME];
        bytes[..4].copy_from_slice(&FRAME_MAGIC);
        bytes[4] = self.kind as u8;
        let mut at = 8;
        let mut add = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        add(&self.length.to_le_bytes());
        add(&self.unpacked.to_le_bytes());
        add(&self.entry.taken_at_us.to_le_bytes());
        add(&self.entry.monotonic_ns.to_le_bytes());
        add(&self.entry.sockets.to_le_bytes());
        add(&self.closed.to_le_bytes());
        add(&self.entry.dropped.to_le_bytes());
        add(&self.lost_closed.to_le_bytes());
        add(&self.offset.to_le_bytes());
        let sum = crc32c::crc32c(&bytes[..56]);
        bytes[56..60].copy_from_slice(&sum.to_le_bytes());
        bytes[60..].copy_from_slice(&self.sum.to_le_bytes());
        bytes
    }

    /// What stands in the bytes before a frame at `offset`; `None` if they are none, or damaged.
    pub(super) fn read(bytes: &[u8; FRAME], offset: u64) -> Option<Label> {
        let small = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let large = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let kind = match bytes[4] {
            1 => Kind::Key,
            2 => Kind::Delta,
            3 => Kind::Index,
            4 => Kind::End,
            _ => return None,
        };
        let label = Label {
            kind,
            length: small(8)?,
            unpacked: small(12)?,
            entry: Entry {
                taken_at_us: large(16)? as i64,
                monotonic_ns: large(24)?,
                sockets: small(32)?,
                dropped: small(40)?,
            },
            closed: small(36)?,
            lost_closed: small(44)?,
            offset: large(48)?,
            sum: small(60)?,
        };
        let is_whole = bytes[..4] == FRAME_MAGIC
            && small(56)? == crc32c::crc32c(&bytes[..56])
            && label.offset == offset
            && label.length <= LONGEST_FRAME;
        is_whole.then_some(label)
    }
}

/// The head, to be written.
pub(super) fn head_bytes(head: &Head) -> Vec<u8> {
    let mut json = head_json(head);
    json["columns"] = column::schema();
    let json = json.to_string().into_bytes();
    let mut bytes = Vec::with_capacity(HEAD + json.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&OLDEST_READER.to_le_bytes());
    bytes.extend_from_slice(&(json.len() as u32).to_le_bytes());
    let sum = crc32c::crc32c_append(crc32c::crc32c(&bytes), &json);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&json);
    bytes
}

/// The JSON of a head: what is known of the recording, without its columns.
pub(super) fn head_json(head: &Head) -> serde_json::Value {
    serde_json::json!({
        "program": head.program,
        "begun_at_us": head.begun_at_us,
        "interval_ns": head.interval.as_nanos() as u64,
        "host": {
            "hostname": head.host.hostname,
            "kernel": head.host.kernel,
            "boot_id": head.host.boot_id,
        },
        "capabilities": head.capabilities,
        "filter": head.filter,
        "redacted": head.redacted,
    })
}

/// The head of its JSON. What is missing stays empty.
pub(super) fn head_of(json: &[u8]) -> Option<Head> {
    let json: serde_json::Value = serde_json::from_slice(json).ok()?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let host = &json["host"];
    Some(Head {
        host: Host {
            hostname: text(&host["hostname"]),
            kernel: text(&host["kernel"]),
            boot_id: text(&host["boot_id"]),
        },
        program: text(&json["program"]),
        begun_at_us: json["begun_at_us"].as_i64().unwrap_or(0),
        interval: std::time::Duration::from_nanos(json["interval_ns"].as_u64().unwrap_or(0)),
        capabilities: json["capabilities"]
            .as_array()
            .map(|names| names.iter().map(text).collect())
            .unwrap_or_default(),
        filter: text(&json["filter"]),
        redacted: json["redacted"].as_bool().unwrap_or(false),
    })
}

/// Where a frame lies, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) is_key: bool,
    pub(super) entry: Entry,
}

/// An index: where the one before it lies (0 if there is none), the head's JSON without its columns, and places.
pub(super) fn index_bytes(before: u64, head: &[u8], places: &[Place]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, before);
    put_bytes(&mut out, head);
    put(&mut out, places.len() as u64);
    let (mut offset, mut us, mut ns, mut sockets) = (0, 0, 0, 0);
    for place in places {
        let entry = place.entry;
        put(
            &mut out,
            (place.offset - offset) << 1 | u64::from(place.is_key),
        );
        put_signed(&mut out, entry.taken_at_us.wrapping_sub(us));
        put_signed(&mut out, entry.monotonic_ns.wrapping_sub(ns) as i64);
        put_signed(&mut out, i64::from(entry.sockets) - sockets);
        put(&mut out, u64::from(entry.dropped));
        (offset, us, ns) = (place.offset, entry.taken_at_us, entry.monotonic_ns);
        sockets = i64::from(entry.sockets);
    }
    out
}

/// What [`index_bytes`] wrote.
pub(super) fn index_of(bytes: &[u8]) -> Result<(u64, &[u8], Vec<Place>), Broken> {
    let mut told = Cursor(bytes);
    let before = told.varint()?;
    let head = told.bytes()?;
    let count = told.count()?;
    let mut places = Vec::with_capacity(count.min(1 << 16));
    let (mut offset, mut us, mut ns, mut sockets) = (0u64, 0i64, 0u64, 0i64);
    for _ in 0..count {
        let step = told.varint()?;
        offset = offset.wrapping_add(step >> 1);
        us = us.wrapping_add(told.signed()?);
        ns = ns.wrapping_add(told.signed()? as u64);
        sockets = sockets.wrapping_add(told.signed()?);
        places.push(Place {
            offset,
            is_key: step & 1 != 0,
            entry: Entry {
                taken_at_us: us,
                monotonic_ns: ns,
                sockets: u32::try_from(sockets).map_err(|_| Broken("a number is absurd"))?,
                dropped: told.number()?,
            },
        });
    }
    Ok((before, head, places))
}
