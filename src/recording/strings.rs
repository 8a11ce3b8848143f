//! Strings and other recurring bytes, which a chunk stores once and refers to by number. 0 means no string.

use std::borrow::Cow;

use super::alloc_budget::AllocBudget;
use super::error::Corrupt;
use super::varint::{ByteReader, put_bytes, put_varint};
use crate::model::SeededMap;

/// Assigns numbers to strings while a chunk is encoded.
#[derive(Debug, Default)]
pub(super) struct StringInterner {
    numbers: SeededMap<Box<[u8]>, u32>,
    /// Strings that are not in any frame yet, encoded, and their number.
    pending: Vec<u8>,
    pending_count: u64,
}

impl StringInterner {
    /// Starts a new chunk.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.pending.clear();
        self.pending_count = 0;
    }

    /// Returns a string's number, which is at least 1.
    pub(super) fn intern(&mut self, string: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(string) {
            return number;
        }
        let number = self.numbers.len() as u32 + 1;
        self.numbers.insert(string.into(), number);
        put_bytes(&mut self.pending, string);
        self.pending_count += 1;
        number
    }

    /// Encodes the strings interned since the last call.
    pub(super) fn encode_pending(&mut self, out: &mut Vec<u8>) {
        put_varint(out, self.pending_count);
        out.extend_from_slice(&self.pending);
        self.pending.clear();
        self.pending_count = 0;
    }
}

/// The strings of a chunk by number, for decoding.
#[derive(Debug, Default)]
pub(super) struct StringTable {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl StringTable {
    /// Starts a new chunk.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Returns the bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.ends.len() * size_of::<u32>()
    }

    /// Decodes the strings that a frame adds.
    pub(super) fn decode(
        &mut self,
        reader: &mut ByteReader<'_>,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let count = reader.count()?;
        budget.spend(count * size_of::<u32>() + reader.0.len())?;
        self.bytes.reserve(reader.0.len());
        self.ends.reserve(count);
        for _ in 0..count {
            self.bytes.extend_from_slice(reader.bytes()?);
            let end = u32::try_from(self.bytes.len());
            self.ends
                .push(end.map_err(|_| Corrupt("too many strings"))?);
        }
        Ok(())
    }

    /// Returns the bytes of a string; empty for number 0.
    pub(super) fn bytes(&self, number: u32) -> Result<&[u8], Corrupt> {
        let Some(at) = (number as usize).checked_sub(1) else {
            return Ok(&[]);
        };
        let end = *self.ends.get(at).ok_or(Corrupt("undefined string"))? as usize;
        let from = match at.checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        Ok(&self.bytes[from..end])
    }

    /// Returns a string for the caller to copy. Invalid UTF-8 becomes replacement characters of three bytes each.
    pub(super) fn text(
        &self,
        number: u32,
        budget: &mut AllocBudget,
    ) -> Result<Cow<'_, str>, Corrupt> {
        let bytes = self.bytes(number)?;
        let text = str::from_utf8(bytes);
        let length = text.map_or(bytes.len() * 3, str::len);
        budget.spend_text(size_of::<String>() + length)?;
        Ok(text.map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
    }
}
