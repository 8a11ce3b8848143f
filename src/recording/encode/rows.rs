//! Sockets, those that ended and those that are there: which row each goes on from, and what of it changed.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::beside::ProcessNumbers;
use crate::model::{ClosedSocket, Sample, Socket, SocketTable, Tracker, Visit};
use crate::recording::column::{
    AGEING, AGEING_END, Beside, COLUMNS, CONGESTION_INFO, Coding, FIXED_COLUMNS, FOLLOWERS, MEMORY,
    MOST_CONGESTION_INFO, MOST_INFO, MOST_MEMORY, Mask, coding, fixed_cells, info_columns,
    part_cells,
};
use crate::recording::rows::{Row, Rows, age, ages, expires, has_ages, length, let_age};
use crate::recording::section::{self, put_section};
use crate::recording::texts::TextNumbers;
use crate::recording::varint::{put, put_signed};

/// How far, in ms, the time that went on for a socket may lie from that between two Samples: dumps take different times, and
/// with 4 ms a tick of the kernel's clock a difference jumps.
const MOST_JITTER: i64 = 250;

/// Where a socket was in the Sample before, and since when it is known.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: u32,
    first_ns: u64,
}

/// A socket at hand, in the terms of the chunk.
#[derive(Debug, Clone, Copy)]
struct Current<'a> {
    socket: Socket,
    beside: Beside,
    parts: &'a [u8],
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

/// One socket's cells.
#[derive(Debug)]
struct Cells(Box<[u64; COLUMNS]>);

impl Default for Cells {
    fn default() -> Self {
        Cells(Box::new([0; COLUMNS]))
    }
}

impl Cells {
    /// The cells of a socket, as far as [`ranges`] says that it has any; its parts lie one after the other.
    fn fill(&mut self, socket: &Socket, beside: &Beside, parts: &[u8]) {
        fixed_cells(socket, beside, &mut self.0);
        let (info, rest) = parts.split_at(usize::from(socket.blob.info));
        let (memory, congestion_info) = rest.split_at(usize::from(socket.blob.memory));
        part_cells(info_columns(socket.protocol), info, &mut self.0);
        part_cells(MEMORY, memory, &mut self.0);
        part_cells(CONGESTION_INFO, congestion_info, &mut self.0);
    }
}

/// The columns that a socket has cells in.
fn ranges(socket: &Socket) -> [Range<usize>; 4] {
    let part = |first: usize, length: u16| first..first + usize::from(length).div_ceil(4);
    let blob = socket.blob;
    [
        0..FIXED_COLUMNS,
        part(info_columns(socket.protocol), blob.info),
        part(MEMORY, blob.memory),
        part(CONGESTION_INFO, blob.congestion_info),
    ]
}

/// What is told of sockets, in the order in which it is read.
#[derive(Debug)]
struct Streams {
    closed: Vec<u8>,
    order: Vec<u8>,
    ages: Vec<u8>,
    gaps: Vec<u8>,
    patterns: Vec<u8>,
    new_patterns: Vec<u8>,
    first_seen: Vec<u8>,
    columns: Vec<Vec<u8>>,
    /// Sockets since the last that changed.
    gap: u64,
    /// By how much the clock went on for the last socket, ms more than between the Samples; and for how many so far.
    lag: i64,
    run: u64,
    /// What new sockets told last, by column.
    last: Cells,
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
    fn clear(&mut self) {
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
    fn went_on(&mut self, lag: i64) {
        if lag == self.lag {
            self.run += 1;
        } else {
            put(&mut self.ages, self.run);
            put_signed(&mut self.ages, lag - self.lag);
            (self.lag, self.run) = (lag, 0);
        }
    }

    fn put_into(&self, out: &mut Vec<u8>) {
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

/// The columns of a set, in their order.
fn columns(mask: Mask) -> impl Iterator<Item = usize> {
    mask.into_iter().enumerate().flat_map(|(at, mut bits)| {
        std::iter::from_fn(move || {
            let bit = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (bit < 64).then_some(at * 64 + bit)
        })
    })
}

/// Tells which columns follow, by the number of the set.
fn tell_pattern(known: &mut FxHashMap<Mask, u32>, mask: Mask, streams: &mut Streams) {
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

/// Makes parts as long as those of another socket: cut, or filled up with zeros.
pub(in crate::recording) fn resize_parts(parts: &mut Vec<u8>, socket: &mut Socket, like: &Socket) {
    let (old, new) = (socket.blob, like.blob);
    if (old.info, old.memory, old.congestion_info) == (new.info, new.memory, new.congestion_info) {
        return;
    }
    let (from, to) = (usize::from(old.info), usize::from(new.info));
    let mut resize = |from: usize, old: usize, new: usize| {
        let fill = std::iter::repeat_n(0, new.saturating_sub(old));
        parts.splice(from + old.min(new)..from + old, fill);
    };
    resize(0, from, to);
    resize(to, usize::from(old.memory), usize::from(new.memory));
    let behind = to + usize::from(new.memory);
    resize(
        behind,
        usize::from(old.congestion_info),
        usize::from(new.congestion_info),
    );
    socket.blob.info = new.info;
    socket.blob.memory = new.memory;
    socket.blob.congestion_info = new.congestion_info;
}

/// By how many ms the clock went on for a socket: what most of its fields say that it did, if that can be.
fn went_on(row: &Row, parts: &[u8], current: &Current<'_>, expected: i64, elapsed: i64) -> i64 {
    let before = &row.socket;
    let mut nearest = None;
    let mut consider = |aged: i64| {
        let shift = aged - row.aged;
        let is_nearer = |other: i64| (shift - elapsed).abs() < (other - elapsed).abs();
        if (shift - elapsed).abs() <= MOST_JITTER && nearest.is_none_or(is_nearer) {
            nearest = Some(shift);
        }
        shift == expected
    };
    if has_ages(before) && has_ages(&current.socket) {
        for offset in AGEING {
            let aged = age(current.parts, offset).wrapping_sub(age(parts, offset));
            if consider(i64::from(aged.cast_signed())) {
                return expected;
            }
        }
    }
    if let (Some(before), Some(now)) = (before.timer, current.socket.timer)
        && before.kind == now.kind
        && consider(i64::from(before.expires_ms) - i64::from(now.expires_ms))
    {
        return expected;
    }
    nearest.unwrap_or(expected)
}

/// Whether a socket is what it is foretold to be.
#[inline]
fn is_same(row: &Row, parts: &[u8], current: &Current<'_>, shift: i64) -> bool {
    let now = &current.socket;
    let shift = row.aged + shift;
    let mut foretold = row.socket;
    foretold.blob.at = now.blob.at;
    foretold.blob.name = now.blob.name;
    foretold.holders_at = now.holders_at;
    foretold.congestion = now.congestion;
    if let Some(timer) = &mut foretold.timer {
        timer.expires_ms = expires(timer.expires_ms, shift);
    }
    if foretold != *now || row.beside != current.beside {
        return false;
    }
    if !has_ages(now) {
        return parts == current.parts;
    }
    // `last_ack_sent`, which the kernel leaves alone, lies between those that age.
    let [sent, received, acked] = AGEING;
    let (old, new) = (parts, current.parts);
    let aged = |offset: usize| age(old, offset).wrapping_add(shift as u32) == age(new, offset);
    old[AGEING_END..] == new[AGEING_END..]
        && old[..sent] == new[..sent]
        && old[sent + 4..received] == new[sent + 4..received]
        && aged(sent)
        && aged(received)
        && aged(acked)
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

/// Which row each socket goes on from: how many go on from the row behind that of the one before them, and then either how
/// many are new or how far the next row lies from there.
#[derive(Debug, Default)]
struct OrderOut {
    expected: u32,
    run: u64,
    fresh: u64,
}

impl OrderOut {
    #[inline]
    fn goes_on(&mut self, position: u32, out: &mut Vec<u8>) {
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
    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.fresh > 0 {
            put(out, self.run);
            put(out, self.fresh << 1 | 1);
            (self.run, self.fresh) = (0, 0);
        }
    }
}

/// Finds what belongs to the sockets of one table.
struct BesideOf<'a> {
    sample: &'a Sample,
    texts: &'a mut TextNumbers,
    processes: &'a ProcessNumbers,
    /// Numbers of the names of congestion controls, by their index in the table.
    congestion: [Option<u32>; 256],
    holders: Vec<u8>,
}

impl<'a> BesideOf<'a> {
    fn new(
        sample: &'a Sample,
        texts: &'a mut TextNumbers,
        processes: &'a ProcessNumbers,
    ) -> BesideOf<'a> {
        BesideOf {
            sample,
            texts,
            processes,
            congestion: [None; 256],
            holders: Vec::new(),
        }
    }

    #[inline]
    fn current<'c>(
        &mut self,
        table: &'c SocketTable,
        socket: &Socket,
        cut: &'c mut Vec<u8>,
    ) -> Current<'c> {
        let mut beside = Beside::default();
        if socket.congestion > 0 {
            let texts = &mut *self.texts;
            let number = &mut self.congestion[usize::from(socket.congestion)];
            beside.congestion = *number.get_or_insert_with(|| {
                let name = table.name_at(socket.congestion);
                name.map_or(0, |name| texts.of(name.as_bytes()))
            });
        }
        if let Some(name) = table.name(socket) {
            beside.name = self.texts.of(name);
        }
        let from = socket.holders_at as usize;
        let holders = self.sample.holders.get(from..);
        let holders = holders.and_then(|all| all.get(..usize::from(socket.holders_len)));
        if let Some((first, others)) = holders.and_then(<[_]>::split_first) {
            beside.process = self.processes.of(first.process);
            beside.fd = first.fd;
            if !others.is_empty() {
                self.holders.clear();
                for holder in others {
                    put(
                        &mut self.holders,
                        u64::from(self.processes.of(holder.process)),
                    );
                    put(&mut self.holders, u64::from(holder.fd));
                }
                beside.others = self.texts.of(&self.holders);
            }
        }
        let mut socket = *socket;
        let blob = socket.blob;
        let from = blob.at as usize;
        let whole = table.bytes.get(from..from + length(&socket)).unwrap_or(&[]);
        socket.blob.info = blob.info.min(MOST_INFO as u16);
        socket.blob.memory = blob.memory.min(MOST_MEMORY as u16);
        socket.blob.congestion_info = blob.congestion_info.min(MOST_CONGESTION_INFO as u16);
        if socket.blob == blob && whole.len() == length(&socket) {
            return Current {
                socket,
                beside,
                parts: whole,
            };
        }
        cut.clear();
        let mut rest = whole;
        for (length, kept) in [
            (blob.info, &mut socket.blob.info),
            (blob.memory, &mut socket.blob.memory),
            (blob.congestion_info, &mut socket.blob.congestion_info),
        ] {
            let (part, behind) = rest.split_at(usize::from(length).min(rest.len()));
            *kept = (*kept).min(part.len() as u16);
            cut.extend_from_slice(&part[..usize::from(*kept)]);
            rest = behind;
        }
        Current {
            socket,
            beside,
            parts: cut,
        }
    }
}
