//! Sockets out of what is told of them.

use super::Sections;
use super::beside::Processes;
use super::parts::{Followers, Parts};
use super::streams::Streams;
use super::table::TableOut;
use crate::model::{ClosedSocket, Ends, Family, Protocol, Sample, Socket, SocketKey, State};
use crate::recording::column::{
    self, Beside, COLUMNS, CONGESTION_INFO, Coding, FIXED_COLUMNS, MEMORY, coding, fixed_cells,
    info_columns,
};
use crate::recording::rows::{Row, Rows, ages, length, let_age, resize_parts};
use crate::recording::section;
use crate::recording::texts::Texts;
use crate::recording::varint::{Broken, Cursor, Room};

/// The most sockets in a Sample.
const MOST_SOCKETS: usize = 4_000_000;

/// The sockets of the last frame.
#[derive(Debug)]
pub(super) struct RowDecoder {
    rows: Rows,
    /// Sets of columns by number.
    patterns: Vec<Vec<u16>>,
    /// Bytes that they take.
    pattern_bytes: usize,
    closed: Closed,
    cells: Box<[u64; COLUMNS]>,
    /// The socket at hand.
    socket: Socket,
    beside: Beside,
    parts: Vec<u8>,
    /// What new sockets told last, by column.
    last: Box<[u64; COLUMNS]>,
}

/// Sockets that ended.
#[derive(Debug, Default)]
struct Closed {
    told: Vec<ClosedSocket>,
    rows: Vec<(Socket, Beside)>,
    bytes: Vec<u8>,
}

impl Default for RowDecoder {
    fn default() -> Self {
        RowDecoder {
            rows: Rows::default(),
            patterns: Vec::new(),
            pattern_bytes: 0,
            closed: Closed::default(),
            cells: Box::new([0; COLUMNS]),
            socket: blank(),
            beside: Beside::default(),
            parts: Vec::new(),
            last: Box::new([0; COLUMNS]),
        }
    }
}

/// A socket of which nothing is known.
fn blank() -> Socket {
    let ends = Ends::Packet { ethertype: 0 };
    Socket::new(0, 0, Family::Inet, Protocol::Tcp, State::Closed, ends)
}

impl RowDecoder {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.patterns.clear();
        self.pattern_bytes = 0;
    }

    pub(super) fn weight(&self) -> usize {
        self.rows.weight() + self.pattern_bytes
    }

    /// Takes what a frame tells of sockets.
    pub(super) fn take(
        &mut self,
        sections: &mut Sections<'_>,
        elapsed_ns: u64,
        now_ns: u64,
        is_key: bool,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let fixed = &sections.fixed;
        self.take_patterns(fixed[section::NEW_PATTERNS], room)?;
        let (closed, order) = (fixed[section::CLOSED], fixed[section::ORDER]);
        let first_seen = fixed[section::FIRST_SEEN];
        let mut streams = Streams {
            gaps: fixed[section::GAPS],
            patterns: fixed[section::PATTERNS],
            ages: fixed[section::AGES],
            columns: &mut sections.columns,
            gap: 0,
            run: 0,
            lag: 0,
        };
        streams.next_gap()?;
        streams.next_run()?;
        self.last.fill(0);
        self.take_closed(closed, &mut streams, now_ns, room)?;
        let elapsed = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.take_rows(order, &mut streams, elapsed, now_ns, room)?;
        if is_key {
            self.take_first_seen(first_seen, now_ns)?;
        }
        Ok(())
    }

    fn take_patterns(&mut self, mut told: Cursor<'_>, room: &mut Room) -> Result<(), Broken> {
        while !told.is_empty() {
            let mut expected = 0usize;
            let count = told.count()?;
            let bytes = size_of::<Vec<u16>>() + count * size_of::<u16>();
            room.take(bytes)?;
            self.pattern_bytes += bytes;
            let mut columns = Vec::with_capacity(count);
            for _ in 0..count {
                let column = expected.saturating_add(told.number()?);
                expected = column.saturating_add(1);
                // Columns of later versions are passed over, their cells as well.
                if column < COLUMNS {
                    columns.push(column as u16);
                }
            }
            self.patterns.push(columns);
        }
        Ok(())
    }

    fn take_closed(
        &mut self,
        mut told: Cursor<'_>,
        streams: &mut Streams<'_, '_>,
        now_ns: u64,
        room: &mut Room,
    ) -> Result<(), Broken> {
        self.closed.told.clear();
        self.closed.rows.clear();
        self.closed.bytes.clear();
        if told.is_empty() {
            return Ok(());
        }
        let mut expected = 0i64;
        for _ in 0..told.count()? {
            room.take(size_of::<ClosedSocket>())?;
            let row = expected.wrapping_add(told.signed()?);
            expected = row.wrapping_add(1);
            let monotonic_ns = now_ns.wrapping_sub(told.signed()? as u64);
            let flags = told.varint()?;
            let last_state = match flags >> 1 {
                0 => None,
                state => Some(column::state(state)?),
            };
            let first_seen_ns = match flags & 1 {
                0 => None,
                _ => Some(now_ns.wrapping_sub(told.signed()? as u64)),
            };
            self.closed.told.push(ClosedSocket {
                row: u32::try_from(row).map_err(|_| Broken("an ended socket has no row"))?,
                monotonic_ns,
                last_state,
                first_seen_ns,
            });
        }
        for _ in 0..told.count()? {
            let position: usize = told.number()?;
            match position.checked_sub(1) {
                None => self.whole(streams)?,
                Some(position) => {
                    let at = self.rows.order.get(position).copied();
                    let at = at.ok_or(Broken("a socket goes on from none"))?;
                    self.take_up(at);
                    if !streams.changes()? {
                        return Err(Broken("an ended socket tells nothing"));
                    }
                    self.change(streams)?;
                }
            }
            room.take(size_of::<(Socket, Beside)>() + self.parts.len())?;
            self.closed.rows.push((self.socket, self.beside));
            self.closed.bytes.extend_from_slice(&self.parts);
        }
        Ok(())
    }

    fn take_rows(
        &mut self,
        mut order: Cursor<'_>,
        streams: &mut Streams<'_, '_>,
        elapsed: i64,
        now_ns: u64,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let count: usize = order.number()?;
        if count > MOST_SOCKETS {
            return Err(Broken("it promises too many sockets"));
        }
        let (mut taken, mut expected) = (0usize, 0usize);
        while taken < count {
            let run = if order.is_empty() {
                count - taken
            } else {
                order.number::<usize>()?.min(count - taken)
            };
            for _ in 0..run {
                let at = self.rows.order.get(expected).copied();
                let at = at.ok_or(Broken("a socket goes on from none"))?;
                expected += 1;
                if !self.rows.keep(at) {
                    return Err(Broken("two sockets go on from one"));
                }
                self.go_on(at, streams, elapsed, room)?;
            }
            taken += run;
            if order.is_empty() {
                continue;
            }
            let step = order.varint()?;
            if step & 1 == 0 {
                let folded = step >> 1;
                let jump = (folded >> 1) as i64 ^ -((folded & 1) as i64);
                let next = (expected as i64).wrapping_add(jump);
                expected =
                    usize::try_from(next).map_err(|_| Broken("a socket goes on from none"))?;
                continue;
            }
            let fresh = usize::try_from(step >> 1).unwrap_or(usize::MAX);
            for _ in 0..fresh.min(count - taken) {
                self.whole(streams)?;
                room.take(size_of::<Row>() + self.parts.len())?;
                let at = self
                    .rows
                    .put(None, &self.socket, self.beside, &self.parts)?;
                self.rows.row_mut(at).first_ns = now_ns;
                self.rows.keep(at);
            }
            taken = taken.saturating_add(fresh);
        }
        self.rows.turn();
        Ok(())
    }

    fn take_first_seen(&mut self, mut told: Cursor<'_>, now_ns: u64) -> Result<(), Broken> {
        for place in 0..self.rows.order.len() {
            let first_ns = if told.is_empty() {
                0
            } else {
                match told.varint()? {
                    0 => 0,
                    since => now_ns.wrapping_sub(since - 1),
                }
            };
            let at = self.rows.order[place];
            self.rows.row_mut(at).first_ns = first_ns;
        }
        Ok(())
    }

    /// Lets a row go on.
    #[inline]
    fn go_on(
        &mut self,
        at: u32,
        streams: &mut Streams<'_, '_>,
        elapsed: i64,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let row = self.rows.row_mut(at);
        if ages(&row.socket) {
            let shift = elapsed.wrapping_add(streams.lag()?);
            row.aged = row.aged.wrapping_add(shift);
        }
        if streams.changes()? {
            self.take_up(at);
            self.change(streams)?;
            room.take(
                self.parts
                    .len()
                    .saturating_sub(length(&self.rows.row(at).socket)),
            )?;
            self.rows
                .put(Some(at), &self.socket, self.beside, &self.parts)?;
        }
        Ok(())
    }

    /// Takes a row up to change it.
    fn take_up(&mut self, at: u32) {
        let row = self.rows.row(at);
        self.socket = row.socket;
        self.beside = row.beside;
        self.parts.clear();
        self.parts.extend_from_slice(self.rows.parts(at));
        let_age(&mut self.socket, &mut self.parts, row.aged);
    }

    /// The columns that the next socket tells.
    fn pattern(patterns: &[Vec<u16>], streams: &mut Streams<'_, '_>) -> Result<usize, Broken> {
        let number: usize = streams.patterns.number()?;
        if number >= patterns.len() {
            return Err(Broken("a set of columns was never told"));
        }
        Ok(number)
    }

    /// Changes the socket at hand.
    fn change(&mut self, streams: &mut Streams<'_, '_>) -> Result<(), Broken> {
        let number = Self::pattern(&self.patterns, streams)?;
        let columns = &self.patterns[number];
        let split = columns.partition_point(|&column| usize::from(column) < FIXED_COLUMNS);
        let (fixed, words) = columns.split_at(split);
        if !fixed.is_empty() {
            fixed_cells(&self.socket, &self.beside, &mut self.cells);
            for &column in fixed {
                let column = usize::from(column);
                let before = self.cells[column];
                let cells = &mut streams.columns[column];
                self.cells[column] = match coding(column) {
                    Coding::Plain => cells.varint()?,
                    _ => before.wrapping_add(cells.signed()? as u64),
                };
            }
            let before = self.socket;
            column::fixed(&self.cells, &mut self.socket, &mut self.beside)?;
            let mut old = before;
            resize_parts(&mut self.parts, &mut old, &self.socket);
        }
        let mut parts = Parts::of(&self.socket, &mut self.parts);
        let mut followers = Followers::default();
        for &column in words {
            let column = usize::from(column);
            followers.follow(column, &mut parts)?;
            let before = parts.get(column);
            let cells = &mut streams.columns[column];
            let now = match coding(column) {
                Coding::Difference => {
                    let foretold = before.wrapping_add(followers.change_of(column));
                    foretold.wrapping_add(cells.signed()? as u64)
                }
                Coding::Steps(unit) => before.wrapping_add(cells.steps(unit)? as u64),
                Coding::Plain => cells.varint()?,
                Coding::Beside(other) => parts.get(other).wrapping_add(cells.signed()? as u64),
            };
            parts.set(column, now)?;
            followers.lead(column, now.wrapping_sub(before));
        }
        followers.follow(COLUMNS, &mut parts)
    }

    /// Makes the socket at hand of what is told of a new one.
    fn whole(&mut self, streams: &mut Streams<'_, '_>) -> Result<(), Broken> {
        let number = Self::pattern(&self.patterns, streams)?;
        let columns = &self.patterns[number];
        self.cells.fill(0);
        for &column in columns {
            let column = usize::from(column);
            let cells = &mut streams.columns[column];
            self.cells[column] = match coding(column) {
                Coding::Difference => {
                    let last = &mut self.last[column];
                    *last = last.wrapping_add(cells.signed()? as u64);
                    *last
                }
                Coding::Steps(unit) => {
                    let last = &mut self.last[column];
                    *last = last.wrapping_add(cells.steps(unit)? as u64);
                    *last
                }
                Coding::Plain => cells.varint()?,
                Coding::Beside(other) => self.cells[other].wrapping_add(cells.signed()? as u64),
            };
        }
        self.socket = blank();
        column::fixed(&self.cells, &mut self.socket, &mut self.beside)?;
        self.parts.clear();
        self.parts.resize(length(&self.socket), 0);
        let blob = self.socket.blob;
        let (info, rest) = self.parts.split_at_mut(usize::from(blob.info));
        let (memory, congestion_info) = rest.split_at_mut(usize::from(blob.memory));
        let cells = &self.cells;
        column::part(info_columns(self.socket.protocol), cells, info)?;
        column::part(MEMORY, cells, memory)?;
        column::part(CONGESTION_INFO, cells, congestion_info)
    }

    /// Puts the sockets into a Sample, whose processes are there already.
    pub(super) fn put_into(
        &self,
        sample: &mut Sample,
        texts: &Texts,
        processes: &Processes,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let mut out = TableOut {
            texts,
            processes,
            room,
            names: Vec::new(),
        };
        for &at in &self.rows.order {
            let row = self.rows.row(at);
            let parts = self.rows.parts(at);
            let (table, holders) = (&mut sample.sockets, &mut sample.holders);
            out.put(&row.socket, &row.beside, parts, table, holders)?;
            if let Some(socket) = table.rows.last_mut().filter(|_| row.aged != 0) {
                let from = socket.blob.at as usize;
                let_age(socket, &mut table.bytes[from..], row.aged);
            }
        }
        out.names.clear();
        let mut bytes = Cursor(&self.closed.bytes);
        for (socket, beside) in &self.closed.rows {
            let parts = bytes.take(length(socket))?;
            let (table, holders) = (&mut sample.closed_sockets, &mut sample.holders);
            out.put(socket, beside, parts, table, holders)?;
        }
        sample.closed.extend_from_slice(&self.closed.told);
        Ok(())
    }

    /// When the sockets were seen first, without those that were there from the start.
    pub(super) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        let rows = self.rows.order.iter().map(|&at| self.rows.row(at));
        let seen = rows.filter(|row| row.first_ns != 0);
        seen.map(|row| (row.socket.key(), row.first_ns)).collect()
    }
}
