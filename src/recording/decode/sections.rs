//! Finds the sections of a frame, without decoding them. [`section`] has their numbers.

use crate::recording::error::Corrupt;
use crate::recording::section::{self, sections};
use crate::recording::stream::STREAM_COUNT;
use crate::recording::varint::ByteReader;

/// Readers of the sections of a frame; those that it lacks are empty.
pub(super) struct FrameSections<'a> {
    /// Sections that are not streams, by number.
    pub(super) fixed: [ByteReader<'a>; section::FIRST_STREAM],
    /// Cells, by stream.
    pub(super) streams: Vec<ByteReader<'a>>,
}

impl<'a> FrameSections<'a> {
    /// Finds the sections of a decompressed frame whose streams are joined. Skips numbers that this version does not
    /// know.
    ///
    /// # Errors
    /// If a section is longer than the frame, or is repeated.
    pub(super) fn find(raw: &'a [u8]) -> Result<FrameSections<'a>, Corrupt> {
        let mut found = FrameSections {
            fixed: [ByteReader(&[]); section::FIRST_STREAM],
            streams: vec![ByteReader(&[]); STREAM_COUNT],
        };
        for section in sections(raw) {
            let (number, bytes) = section?;
            let reader = match number.checked_sub(section::FIRST_STREAM) {
                None => found.fixed.get_mut(number),
                Some(stream) => found.streams.get_mut(stream),
            };
            if let Some(reader) = reader {
                // Empty sections are left out.
                if !reader.is_empty() {
                    return Err(Corrupt::DUPLICATE_SECTION);
                }
                *reader = ByteReader(bytes);
            }
        }
        Ok(found)
    }
}
