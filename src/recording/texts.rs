//! Texts and whatever else comes back again: told once in a chunk, and by their number from then on. 0 is no text.

use rustc_hash::FxHashMap;

use super::varint::{Broken, Cursor, Room, put, put_bytes};

/// The numbers of texts, for packing.
#[derive(Debug, Default)]
pub(super) struct TextNumbers {
    numbers: FxHashMap<Box<[u8]>, u32>,
    /// Those that were not told yet, packed.
    fresh: Vec<u8>,
    count: u64,
}

impl TextNumbers {
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.fresh.clear();
        self.count = 0;
    }

    /// A text's number.
    pub(super) fn of(&mut self, text: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.numbers.len() as u32 + 1;
        self.numbers.insert(text.into(), number);
        put_bytes(&mut self.fresh, text);
        self.count += 1;
        number
    }

    /// Tells the texts that are new.
    pub(super) fn tell(&mut self, out: &mut Vec<u8>) {
        put(out, self.count);
        out.extend_from_slice(&self.fresh);
        self.fresh.clear();
        self.count = 0;
    }
}

/// Texts by their number, for unpacking.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Texts {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn weight(&self) -> usize {
        self.bytes.len() + self.ends.len() * 4
    }

    /// Hears the texts that are new.
    pub(super) fn hear(&mut self, told: &mut Cursor<'_>, room: &mut Room) -> Result<(), Broken> {
        let count = told.count()?;
        room.take(count * size_of::<u32>() + told.0.len())?;
        for _ in 0..count {
            self.bytes.extend_from_slice(told.bytes()?);
            let end = u32::try_from(self.bytes.len());
            self.ends
                .push(end.map_err(|_| Broken("there are more texts than fit"))?);
        }
        Ok(())
    }

    /// A text; empty for none.
    pub(super) fn get(&self, number: u32) -> Result<&[u8], Broken> {
        let Some(at) = (number as usize).checked_sub(1) else {
            return Ok(&[]);
        };
        let end = *self.ends.get(at).ok_or(Broken("a text was never told"))? as usize;
        let from = match at.checked_sub(1) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        Ok(&self.bytes[from..end])
    }

    /// The same as text, to be copied. What is none is shown with replacement characters, each of which takes three bytes.
    pub(super) fn text(
        &self,
        number: u32,
        room: &mut Room,
    ) -> Result<std::borrow::Cow<'_, str>, Broken> {
        let bytes = self.get(number)?;
        room.take(size_of::<String>() + bytes.len() * 3)?;
        Ok(String::from_utf8_lossy(bytes))
    }
}
