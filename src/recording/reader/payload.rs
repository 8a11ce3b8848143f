//! Reads the payload of a frame from a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::recording::format::{FRAME_HEADER_LEN, FrameHeader};

/// Reads the header and the payload at an offset; returns `None` if either is damaged.
///
/// # Errors
/// If the file cannot be read, or ends within the frame.
pub(super) fn read_payload(
    file: &File,
    offset: u64,
    payload: &mut Vec<u8>,
) -> io::Result<Option<FrameHeader>> {
    let mut bytes = [0; FRAME_HEADER_LEN];
    file.read_exact_at(&mut bytes, offset)?;
    let Some(header) = FrameHeader::parse(&bytes, offset) else {
        return Ok(None);
    };
    // Nothing is allocated for a length beyond the end of the file.
    let length = u64::from(header.length);
    if offset + FRAME_HEADER_LEN as u64 + length > file.metadata()?.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    payload.clear();
    payload.resize(header.length as usize, 0);
    file.read_exact_at(payload, offset + FRAME_HEADER_LEN as u64)?;
    Ok((crc32c::crc32c(payload) == header.payload_crc).then_some(header))
}
