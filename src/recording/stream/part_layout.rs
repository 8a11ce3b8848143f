//! Locates the words of a socket's variable parts.
//!
//! The parts are contiguous: the structure of the protocol, memory, congestion control. Each may be shorter or longer
//! than the structure known to this version.

use super::fixed::FIXED_STREAM_COUNT;
use super::numbers::{CONGESTION_INFO, INFO, MEMORY, STREAM_COUNT, StreamMask, TCP};
use super::tcp_words::{WIDE_WORDS, WIDTHS, info_streams};
use crate::model::{Protocol, Socket};
use crate::recording::error::Corrupt;

/// Number of parts: structure of TCP, structure of other protocols, memory, congestion control; and one that is always
/// empty.
const PARTS: usize = 5;

/// Location of a stream's word within its part, and its width: eight, four, or 0 for the upper half of eight.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct WordLocation {
    part: u8,
    width: u8,
    offset: u16,
}

impl WordLocation {
    /// Reports whether the word has eight bytes.
    pub(in crate::recording) const fn is_wide(self) -> bool {
        self.width == 8
    }

    /// Reports whether the stream is the upper half of a word of eight bytes.
    pub(in crate::recording) const fn is_upper_half(self) -> bool {
        self.width == 0
    }
}

/// The location of each stream's word.
const WORD_LOCATIONS: [WordLocation; STREAM_COUNT] = {
    let nowhere = WordLocation {
        part: PARTS as u8 - 1,
        width: 0,
        offset: 0,
    };
    let mut spots = [nowhere; STREAM_COUNT];
    let firsts = [TCP, INFO, MEMORY, CONGESTION_INFO, STREAM_COUNT];
    let mut part = 0;
    while part + 1 < PARTS {
        let mut stream = firsts[part];
        while stream < firsts[part + 1] {
            let width = if part == 0 { WIDTHS[stream - TCP] } else { 4 };
            spots[stream] = WordLocation {
                part: part as u8,
                width,
                offset: (stream - firsts[part]) as u16 * 4,
            };
            stream += 1;
        }
        part += 1;
    }
    spots
};

/// Begin and end of each part of a socket.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct PartLayout([(u16, u16); PARTS]);

impl PartLayout {
    /// Returns the layout of a socket's parts.
    #[inline]
    pub(in crate::recording) fn of(socket: &Socket) -> PartLayout {
        let blob = socket.blob;
        let memory = blob.info + blob.memory;
        let end = memory + blob.congestion_info;
        let info = (0, blob.info);
        let (tcp, other) = match socket.protocol {
            Protocol::Tcp => (info, (0, 0)),
            _ => ((0, 0), info),
        };
        PartLayout([tcp, other, (blob.info, memory), (memory, end), (0, 0)])
    }

    /// Finds a word; it is empty if the part is too short. If the part ends within it, the lower half of eight bytes is
    /// a word of four, and fewer than four bytes are a word of that size.
    #[inline]
    pub(in crate::recording) fn find(&self, location: WordLocation) -> WordRange {
        let (begin, end) = self.0[usize::from(location.part)];
        let at = usize::from(begin) + usize::from(location.offset);
        let (left, full) = (
            usize::from(end).saturating_sub(at),
            usize::from(location.width),
        );
        let width = if left >= full.max(4) {
            full
        } else {
            left.min(4)
        };
        WordRange {
            at,
            width,
            // The first two words of a structure consist of fields of single bytes.
            is_bytes: cfg!(target_endian = "big") && location.offset < 8,
        }
    }

    /// Adds to a word of `WIDTH` bytes, four or eight. A truncated or absent word is read and written like any other.
    #[inline]
    pub(in crate::recording) fn add<const WIDTH: usize>(
        &self,
        parts: &mut [u8],
        location: WordLocation,
        change: i64,
    ) -> Result<(), Corrupt> {
        let (begin, end) = self.0[usize::from(location.part)];
        let at = usize::from(begin) + usize::from(location.offset);
        if at + WIDTH <= usize::from(end)
            && cfg!(target_endian = "little")
            && let Some(bytes) = parts.get_mut(at..at + WIDTH)
        {
            let mut word = [0; 8];
            word[..WIDTH].copy_from_slice(bytes);
            let now = u64::from_le_bytes(word).wrapping_add_signed(change);
            if WIDTH == 4 {
                narrow::<u32>(now)?;
            }
            bytes.copy_from_slice(&now.to_le_bytes()[..WIDTH]);
            return Ok(());
        }
        let word = self.find(location);
        word.set(parts, word.get(parts).wrapping_add_signed(change))
    }

    /// Returns a stream's word; 0 if there is none.
    #[inline]
    pub(in crate::recording) fn get(&self, parts: &[u8], stream: usize) -> u64 {
        self.find(word_location(stream)).get(parts)
    }
}

/// Returns the location of a stream's word.
#[inline]
pub(in crate::recording) const fn word_location(stream: usize) -> WordLocation {
    WORD_LOCATIONS[stream]
}

/// A word's bytes within a socket's parts.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct WordRange {
    at: usize,
    width: usize,
    is_bytes: bool,
}

impl WordRange {
    /// Reports whether the socket has the word.
    #[inline]
    pub(in crate::recording) fn exists(self) -> bool {
        self.width > 0
    }

    /// Returns the word. Single-byte fields and truncated words have the same value on systems of either byte order.
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

    /// Replaces the word. A word that does not exist can only be 0.
    #[inline]
    pub(in crate::recording) fn set(self, parts: &mut [u8], value: u64) -> Result<(), Corrupt> {
        let bytes = parts.get_mut(self.at..self.at + self.width);
        let bytes = bytes.unwrap_or(&mut []);
        match bytes.len() {
            8 => bytes.copy_from_slice(&value.to_ne_bytes()),
            4 if !self.is_bytes => bytes.copy_from_slice(&narrow::<u32>(value)?.to_ne_bytes()),
            length => {
                let whole = value.to_le_bytes();
                if whole[length..].iter().any(|&byte| byte != 0) {
                    return Err(Corrupt::VALUE_OUT_OF_RANGE);
                }
                bytes.copy_from_slice(&whole[..length]);
            }
        }
        Ok(())
    }
}

/// Converts a cell to the width of its word.
fn narrow<T: TryFrom<u64>>(value: u64) -> Result<T, Corrupt> {
    T::try_from(value).map_err(|_| Corrupt::VALUE_OUT_OF_RANGE)
}

/// Returns the streams in which a socket has cells.
pub(in crate::recording) fn streams_of(socket: &Socket) -> StreamMask {
    let blob = socket.blob;
    let mut mask = StreamMask::default();
    for (first, count) in [
        (0, FIXED_STREAM_COUNT),
        (
            info_streams(socket.protocol),
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

/// Adds to `mask` the streams whose words differ between the parts of two sockets with the same lengths.
#[inline]
pub(in crate::recording) fn mark_differing(
    socket: &Socket,
    one: &[u8],
    other: &[u8],
    mask: &mut StreamMask,
) {
    let blob = socket.blob;
    let mut begin = 0;
    for (first, length) in [
        (info_streams(socket.protocol), blob.info),
        (MEMORY, blob.memory),
        (CONGESTION_INFO, blob.congestion_info),
    ] {
        let end = begin + usize::from(length);
        let (Some(one), Some(other)) = (one.get(begin..end), other.get(begin..end)) else {
            return;
        };
        begin = end;
        let mut note = |stream: usize, is_other: bool| {
            mask[stream / 64] |= u64::from(is_other) << (stream % 64);
        };
        let ((pairs, rest), (other_pairs, other_rest)) = (one.as_chunks(), other.as_chunks());
        let mut stream = first;
        for (one, other) in pairs.iter().zip(other_pairs) {
            let [one, other] = [one, other].map(|pair: &[u8; 8]| u64::from_le_bytes(*pair));
            if one != other {
                note(stream, one as u32 != other as u32);
                note(stream + 1, one >> 32 != other >> 32);
            }
            stream += 2;
        }
        for (one, other) in rest.chunks(4).zip(other_rest.chunks(4)) {
            note(stream, one != other);
            stream += 1;
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

    fn streams(mask: &StreamMask) -> impl Iterator<Item = usize> {
        (0..STREAM_COUNT).filter(|stream| mask[stream / 64] >> (stream % 64) & 1 == 1)
    }

    proptest! {
        #[test]
        fn words_cover_every_byte_of_a_socket_however_it_was_cut(
            tcp: bool,
            info in 0u16..300,
            memory in 0u16..50,
            congestion_info in 0u16..40,
            bytes in prop::collection::vec(any::<u8>(), 400),
        ) {
            let protocol = if tcp { Protocol::Tcp } else { Protocol::Mptcp };
            let socket = socket(protocol, info, memory, congestion_info);
            let bytes = &bytes[..usize::from(info + memory + congestion_info)];
            let (layout, mut copy) = (PartLayout::of(&socket), vec![0; bytes.len()]);
            let mut different = StreamMask::default();
            mark_differing(&socket, bytes, &copy, &mut different);
            let all = streams_of(&socket);
            for stream in 0..STREAM_COUNT {
                let value = layout.get(bytes, stream);
                let is_different = different[stream / 64] >> (stream % 64) & 1 == 1;
                prop_assert_eq!(is_different, value != 0, "{}", stream);
            }
            for stream in streams(&different) {
                prop_assert!(all[stream / 64] >> (stream % 64) & 1 == 1, "{}", stream);
                layout.find(word_location(stream)).set(&mut copy, layout.get(bytes, stream)).unwrap();
            }
            prop_assert_eq!(bytes, &copy[..]);
        }

        #[test]
        fn adding_to_a_word_equals_reading_and_writing_it(stream in TCP..STREAM_COUNT, before: u32, change: i32, info in 100u16..281) {
            let socket = socket(Protocol::Tcp, info, 36, 20);
            let (layout, mut parts) = (PartLayout::of(&socket), vec![0; usize::from(info) + 56]);
            let place = layout.find(word_location(stream));
            if word_location(stream).is_upper_half() || place.set(&mut parts, before.into()).is_err() {
                // There is no such word, or only the rest of a truncated one.
                return Ok(());
            }
            let mut same = parts.clone();
            let added = if word_location(stream).is_wide() {
                layout.add::<8>(&mut parts, word_location(stream), change.into())
            } else {
                layout.add::<4>(&mut parts, word_location(stream), change.into())
            };
            let now = place.get(&same).wrapping_add_signed(change.into());
            prop_assert_eq!(added, place.set(&mut same, now));
            if added.is_ok() {
                prop_assert_eq!(parts, same);
            }
        }
    }
}
