//! Reads a frame from a file, with a flipped bit repaired.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::recording::format::{FRAME_HEADER_LEN, FrameHeader, repair_bit};

/// What was read, and the bytes of the file with a bit that had to be repaired.
#[derive(Debug)]
pub(super) struct Repaired<T> {
    pub(super) value: T,
    pub(super) bytes: Vec<u64>,
}

/// Reads the header at an offset, which exceeds the one that it states by `shift`; returns `None` if there is none or it is
/// damaged.
///
/// # Errors
/// If the file cannot be read, or ends within the header.
pub(super) fn read_header(
    file: &File,
    offset: u64,
    shift: i64,
) -> io::Result<Option<Repaired<FrameHeader>>> {
    let stated = offset.wrapping_sub(shift.cast_unsigned());
    let mut bytes = [0; FRAME_HEADER_LEN];
    file.read_exact_at(&mut bytes, offset)?;
    if let Some(value) = FrameHeader::parse(&bytes, stated) {
        let bytes = Vec::new();
        return Ok(Some(Repaired { value, bytes }));
    }
    // The magic and the offset prove that the repaired bytes are a header.
    let repaired = FrameHeader::repair(&mut bytes);
    let header = repaired.and_then(|at| {
        Some(Repaired {
            value: FrameHeader::parse(&bytes, stated)?,
            bytes: vec![offset + at as u64],
        })
    });
    Ok(header)
}

/// Reads the header and the payload at an offset, as [`read_header`]; returns `None` if either is damaged.
///
/// # Errors
/// If the file cannot be read, or ends within the frame.
pub(super) fn read_payload(
    file: &File,
    offset: u64,
    shift: i64,
    payload: &mut Vec<u8>,
) -> io::Result<Option<Repaired<FrameHeader>>> {
    let Some(mut header) = read_header(file, offset, shift)? else {
        return Ok(None);
    };
    // Nothing is allocated for a length beyond the end of the file.
    let (length, crc) = (header.value.length, header.value.payload_crc);
    let begin = offset + FRAME_HEADER_LEN as u64;
    if begin + u64::from(length) > file.metadata()?.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    payload.clear();
    payload.resize(length as usize, 0);
    file.read_exact_at(payload, begin)?;
    if crc32c::crc32c(payload) != crc {
        let Some(at) = repair_bit(payload, crc) else {
            return Ok(None);
        };
        let is_in_crc = at == payload.len();
        header.bytes.push(if is_in_crc {
            begin - 4
        } else {
            begin + at as u64
        });
    }
    Ok(Some(header))
}
