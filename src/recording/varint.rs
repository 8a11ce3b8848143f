//! Variable-length integers: seven bits per byte, lowest first, the top bit set on all bytes except the last (LEB128).
//! Signed integers are zigzag-encoded so that small magnitudes stay short.

use super::error::Corrupt;

/// Appends an integer.
#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer.
#[inline]
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// Appends a signed integer that is usually a multiple of `unit`, which is at least 3.
#[inline]
pub(super) fn put_scaled(out: &mut Vec<u8>, value: i64, unit: u32) {
    let (multiple, rest) = (value / i64::from(unit), value % i64::from(unit));
    if rest == 0 {
        // The lowest bit is free, as `unit` is more than 2.
        put_varint(out, zigzag(multiple) << 1);
    } else {
        put_varint(out, 1);
        put_signed(out, value);
    }
}

/// Appends bytes preceded by their number.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Maps signed to unsigned integers so that small magnitudes become small: 0, -1, 1, -2, …
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Inverts [`zigzag`].
#[inline]
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads values in sequence, never beyond the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ByteReader<'a>(pub(super) &'a [u8]);

impl<'a> ByteReader<'a> {
    /// Reads what [`put_varint`] appended.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<u64, Corrupt> {
        let Some(&bytes) = self.0.first_chunk::<8>() else {
            return self.long_varint();
        };
        let word = u64::from_le_bytes(bytes);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return self.long_varint();
        }
        // Branch-free, because the length is unpredictable: groups of 7 bits are joined to 14, then 28, then 56 bits.
        let bits = ends.trailing_zeros() + 1;
        let word = word & (u64::MAX >> (64 - bits));
        let word = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
        let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x3fff_0000_3fff_0000) >> 2;
        let word = (word & 0x0fff_ffff) | (word & 0x0fff_ffff_0000_0000) >> 4;
        self.0 = &self.0[bits as usize / 8..];
        Ok(word)
    }

    /// Reads an integer of more than eight bytes, or one near the end.
    #[cold]
    fn long_varint(&mut self) -> Result<u64, Corrupt> {
        let mut value = 0u64;
        for (at, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(Corrupt("unterminated integer"))
    }

    /// Reads what [`put_signed`] appended.
    #[inline]
    pub(super) fn signed(&mut self) -> Result<i64, Corrupt> {
        Ok(unzigzag(self.varint()?))
    }

    /// Reads what [`put_scaled`] appended.
    #[inline]
    pub(super) fn scaled(&mut self, unit: u32) -> Result<i64, Corrupt> {
        let first = self.varint()?;
        if first & 1 != 0 {
            return self.signed();
        }
        Ok(unzigzag(first >> 1).wrapping_mul(i64::from(unit)))
    }

    /// Reads an integer that must fit the type.
    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, Corrupt> {
        T::try_from(self.varint()?).map_err(|_| Corrupt::INTEGER_TOO_LARGE)
    }

    /// Reads `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Corrupt::TOO_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Reads one byte.
    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.0.split_first().ok_or(Corrupt::TOO_SHORT)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Reads what [`put_bytes`] appended.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = self.number()?;
        self.take(length)
    }

    /// Reads the number of following items, each of which takes at least one of the remaining bytes.
    pub(super) fn count(&mut self) -> Result<usize, Corrupt> {
        let count: usize = self.number()?;
        if count > self.0.len() {
            return Err(Corrupt("it is truncated"));
        }
        Ok(count)
    }

    /// Reports whether no byte is left.
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
        fn values_are_read_back_as_they_were_put(numbers: Vec<u64>, signed: Vec<i64>, bytes: Vec<u8>) {
            let scaled = signed.iter().flat_map(|&value| [value, value / 4096 * 4096]);
            let mut out = Vec::new();
            for &number in &numbers {
                put_varint(&mut out, number);
            }
            for &number in &signed {
                put_signed(&mut out, number);
            }
            for value in scaled.clone() {
                put_scaled(&mut out, value, 4096);
            }
            put_bytes(&mut out, &bytes);
            let mut reader = ByteReader(&out);
            for number in numbers {
                prop_assert_eq!(reader.varint(), Ok(number));
            }
            for &number in &signed {
                prop_assert_eq!(reader.signed(), Ok(number));
            }
            for value in scaled.clone() {
                prop_assert_eq!(reader.scaled(4096), Ok(value));
            }
            prop_assert_eq!(reader.bytes(), Ok(&bytes[..]));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn arbitrary_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut reader = ByteReader(&bytes);
            while reader.varint().is_ok() {}
            let mut reader = ByteReader(&bytes);
            while reader.bytes().is_ok_and(|read| !read.is_empty()) {}
        }
    }

    #[test]
    fn small_numbers_of_either_sign_take_one_byte() {
        for number in [0, -1, 1, 63, -64] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!(out.len(), 1, "{number}");
        }
    }
}
