//! The header in front of every frame, index and end of a recording file.

use super::bit_repair::repair_bit;
use crate::model::{SUSPENDED_MODULUS, SampleTime};
use crate::recording::archive::Entry;
use crate::recording::frame::Frame;

/// Length of a frame's header, bytes.
pub(in crate::recording) const FRAME_HEADER_LEN: usize = 64;

/// First bytes of a frame's header.
pub(in crate::recording) const FRAME_MAGIC: [u8; 4] = [0xf5, b'f', b'r', b'm'];

/// Maximum length of a payload, bytes.
const MAX_FRAME_LEN: u32 = 256 << 20;

/// Encodes the seconds in suspension: 1 more, or 0 if they are unknown.
fn encode_suspended(seconds: Option<u32>) -> [u8; 3] {
    let number = seconds.map_or(0, |seconds| seconds % SUSPENDED_MODULUS + 1);
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

/// Parses what [`encode_suspended`] encoded.
fn parse_suspended([a, b, c]: [u8; 3]) -> Option<u32> {
    u32::from_le_bytes([a, b, c, 0]).checked_sub(1)
}

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::recording) enum FrameKind {
    Key = 1,
    Delta = 2,
    Index = 3,
    End = 4,
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recording) struct FrameHeader {
    pub(in crate::recording) kind: FrameKind,
    /// Length of the payload and of the decompressed payload, bytes.
    pub(in crate::recording) length: u32,
    pub(in crate::recording) unpacked: u32,
    pub(in crate::recording) entry: Entry,
    /// Number of sockets that closed in this Sample, and in the Samples dropped before it.
    pub(in crate::recording) closed: u32,
    pub(in crate::recording) lost_closed: u32,
    /// Offset of the header in the file.
    pub(in crate::recording) offset: u64,
    /// CRC32C of the payload.
    pub(in crate::recording) payload_crc: u32,
}

impl FrameHeader {
    /// Creates the header of an encoded Sample.
    pub(in crate::recording) fn of_frame(
        frame: &Frame,
        dropped: u32,
        lost_closed: u32,
        offset: u64,
    ) -> FrameHeader {
        FrameHeader {
            kind: if frame.is_key {
                FrameKind::Key
            } else {
                FrameKind::Delta
            },
            length: frame.payload.len() as u32,
            unpacked: frame.unpacked,
            entry: Entry {
                dropped,
                ..frame.entry
            },
            closed: frame.closed,
            lost_closed,
            offset,
            payload_crc: crc32c::crc32c(&frame.payload),
        }
    }

    /// Creates the header of an index or an end.
    pub(in crate::recording) fn of_payload(
        kind: FrameKind,
        payload: &[u8],
        offset: u64,
    ) -> FrameHeader {
        FrameHeader {
            kind,
            length: payload.len() as u32,
            unpacked: payload.len() as u32,
            entry: Entry::default(),
            closed: 0,
            lost_closed: 0,
            offset,
            payload_crc: crc32c::crc32c(payload),
        }
    }

    /// Encodes the header.
    pub(in crate::recording) fn encode(&self) -> [u8; FRAME_HEADER_LEN] {
        let mut bytes = [0; FRAME_HEADER_LEN];
        bytes[..4].copy_from_slice(&FRAME_MAGIC);
        bytes[4] = self.kind as u8;
        bytes[5..8].copy_from_slice(&encode_suspended(self.entry.time.suspended_s));
        let mut at = 8;
        let mut add = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        add(&self.length.to_le_bytes());
        add(&self.unpacked.to_le_bytes());
        add(&self.entry.time.wall_us.to_le_bytes());
        add(&self.entry.time.monotonic_ns.to_le_bytes());
        add(&self.entry.sockets.to_le_bytes());
        add(&self.closed.to_le_bytes());
        add(&self.entry.dropped.to_le_bytes());
        add(&self.lost_closed.to_le_bytes());
        add(&self.offset.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..56]);
        bytes[56..60].copy_from_slice(&crc.to_le_bytes());
        bytes[60..].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes
    }

    /// Repairs a flipped bit of an encoded header, apart from the CRC of its payload. Returns the repaired byte; `None` if
    /// more than one bit is flipped.
    pub(in crate::recording) fn repair(bytes: &mut [u8; FRAME_HEADER_LEN]) -> Option<usize> {
        let [a, b, c, d] = [56, 57, 58, 59].map(|at| bytes[at]);
        let at = repair_bit(&mut bytes[..56], u32::from_le_bytes([a, b, c, d]))?;
        let crc = crc32c::crc32c(&bytes[..56]);
        bytes[56..60].copy_from_slice(&crc.to_le_bytes());
        Some(at)
    }

    /// Parses the header at an offset of the file. Returns `None` if there is no header or it is damaged.
    pub(in crate::recording) fn parse(
        bytes: &[u8; FRAME_HEADER_LEN],
        offset: u64,
    ) -> Option<FrameHeader> {
        FrameHeader::parse_anywhere(bytes).filter(|header| header.offset == offset)
    }

    /// Parses a header that may not be at the offset that it states.
    pub(in crate::recording) fn parse_anywhere(
        bytes: &[u8; FRAME_HEADER_LEN],
    ) -> Option<FrameHeader> {
        let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let kind = match bytes[4] {
            1 => FrameKind::Key,
            2 => FrameKind::Delta,
            3 => FrameKind::Index,
            4 => FrameKind::End,
            _ => return None,
        };
        let header = FrameHeader {
            kind,
            length: u32_at(8)?,
            unpacked: u32_at(12)?,
            entry: Entry {
                time: SampleTime {
                    wall_us: u64_at(16)? as i64,
                    monotonic_ns: u64_at(24)?,
                    suspended_s: parse_suspended([bytes[5], bytes[6], bytes[7]]),
                },
                sockets: u32_at(32)?,
                dropped: u32_at(40)?,
            },
            closed: u32_at(36)?,
            lost_closed: u32_at(44)?,
            offset: u64_at(48)?,
            payload_crc: u32_at(60)?,
        };
        let is_valid = bytes[..4] == FRAME_MAGIC
            && u32_at(56)? == crc32c::crc32c(&bytes[..56])
            && header.length <= MAX_FRAME_LEN;
        is_valid.then_some(header)
    }
}
