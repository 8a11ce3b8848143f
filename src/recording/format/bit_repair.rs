//! Repairs a single flipped bit by its CRC32C.
//!
//! A CRC is linear: flipping a bit changes it by a value that depends only on the distance of the bit from the end. For
//! CRC32C these values differ up to a length of 2³¹ − 1 bits, so the difference between the stored and the computed CRC
//! names the flipped bit. Other damage can look like a flipped bit, in 1 of 2³² / bits cases; the callers detect that
//! by what the repaired bytes have to be.

/// Generator polynomial of CRC32C, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Maximum length of bytes to repair: each bit takes a step of the search.
const MAX_LEN: usize = 32 << 20;

/// Repairs bytes whose CRC32C should be `stored`. Returns the repaired byte, or the length of the bytes if the flipped
/// bit is in the CRC itself; `None` if more than one bit is flipped.
pub(in crate::recording) fn repair_bit(bytes: &mut [u8], stored: u32) -> Option<usize> {
    let difference = stored ^ crc32c::crc32c(bytes);
    if difference.is_power_of_two() {
        return Some(bytes.len());
    }
    if difference == 0 || bytes.len() > MAX_LEN {
        return None;
    }
    // The effect of flipping the last bit; every further bit from the end has gone through one more step.
    let mut effect = POLYNOMIAL;
    for (at, byte) in bytes.iter_mut().enumerate().rev() {
        for bit in (0..8).rev() {
            if effect == difference {
                *byte ^= 1 << bit;
                return Some(at);
            }
            effect = effect >> 1 ^ if effect & 1 == 0 { 0 } else { POLYNOMIAL };
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_flipped_bit_is_repaired(
            bytes in prop::collection::vec(any::<u8>(), 1..3000),
            at: prop::sample::Index,
        ) {
            let stored = crc32c::crc32c(&bytes);
            let bit = at.index(bytes.len() * 8);
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(repair_bit(&mut flipped, stored), Some(bit / 8));
            prop_assert_eq!(&flipped, &bytes);
            prop_assert_eq!(repair_bit(&mut flipped, stored ^ 1 << (bit % 32)), Some(bytes.len()));
            prop_assert_eq!(&flipped, &bytes);
        }

        #[test]
        fn two_flipped_bits_are_not_mistaken_for_one(
            bytes in prop::collection::vec(any::<u8>(), 2..300),
            first: prop::sample::Index,
            second: prop::sample::Index,
        ) {
            let bits = [first, second].map(|at| at.index(bytes.len() * 8));
            prop_assume!(bits[0] != bits[1]);
            let stored = crc32c::crc32c(&bytes);
            let mut flipped = bytes;
            for bit in bits {
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
            let unchanged = flipped.clone();
            prop_assert_eq!(repair_bit(&mut flipped, stored), None);
            prop_assert_eq!(flipped, unchanged);
        }
    }
}
