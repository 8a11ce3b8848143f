//! What is told of sockets, in the order in which it is read.

use rustc_hash::FxHashMap;

use crate::recording::column::{COLUMNS, Mask, TCP};
use crate::recording::section::{self, put_section};
use crate::recording::varint::{put, put_signed};

/// What is told of sockets, in the order in which it is read.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) closed: Vec<u8>,
    pub(super) order: Vec<u8>,
    pub(super) ages: Vec<u8>,
    /// For those that stayed the same before, and for those that changed.
    pub(super) gaps: [Vec<u8>; 2],
    pub(super) patterns: Vec<u8>,
    pub(super) new_patterns: Vec<u8>,
    pub(super) first_seen: Vec<u8>,
    pub(super) columns: Vec<Vec<u8>>,
    /// Sockets of each kind since the last that changed.
    pub(super) gap: [u64; 2],
    /// By how much the clock went on for the last socket, ms more than between the Samples; and for how many so far.
    pub(super) lag: i64,
    pub(super) run: u64,
    /// What new sockets told last, by column.
    pub(super) last: Box<[u64; COLUMNS]>,
    told: section::Columns,
}

impl Default for Streams {
    fn default() -> Self {
        Streams {
            closed: Vec::new(),
            order: Vec::new(),
            ages: Vec::new(),
            gaps: Default::default(),
            patterns: Vec::new(),
            new_patterns: Vec::new(),
            first_seen: Vec::new(),
            columns: vec![Vec::new(); COLUMNS],
            gap: [0; 2],
            lag: 0,
            run: 0,
            last: Box::new([0; COLUMNS]),
            told: section::Columns::default(),
        }
    }
}

impl Streams {
    pub(super) fn clear(&mut self) {
        for stream in [
            &mut self.closed,
            &mut self.order,
            &mut self.ages,
            &mut self.patterns,
            &mut self.new_patterns,
            &mut self.first_seen,
        ] {
            stream.clear();
        }
        let cells = self.gaps.iter_mut().chain(&mut self.columns);
        cells.for_each(Vec::clear);
        (self.gap, self.lag, self.run) = ([0; 2], 0, 0);
        self.last.fill(0);
    }

    /// Tells whether a socket changes that did so before, or did not.
    #[inline]
    pub(super) fn changes(&mut self, before: bool, now: bool) {
        let gap = &mut self.gap[usize::from(before)];
        if now {
            put(&mut self.gaps[usize::from(before)], *gap);
            *gap = 0;
        } else {
            *gap += 1;
        }
    }

    /// Tells by how much the clock went on for a socket.
    #[inline]
    pub(super) fn went_on(&mut self, lag: i64) {
        if lag == self.lag {
            self.run += 1;
        } else {
            put(&mut self.ages, self.run);
            put_signed(&mut self.ages, lag - self.lag);
            (self.lag, self.run) = (lag, 0);
        }
    }

    pub(super) fn put_into(&mut self, out: &mut Vec<u8>) {
        put_section(out, section::CLOSED, &self.closed);
        put_section(out, section::NEW_PATTERNS, &self.new_patterns);
        put_section(out, section::ORDER, &self.order);
        put_section(out, section::AGES, &self.ages);
        put_section(out, section::GAPS, &self.gaps[0]);
        put_section(out, section::GAPS_AGAIN, &self.gaps[1]);
        put_section(out, section::PATTERNS, &self.patterns);
        put_section(out, section::FIRST_SEEN, &self.first_seen);
        for (column, cells) in self.columns.iter().enumerate() {
            self.told.add(column, cells);
        }
        self.told.put_into(out);
    }
}

/// The columns of a set, in their order.
pub(super) fn columns(mask: Mask) -> impl Iterator<Item = usize> {
    mask.into_iter().enumerate().flat_map(|(at, mut bits)| {
        std::iter::from_fn(move || {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (bit < 64).then_some(at * 64 + bit)
        })
    })
}

/// Columns that do not change and are told all the same, rather than telling a set of columns of its own: that takes some twenty
/// bytes, a cell without a difference less than one.
const MOST_NEEDLESS: u32 = 4;

/// Sets of columns among which one is looked for that has all that changed.
const LOOKED_AT: usize = 1024;

/// The word of [`Mask`] with the first 64 columns of `struct tcp_info`.
const WORD: usize = TCP / 64;

/// The sets of columns that were told.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    told: Vec<Mask>,
    /// Of each set the word in which most columns differ: few have all that is wanted in it.
    words: Vec<u64>,
    /// Which of them does for a set.
    known: FxHashMap<Mask, u32>,
}

impl Patterns {
    pub(super) fn clear(&mut self) {
        self.told.clear();
        self.words.clear();
        self.known.clear();
    }

    /// Tells which columns follow, by the number of a set that has those in `mask` and none that is not `allowed`; answers the
    /// set.
    pub(super) fn tell(&mut self, mask: Mask, allowed: &Mask, streams: &mut Streams) -> Mask {
        let fits = |set: &Mask| is_within(set, allowed);
        let known = self.known.get(&mask).copied();
        let known = known.filter(|&number| fits(&self.told[number as usize]));
        let number = known.unwrap_or_else(|| {
            let number = self.nearest(&mask, allowed).unwrap_or_else(|| {
                put_pattern(mask, &mut streams.new_patterns);
                self.told.push(mask);
                self.words.push(mask[WORD]);
                self.told.len() as u32 - 1
            });
            self.known.insert(mask, number);
            number
        });
        put(&mut streams.patterns, u64::from(number));
        self.told[number as usize]
    }

    /// The set with the fewest needless columns.
    fn nearest(&self, mask: &Mask, allowed: &Mask) -> Option<u32> {
        let first = self.told.len().saturating_sub(LOOKED_AT);
        let words = self.words.iter().enumerate().skip(first);
        words
            .filter(|(_, word)| mask[WORD] & !**word == 0)
            .map(|(number, _)| (number, &self.told[number]))
            .filter(|(_, set)| is_within(mask, set) && is_within(set, allowed))
            .map(|(number, set)| (count(set) - count(mask), number as u32))
            .min()
            .filter(|(needless, _)| *needless <= MOST_NEEDLESS)
            .map(|(_, number)| number)
    }
}

/// Whether all of a set is in another.
fn is_within(set: &Mask, other: &Mask) -> bool {
    set.iter().zip(other).all(|(set, other)| set & !other == 0)
}

fn count(mask: &Mask) -> u32 {
    mask.iter().map(|bits| bits.count_ones()).sum()
}

fn put_pattern(mask: Mask, out: &mut Vec<u8>) {
    put(out, u64::from(count(&mask)));
    let mut expected = 0;
    for column in columns(mask) {
        put(out, (column - expected) as u64);
        expected = column + 1;
    }
}

/// Which row each socket goes on from: how many go on from the row behind that of the one before them, and then either how
/// many are new or how far the next row lies from there.
#[derive(Debug, Default)]
pub(super) struct OrderOut {
    expected: u32,
    run: u64,
    /// Sockets since that are new.
    pub(super) fresh: u64,
}

impl OrderOut {
    #[inline]
    pub(super) fn goes_on(&mut self, position: u32, out: &mut Vec<u8>) {
        self.flush(out);
        if position != self.expected {
            put(out, self.run);
            let jump = i64::from(position) - i64::from(self.expected);
            put(out, (((jump << 1) ^ (jump >> 63)) as u64) << 1);
            self.run = 0;
        }
        self.run += 1;
        self.expected = position + 1;
    }

    /// Tells how many were new.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if self.fresh > 0 {
            put(out, self.run);
            put(out, self.fresh << 1 | 1);
            (self.run, self.fresh) = (0, 0);
        }
    }
}
