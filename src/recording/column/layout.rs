//! Where the words of a socket's parts of variable length lie.

use super::{
    COLUMNS, CONGESTION_INFO, FIXED_COLUMNS, INFO, MEMORY, Mask, TCP, WIDE_WORDS, WIDTHS, fits,
    info_columns,
};
use crate::model::{Protocol, Socket};
use crate::recording::varint::Broken;

/// The parts that a column can lie in: what TCP reports, what other protocols report, memory, congestion control; and none.
const PARTS: usize = 5;

/// Where a column's word lies in its part, and how many bytes it takes: eight, four, or 0 for the second half of eight.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Spot {
    part: u8,
    width: u8,
    offset: u16,
}

impl Spot {
    /// Whether its word has eight bytes.
    pub(in crate::recording) fn is_wide(self) -> bool {
        self.width == 8
    }

    /// Whether it is the second half of eight bytes.
    pub(in crate::recording) fn is_half(self) -> bool {
        self.width == 0
    }
}

const SPOTS: [Spot; COLUMNS] = {
    let nowhere = Spot {
        part: PARTS as u8 - 1,
        width: 0,
        offset: 0,
    };
    let mut spots = [nowhere; COLUMNS];
    let firsts = [TCP, INFO, MEMORY, CONGESTION_INFO, COLUMNS];
    let mut part = 0;
    while part + 1 < PARTS {
        let mut column = firsts[part];
        while column < firsts[part + 1] {
            let width = if part == 0 { WIDTHS[column - TCP] } else { 4 };
            spots[column] = Spot {
                part: part as u8,
                width,
                offset: (column - firsts[part]) as u16 * 4,
            };
            column += 1;
        }
        part += 1;
    }
    spots
};

/// Where the parts of a socket begin and end, which lie one after the other.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Layout([(u16, u16); PARTS]);

impl Layout {
    #[inline]
    pub(in crate::recording) fn of(socket: &Socket) -> Layout {
        let blob = socket.blob;
        let memory = blob.info + blob.memory;
        let end = memory + blob.congestion_info;
        let info = (0, blob.info);
        let (tcp, other) = match socket.protocol {
            Protocol::Tcp => (info, (0, 0)),
            _ => ((0, 0), info),
        };
        Layout([tcp, other, (blob.info, memory), (memory, end), (0, 0)])
    }

    /// Where a word lies and how many bytes it takes: none if there is no such word. Of what was cut at its end the first half
    /// of eight bytes is a word of four, and less than four are what they are.
    #[inline]
    pub(in crate::recording) fn find(&self, spot: Spot) -> Word {
        let (begin, end) = self.0[usize::from(spot.part)];
        let at = usize::from(begin) + usize::from(spot.offset);
        let (left, whole) = (usize::from(end).saturating_sub(at), usize::from(spot.width));
        let width = if left >= whole.max(4) {
            whole
        } else {
            left.min(4)
        };
        Word {
            at,
            width,
            // The first two words of a structure consist of fields of single bytes.
            is_bytes: cfg!(target_endian = "big") && spot.offset < 8,
        }
    }

    /// Adds to a word of so many bytes, four or eight, if it was not cut; what was or is not there is read and written as ever.
    #[inline]
    pub(in crate::recording) fn add<const WIDTH: usize>(
        &self,
        parts: &mut [u8],
        spot: Spot,
        change: i64,
    ) -> Result<(), Broken> {
        let (begin, end) = self.0[usize::from(spot.part)];
        let at = usize::from(begin) + usize::from(spot.offset);
        if at + WIDTH <= usize::from(end)
            && cfg!(target_endian = "little")
            && let Some(bytes) = parts.get_mut(at..at + WIDTH)
        {
            let mut whole = [0; 8];
            whole[..WIDTH].copy_from_slice(bytes);
            let now = u64::from_le_bytes(whole).wrapping_add_signed(change);
            if WIDTH == 4 {
                fits::<u32>(now)?;
            }
            bytes.copy_from_slice(&now.to_le_bytes()[..WIDTH]);
            return Ok(());
        }
        let word = self.find(spot);
        word.set(parts, word.get(parts).wrapping_add_signed(change))
    }

    /// Reads a column's word; 0 if there is none.
    #[inline]
    pub(in crate::recording) fn get(&self, parts: &[u8], column: usize) -> u64 {
        self.find(spot(column)).get(parts)
    }
}

/// Where a column's word lies in its part.
#[inline]
pub(in crate::recording) fn spot(column: usize) -> Spot {
    SPOTS[column]
}

/// Where a word lies in a socket's parts.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Word {
    at: usize,
    width: usize,
    is_bytes: bool,
}

impl Word {
    /// Whether there is such a word.
    #[inline]
    pub(in crate::recording) fn is_there(self) -> bool {
        self.width > 0
    }

    /// Reads it. What is no integer of its own, fields of single bytes and what is left at a cut end, reads the same whatever
    /// the order of bytes.
    #[inline]
    pub(in crate::recording) fn get(self, parts: &[u8]) -> u64 {
        match *parts.get(self.at..self.at + self.width).unwrap_or(&[]) {
            [a, b, c, d] if self.is_bytes => u64::from(u32::from_le_bytes([a, b, c, d])),
            [a, b, c, d] => u64::from(u32::from_ne_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
            ref bytes => {
                let bytes = bytes.iter().rev();
                bytes.fold(0, |value, &byte| value << 8 | u64::from(byte))
            }
        }
    }

    /// Writes what [`Word::get`] reads. Where there is no word there can be nothing but 0.
    #[inline]
    pub(in crate::recording) fn set(self, parts: &mut [u8], value: u64) -> Result<(), Broken> {
        let bytes = parts.get_mut(self.at..self.at + self.width);
        let bytes = bytes.unwrap_or(&mut []);
        match bytes.len() {
            8 => bytes.copy_from_slice(&value.to_ne_bytes()),
            4 if !self.is_bytes => bytes.copy_from_slice(&fits::<u32>(value)?.to_ne_bytes()),
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
}

/// The columns that a socket has cells in.
pub(in crate::recording) fn columns_of(socket: &Socket) -> Mask {
    let blob = socket.blob;
    let mut mask = Mask::default();
    for (first, count) in [
        (0, FIXED_COLUMNS),
        (
            info_columns(socket.protocol),
            usize::from(blob.info).div_ceil(4),
        ),
        (MEMORY, usize::from(blob.memory).div_ceil(4)),
        (
            CONGESTION_INFO,
            usize::from(blob.congestion_info).div_ceil(4),
        ),
    ] {
        let mut left = first..first + count;
        while !left.is_empty() {
            let (word, bit) = (left.start / 64, left.start % 64);
            let bits = left.len().min(64 - bit);
            mask[word] |= (u64::MAX >> (64 - bits)) << bit;
            left.start += bits;
        }
    }
    mask
}

/// Adds the columns whose words are not the same in two sockets with parts of the same lengths.
#[inline]
pub(in crate::recording) fn differing(socket: &Socket, one: &[u8], other: &[u8], mask: &mut Mask) {
    let blob = socket.blob;
    let mut begin = 0;
    for (first, length) in [
        (info_columns(socket.protocol), blob.info),
        (MEMORY, blob.memory),
        (CONGESTION_INFO, blob.congestion_info),
    ] {
        let end = begin + usize::from(length);
        let (Some(one), Some(other)) = (one.get(begin..end), other.get(begin..end)) else {
            return;
        };
        begin = end;
        let mut note = |column: usize, is_other: bool| {
            mask[column / 64] |= u64::from(is_other) << (column % 64);
        };
        let ((pairs, rest), (other_pairs, other_rest)) = (one.as_chunks(), other.as_chunks());
        let mut column = first;
        for (one, other) in pairs.iter().zip(other_pairs) {
            let [one, other] = [one, other].map(|pair: &[u8; 8]| u64::from_le_bytes(*pair));
            if one != other {
                note(column, one as u32 != other as u32);
                note(column + 1, one >> 32 != other >> 32);
            }
            column += 2;
        }
        for (one, other) in rest.chunks(4).zip(other_rest.chunks(4)) {
            note(column, one != other);
            column += 1;
        }
        if first == TCP {
            let is_whole = |at: &usize| (at + 2) * 4 <= one.len();
            for at in WIDE_WORDS.into_iter().filter(is_whole) {
                let (half, whole) = (first + at + 1, first + at);
                let is_other = mask[half / 64] >> (half % 64) & 1;
                mask[half / 64] &= !(1 << (half % 64));
                mask[whole / 64] |= is_other << (whole % 64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Ends, Family, State};

    fn socket(protocol: Protocol, info: u16, memory: u16, congestion_info: u16) -> Socket {
        let ends = Ends::Packet { ethertype: 0 };
        let mut socket = Socket::new(0, 0, Family::Inet, protocol, State::Established, ends);
        (socket.blob.info, socket.blob.memory) = (info, memory);
        socket.blob.congestion_info = congestion_info;
        socket
    }

    fn columns(mask: &Mask) -> impl Iterator<Item = usize> {
        (0..COLUMNS).filter(|column| mask[column / 64] >> (column % 64) & 1 == 1)
    }

    proptest! {
        #[test]
        fn words_make_up_all_of_a_socket_however_it_was_cut(
            tcp: bool,
            info in 0u16..300,
            memory in 0u16..50,
            congestion_info in 0u16..40,
            bytes in prop::collection::vec(any::<u8>(), 400),
        ) {
            let protocol = if tcp { Protocol::Tcp } else { Protocol::Mptcp };
            let socket = socket(protocol, info, memory, congestion_info);
            let bytes = &bytes[..usize::from(info + memory + congestion_info)];
            let (layout, mut copy) = (Layout::of(&socket), vec![0; bytes.len()]);
            let mut told = Mask::default();
            differing(&socket, bytes, &copy, &mut told);
            let all = columns_of(&socket);
            for column in 0..COLUMNS {
                let value = layout.get(bytes, column);
                let is_told = told[column / 64] >> (column % 64) & 1 == 1;
                prop_assert_eq!(is_told, value != 0, "{}", column);
            }
            for column in columns(&told) {
                prop_assert!(all[column / 64] >> (column % 64) & 1 == 1, "{}", column);
                layout.find(spot(column)).set(&mut copy, layout.get(bytes, column)).unwrap();
            }
            prop_assert_eq!(bytes, &copy[..]);
        }

        #[test]
        fn what_is_added_is_added(column in TCP..COLUMNS, before: u32, change: i32, info in 100u16..281) {
            let socket = socket(Protocol::Tcp, info, 36, 20);
            let (layout, mut parts) = (Layout::of(&socket), vec![0; usize::from(info) + 56]);
            let place = layout.find(spot(column));
            if spot(column).is_half() || place.set(&mut parts, before.into()).is_err() {
                // There is no such word, or only the rest of one that was cut.
                return Ok(());
            }
            let mut same = parts.clone();
            let added = if spot(column).is_wide() {
                layout.add::<8>(&mut parts, spot(column), change.into())
            } else {
                layout.add::<4>(&mut parts, spot(column), change.into())
            };
            let now = place.get(&same).wrapping_add_signed(change.into());
            prop_assert_eq!(added, place.set(&mut same, now));
            if added.is_ok() {
                prop_assert_eq!(parts, same);
            }
        }
    }
}
