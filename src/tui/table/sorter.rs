//! Sorts a million rows where they are looked at.
//!
//! Each row's [`SortKey`] is packed once into a number that compares as the key does. Where the number is the whole
//! key, only the visible rows are sorted. To find them, all rows are divided at a few positions, with everything before
//! such a position on the correct side of it; the divisions are remembered, so that scrolling on looks at a few thousand
//! rows only. Keys that do not fit (IPv6 addresses, long texts) are compared in full among the few rows whose packed keys
//! are equal.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::aggregate::{Cancellation, Moment};
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

/// A row with its packed key. There may be a million of them, so it has no padding.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
struct Entry {
    packed: u128,
    tie: u64,
    number: u32,
}

impl Entry {
    fn rank(&self) -> (u128, u64) {
        (self.packed, self.tie)
    }
}

/// Sorts rows, the ones visible first.
#[derive(Debug, Default)]
pub struct Sorter {
    entries: Vec<Entry>,
    /// The entries in segments, by the first position of each; true if the segment is sorted. All entries of a segment
    /// come before those of the next one.
    segments: BTreeMap<usize, bool>,
}

/// Bytes of a text that fit into a packed key next to its rank.
const TEXT_BYTES: usize = 15;

/// Packed key of a missing value: last in either direction.
const MISSING: u128 = u128::MAX;

/// Positions at multiples of which rows are divided around the visible ones: first all rows, then those in between.
const BLOCKS: [usize; 2] = [1 << 16, 1 << 12];

impl Sorter {
    /// Loads the rows; [`Self::sort_range`] sorts them. Returns false if it was cancelled.
    pub(super) fn load<R: SortRows>(
        &mut self,
        list: &R,
        moment: &Moment,
        sort: Sort,
        rows: &[u32],
        cancellation: &Cancellation,
    ) -> bool {
        self.entries.clear();
        self.entries.reserve_exact(rows.len());
        let mut are_exact = true;
        for (at, &number) in rows.iter().enumerate() {
            if cancellation.is_cancelled_at(at) {
                return false;
            }
            let key = list.row_key(moment, number, sort.column);
            let (packed, is_exact) = pack_key(&key, sort.descending);
            are_exact &= is_exact;
            let tie = list.row_tie(moment, number);
            self.entries.push(Entry {
                packed,
                tie,
                number,
            });
        }
        self.segments = BTreeMap::from([(0, false)]);
        if !are_exact {
            self.sort_all(list, moment, sort);
        }
        true
    }

    fn sort_all<R: SortRows>(&mut self, list: &R, moment: &Moment, sort: Sort) {
        self.entries.sort_unstable_by_key(Entry::rank);
        for run in self
            .entries
            .chunk_by_mut(|a, b| a.packed == b.packed)
            .filter(|run| run.len() > 1 && may_be_cut(run[0].packed, sort.descending))
        {
            sort_run(list, moment, sort, run);
        }
        self.segments = BTreeMap::from([(0, true)]);
    }

    /// Loads and sorts all of `rows`. Returns false if it was cancelled.
    pub(super) fn sort_rows<R: SortRows>(
        &mut self,
        list: &R,
        moment: &Moment,
        sort: Sort,
        rows: &mut [u32],
        cancellation: &Cancellation,
    ) -> bool {
        let is_loaded = self.load(list, moment, sort, rows, cancellation);
        if is_loaded {
            self.sort_range(0..self.entries.len(), rows);
        }
        is_loaded
    }

    /// The segment at a position: its range, and whether it is sorted.
    fn segment_at(&self, position: usize) -> (Range<usize>, bool) {
        let before = self.segments.range(..=position).next_back();
        let (start, is_sorted) = before.map_or((0, false), |(start, sorted)| (*start, *sorted));
        let after = self.segments.range(start + 1..).next();
        let end = after.map_or(self.entries.len(), |(next, _)| *next);
        (start..end, is_sorted)
    }

    /// The segments that overlap a range of positions.
    fn segments_in(&self, wanted: &Range<usize>) -> Vec<(Range<usize>, bool)> {
        let mut found = Vec::new();
        let mut at = wanted.start;
        while at < wanted.end.min(self.entries.len()) {
            let segment = self.segment_at(at);
            at = segment.0.end;
            found.push(segment);
        }
        found
    }

    /// The position of a row in the order, by its number. Looks at all rows.
    pub(super) fn position_of(&self, number: u32) -> Option<usize> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.number == number)?;
        let (segment, is_sorted) = self.segment_at(at);
        if is_sorted {
            return Some(at);
        }
        let rank = self.entries[at].rank();
        let before = self.entries[segment.clone()].iter();
        Some(segment.start + before.filter(|entry| entry.rank() < rank).count())
    }

    /// True if the rows at these positions are sorted.
    pub(super) fn is_sorted(&self, wanted: &Range<usize>) -> bool {
        let segments = self.segments_in(wanted);
        segments.iter().all(|(_, is_sorted)| *is_sorted)
    }

    /// Sorts the rows at a range of positions, with some around them, and writes their numbers to these positions of
    /// `rows`.
    pub(super) fn sort_range(&mut self, wanted: Range<usize>, rows: &mut [u32]) {
        let all = self.entries.len();
        let wanted = wanted.start.min(all)..wanted.end.min(all);
        for block in BLOCKS {
            self.divide_at(wanted.start / block * block);
            self.divide_at(wanted.end.next_multiple_of(block));
        }
        for (segment, is_sorted) in self.segments_in(&wanted) {
            if !is_sorted {
                self.entries[segment.clone()].sort_unstable_by_key(Entry::rank);
                self.segments.insert(segment.start, true);
            }
            let entries = &self.entries[segment.clone()];
            for (row, entry) in rows[segment].iter_mut().zip(entries) {
                *row = entry.number;
            }
        }
    }

    /// Divides the entries at a position: everything before it comes before everything behind it.
    fn divide_at(&mut self, position: usize) {
        loop {
            let (segment, is_sorted) = self.segment_at(position);
            if position >= self.entries.len() || position == segment.start {
                return;
            }
            let entries = &mut self.entries[segment.clone()];
            let wanted = position - segment.start;
            let divided = if is_sorted || entries.len() < MANY {
                None
            } else {
                divide_near(entries, wanted)
            };
            if let Some(divided) = divided {
                self.segments.insert(segment.start + divided, false);
                continue;
            }
            if !is_sorted {
                entries.select_nth_unstable_by_key(wanted, Entry::rank);
            }
            self.segments.insert(position, is_sorted);
            return;
        }
    }
}

/// Number of rows from which rows are divided by a guess before they are selected.
const MANY: usize = 4096;

/// Number of rows that are sampled for the guess.
const SAMPLE: usize = 512;

/// Sampled rows by which the guess is beyond the wanted position.
const MARGIN: usize = 16;

/// Divides entries beyond a position, on the side where more of them are, and returns where. The bound is guessed from a
/// sample, since a selection among all of them costs far more than this one pass. `None` if nothing would be divided.
fn divide_near(entries: &mut [Entry], wanted: usize) -> Option<usize> {
    let all = entries.len();
    let mut sample: Vec<(u128, u64)> = entries
        .iter()
        .step_by(all / SAMPLE)
        .map(Entry::rank)
        .collect();
    sample.sort_unstable();
    let guess = wanted * sample.len() / all;
    let bound = if wanted < all / 2 {
        sample.get(guess + MARGIN)
    } else {
        sample.get(guess.checked_sub(MARGIN)?)
    }?;
    let mut first = 0;
    for at in 0..all {
        if entries[at].rank() < *bound {
            entries.swap(at, first);
            first += 1;
        }
    }
    (first > 0 && first < all).then_some(first)
}

/// True if equal packed keys may stand for different keys.
fn may_be_cut(packed: u128, descending: bool) -> bool {
    if packed == MISSING {
        return false;
    }
    let key = if descending { !packed } else { packed };
    match key >> 120 {
        ADDRESS => true,
        TEXT => key & 0xff != 0,
        _ => false,
    }
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

/// The highest byte of packed numbers, addresses and texts.
const NUMBER: u128 = 1;
const ADDRESS: u128 = 2;
const TEXT: u128 = 3;

/// Packs a key into a number that compares as the key does; true with it if nothing was lost.
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
            ((NUMBER << 120) | u128::from(ordered), true)
        }
        SortKey::Address(family, address, port) => {
            let short = *address <= u128::from(u32::MAX) && *family != 6;
            let low = if short {
                (*address << 16) | u128::from(*port)
            } else {
                *address >> 16
            };
            ((ADDRESS << 120) | (u128::from(*family) << 112) | low, short)
        }
        SortKey::Text(text) => {
            let mut bytes = [0; 16];
            bytes[0] = TEXT as u8;
            let length = text.len().min(TEXT_BYTES);
            bytes[1..=length].copy_from_slice(&text.as_bytes()[..length]);
            (u128::from_be_bytes(bytes), text.len() <= TEXT_BYTES)
        }
    };
    (if descending { !packed } else { packed }, exact)
}

#[cfg(test)]
mod tests;
