//! What is told of sockets, in the order in which it is read.

use rustc_hash::FxHashMap;

use super::cells::Cells;
use crate::recording::column::{COLUMNS, Mask};
use crate::recording::section::{self, put_section};
use crate::recording::varint::{put, put_signed};

/// What is told of sockets, in the order in which it is read.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) closed: Vec<u8>,
    pub(super) order: Vec<u8>,
    pub(super) ages: Vec<u8>,
    pub(super) gaps: Vec<u8>,
    pub(super) patterns: Vec<u8>,
    pub(super) new_patterns: Vec<u8>,
    pub(super) first_seen: Vec<u8>,
    pub(super) columns: Vec<Vec<u8>>,
    /// Sockets since the last that changed.
    pub(super) gap: u64,
    /// By how much the clock went on for the last socket, ms more than between the Samples; and for how many so far.
    pub(super) lag: i64,
    pub(super) run: u64,
    /// What new sockets told last, by column.
    pub(super) last: Cells,
}

impl Default for Streams {
    fn default() -> Self {
        Streams {
            closed: Vec::new(),
            order: Vec::new(),
            ages: Vec::new(),
            gaps: Vec::new(),
            patterns: Vec::new(),
            new_patterns: Vec::new(),
            first_seen: Vec::new(),
            columns: vec![Vec::new(); COLUMNS],
            gap: 0,
            lag: 0,
            run: 0,
            last: Cells::default(),
        }
    }
}

impl Streams {
    pub(super) fn clear(&mut self) {
        for stream in [
            &mut self.closed,
            &mut self.order,
            &mut self.ages,
            &mut self.gaps,
            &mut self.patterns,
            &mut self.new_patterns,
            &mut self.first_seen,
        ] {
            stream.clear();
        }
        self.columns.iter_mut().for_each(Vec::clear);
        (self.gap, self.lag, self.run) = (0, 0, 0);
        self.last.0.fill(0);
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

    pub(super) fn put_into(&self, out: &mut Vec<u8>) {
        put_section(out, section::CLOSED, &self.closed);
        put_section(out, section::NEW_PATTERNS, &self.new_patterns);
        put_section(out, section::ORDER, &self.order);
        put_section(out, section::AGES, &self.ages);
        put_section(out, section::GAPS, &self.gaps);
        put_section(out, section::PATTERNS, &self.patterns);
        put_section(out, section::FIRST_SEEN, &self.first_seen);
        for (column, cells) in self.columns.iter().enumerate() {
            put_section(out, section::COLUMN + column, cells);
        }
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

/// Tells which columns follow, by the number of the set.
pub(super) fn tell_pattern(known: &mut FxHashMap<Mask, u32>, mask: Mask, streams: &mut Streams) {
    let fresh = known.len() as u32;
    let number = *known.entry(mask).or_insert(fresh);
    if number == fresh {
        let count: u32 = mask.iter().map(|bits| bits.count_ones()).sum();
        put(&mut streams.new_patterns, u64::from(count));
        let mut expected = 0;
        for column in columns(mask) {
            put(&mut streams.new_patterns, (column - expected) as u64);
            expected = column + 1;
        }
    }
    put(&mut streams.patterns, u64::from(number));
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
