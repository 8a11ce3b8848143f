//! Integers of variable length: seven bits a byte, the lowest first, the top bit set on all but the last (LEB128). Signed
//! ones are folded so that small magnitudes stay short (zigzag).

/// What is wrong with bytes that cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) &'static str);

/// Appends an integer.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer.
#[inline]
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends a signed integer that mostly is a multiple of `unit`.
#[inline]
pub(super) fn put_steps(out: &mut Vec<u8>, value: i64, unit: u32) {
    let (steps, rest) = (value / i64::from(unit), value % i64::from(unit));
    if rest == 0 {
        // `unit` is more than 2, so that there is room for a bit.
        put(out, (((steps << 1) ^ (steps >> 63)) as u64) << 1);
    } else {
        put(out, 1);
        put_signed(out, value);
    }
}

/// Appends bytes, their number before them.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// How many bytes may still be used for what is unpacked.
#[derive(Debug)]
pub(super) struct Room(pub(super) usize);

impl Room {
    /// Uses some of it, before it is used.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Broken> {
        let left = self.0.checked_sub(bytes);
        self.0 = left.ok_or(Broken("it takes more room than it can need"))?;
        Ok(())
    }
}

/// Reads from front to back and never beyond the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        let Some(&bytes) = self.0.first_chunk::<8>() else {
            return self.long_varint();
        };
        let word = u64::from_le_bytes(bytes);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return self.long_varint();
        }
        // All at once, for where it ends cannot be foretold: sevens of bits are moved together, then pairs of them, then fours.
        let bits = ends.trailing_zeros() + 1;
        let word = word & (u64::MAX >> (64 - bits));
        let word = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
        let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x3fff_0000_3fff_0000) >> 2;
        let word = (word & 0x0fff_ffff) | (word & 0x0fff_ffff_0000_0000) >> 4;
        self.0 = &self.0[bits as usize / 8..];
        Ok(word)
    }

    #[cold]
    fn long_varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for (at, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(Broken("an integer has no end"))
    }

    #[inline]
    pub(super) fn signed(&mut self) -> Result<i64, Broken> {
        let folded = self.varint()?;
        Ok((folded >> 1) as i64 ^ -((folded & 1) as i64))
    }

    /// What [`put_steps`] appended.
    #[inline]
    pub(super) fn steps(&mut self, unit: u32) -> Result<i64, Broken> {
        let first = self.varint()?;
        if first & 1 != 0 {
            return self.signed();
        }
        let folded = first >> 1;
        let steps = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        Ok(steps.wrapping_mul(i64::from(unit)))
    }

    /// An integer that fits.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, Broken> {
        T::try_from(self.varint()?).map_err(|_| Broken("an integer is too large"))
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Broken("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        let (first, rest) = self.0.split_first().ok_or(Broken("it ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    /// Bytes with their number before them.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.number()?;
        self.take(length)
    }

    /// A number of things, each of which takes at least one of the bytes that are left.
    pub(super) fn count(&mut self) -> Result<usize, Broken> {
        let count: usize = self.number()?;
        if count > self.0.len() {
            return Err(Broken("it promises more than it has"));
        }
        Ok(count)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_read_back(numbers: Vec<u64>, signed: Vec<i64>, bytes: Vec<u8>) {
            let steps = signed.iter().flat_map(|&value| [value, value / 4096 * 4096]);
            let mut out = Vec::new();
            for &number in &numbers {
                put(&mut out, number);
            }
            for &number in &signed {
                put_signed(&mut out, number);
            }
            for value in steps.clone() {
                put_steps(&mut out, value, 4096);
            }
            put_bytes(&mut out, &bytes);
            let mut cursor = Cursor(&out);
            for number in numbers {
                prop_assert_eq!(cursor.varint(), Ok(number));
            }
            for &number in &signed {
                prop_assert_eq!(cursor.signed(), Ok(number));
            }
            for value in steps.clone() {
                prop_assert_eq!(cursor.steps(4096), Ok(value));
            }
            prop_assert_eq!(cursor.bytes(), Ok(&bytes[..]));
            prop_assert!(cursor.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut cursor = Cursor(&bytes);
            while cursor.varint().is_ok() {}
            let mut cursor = Cursor(&bytes);
            while cursor.bytes().is_ok_and(|read| !read.is_empty()) {}
        }
    }

    #[test]
    fn small_numbers_are_short_whatever_their_sign() {
        for number in [0, -1, 1, 63, -64] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!(out.len(), 1, "{number}");
        }
    }
}
