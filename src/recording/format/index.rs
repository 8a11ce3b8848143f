//! The index of a recording file: the locations of its frames, so that a large file is opened without reading all of
//! it.

use super::frame_header::FRAME_HEADER_LEN;
use crate::model::SampleTime;
use crate::recording::archive::Entry;
use crate::recording::error::Corrupt;
use crate::recording::varint::{ByteReader, put_bytes, put_signed, put_varint};

/// Location of a Sample's frame in the file, and its known facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recording) struct FrameLocation {
    pub(in crate::recording) offset: u64,
    /// Number of bytes by which the offset exceeds the one that the frame states: 0 unless bytes were inserted into the
    /// file, or are missing.
    pub(in crate::recording) shift: i64,
    pub(in crate::recording) is_key: bool,
    pub(in crate::recording) entry: Entry,
}

/// Encodes an index: the offset of the previous index (0 if there is none), the metadata's JSON, and the frames since
/// the previous index as differences; then their seconds in suspension as runs of the same value.
pub(in crate::recording) fn encode_index(
    previous: u64,
    metadata: &[u8],
    frames: &[FrameLocation],
) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, previous);
    put_bytes(&mut out, metadata);
    put_varint(&mut out, frames.len() as u64);
    let (mut offset, mut us, mut ns, mut sockets) = (0, 0, 0, 0);
    for frame in frames {
        let entry = frame.entry;
        put_varint(
            &mut out,
            (frame.offset - offset) << 1 | u64::from(frame.is_key),
        );
        put_signed(&mut out, entry.time.wall_us.wrapping_sub(us));
        put_signed(&mut out, entry.time.monotonic_ns.wrapping_sub(ns) as i64);
        put_signed(&mut out, i64::from(entry.sockets) - sockets);
        put_varint(&mut out, u64::from(entry.dropped));
        (offset, us, ns) = (frame.offset, entry.time.wall_us, entry.time.monotonic_ns);
        sockets = i64::from(entry.sockets);
    }
    let runs = frames.chunk_by(|a, b| a.entry.time.suspended_s == b.entry.time.suspended_s);
    for run in runs {
        let suspended_s = run.first().and_then(|frame| frame.entry.time.suspended_s);
        put_varint(&mut out, run.len() as u64);
        put_varint(
            &mut out,
            suspended_s.map_or(0, |seconds| u64::from(seconds) + 1),
        );
    }
    out
}

/// Parses what [`encode_index`] encoded.
///
/// # Errors
/// If it is truncated, or a frame begins within the one before it.
pub(in crate::recording) fn parse_index(
    bytes: &[u8],
) -> Result<(u64, &[u8], Vec<FrameLocation>), Corrupt> {
    let mut reader = ByteReader(bytes);
    let previous = reader.varint()?;
    let metadata = reader.bytes()?;
    let count = reader.count()?;
    let mut frames = Vec::with_capacity(count.min(1 << 16));
    let (mut offset, mut us, mut ns, mut sockets) = (0u64, 0i64, 0u64, 0i64);
    for _ in 0..count {
        let step = reader.varint()?;
        // Frames that overlapped would be more than the file can have.
        if !frames.is_empty() && step >> 1 < FRAME_HEADER_LEN as u64 {
            return Err(Corrupt("the frames of an index overlap"));
        }
        offset = offset
            .checked_add(step >> 1)
            .ok_or(Corrupt::INTEGER_TOO_LARGE)?;
        us = us.wrapping_add(reader.signed()?);
        ns = ns.wrapping_add(reader.signed()? as u64);
        sockets = sockets.wrapping_add(reader.signed()?);
        frames.push(FrameLocation {
            offset,
            shift: 0,
            is_key: step & 1 != 0,
            entry: Entry {
                time: SampleTime {
                    wall_us: us,
                    monotonic_ns: ns,
                    suspended_s: None,
                },
                sockets: u32::try_from(sockets).map_err(|_| Corrupt("a number is out of range"))?,
                dropped: reader.number()?,
            },
        });
    }
    let mut rest = &mut frames[..];
    while !rest.is_empty() && !reader.is_empty() {
        let count = reader.number::<usize>()?.min(rest.len());
        let suspended_s = reader.number::<u32>()?.checked_sub(1);
        let (run, behind) = rest.split_at_mut(count);
        for frame in run {
            frame.entry.time.suspended_s = suspended_s;
        }
        rest = behind;
    }
    Ok((previous, metadata, frames))
}
