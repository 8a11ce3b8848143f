//! Bytes of kernel structures, packed: of a socket's hundreds of bytes, most are those of other sockets as well.
//!
//! `struct tcp_info` has 280 bytes on Linux 6.18. Of connections in the same phase, some fifteen words of four bytes
//! differ: counters, ages, round-trip times. Bytes are stored as a bitmap of the words that differ from a [base](Bases)
//! and those words. A word is read without unpacking: its position is the number of bits before its own.
//!
//! The words that the clock alone changes are stored as they were once, and [aged](KernelBytes::aged) when they are read.

use std::sync::Arc;

use super::ages::{AGE_OFFSETS, AGES_END};

/// Bytes of a word.
const WORD: usize = 4;

/// Words that a bitmap describes; longer structures are stored in full.
const MAX_WORDS: usize = u128::BITS as usize;

/// Bytes of a bitmap.
const BITMAP: usize = size_of::<u128>();

/// Words that may differ from the base in use before a better one is looked for.
const GOOD_MATCH: usize = 24;

/// Maximum number of bases for structures of one length.
const MAX_BASES: usize = 16;

/// Bytes that the kernel reported, in full or as the words that differ from a base.
#[derive(Debug, Clone, Copy)]
pub struct KernelBytes<'a> {
    /// The bytes, except for the words that differ.
    base: &'a [u8],
    /// A bit for each word of `base` that differs, the lowest for the first.
    bitmap: u128,
    /// The words that differ.
    words: &'a [u8],
    /// The part of `base` that this is.
    begin: u16,
    end: u16,
    /// Time by which the ages of `struct tcp_info` at the begin of `base` are advanced, ms.
    aged_ms: u32,
}

impl<'a> KernelBytes<'a> {
    /// No bytes.
    pub const EMPTY: KernelBytes<'static> = KernelBytes {
        base: &[],
        bitmap: 0,
        words: &[],
        begin: 0,
        end: 0,
        aged_ms: 0,
    };

    /// Returns the number of bytes.
    #[inline]
    pub fn len(self) -> usize {
        usize::from(self.end - self.begin)
    }

    /// Reports whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes from `begin`, at most `length`.
    #[must_use]
    pub fn slice(self, begin: usize, length: usize) -> KernelBytes<'a> {
        let own = self.len();
        let begin = begin.min(own);
        let end = begin.saturating_add(length).min(own);
        KernelBytes {
            // At most the own end.
            begin: self.begin + begin as u16,
            end: self.begin + end as u16,
            ..self
        }
    }

    /// Returns `N` bytes, in the order of the kernel; `None` if it did not report them all.
    #[inline]
    pub fn get<const N: usize>(self, offset: usize) -> Option<[u8; N]> {
        if offset + N > self.len() {
            return None;
        }
        let at = usize::from(self.begin) + offset;
        let mut bytes: [u8; N] = self.base.get(at..at + N)?.try_into().ok()?;
        if self.bitmap != 0 {
            self.replace_words(at, &mut bytes)?;
        }
        if self.aged_ms != 0 && at < AGES_END && at + N > AGE_OFFSETS[0] {
            self.age(at, &mut bytes);
        }
        Some(bytes)
    }

    /// Replaces the words that differ from the base in `bytes`, which begin `at` bytes after the begin of it.
    #[inline]
    fn replace_words<const N: usize>(&self, at: usize, bytes: &mut [u8; N]) -> Option<()> {
        let (first, last) = (at / WORD, (at + N - 1) / WORD);
        for word in first..=last {
            let bit = 1u128.checked_shl(word as u32)?;
            if self.bitmap & bit == 0 {
                continue;
            }
            let rank = (self.bitmap & (bit - 1)).count_ones() as usize;
            let stored = self.words.get(rank * WORD..rank * WORD + WORD)?;
            // The bytes that this word and the requested ones have in common.
            let begin = at.max(word * WORD);
            let end = (at + N).min(word * WORD + WORD);
            bytes[begin - at..end - at]
                .copy_from_slice(&stored[begin - word * WORD..end - word * WORD]);
        }
        Some(())
    }

    /// Advances the ages that are complete in `bytes`, which begin `at` bytes after the begin of the base.
    #[inline]
    fn age(&self, at: usize, bytes: &mut [u8]) {
        for offset in AGE_OFFSETS {
            let age = offset
                .checked_sub(at)
                .and_then(|from| bytes.get_mut(from..from + WORD));
            if let Some(age) = age {
                advance(age, self.aged_ms);
            }
        }
    }

    /// Returns the same bytes with the ages of `struct tcp_info`, which must be at the begin, advanced by `aged_ms`.
    #[must_use]
    pub(super) fn aged(self, aged_ms: u32) -> KernelBytes<'a> {
        KernelBytes { aged_ms, ..self }
    }

    /// Appends all bytes.
    pub fn append_to(self, out: &mut Vec<u8>) {
        let (begin, end) = (usize::from(self.begin), usize::from(self.end));
        let from = out.len();
        out.extend_from_slice(self.base.get(begin..end).unwrap_or(&[]));
        let out = &mut out[from..];
        let mut bitmap = self.bitmap;
        for stored in self.words.chunks_exact(WORD) {
            let at = bitmap.trailing_zeros() as usize * WORD;
            bitmap &= bitmap.wrapping_sub(1);
            if at >= begin && at + WORD <= end {
                out[at - begin..at - begin + WORD].copy_from_slice(stored);
            } else {
                // A part that begins or ends within a word.
                for (byte, value) in (at..).zip(stored) {
                    if (begin..end).contains(&byte) {
                        out[byte - begin] = *value;
                    }
                }
            }
        }
        if self.aged_ms != 0 {
            self.age(begin, out);
        }
    }

    /// Returns all bytes.
    pub fn to_vec(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.append_to(&mut bytes);
        bytes
    }
}

impl PartialEq for KernelBytes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.to_vec() == other.to_vec()
    }
}

impl Eq for KernelBytes<'_> {}

impl<'a, B: AsRef<[u8]> + ?Sized> From<&'a B> for KernelBytes<'a> {
    /// Bytes in full; at most 65 535, which is more than a netlink attribute can have.
    fn from(bytes: &'a B) -> KernelBytes<'a> {
        let bytes = bytes.as_ref();
        KernelBytes {
            base: bytes,
            end: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
            ..KernelBytes::EMPTY
        }
    }
}

/// Advances an age of four bytes. It wraps as it does in the kernel.
#[inline]
pub(super) fn advance(age: &mut [u8], by_ms: u32) {
    if let Ok(bytes) = <[u8; WORD]>::try_from(&*age) {
        let aged = u32::from_ne_bytes(bytes).wrapping_add(by_ms);
        age.copy_from_slice(&aged.to_ne_bytes());
    }
}

/// Bytes that packed ones are compared with: those of some sockets. Grows only, so that what was packed with a shorter
/// list of the same lineage is read with a longer one.
#[derive(Debug, Clone, Default)]
pub(super) struct Bases {
    /// Number 1 is the first.
    known: Vec<Arc<[u8]>>,
}

impl Bases {
    /// Reports whether everything that was packed with `older` can be read with these.
    pub(super) fn extends(&self, older: &Bases) -> bool {
        match older.known.split_last() {
            None => true,
            Some((last, others)) => {
                let own = self.known.get(others.len());
                own.is_some_and(|own| Arc::ptr_eq(own, last))
            }
        }
    }

    /// Returns the packed bytes at the begin of `stored`, of which there are `length` in full, and what follows.
    #[inline]
    pub(super) fn unpack<'a>(
        &'a self,
        stored: &'a [u8],
        length: usize,
    ) -> Option<(KernelBytes<'a>, &'a [u8])> {
        let (&number, stored) = stored.split_first()?;
        let Some(number) = usize::from(number).checked_sub(1) else {
            let (bytes, rest) = stored.split_at_checked(length)?;
            return Some((bytes.into(), rest));
        };
        let base = self.known.get(number)?;
        let (bitmap, stored) = stored.split_first_chunk()?;
        let bitmap = u128::from_ne_bytes(*bitmap);
        let (words, rest) = stored.split_at_checked(bitmap.count_ones() as usize * WORD)?;
        let bytes = KernelBytes {
            bitmap,
            words,
            ..base.into()
        };
        Some((bytes, rest))
    }

    /// Packs with one base of the same length; returns the number of words that differ.
    #[inline]
    fn pack_with(&self, at: usize, parts: [&[u8]; 2], out: &mut Vec<u8>) -> usize {
        let base = &self.known[at];
        out.push(at as u8 + 1);
        let head = out.len();
        out.extend_from_slice(&[0; BITMAP]);
        let (first, second) = base.split_at(parts[0].len());
        let mut bitmap = 0u128;
        let mut bit = 1u128;
        for (base, bytes) in [(first, parts[0]), (second, parts[1])] {
            for (base, word) in base.chunks_exact(WORD).zip(bytes.chunks_exact(WORD)) {
                if base != word {
                    bitmap |= bit;
                    out.extend_from_slice(word);
                }
                bit = bit.wrapping_shl(1);
            }
        }
        out[head..head + BITMAP].copy_from_slice(&bitmap.to_ne_bytes());
        bitmap.count_ones() as usize
    }
}

/// Packs bytes, and chooses the bases for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Packer {
    /// The base that fitted last.
    last: usize,
    /// Structures packed and words stored for them since [`Packer::renew`].
    packed: usize,
    stored_words: usize,
    /// Buffer for a structure with other ages.
    scratch: Vec<u8>,
}

impl Packer {
    /// Appends bytes in packed form: the number of the base, 0 for none, then the bitmap and the words, or all bytes. They are
    /// stored with the ages that they had `aged_ms` ms before, if that is not 0; they are then of `struct tcp_info`.
    #[inline]
    pub(super) fn pack(
        &mut self,
        bases: &mut Arc<Bases>,
        parts: [&[u8]; 2],
        aged_ms: u32,
        out: &mut Vec<u8>,
    ) {
        if aged_ms == 0 {
            self.pack_as_is(bases, parts, out);
            return;
        }
        let mut info = std::mem::take(&mut self.scratch);
        info.clear();
        info.extend_from_slice(parts[0]);
        for offset in AGE_OFFSETS {
            if let Some(age) = info.get_mut(offset..offset + WORD) {
                advance(age, aged_ms.wrapping_neg());
            }
        }
        self.pack_as_is(bases, [&info, parts[1]], out);
        self.scratch = info;
    }

    #[inline]
    fn pack_as_is(&mut self, bases: &mut Arc<Bases>, parts: [&[u8]; 2], out: &mut Vec<u8>) {
        let length = parts[0].len() + parts[1].len();
        let is_whole = parts.iter().all(|part| part.len().is_multiple_of(WORD));
        if !is_whole || length > MAX_WORDS * WORD {
            append_whole(parts, out);
            return;
        }
        self.packed += 1;
        let from = out.len();
        let last = bases.known.get(self.last);
        if last.is_some_and(|base| base.len() == length) {
            let differing = bases.pack_with(self.last, parts, out);
            if differing <= GOOD_MATCH {
                self.stored_words += differing;
                return;
            }
            out.truncate(from);
        }
        self.pack_with_best(bases, parts, length, out);
    }

    /// Packs with the base that fits best, which is a new one if none is good.
    #[cold]
    fn pack_with_best(
        &mut self,
        bases: &mut Arc<Bases>,
        parts: [&[u8]; 2],
        length: usize,
        out: &mut Vec<u8>,
    ) {
        let from = out.len();
        let mut best: Option<(usize, usize)> = None;
        let mut candidates = 0;
        for at in 0..bases.known.len() {
            if bases.known[at].len() != length {
                continue;
            }
            candidates += 1;
            let differing = bases.pack_with(at, parts, out);
            out.truncate(from);
            if best.is_none_or(|(_, least)| differing < least) {
                best = Some((at, differing));
            }
        }
        let is_good = best.is_some_and(|(_, differing)| differing <= GOOD_MATCH);
        if !is_good && candidates < MAX_BASES && bases.known.len() < usize::from(u8::MAX) {
            best = Some((bases.known.len(), 0));
            Arc::make_mut(bases).known.push(parts.concat().into());
        }
        if let Some((at, differing)) = best {
            self.last = at;
            self.stored_words += differing;
            bases.pack_with(at, parts, out);
        } else {
            append_whole(parts, out);
        }
    }

    /// Drops bases that did not fit, so that better ones are found.
    pub(super) fn renew(&mut self, bases: &mut Arc<Bases>) {
        if self.stored_words > GOOD_MATCH * self.packed {
            *bases = Arc::default();
        }
        (self.packed, self.stored_words) = (0, 0);
    }
}

/// Appends bytes in full.
fn append_whole(parts: [&[u8]; 2], out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(parts[0]);
    out.extend_from_slice(parts[1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Structures of two parts, most words of which are equal.
    fn structures() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
        let part = prop_oneof![Just(280usize), Just(36), Just(0), Just(7), 0usize..700];
        let change = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..90);
        let one = ((part.clone(), part), change).prop_map(|((first, second), changes)| {
            let mut bytes: Vec<u8> = (0..first + second).map(|at| at as u8).collect();
            for (at, value) in changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = value;
                }
            }
            let second = bytes.split_off(first);
            (bytes, second)
        });
        prop::collection::vec(one, 1..60)
    }

    proptest! {
        #[test]
        fn packed_bytes_are_read_as_they_were(structures in structures(), from in 0usize..400, length in 0usize..400) {
            let (mut packer, mut bases) = (Packer::default(), Arc::default());
            let (mut stored, mut begins) = (Vec::new(), Vec::new());
            for (first, second) in &structures {
                begins.push(stored.len());
                packer.pack(&mut bases, [first, second], 0, &mut stored);
            }
            begins.push(stored.len());
            for (number, (first, second)) in structures.iter().enumerate() {
                let original = [&first[..], second].concat();
                let own = &stored[begins[number]..];
                let (bytes, rest) = bases.unpack(own, original.len()).unwrap();
                prop_assert_eq!(own.len() - rest.len(), begins[number + 1] - begins[number]);
                prop_assert_eq!(bytes.to_vec(), &original[..]);
                let begin = from.min(original.len());
                let end = (begin + length).min(original.len());
                let (part, original) = (bytes.slice(from, length), &original[begin..end]);
                prop_assert_eq!(part.to_vec(), original);
                for at in 0..=original.len() {
                    let slice = |length: usize| original.get(at..at + length).map(<[u8]>::to_vec);
                    prop_assert_eq!(part.get::<1>(at).map(Vec::from), slice(1));
                    prop_assert_eq!(part.get::<2>(at).map(Vec::from), slice(2));
                    prop_assert_eq!(part.get::<4>(at).map(Vec::from), slice(4));
                    prop_assert_eq!(part.get::<8>(at).map(Vec::from), slice(8));
                }
            }
        }
    }

    #[test]
    fn what_most_sockets_have_in_common_is_stored_once() {
        let (mut packer, mut bases) = (Packer::default(), Arc::default());
        let mut stored = Vec::new();
        let mut original = 0;
        for at in 0..1000u32 {
            // Two kinds of sockets, with counters of their own.
            let mut info = [at as u8 % 2 * 200; 280];
            info[120..124].copy_from_slice(&at.to_ne_bytes());
            info[200..204].copy_from_slice(&(at * 7).to_ne_bytes());
            original += info.len() + 36;
            packer.pack(&mut bases, [&info, &[1; 36]], 0, &mut stored);
        }
        assert!(
            stored.len() * 10 < original,
            "{} of {original}",
            stored.len()
        );
    }

    #[test]
    fn structures_that_have_nothing_in_common_are_stored_in_full_at_most_once_more() {
        let (mut packer, mut bases) = (Packer::default(), Arc::default());
        let mut stored = Vec::new();
        for at in 0..1000u32 {
            let words = (0..70u32).flat_map(|word| (at * 1_000_003 + word * 7919).to_ne_bytes());
            packer.pack(
                &mut bases,
                [&words.collect::<Vec<u8>>(), &[]],
                0,
                &mut stored,
            );
        }
        assert!(
            stored.len() <= 1000 * (280 + 1 + BITMAP),
            "{}",
            stored.len()
        );
        assert!(bases.known.len() <= MAX_BASES);
        // To the sockets that follow, none of these bases is similar.
        packer.renew(&mut bases);
        stored.clear();
        for at in 0..1000u32 {
            let mut info = [7; 280];
            info[120..124].copy_from_slice(&at.to_ne_bytes());
            packer.pack(&mut bases, [&info, &[]], 0, &mut stored);
        }
        assert!(stored.len() <= 1000 * 32, "{}", stored.len());
    }
}
