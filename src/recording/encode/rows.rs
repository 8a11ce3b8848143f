//! Sockets, those that ended and those that are there: which row each goes on from, and what of it changed.

use rustc_hash::FxHashMap;

use super::beside::ProcessNumbers;
use super::cells::{Cells, ranges};
use super::current::{BesideOf, Current, is_same, went_on};
use super::streams::{OrderOut, Streams, columns, tell_pattern};
use crate::model::{ClosedSocket, Sample, Socket, Tracker, Visit};
use crate::recording::column::{Coding, FOLLOWERS, Mask, coding};
use crate::recording::rows::{Rows, ages, let_age, resize_parts};
use crate::recording::texts::TextNumbers;
use crate::recording::varint::{put, put_signed};

/// Where a socket was in the Sample before, and since when it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: u32,
    first_ns: u64,
}

/// Packs sockets.
#[derive(Debug, Default)]
pub(super) struct RowEncoder {
    rows: Rows,
    tracker: Tracker<Place>,
    /// Samples so far.
    samples: u64,
    patterns: FxHashMap<Mask, u32>,
    streams: Streams,
    now: Cells,
    before: Cells,
    scratch: Vec<u8>,
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
        self.tell_closed(sample, &mut beside, is_key);
        let mut beside = BesideOf::new(sample, texts, processes);
        let elapsed = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.tell_rows(sample, &mut beside, elapsed, is_key);
        self.streams.put_into(out);
        self.samples += 1;
    }

    fn tell_closed(&mut self, sample: &Sample, beside: &mut BesideOf<'_>, is_key: bool) {
        let rows = &sample.closed_sockets.rows;
        if sample.closed.is_empty() && rows.is_empty() {
            return;
        }
        let mut out = std::mem::take(&mut self.streams.closed);
        put(&mut out, sample.closed.len() as u64);
        let mut expected = 0;
        for closed in &sample.closed {
            tell_end(closed, expected, sample.monotonic_ns, &mut out);
            expected = i64::from(closed.row) + 1;
        }
        put(&mut out, rows.len() as u64);
        let mut cut = std::mem::take(&mut self.cut);
        for socket in rows {
            let current = beside.current(&sample.closed_sockets, socket, &mut cut);
            let known = self.tracker.get(socket.key()).map(|place| place.at);
            let base = known.filter(|&at| !is_key && self.is_kind(at, socket));
            let position = base.map_or(0, |at| u64::from(self.rows.row(at).position) + 1);
            put(&mut out, position);
            match base {
                Some(at) => {
                    self.take_before(at, &current, 0);
                    self.change(&current);
                }
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
                order.goes_on(self.rows.row(at).position, &mut self.streams.order);
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

    /// Whether a row has the columns of this socket.
    fn is_kind(&self, at: u32, socket: &Socket) -> bool {
        let before = self.rows.row(at).socket;
        before.protocol == socket.protocol && before.family == socket.family
    }

    /// Tells what became of a socket that is known.
    #[inline]
    fn go_on(&mut self, at: u32, current: &Current<'_>, elapsed: i64) {
        let (row, parts) = (self.rows.row(at), self.rows.parts(at));
        let mut shift = 0;
        if ages(&row.socket) {
            let expected = elapsed + self.streams.lag;
            shift = went_on(row, parts, current, expected, elapsed);
            self.streams.went_on(shift - elapsed);
        }
        if is_same(row, parts, current, shift) {
            self.streams.gap += 1;
            self.rows.row_mut(at).aged += shift;
        } else {
            self.take_before(at, current, shift);
            self.change(current);
            // There is no room only beyond 4 GiB, which no Sample has.
            let put = self
                .rows
                .put(Some(at), &current.socket, current.beside, current.parts);
            debug_assert!(put.is_ok());
        }
    }

    /// Takes the cells that a socket is foretold to have from its row, its parts as long as they are now.
    fn take_before(&mut self, at: u32, current: &Current<'_>, shift: i64) {
        let row = self.rows.row(at);
        let mut socket = row.socket;
        let lengths = socket.blob;
        self.scratch.clear();
        self.scratch.extend_from_slice(self.rows.parts(at));
        let_age(&mut socket, &mut self.scratch, row.aged + shift);
        resize_parts(&mut self.scratch, &mut socket, &current.socket);
        self.before.fill(&socket, &row.beside, &self.scratch);
        let cells = &mut self.before.0;
        cells[33] = u64::from(lengths.info);
        cells[34] = u64::from(lengths.memory);
        cells[35] = u64::from(lengths.congestion_info);
    }

    /// Tells in what a socket differs from what it was foretold to be.
    fn change(&mut self, current: &Current<'_>) {
        self.now
            .fill(&current.socket, &current.beside, current.parts);
        let (now, before) = (&self.now.0, &mut self.before.0);
        let ranges = ranges(&current.socket);
        let changes = FOLLOWERS.map(|(leader, _)| now[leader].wrapping_sub(before[leader]));
        for ((_, follower), change) in FOLLOWERS.into_iter().zip(changes) {
            if ranges[1].contains(&follower) {
                before[follower] = before[follower].wrapping_add(change);
            }
        }
        let mut mask = Mask::default();
        for at in ranges.into_iter().flatten() {
            mask[at / 64] |= u64::from(now[at] != before[at]) << (at % 64);
        }
        put(&mut self.streams.gaps, self.streams.gap);
        self.streams.gap = 0;
        let (now, before) = (&self.now.0, &self.before.0);
        tell_pattern(&mut self.patterns, mask, &mut self.streams);
        for column in columns(mask) {
            let cells = &mut self.streams.columns[column];
            match coding(column) {
                Coding::Difference => {
                    put_signed(cells, now[column].wrapping_sub(before[column]) as i64);
                }
                Coding::Plain => put(cells, now[column]),
                Coding::Beside(other) => {
                    put_signed(cells, now[column].wrapping_sub(now[other]) as i64);
                }
            }
        }
    }

    /// Tells all of a socket that is new.
    fn whole(&mut self, current: &Current<'_>) {
        self.now
            .fill(&current.socket, &current.beside, current.parts);
        let mut mask = Mask::default();
        for at in ranges(&current.socket).into_iter().flatten() {
            mask[at / 64] |= u64::from(self.now.0[at] != 0) << (at % 64);
        }
        tell_pattern(&mut self.patterns, mask, &mut self.streams);
        for column in columns(mask) {
            let now = &self.now.0;
            let cells = &mut self.streams.columns[column];
            match coding(column) {
                Coding::Difference => {
                    let last = &mut self.streams.last.0[column];
                    put_signed(cells, now[column].wrapping_sub(*last) as i64);
                    *last = now[column];
                }
                Coding::Plain => put(cells, now[column]),
                Coding::Beside(other) => {
                    put_signed(cells, now[column].wrapping_sub(now[other]) as i64);
                }
            }
        }
    }
}

/// Tells of a socket that ended what its row has not.
fn tell_end(closed: &ClosedSocket, expected: i64, now_ns: u64, out: &mut Vec<u8>) {
    put_signed(out, i64::from(closed.row) - expected);
    put_signed(out, now_ns.wrapping_sub(closed.monotonic_ns) as i64);
    let state = closed.last_state.map_or(0, |state| state as u64);
    put(out, state << 1 | u64::from(closed.first_seen_ns.is_some()));
    if let Some(first_ns) = closed.first_seen_ns {
        put_signed(out, now_ns.wrapping_sub(first_ns) as i64);
    }
}
