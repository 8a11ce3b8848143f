//! Sockets out of what is told of them.

mod closed;

use super::Sections;
use super::at_hand::AtHand;
use super::beside::Processes;
use super::plan::{Fixed, Manners, Plan, Plans};
use super::streams::Streams;
use super::table::TableOut;
use crate::model::{Sample, SocketKey};
use crate::recording::column::COLUMNS;
use crate::recording::rows::{Row, Rows, ages, length, let_age};
use crate::recording::section;
use crate::recording::texts::Texts;
use crate::recording::varint::{Broken, Cursor, Room};

use closed::Closed;

/// The most sockets in a Sample.
const MOST_SOCKETS: usize = 4_000_000;

/// The sockets of the last frame.
#[derive(Debug)]
pub(super) struct RowDecoder {
    rows: Rows,
    /// Sets of columns by number.
    plans: Plans,
    /// The set of columns at hand.
    columns: Vec<u16>,
    /// How the cells of this chunk are told.
    manners: Manners,
    closed: Closed,
    at_hand: AtHand,
    /// Rows that change.
    changed: Vec<u32>,
    /// What new sockets told last, by column.
    last: Box<[u64; COLUMNS]>,
}

impl Default for RowDecoder {
    fn default() -> Self {
        RowDecoder {
            rows: Rows::default(),
            plans: Plans::default(),
            columns: Vec::new(),
            manners: Manners::of(1),
            closed: Closed::default(),
            at_hand: AtHand::default(),
            changed: Vec::new(),
            last: Box::new([0; COLUMNS]),
        }
    }
}

impl RowDecoder {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.plans.clear();
    }

    /// Says how the cells of a chunk are told.
    pub(super) fn revise(&mut self, revision: u64) {
        if self.manners.revision() != revision {
            self.manners = Manners::of(revision);
        }
    }

    pub(super) fn weight(&self) -> usize {
        self.rows.weight() + self.plans.weight()
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
        let uses = fixed[section::PATTERNS].0.len();
        self.take_patterns(fixed[section::NEW_PATTERNS], uses, room)?;
        let (closed, order) = (fixed[section::CLOSED], fixed[section::ORDER]);
        let first_seen = fixed[section::FIRST_SEEN];
        let mut streams = Streams {
            gaps: [fixed[section::GAPS], fixed[section::GAPS_AGAIN]],
            patterns: fixed[section::PATTERNS],
            ages: fixed[section::AGES],
            columns: &mut sections.columns,
            gap: [0; 2],
            // At first all were told alike.
            kinds: if self.manners.revision() == 1 { 1 } else { 2 },
            run: 0,
            lag: 0,
        };
        streams.next_gap(0)?;
        streams.next_gap(1)?;
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

    /// Takes sets of columns that are new, of which each is used in this frame.
    fn take_patterns(
        &mut self,
        mut told: Cursor<'_>,
        uses: usize,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let mut columns = std::mem::take(&mut self.columns);
        let mut left = uses;
        while !told.is_empty() {
            left = left
                .checked_sub(1)
                .ok_or(Broken("more sets of columns are told than are used"))?;
            let mut expected = 0usize;
            let count = told.count()?;
            room.take(Plans::most(count))?;
            columns.clear();
            for _ in 0..count {
                let column = expected.saturating_add(told.number()?);
                expected = column.saturating_add(1);
                // Columns of later versions are passed over, their cells as well.
                if column < COLUMNS {
                    columns.push(column as u16);
                }
            }
            self.plans.add(&columns, &self.manners);
        }
        self.columns = columns;
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
        let mut changed = std::mem::take(&mut self.changed);
        while taken < count {
            let run = if order.is_empty() {
                count - taken
            } else {
                order.number::<usize>()?.min(count - taken)
            };
            changed.clear();
            self.rows.pass(expected, run, |at, pace| {
                if pace.ages {
                    let shift = elapsed.wrapping_add(streams.lag()?);
                    pace.aged = pace.aged.wrapping_add(shift);
                }
                pace.changed = streams.changes(pace.changed)?;
                if pace.changed {
                    changed.push(at);
                }
                Ok(())
            })?;
            expected += run;
            for &at in &changed {
                self.change(at, streams, room)?;
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
                let AtHand {
                    socket,
                    beside,
                    parts,
                } = &self.at_hand;
                room.take(size_of::<Row>() + parts.len())?;
                let at = self.rows.put(None, socket, *beside, parts)?;
                self.rows.row_mut(at).first_ns = now_ns;
                self.rows.keep(at);
            }
            taken = taken.saturating_add(fresh);
        }
        self.rows.turn();
        self.changed = changed;
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

    /// Changes a row.
    #[inline]
    fn change(
        &mut self,
        at: u32,
        streams: &mut Streams<'_, '_>,
        room: &mut Room,
    ) -> Result<(), Broken> {
        let plan = Self::plan(&self.plans, streams)?;
        if plan.kind != Fixed::Any {
            // All stays where it lies.
            let aged = self.rows.pace(at).aged;
            let (row, parts) = self.rows.both_mut(at);
            let_age(&mut row.socket, parts, aged);
            let (queued, manners) = (row.socket.send_queue, &self.manners);
            plan.change_fixed(manners, &mut row.socket, &mut row.beside, streams.columns)?;
            plan.change_words(manners, &row.socket, queued, parts, streams.columns)?;
            let ages = ages(&row.socket);
            let pace = self.rows.pace_mut(at);
            (pace.ages, pace.aged) = (ages, 0);
            return Ok(());
        }
        self.at_hand.take_up(&self.rows, at);
        self.at_hand.change(plan, &self.manners, streams)?;
        let before = length(&self.rows.row(at).socket);
        let AtHand {
            socket,
            beside,
            parts,
        } = &self.at_hand;
        room.take(parts.len().saturating_sub(before))?;
        self.rows.put(Some(at), socket, *beside, parts)?;
        Ok(())
    }

    /// The columns that the next socket tells.
    #[inline]
    fn plan<'p>(plans: &'p Plans, streams: &mut Streams<'_, '_>) -> Result<Plan<'p>, Broken> {
        let number: usize = streams.patterns.number()?;
        let plan = plans.get(number);
        plan.ok_or(Broken("a set of columns was never told"))
    }

    /// Takes up a socket that is new.
    fn whole(&mut self, streams: &mut Streams<'_, '_>) -> Result<(), Broken> {
        let plan = Self::plan(&self.plans, streams)?;
        let manners = &self.manners;
        self.at_hand
            .make(plan, manners, streams, &mut self.last[..])
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
            let aged = self.rows.pace(at).aged;
            let parts = self.rows.parts(at);
            let (table, holders) = (&mut sample.sockets, &mut sample.holders);
            out.put(&row.socket, &row.beside, parts, table, holders)?;
            if let Some(socket) = table.rows.last_mut().filter(|_| aged != 0) {
                let from = socket.blob.at as usize;
                let_age(socket, &mut table.bytes[from..], aged);
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
