//! Sorts a hundred thousand rows within a frame.
//!
//! Each row's [`SortKey`] is packed once into a number that compares as the key does. Where the number is the whole
//! key, only the visible rows are sorted: the others are only on the correct side of them. Keys that do not fit (IPv6
//! addresses, long texts) are compared in full among the few rows whose packed keys are equal.

use std::cmp::Ordering;
use std::ops::Range;

use crate::aggregate::Moment;
use crate::column::SortKey;

/// The sort column and direction of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Index of the column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// Rows that can be sorted: each number has a key for every column, and a tie-breaker.
pub trait SortRows {
    /// The key of a row in a column.
    fn row_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m>;
    /// Decides between rows whose keys are equal.
    fn row_tie(&self, moment: &Moment, number: u32) -> u64;
}

/// A row with its packed key.
#[derive(Debug, Clone, Copy)]
struct Entry {
    packed: u128,
    tie: u64,
    number: u32,
    /// True if `packed` is the whole key.
    exact: bool,
}

impl Entry {
    fn rank(&self) -> (u128, u64) {
        (self.packed, self.tie)
    }
}

/// Sorts rows, the ones visible first; keeps its memory from one moment to the next.
#[derive(Debug, Default)]
pub struct Sorter {
    entries: Vec<Entry>,
    /// The positions that are sorted.
    sorted: Range<usize>,
}

/// Bytes of a text that fit into a packed key next to its rank.
const TEXT_BYTES: usize = 15;

/// Packed key of a missing value: last in either direction.
const MISSING: u128 = u128::MAX;

impl Sorter {
    /// Loads the rows; [`Self::sort_range`] sorts them.
    pub(super) fn load<R: SortRows>(
        &mut self,
        list: &R,
        moment: &Moment,
        sort: Sort,
        rows: &[u32],
    ) {
        self.sorted = 0..0;
        self.entries.clear();
        self.entries.extend(rows.iter().map(|&number| {
            let key = list.row_key(moment, number, sort.column);
            let (packed, exact) = pack_key(&key, sort.descending);
            Entry {
                packed,
                tie: list.row_tie(moment, number),
                number,
                exact,
            }
        }));
        if self.entries.iter().any(|entry| !entry.exact) {
            self.sort_all(list, moment, sort);
        }
    }

    fn sort_all<R: SortRows>(&mut self, list: &R, moment: &Moment, sort: Sort) {
        self.entries.sort_unstable_by_key(Entry::rank);
        for run in self
            .entries
            .chunk_by_mut(|a, b| a.packed == b.packed)
            .filter(|run| run.len() > 1 && run.iter().any(|entry| !entry.exact))
        {
            sort_run(list, moment, sort, run);
        }
        self.sorted = 0..self.entries.len();
    }

    /// The position of a row in the order, by its number.
    pub(super) fn position_of(&self, number: u32) -> Option<usize> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.number == number)?;
        if self.sorted.contains(&at) {
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

    /// True if the rows at these positions are sorted.
    pub(super) fn is_sorted(&self, wanted: &Range<usize>) -> bool {
        self.sorted.start <= wanted.start && wanted.end <= self.sorted.end
    }

    /// Sorts the rows at a range of positions, unless they are sorted already, and writes all row numbers into `rows`.
    pub(super) fn sort_range(&mut self, wanted: Range<usize>, rows: &mut Vec<u32>) {
        let all = self.entries.len();
        let wanted = wanted.start.min(all)..wanted.end.min(all);
        if !self.is_sorted(&wanted) {
            let (start, length) = (wanted.start, wanted.len());
            let first = partition_first(&mut self.entries, wanted.end);
            let entries = &mut self.entries[..first];
            if start > 0 && start < first {
                entries.select_nth_unstable_by_key(start, Entry::rank);
            }
            let rest = &mut entries[start..];
            if length < rest.len() {
                rest.select_nth_unstable_by_key(length, Entry::rank);
            }
            rest[..length].sort_unstable_by_key(Entry::rank);
            self.sorted = wanted;
        }
        rows.clear();
        rows.extend(self.entries.iter().map(|entry| entry.number));
    }

    /// Sorts all of `rows`.
    pub fn sort<R: SortRows>(
        &mut self,
        list: &R,
        moment: &Moment,
        sort: Sort,
        rows: &mut Vec<u32>,
    ) {
        self.load(list, moment, sort, rows);
        self.sort_range(0..self.entries.len(), rows);
    }
}

/// Number of rows from which the visible rows are found by selection instead of sorting all.
const MANY: usize = 4096;

/// Number of rows that are sampled to estimate the key of the last visible row.
const SAMPLE: usize = 512;

/// Moves rows to the front among which the first `wanted` are, and returns their number. The bound is guessed from a
/// sample, since a selection among all rows costs far more than this one pass.
fn partition_first(entries: &mut [Entry], wanted: usize) -> usize {
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

/// Sorts rows whose packed keys are equal by their full keys.
fn sort_run<R: SortRows>(list: &R, moment: &Moment, sort: Sort, run: &mut [Entry]) {
    run.sort_by_cached_key(|entry| FullKey {
        key: list.row_key(moment, entry.number, sort.column),
        tie: entry.tie,
        descending: sort.descending,
    });
}

/// The full key of a row whose packed key is not exact.
struct FullKey<'m> {
    key: SortKey<'m>,
    tie: u64,
    descending: bool,
}

impl Ord for FullKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key
            .compare(&other.key, self.descending)
            .then(self.tie.cmp(&other.tie))
    }
}

impl PartialOrd for FullKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for FullKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for FullKey<'_> {}

/// Packs a key into a number that compares as the key does; true with it if nothing was lost. The highest byte is the
/// kind of key, counted from 1.
fn pack_key(key: &SortKey<'_>, descending: bool) -> (u128, bool) {
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
                    let packed = pack_key(a, descending).0.cmp(&pack_key(b, descending).0);
                    assert_eq!(packed, a.compare(b, descending), "{a:?} {b:?} {descending}");
                }
            }
        }
    }

    #[test]
    fn any_range_of_many_rows_is_sorted() {
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
                sorted: 0..0,
            };
            let mut rows = Vec::new();
            sorter.sort_range(wanted.clone(), &mut rows);
            assert_eq!(rows[wanted.clone()], expected[wanted.clone()], "{wanted:?}");
            let number = expected[123];
            assert_eq!(sorter.position_of(number), Some(123));
            sorter.sort_range(100..140, &mut rows);
            assert_eq!(rows[100..140], expected[100..140]);
        }
    }

    #[test]
    fn truncated_keys_are_marked_and_consistent_with_full_keys() {
        let long = SortKey::Text("/run/systemd/journal/stdout".into());
        let longer = SortKey::Text("/run/systemd/journal/syslog".into());
        assert_eq!(pack_key(&long, false).0, pack_key(&longer, false).0);
        assert!(!pack_key(&long, false).1);
        let (a, b) = (SortKey::Address(6, 5, 80), SortKey::Address(6, 5, 443));
        assert_eq!(pack_key(&a, true).0, pack_key(&b, true).0);
        assert!(!pack_key(&a, true).1);
    }
}
