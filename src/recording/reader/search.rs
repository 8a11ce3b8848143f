//! Searches a file for the next frame after damage.
//!
//! A header states its own offset, so that bytes of a payload are not taken for one. Where bytes were inserted or are
//! missing, all later frames are shifted by the same number: such a shift is accepted if no later frame is where it
//! states, and if the frame is followed by another one with the same shift, or by the end of the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::recording::format::{FRAME_HEADER_LEN, FRAME_MAGIC, FrameHeader, FrameKind};

/// Number of bytes searched at once for the next frame: few at first, because it is usually close.
const FIRST_STEP: usize = 4 << 10;
const MAX_STEP: usize = 1 << 20;

/// Maximum number of shifts in a file: to find each, the rest of the file is searched.
const MAX_SHIFTS: u32 = 8;

/// Searches frames in file order.
#[derive(Debug)]
pub(super) struct FrameSearch<'a> {
    file: &'a File,
    length: u64,
    /// Bytes that were inserted before the frames from here on, less those that are missing.
    shift: i64,
    shifts: u32,
}

impl<'a> FrameSearch<'a> {
    /// Creates a search of a file of this length, whose frames are where they state.
    pub(super) fn new(file: &'a File, length: u64) -> FrameSearch<'a> {
        FrameSearch {
            file,
            length,
            shift: 0,
            shifts: 0,
        }
    }

    /// Returns the number of bytes by which the frames are shifted from here on.
    pub(super) fn shift(&self) -> i64 {
        self.shift
    }

    /// Returns the offset of the next frame, searching from an offset; it may change the shift.
    pub(super) fn next(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        let mut step = FIRST_STEP;
        let mut bytes = Vec::new();
        let mut shifted = None;
        while at + FRAME_HEADER_LEN as u64 <= self.length {
            let left = usize::try_from(self.length - at).unwrap_or(usize::MAX);
            bytes.resize(left.min(step + FRAME_HEADER_LEN), 0);
            let window = &mut bytes[..];
            self.file.read_exact_at(window, at)?;
            let last = window.len() - FRAME_HEADER_LEN;
            let begins = (0..=last).filter(|&begin| window[begin..begin + 4] == FRAME_MAGIC);
            for begin in begins {
                let offset = at + begin as u64;
                let header = window[begin..begin + FRAME_HEADER_LEN].try_into().ok();
                let Some(header) = header.and_then(FrameHeader::parse_anywhere) else {
                    continue;
                };
                let shift = offset.wrapping_sub(header.offset).cast_signed();
                if shift == self.shift {
                    return Ok(Some(offset));
                }
                if shifted.is_none()
                    && self.shifts < MAX_SHIFTS
                    && self.is_followed(&header, offset, shift)?
                {
                    shifted = Some((offset, shift));
                }
            }
            at += last as u64 + 1;
            step = (step * 4).min(MAX_STEP);
        }
        let Some((offset, shift)) = shifted else {
            return Ok(None);
        };
        self.shift = shift;
        self.shifts += 1;
        Ok(Some(offset))
    }

    /// Reports whether a shifted frame is followed by another with the same shift, or by the end of the file.
    fn is_followed(&self, header: &FrameHeader, offset: u64, shift: i64) -> io::Result<bool> {
        let end = offset + FRAME_HEADER_LEN as u64 + u64::from(header.length);
        if end == self.length {
            return Ok(true);
        }
        if header.kind == FrameKind::End || end + FRAME_HEADER_LEN as u64 > self.length {
            return Ok(false);
        }
        let mut bytes = [0; FRAME_HEADER_LEN];
        self.file.read_exact_at(&mut bytes, end)?;
        let next = FrameHeader::parse_anywhere(&bytes);
        Ok(next.is_some_and(|next| end.wrapping_sub(next.offset).cast_signed() == shift))
    }
}
