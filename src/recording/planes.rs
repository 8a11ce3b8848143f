//! Splits long streams by the position of bytes within their integers.
//!
//! The low bytes of differences are nearly random and the high bytes nearly constant, so they compress better
//! separately. A split stream consists of up to three sections, [`PLANE_STEP`] numbers apart: the first byte of each
//! integer, the second byte of those that have one, and all further bytes.

use super::error::Corrupt;
use super::section::{FIRST_STREAM, MIN_BLOCK_LEN, put_section, sections};
use super::stream::STREAM_COUNT;
use super::varint::{ByteReader, put_varint};
use crate::model::ClearForReuse;

/// Distance between the section numbers of a stream's planes.
const PLANE_STEP: usize = 4096;
const PLANES: usize = 3;

/// Minimum length of a stream to split, in bytes: the frequency table of a plane also takes space.
const MIN_SPLIT_LEN: usize = 800;

/// The streams of a frame, split where that saves space. Sections of one kind are adjacent, so that the compressor can
/// often reuse its frequency tables.
#[derive(Debug, Default)]
pub(super) struct PlaneSplitter {
    short: Vec<u8>,
    long: Vec<u8>,
    planes: [Vec<u8>; PLANES],
    /// The current stream's planes.
    split: [Vec<u8>; PLANES],
}

impl PlaneSplitter {
    /// Adds the cells of a stream.
    pub(super) fn add(&mut self, stream: usize, cells: &[u8]) {
        let number = FIRST_STREAM + stream;
        let integers = cells.iter().filter(|byte| **byte < 0x80).count();
        // Splitting saves nothing if nearly all integers have one byte.
        if cells.len() < MIN_SPLIT_LEN || cells.len() * 10 <= integers * 13 {
            let to = if cells.len() < MIN_BLOCK_LEN {
                &mut self.short
            } else {
                &mut self.long
            };
            return put_section(to, number, cells);
        }
        self.split.iter_mut().for_each(Vec::clear);
        let mut plane = 0;
        for &byte in cells {
            self.split[plane].push(byte);
            plane = if byte < 0x80 {
                0
            } else {
                (plane + 1).min(PLANES - 1)
            };
        }
        for (plane, bytes) in self.split.iter().enumerate() {
            put_section(&mut self.planes[plane], number + plane * PLANE_STEP, bytes);
        }
    }

    /// Removes all streams, and releases most of the memory if it was hardly used.
    pub(super) fn clear(&mut self) {
        let first = [&mut self.short, &mut self.long];
        let all = first.into_iter().chain(&mut self.planes);
        all.chain(&mut self.split).for_each(Vec::clear_for_reuse);
    }

    /// Returns the sections of all added streams, in several pieces.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let first = [&self.short, &self.long].into_iter();
        first.chain(&self.planes).map(Vec::as_slice)
    }
}

/// Reports whether a frame has a split stream.
pub(super) fn is_split(frame: &[u8]) -> bool {
    sections(frame)
        .flatten()
        .any(|(number, _)| number >= PLANE_STEP)
}

/// Appends the sections of a frame with every split stream joined. The result is not longer than the frame.
///
/// # Errors
/// If the planes of a stream do not fit each other, or the upper planes of a repeated section would be used again.
pub(super) fn join_planes(frame: &[u8], out: &mut Vec<u8>) -> Result<(), Corrupt> {
    out.reserve(frame.len());
    let mut upper = vec![[ByteReader(&[]); PLANES - 1]; STREAM_COUNT];
    for section in sections(frame) {
        let (number, bytes) = section?;
        // Streams of later versions are skipped.
        if let Some(plane) = (number / PLANE_STEP).checked_sub(1)
            && let Some(stream) = (number % PLANE_STEP).checked_sub(FIRST_STREAM)
            && let Some(planes) = upper.get_mut(stream)
            && let Some(reader) = planes.get_mut(plane)
        {
            *reader = ByteReader(bytes);
        }
    }
    for section in sections(frame) {
        let (number, first) = section?;
        if number >= PLANE_STEP {
            continue;
        }
        let stream = number.checked_sub(FIRST_STREAM);
        // Taken, so that a second section of the stream does not have them too.
        let planes = stream.and_then(|stream| upper.get_mut(stream));
        let [mut second, mut others] = planes.map(std::mem::take).unwrap_or_default();
        put_varint(out, number as u64);
        put_varint(out, (first.len() + second.0.len() + others.0.len()) as u64);
        if second.is_empty() && others.is_empty() {
            out.extend_from_slice(first);
            continue;
        }
        for &byte in first {
            out.push(byte);
            if byte < 0x80 {
                continue;
            }
            let mut byte = second.byte()?;
            out.push(byte);
            while byte >= 0x80 {
                byte = others.byte()?;
                out.push(byte);
            }
        }
        if !(second.is_empty() && others.is_empty()) {
            return Err(Corrupt("a stream has extra bytes"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recording::varint::put_signed;

    /// Returns the sections of streams after splitting and joining, and whether any was split.
    fn split_and_join(streams: &[(usize, Vec<u8>)]) -> (Vec<u8>, bool) {
        let (mut out, mut split) = (PlaneSplitter::default(), Vec::new());
        for (stream, cells) in streams {
            out.add(*stream, cells);
        }
        out.pieces()
            .for_each(|piece| split.extend_from_slice(piece));
        let mut joined = Vec::new();
        join_planes(&split, &mut joined).unwrap();
        (joined, is_split(&split))
    }

    proptest! {
        #[test]
        fn joining_restores_split_streams(
            streams in prop::collection::btree_map(0..STREAM_COUNT, prop::collection::vec(any::<i64>(), 1..900), 1..4),
            shift in 0u32..64,
        ) {
            let streams: Vec<(usize, Vec<u8>)> = streams
                .into_iter()
                .map(|(stream, numbers)| {
                    let mut cells = Vec::new();
                    for number in numbers {
                        put_signed(&mut cells, number >> shift);
                    }
                    (stream, cells)
                })
                .collect();
            let (joined, _) = split_and_join(&streams);
            for (stream, cells) in &streams {
                let found = sections(&joined).flatten().find(|(number, _)| *number == FIRST_STREAM + stream);
                prop_assert_eq!(found, Some((FIRST_STREAM + stream, &cells[..])));
            }
            prop_assert_eq!(sections(&joined).count(), streams.len());
        }

        #[test]
        fn joining_never_adds_bytes(bytes: Vec<u8>, second: Vec<u8>) {
            let mut split = bytes;
            put_section(&mut split, FIRST_STREAM + 5, &second);
            put_section(&mut split, FIRST_STREAM + 5 + PLANE_STEP, &second);
            let mut joined = Vec::new();
            if join_planes(&split, &mut joined).is_ok() {
                prop_assert!(joined.len() <= split.len());
            }
        }
    }

    #[test]
    fn only_long_streams_of_long_integers_are_split() {
        let cells = |number: i64, count: usize| {
            let mut cells = Vec::new();
            (0..count).for_each(|_| put_signed(&mut cells, number));
            cells
        };
        for (number, count, expected) in [
            (1 << 20, 2000, true),
            (1 << 20, 100, false),
            (1, 2000, false),
        ] {
            let (_, is_split) = split_and_join(&[(7, cells(number, count))]);
            assert_eq!(is_split, expected, "{count} times {number}");
        }
    }

    #[test]
    fn planes_of_different_streams_are_refused() {
        let mut missing = Vec::new();
        put_section(&mut missing, FIRST_STREAM, &[0x80, 0x80]);
        put_section(&mut missing, FIRST_STREAM + PLANE_STEP, &[1]);
        let mut left = Vec::new();
        put_section(&mut left, FIRST_STREAM, &[0x80, 1]);
        put_section(&mut left, FIRST_STREAM + PLANE_STEP, &[1, 1]);
        for split in [missing, left] {
            assert!(join_planes(&split, &mut Vec::new()).is_err(), "{split:?}");
        }
    }
}
