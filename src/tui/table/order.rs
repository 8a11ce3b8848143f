//! Ordering a hundred thousand rows within a frame.
//!
//! Each row's [`SortKey`] is packed once into a number that compares as the key does. Where numbers are all there is to
//! it, only the rows in sight are put into order: the others merely stand on the right side of them. Keys that do not
//! fit (IPv6 addresses, long texts) are settled among the few rows whose first part is equal.

use std::cmp::Ordering;
use std::ops::Range;

use super::{List, Sort};
use crate::aggregate::Moment;
use crate::column::SortKey;

/// A row on its way to its place.
#[derive(Debug, Clone, Copy)]
struct Entry {
    packed: u128,
    tie: u64,
    number: u32,
    /// Whether `packed` is the whole key.
    exact: bool,
}

impl Entry {
    fn rank(&self) -> (u128, u64) {
        (self.packed, self.tie)
    }
}

/// Puts rows into order; keeps its memory.
#[derive(Debug, Default)]
pub struct Sorter {
    entries: Vec<Entry>,
    /// The places that are in order.
    settled: Range<usize>,
}

/// Bytes of a text that fit into a packed key beside its rank.
const TEXT_BYTES: usize = 15;

/// Place of what is missing: after everything, whichever the direction.
const MISSING: u128 = u128::MAX;

impl Sorter {
    /// Takes the rows in. Their order is known by what [`Self::settle`] has settled.
    pub(super) fn take<L: List>(&mut self, list: &L, moment: &Moment, sort: Sort, rows: &[u32]) {
        self.settled = 0..0;
        self.entries.clear();
        self.entries.extend(rows.iter().map(|&number| {
            let key = list.sort_key(moment, number, sort.column);
            let (packed, exact) = pack(&key, sort.descending);
            Entry {
                packed,
                tie: list.tie(moment, number),
                number,
                exact,
            }
        }));
        if self.entries.iter().any(|entry| !entry.exact) {
            self.settle_all(list, moment, sort);
        }
    }

    fn settle_all<L: List>(&mut self, list: &L, moment: &Moment, sort: Sort) {
        self.entries.sort_unstable_by_key(Entry::rank);
        for run in self
            .entries
            .chunk_by_mut(|a, b| a.packed == b.packed)
            .filter(|run| run.len() > 1 && run.iter().any(|entry| !entry.exact))
        {
            settle(list, moment, sort, run);
        }
        self.settled = 0..self.entries.len();
    }

    /// Where a row has its place, by its number.
    pub(super) fn place_of(&self, number: u32) -> Option<usize> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.number == number)?;
        if self.settled.contains(&at) {
            return Some(at);
        }
        let rank = self.entries[at].rank();
        Some(
            self.entries
                .iter()
                .filter(|entry| entry.rank() < rank)
                .count(),
        )
    }

    /// Whether the rows at these places are in order.
    pub(super) fn has_settled(&self, wanted: &Range<usize>) -> bool {
        self.settled.start <= wanted.start && wanted.end <= self.settled.end
    }

    /// Puts the rows into order that have these places, if they are not, and writes all down.
    pub(super) fn settle(&mut self, wanted: Range<usize>, rows: &mut Vec<u32>) {
        let all = self.entries.len();
        let wanted = wanted.start.min(all)..wanted.end.min(all);
        if !self.has_settled(&wanted) {
            let (start, length) = (wanted.start, wanted.len());
            let first = bring_forward(&mut self.entries, wanted.end);
            let entries = &mut self.entries[..first];
            if start > 0 && start < first {
                entries.select_nth_unstable_by_key(start, Entry::rank);
            }
            let rest = &mut entries[start..];
            if length < rest.len() {
                rest.select_nth_unstable_by_key(length, Entry::rank);
            }
            rest[..length].sort_unstable_by_key(Entry::rank);
            self.settled = wanted;
        }
        rows.clear();
        rows.extend(self.entries.iter().map(|entry| entry.number));
    }

    /// Puts all of `rows` into order.
    pub fn sort<L: List>(&mut self, list: &L, moment: &Moment, sort: Sort, rows: &mut Vec<u32>) {
        self.take(list, moment, sort, rows);
        self.settle(0..self.entries.len(), rows);
    }
}

/// Rows from which on those in sight are looked for among the promising ones first.
const MANY: usize = 4096;

/// Rows that are looked at to guess where those in sight end.
const SAMPLE: usize = 512;

/// Brings rows forward among which the first `wanted` are, and answers how many those are: guessed from a few, since a
/// selection among all costs far more than this one pass.
fn bring_forward(entries: &mut [Entry], wanted: usize) -> usize {
    let all = entries.len();
    if all < MANY || wanted * 4 > all {
        return all;
    }
    let step = all / SAMPLE;
    let mut sample: Vec<(u128, u64)> = entries.iter().step_by(step).map(Entry::rank).collect();
    sample.sort_unstable();
    // Twice as many as on average, and some more.
    let guess = wanted * SAMPLE * 2 / all + 8;
    let Some(&bound) = sample.get(guess) else {
        return all;
    };
    let mut first = 0;
    for at in 0..all {
        if entries[at].rank() < bound {
            entries.swap(at, first);
            first += 1;
        }
    }
    if first < wanted { all } else { first }
}

/// Orders rows whose packed keys are equal by the rest of their keys.
fn settle<L: List>(list: &L, moment: &Moment, sort: Sort, run: &mut [Entry]) {
    run.sort_by_cached_key(|entry| Rest {
        key: list.sort_key(moment, entry.number, sort.column),
        tie: entry.tie,
        descending: sort.descending,
    });
}

/// A whole key, for the rows that need it.
struct Rest<'m> {
    key: SortKey<'m>,
    tie: u64,
    descending: bool,
}

impl Ord for Rest<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key
            .compare(&other.key, self.descending)
            .then(self.tie.cmp(&other.tie))
    }
}

impl PartialOrd for Rest<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rest<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rest<'_> {}

/// The key as a number, and whether it is all of the key. The highest byte is the kind of key, counted from 1.
fn pack(key: &SortKey<'_>, descending: bool) -> (u128, bool) {
    let (packed, exact) = match key {
        SortKey::Missing => return (MISSING, true),
        SortKey::Number(number) => {
            // The order of `f64::total_cmp` as an unsigned number.
            let bits = number.to_bits();
            let ordered = if bits >> 63 == 1 {
                !bits
            } else {
                bits | 1 << 63
            };
            ((1 << 120) | u128::from(ordered), true)
        }
        SortKey::Address(family, address, port) => {
            let short = *address <= u128::from(u32::MAX) && *family != 6;
            let low = if short {
                (*address << 16) | u128::from(*port)
            } else {
                *address >> 16
            };
            ((2 << 120) | (u128::from(*family) << 112) | low, short)
        }
        SortKey::Text(text) => {
            let mut bytes = [0; 16];
            bytes[0] = 3;
            let length = text.len().min(TEXT_BYTES);
            bytes[1..=length].copy_from_slice(&text.as_bytes()[..length]);
            (u128::from_be_bytes(bytes), text.len() <= TEXT_BYTES)
        }
    };
    (if descending { !packed } else { packed }, exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_key_compares_as_the_key_does() {
        let keys = [
            SortKey::Missing,
            SortKey::Number(-1.5),
            SortKey::Number(0.0),
            SortKey::Number(7.0),
            SortKey::Number(1e300),
            SortKey::Address(4, 0x0a00_0001, 80),
            SortKey::Address(4, 0x0a00_0001, 443),
            SortKey::Address(4, 0x0a00_0002, 1),
            SortKey::Address(6, 1, 80),
            SortKey::Address(6, 1 << 120, 80),
            SortKey::Text("".into()),
            SortKey::Text("a".into()),
            SortKey::Text("ab".into()),
            SortKey::Text("zz".into()),
        ];
        for descending in [false, true] {
            for a in &keys {
                for b in &keys {
                    let packed = pack(a, descending).0.cmp(&pack(b, descending).0);
                    assert_eq!(packed, a.compare(b, descending), "{a:?} {b:?} {descending}");
                }
            }
        }
    }

    #[test]
    fn any_part_of_many_rows_is_put_into_order() {
        let entry = |number: u32| Entry {
            // Many are equal, and in no order.
            packed: u128::from(number.wrapping_mul(2_654_435_761) % 1000),
            tie: u64::from(number),
            number,
            exact: true,
        };
        let all: Vec<Entry> = (0..20_000).map(entry).collect();
        let mut expected = all.clone();
        expected.sort_unstable_by_key(Entry::rank);
        let expected: Vec<u32> = expected.iter().map(|entry| entry.number).collect();
        for wanted in [0..10, 0..200, 50..60, 7000..7100, 19_990..20_000, 0..20_000] {
            let mut sorter = Sorter {
                entries: all.clone(),
                settled: 0..0,
            };
            let mut rows = Vec::new();
            sorter.settle(wanted.clone(), &mut rows);
            assert_eq!(rows[wanted.clone()], expected[wanted.clone()], "{wanted:?}");
            let number = expected[123];
            assert_eq!(sorter.place_of(number), Some(123));
            sorter.settle(100..140, &mut rows);
            assert_eq!(rows[100..140], expected[100..140]);
        }
    }

    #[test]
    fn what_does_not_fit_is_marked_and_never_contradicts() {
        let long = SortKey::Text("/run/systemd/journal/stdout".into());
        let longer = SortKey::Text("/run/systemd/journal/syslog".into());
        assert_eq!(pack(&long, false).0, pack(&longer, false).0);
        assert!(!pack(&long, false).1);
        let (a, b) = (SortKey::Address(6, 5, 80), SortKey::Address(6, 5, 443));
        assert_eq!(pack(&a, true).0, pack(&b, true).0);
        assert!(!pack(&a, true).1);
    }
}
