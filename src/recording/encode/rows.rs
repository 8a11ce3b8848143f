//! Sockets, those that ended and those that are there: which row each goes on from, and what of it changed.

use super::beside::ProcessNumbers;
use super::current::{BesideOf, Current, is_same, went_on};
use super::streams::{OrderOut, Patterns, Streams, columns};
use crate::model::{ClosedSocket, Sample, Socket, Tracker, Visit};
use crate::recording::column::{
    FIXED_COLUMNS, FOLLOWERS, FixedCells, Foretold, Layout, MOST_CONGESTION_INFO, MOST_INFO,
    MOST_MEMORY, Mask, RTO, RTT, RTTVAR, SEND_QUEUE, Timing, columns_of, differing, fixed_cells,
    follower, leaders, put_cell, spot,
};
use crate::recording::rows::{Rows, let_age, resize_parts};
use crate::recording::section::{NEVER_SEEN, SEEN_AS_KNOWN, SEEN_AS_TOLD};
use crate::recording::texts::TextNumbers;
use crate::recording::varint::{put, put_signed};

/// Where a socket was in the Sample before, and since when it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: u32,
    first_ns: u64,
}

/// The columns of fixed meaning.
const FIXED_MASK: u64 = (1 << FIXED_COLUMNS) - 1;

/// The parts of a socket of which nothing is known.
const NOTHING: [u8; MOST_INFO + MOST_MEMORY + MOST_CONGESTION_INFO] =
    [0; MOST_INFO + MOST_MEMORY + MOST_CONGESTION_INFO];

/// Packs sockets.
#[derive(Debug, Default)]
pub(super) struct RowEncoder {
    rows: Rows,
    tracker: Tracker<Place>,
    /// Samples so far.
    samples: u64,
    patterns: Patterns,
    streams: Streams,
    /// The parts that the socket at hand was foretold to have.
    foretold: Vec<u8>,
    /// Parts of a socket that were too long, cut.
    cut: Vec<u8>,
}

impl RowEncoder {
    /// Forgets what was told; not since when sockets are known.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.patterns.clear();
    }

    /// Tells a Sample's sockets.
    pub(super) fn tell(
        &mut self,
        sample: &Sample,
        texts: &mut TextNumbers,
        processes: &ProcessNumbers,
        elapsed_ns: u64,
        is_key: bool,
        out: &mut Vec<u8>,
    ) {
        self.streams.clear();
        let mut beside = BesideOf::new(sample, texts, processes);
        self.tell_closed(sample, &mut beside);
        let mut beside = BesideOf::new(sample, texts, processes);
        let elapsed = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.tell_rows(sample, &mut beside, elapsed, is_key);
        self.streams.put_into(out);
        self.samples += 1;
    }

    fn tell_closed(&mut self, sample: &Sample, beside: &mut BesideOf<'_>) {
        let rows = &sample.closed_sockets.rows;
        if sample.closed.is_empty() && rows.is_empty() {
            return;
        }
        let mut out = std::mem::take(&mut self.streams.closed);
        put(&mut out, sample.closed.len() as u64);
        let mut expected = 0;
        for closed in &sample.closed {
            let base = rows
                .get(closed.row as usize)
                .and_then(|socket| self.base(socket));
            let first_ns = base.map_or(0, |at| self.rows.row(at).first_ns);
            tell_end(closed, expected, first_ns, sample.monotonic_ns, &mut out);
            expected = i64::from(closed.row) + 1;
        }
        put(&mut out, rows.len() as u64);
        let mut cut = std::mem::take(&mut self.cut);
        for socket in rows {
            let current = beside.current(&sample.closed_sockets, socket, &mut cut);
            let base = self.base(socket);
            let position = base.map_or(0, |at| u64::from(self.rows.position(at)) + 1);
            put(&mut out, position);
            match base {
                Some(at) => self.change(at, &current, self.rows.pace(at).aged),
                None => self.whole(&current),
            }
        }
        self.cut = cut;
        self.streams.closed = out;
    }

    fn tell_rows(
        &mut self,
        sample: &Sample,
        beside: &mut BesideOf<'_>,
        elapsed: i64,
        is_key: bool,
    ) {
        let now_ns = sample.monotonic_ns;
        self.tracker.begin_round();
        put(&mut self.streams.order, sample.sockets.rows.len() as u64);
        let mut order = OrderOut::default();
        let mut cut = std::mem::take(&mut self.cut);
        for socket in &sample.sockets.rows {
            let current = beside.current(&sample.sockets, socket, &mut cut);
            let (known, first_ns, is_own) = match self.tracker.visit(socket.key()) {
                Visit::Known(place) => (Some(place.at), place.first_ns, true),
                Visit::New(place) => {
                    place.first_ns = if self.samples == 0 { 0 } else { now_ns };
                    (None, place.first_ns, true)
                }
                Visit::Repeated(place) => (None, place.first_ns, false),
            };
            let known = known.filter(|&at| !is_key && self.is_kind(at, socket));
            if let Some(at) = known {
                order.goes_on(self.rows.position(at), &mut self.streams.order);
                self.rows.keep(at);
                self.go_on(at, &current, elapsed);
            } else {
                order.fresh += 1;
                self.whole(&current);
                // There is no room only beyond 4 GiB, which no Sample has.
                if let Ok(at) = self
                    .rows
                    .put(None, &current.socket, current.beside, current.parts)
                {
                    self.rows.keep(at);
                    self.rows.row_mut(at).first_ns = if is_key { first_ns } else { now_ns };
                    if let Some(place) = self.tracker.get_mut(socket.key()).filter(|_| is_own) {
                        place.at = at;
                    }
                }
            }
            if is_key {
                let since = match first_ns {
                    0 => 0,
                    first_ns => now_ns.wrapping_sub(first_ns) + 1,
                };
                put(&mut self.streams.first_seen, since);
            }
        }
        order.flush(&mut self.streams.order);
        self.cut = cut;
        self.tracker.retain(|_, seen, _| seen);
        self.rows.turn();
    }

    /// The row that a socket goes on from, which is none in a key frame.
    fn base(&self, socket: &Socket) -> Option<u32> {
        let known = self.tracker.get(socket.key()).map(|place| place.at);
        known.filter(|&at| self.rows.has(at) && self.is_kind(at, socket))
    }

    /// Whether a row has the columns of this socket.
    fn is_kind(&self, at: u32, socket: &Socket) -> bool {
        let before = self.rows.row(at).socket;
        before.protocol == socket.protocol && before.family == socket.family
    }

    /// Tells what became of a socket that is known.
    #[inline]
    fn go_on(&mut self, at: u32, current: &Current<'_>, elapsed: i64) {
        let (row, parts, pace) = (self.rows.row(at), self.rows.parts(at), self.rows.pace(at));
        let mut aged = pace.aged;
        if pace.ages {
            let expected = elapsed + self.streams.lag;
            let shift = went_on(row, parts, pace.aged, current, expected, elapsed);
            self.streams.went_on(shift - elapsed);
            aged += shift;
        }
        let changes = !is_same(row, parts, current, aged);
        self.streams.changes(pace.changed, changes);
        if changes {
            self.change(at, current, aged);
            // There is no room only beyond 4 GiB, which no Sample has.
            let put = self
                .rows
                .put(Some(at), &current.socket, current.beside, current.parts);
            debug_assert!(put.is_ok());
        } else {
            let pace = self.rows.pace_mut(at);
            (pace.aged, pace.changed) = (aged, false);
        }
    }

    /// Tells in what a socket differs from what it was foretold to be: its row, when the clock has gone on by so many ms.
    fn change(&mut self, at: u32, current: &Current<'_>, aged: i64) {
        let row = self.rows.row(at);
        let (now, now_parts) = (&current.socket, current.parts);
        let (mut before, parts) = (row.socket, &mut self.foretold);
        parts.clear();
        parts.extend_from_slice(self.rows.parts(at));
        let_age(&mut before, parts, aged);
        let (mut mask, allowed) = (Mask::default(), columns_of(now));
        let mut cells: Option<[FixedCells; 2]> = None;
        if before != *now || row.beside != current.beside {
            let [before, now] = cells.insert([
                fixed_cells(&before, &row.beside),
                fixed_cells(now, &current.beside),
            ]);
            for (column, (before, now)) in before.iter().zip(now).enumerate() {
                mask[0] |= u64::from(before != now) << column;
            }
        }
        resize_parts(parts, &mut before, now);
        differing(now, parts, now_parts, &mut mask);
        let layout = Layout::of(now);
        let changed = |column: usize| {
            layout
                .get(now_parts, column)
                .wrapping_sub(layout.get(parts, column))
        };
        let mut foretold = Foretold::default();
        for (column, lead) in leaders() {
            let change = match column {
                SEND_QUEUE => u64::from(now.send_queue).wrapping_sub(before.send_queue.into()),
                column => changed(column),
            };
            foretold.note(lead, change);
        }
        let mut tell = |column: usize, is_told: bool| {
            let (word, bit) = (column / 64, 1 << (column % 64));
            mask[word] &= !bit;
            if is_told && allowed[word] & bit != 0 {
                mask[word] |= bit;
            }
        };
        for (slot, follower) in FOLLOWERS.into_iter().enumerate() {
            tell(follower, changed(follower) != foretold.change(slot));
        }
        let [old, new] =
            [&parts[..], now_parts].map(|parts| move |column: usize| layout.get(parts, column));
        let timing = Timing::of(old);
        let deviation = timing.deviation(new(RTT));
        tell(RTTVAR, new(RTTVAR) != deviation);
        let timeout = timing.timeout(old(RTO), new(RTT), new(RTTVAR));
        tell(RTO, new(RTO) != timeout);
        let told = self.patterns.tell(mask, &allowed, &mut self.streams);
        if told[0] & FIXED_MASK != 0 {
            // Those that are told needlessly are the same.
            let same = || [fixed_cells(now, &current.beside); 2];
            let [before, now] = cells.get_or_insert_with(same);
            let mut fixed = Mask::default();
            fixed[0] = told[0];
            for column in columns(fixed) {
                let out = &mut self.streams.columns[column];
                put_cell(out, column, now[column], before[column], |other| now[other]);
            }
        }
        let mut words = told;
        words[0] = 0;
        for column in columns(words) {
            let out = &mut self.streams.columns[column];
            let word = |other: usize| {
                if other < column {
                    new(other)
                } else {
                    old(other)
                }
            };
            let place = layout.find(spot(column));
            let before = place.get(parts);
            let expected = match (column, follower(column)) {
                (RTTVAR, _) => deviation,
                (RTO, _) => timeout,
                (_, Some(slot)) => before.wrapping_add(foretold.change(slot)),
                _ => before,
            };
            put_cell(out, column, place.get(now_parts), expected, word);
        }
    }

    /// Tells all of a socket that is new.
    fn whole(&mut self, current: &Current<'_>) {
        let (now, parts) = (&current.socket, current.parts);
        let cells = fixed_cells(now, &current.beside);
        let layout = Layout::of(now);
        let cell = |column: usize| match cells.get(column).filter(|_| column < FIXED_COLUMNS) {
            Some(cell) => *cell,
            None => layout.get(parts, column),
        };
        let mut mask = Mask::default();
        for (column, cell) in cells.iter().enumerate() {
            mask[0] |= u64::from(*cell != 0) << column;
        }
        differing(now, parts, &NOTHING[..parts.len()], &mut mask);
        let told = self.patterns.tell(mask, &mask, &mut self.streams);
        // Nothing is foretold to be as much more as others are.
        let mut foretold = Foretold::default();
        for (column, lead) in leaders() {
            foretold.note(lead, cell(column));
        }
        let (deviation, timeout) = Timing::of_new(cell(RTT), cell(RTTVAR));
        for column in columns(told) {
            let out = &mut self.streams.columns[column];
            let word = |other: usize| if other < column { cell(other) } else { 0 };
            let now = cell(column);
            let last = std::mem::replace(&mut self.streams.last[column], now);
            let expected = match (column, follower(column)) {
                (RTTVAR, _) => deviation,
                (RTO, _) => timeout,
                (_, Some(slot)) => foretold.change(slot),
                _ => last,
            };
            put_cell(out, column, now, expected, word);
        }
    }
}

/// Tells of a socket that ended what its row has not. When it was seen first is known if it is when the row that it goes on from
/// was.
fn tell_end(closed: &ClosedSocket, expected: i64, known_ns: u64, now_ns: u64, out: &mut Vec<u8>) {
    put_signed(out, i64::from(closed.row) - expected);
    put_signed(out, now_ns.wrapping_sub(closed.monotonic_ns) as i64);
    let state = closed.last_state.map_or(0, |state| state as u64);
    let (first_seen, untold) = match closed.first_seen_ns {
        None => (NEVER_SEEN, None),
        Some(first_ns) if first_ns == known_ns && first_ns != 0 => (SEEN_AS_KNOWN, None),
        Some(first_ns) => (SEEN_AS_TOLD, Some(first_ns)),
    };
    put(out, state << 2 | first_seen);
    if let Some(first_ns) = untold {
        put_signed(out, now_ns.wrapping_sub(first_ns) as i64);
    }
}
