//! Parts of variable length, word by word.

use super::{COLUMNS, INFO, TCP, fits};
use crate::model::{Protocol, TcpInfo};
use crate::recording::varint::Broken;

/// Bytes of the word of `struct tcp_info` at an offset, counted in words: 8, 4, or 0 for the second half of eight.
const WIDTHS: [u8; INFO - TCP] = {
    let mut widths = [4; INFO - TCP];
    let mut at = 0;
    while at < TcpInfo::FIELDS.len() {
        let field = TcpInfo::FIELDS[at];
        if field.width == 8 {
            widths[field.offset / 4] = 8;
            widths[field.offset / 4 + 1] = 0;
        }
        at += 1;
    }
    widths
};

/// The words of [`WIDTHS`] that have eight bytes.
const WIDE: usize = {
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        count += (WIDTHS[at] == 8) as usize;
        at += 1;
    }
    count
};
const WIDE_WORDS: [usize; WIDE] = {
    let mut words = [0; WIDE];
    let (mut at, mut count) = (0, 0);
    while at < WIDTHS.len() {
        if WIDTHS[at] == 8 {
            words[count] = at;
            count += 1;
        }
        at += 1;
    }
    words
};

/// First column of what a protocol reports.
pub(in crate::recording) fn info_columns(protocol: Protocol) -> usize {
    if protocol == Protocol::Tcp { TCP } else { INFO }
}

/// Bytes that the word at an offset takes: four or eight, and less at the end of a structure that was cut. 0 for the second
/// half of eight.
#[inline]
fn width(first: usize, offset: usize, length: usize) -> usize {
    let word = offset / 4;
    let whole = if first == TCP {
        usize::from(WIDTHS[word])
    } else {
        4
    };
    if offset + whole.max(4) <= length {
        return whole;
    }
    // Cut: a field of eight bytes of which only the first half arrived is a word, and less than four are what they are.
    (length - offset).min(4)
}

/// Reads a word. What is no integer of its own, the bytes of the first eight and what is left at a cut end, reads the same
/// whatever the order of bytes.
#[inline]
fn word(bytes: &[u8], offset: usize) -> u64 {
    match *bytes {
        [a, b, c, d] if offset >= 8 => u64::from(u32::from_ne_bytes([a, b, c, d])),
        [a, b, c, d] => u64::from(u32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        _ => bytes
            .iter()
            .rev()
            .fold(0, |value, &byte| value << 8 | u64::from(byte)),
    }
}

/// Writes what [`word`] reads.
fn put_word(value: u64, offset: usize, bytes: &mut [u8]) -> Result<(), Broken> {
    match bytes.len() {
        8 => bytes.copy_from_slice(&value.to_ne_bytes()),
        4 if offset >= 8 => bytes.copy_from_slice(&fits::<u32>(value)?.to_ne_bytes()),
        length => {
            let whole = value.to_le_bytes();
            if whole[length..].iter().any(|&byte| byte != 0) {
                return Err(Broken("a value does not fit its column"));
            }
            bytes.copy_from_slice(&whole[..length]);
        }
    }
    Ok(())
}

/// The cells of a part of variable length.
#[inline]
pub(in crate::recording) fn part_cells(first: usize, part: &[u8], out: &mut [u64; COLUMNS]) {
    // Words first, and then those that belong together.
    let (words, _) = part.as_chunks::<4>();
    for (cell, word) in out[first..].iter_mut().zip(words) {
        *cell = u64::from(u32::from_ne_bytes(*word));
    }
    if cfg!(target_endian = "big") {
        for (cell, word) in out[first..].iter_mut().zip(words).take(2) {
            *cell = u64::from(u32::from_le_bytes(*word));
        }
    }
    if first == TCP {
        for at in WIDE_WORDS {
            if let Some(&[a, b, c, d, e, f, g, h]) = part.get(at * 4..at * 4 + 8) {
                out[first + at] = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
                out[first + at + 1] = 0;
            }
        }
    }
    let mut offset = words.len() * 4;
    while offset < part.len() {
        let width = width(first, offset, part.len());
        if width > 0 {
            out[first + offset / 4] = word(&part[offset..offset + width], offset);
        }
        offset += width.max(4);
    }
}

/// The part of variable length of its cells.
pub(in crate::recording) fn part(
    first: usize,
    cells: &[u64; COLUMNS],
    part: &mut [u8],
) -> Result<(), Broken> {
    let mut offset = 0;
    while offset < part.len() {
        let width = width(first, offset, part.len());
        if width > 0 {
            let bytes = &mut part[offset..offset + width];
            put_word(cells[first + offset / 4], offset, bytes)?;
        }
        offset += width.max(4);
    }
    Ok(())
}

/// One cell of a part of variable length; 0 beyond its end.
#[inline]
pub(in crate::recording) fn cell(first: usize, column: usize, part: &[u8]) -> u64 {
    let offset = (column - first) * 4;
    if offset >= part.len() {
        return 0;
    }
    let width = width(first, offset, part.len());
    word(&part[offset..offset + width], offset)
}

/// Sets one cell of a part of variable length. Nothing may lie beyond its end.
#[inline]
pub(in crate::recording) fn set_cell(
    first: usize,
    column: usize,
    value: u64,
    part: &mut [u8],
) -> Result<(), Broken> {
    let offset = (column - first) * 4;
    if offset >= part.len() {
        return match value {
            0 => Ok(()),
            _ => Err(Broken("a value lies beyond the end of its structure")),
        };
    }
    let width = width(first, offset, part.len());
    if width == 0 {
        return Err(Broken("a value lies within another"));
    }
    put_word(value, offset, &mut part[offset..offset + width])
}
