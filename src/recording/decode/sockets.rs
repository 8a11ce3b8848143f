//! Decodes the sockets of a frame: which row each continues, and its changes. Its counterpart is `encode/sockets.rs`.
//!
//! The rows are those of the last decoded Sample. A frame lists its sockets as runs of consecutive positions in the
//! previous Sample and, between two runs, new sockets or a jump to another position. Sockets that it does not list are
//! removed.

use super::closed::ClosedDecoder;
use super::decompress::SocketCounts;
use super::plan::FixedStreams;
use super::row_builder::{RowBuilder, RowScratch};
use super::sections::FrameSections;
use super::streams::StreamReaders;
use super::table_builder::{SOCKET_BYTES, TableBuilder};
use crate::model::{Sample, SocketKey};
use crate::recording::aging::{advance_clock, is_aging};
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::records::ProcessDecoder;
use crate::recording::row_store::{RowStore, parts_len};
use crate::recording::section;
use crate::recording::strings::StringTable;
use crate::recording::varint::{ByteReader, unzigzag};

/// Maximum number of sockets in a Sample.
const MAX_SOCKETS: usize = 4_000_000;

/// Decodes sockets; keeps those of the last frame.
#[derive(Debug, Default)]
pub(super) struct SocketDecoder {
    /// Sockets that exist.
    rows: RowStore,
    builder: RowBuilder,
    /// Sockets that closed in the last frame.
    closed: ClosedDecoder,
    /// Buffer for the rows of a run that change.
    changed: Vec<u32>,
}

impl SocketDecoder {
    /// Removes all sockets, for a new chunk.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.builder.clear();
    }

    /// Returns the bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes() + self.builder.heap_bytes()
    }

    /// Decodes a frame's sockets: first those that closed, then those that exist. `announced` is their number according
    /// to the frame's header, `elapsed_ns` is the time since the
    /// previous Sample, and `now_ns` the time of this one, ns of the monotonic clock. Consumes the streams of
    /// `sections`.
    ///
    /// # Errors
    /// If a section is corrupt, or takes more memory than `budget` has. The sockets are incomplete then, so that only a
    /// key frame can follow.
    pub(super) fn decode(
        &mut self,
        sections: &mut FrameSections<'_>,
        announced: SocketCounts,
        elapsed_ns: u64,
        now_ns: u64,
        is_key: bool,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let fixed = &sections.fixed;
        let sets = fixed[section::STREAM_SETS];
        let new_sets = fixed[section::NEW_STREAM_SETS];
        self.builder
            .decode_new_sets(new_sets, sets.0.len(), budget)?;
        let (closed, order) = (fixed[section::CLOSED], fixed[section::ORDER]);
        let first_seen = fixed[section::FIRST_SEEN];
        let gaps = [fixed[section::GAPS], fixed[section::GAPS_AGAIN]];
        let ages = fixed[section::AGES];
        let mut streams = StreamReaders::new(gaps, sets, ages, &mut sections.streams)?;
        self.builder.begin_frame();
        let builder = &mut self.builder;
        self.closed
            .decode(closed, &self.rows, builder, &mut streams, now_ns, budget)?;
        if self.closed.closed.len() != announced.closed {
            return Err(Corrupt::UNANNOUNCED);
        }
        let elapsed_ms = (elapsed_ns.saturating_add(500_000) / 1_000_000) as i64;
        self.decode_rows(
            order,
            announced.open,
            &mut streams,
            elapsed_ms,
            now_ns,
            budget,
        )?;
        if is_key {
            self.decode_first_seen(first_seen, now_ns)?;
        }
        Ok(())
    }

    /// Decodes the sockets that exist: as many as were announced.
    fn decode_rows(
        &mut self,
        mut order: ByteReader<'_>,
        announced: usize,
        streams: &mut StreamReaders<'_, '_>,
        elapsed_ms: i64,
        now_ns: u64,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let count: usize = order.number()?;
        if count > MAX_SOCKETS {
            return Err(Corrupt::TOO_MANY_SOCKETS);
        }
        if count != announced {
            return Err(Corrupt::UNANNOUNCED);
        }
        let (mut decoded, mut expected) = (0usize, 0usize);
        let mut changed = std::mem::take(&mut self.changed);
        while decoded < count {
            let run = if order.is_empty() {
                count - decoded
            } else {
                order.number::<usize>()?.min(count - decoded)
            };
            changed.clear();
            self.rows.append_run(expected, run, |at, state| {
                if state.is_aging {
                    let shift = elapsed_ms.wrapping_add(streams.clock_deviation_ms()?);
                    state.aged_ms = state.aged_ms.wrapping_add(shift);
                }
                state.changed = streams.changes(state.changed)?;
                if state.changed {
                    changed.push(at);
                }
                Ok(())
            })?;
            expected += run;
            for &at in &changed {
                self.decode_changed(at, streams, budget)?;
            }
            decoded += run;
            if order.is_empty() {
                continue;
            }
            let step = order.varint()?;
            if step & 1 == 0 {
                let next = (expected as i64).wrapping_add(unzigzag(step >> 1));
                expected = usize::try_from(next).map_err(|_| Corrupt::NO_EARLIER_SOCKET)?;
                continue;
            }
            let fresh = usize::try_from(step >> 1).unwrap_or(usize::MAX);
            for _ in 0..fresh.min(count - decoded) {
                self.builder.decode_new(streams)?;
                let RowScratch {
                    socket,
                    side,
                    parts,
                } = &self.builder.scratch;
                budget.spend(RowStore::ROW_BYTES + parts.len())?;
                let at = self.rows.write(None, socket, *side, parts)?;
                self.rows.row_mut(at).first_ns = now_ns;
                self.rows.append_to_sample(at);
            }
            decoded = decoded.saturating_add(fresh);
        }
        self.rows.finish_sample();
        self.changed = changed;
        Ok(())
    }

    /// Decodes when each socket was first seen, which only key frames have: 0 if it existed when the recording began,
    /// or one more than the ns since then.
    fn decode_first_seen(
        &mut self,
        mut reader: ByteReader<'_>,
        now_ns: u64,
    ) -> Result<(), Corrupt> {
        for position in 0..self.rows.order.len() {
            let first_ns = if reader.is_empty() {
                0
            } else {
                match reader.varint()? {
                    0 => 0,
                    since => now_ns.wrapping_sub(since - 1),
                }
            };
            let at = self.rows.order[position];
            self.rows.row_mut(at).first_ns = first_ns;
        }
        Ok(())
    }

    /// Decodes the changes of row `at`.
    #[inline]
    fn decode_changed(
        &mut self,
        at: u32,
        streams: &mut StreamReaders<'_, '_>,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let plan = self.builder.plans.next(streams)?;
        if plan.kind != FixedStreams::Any {
            // The parts keep their lengths, so the row is changed in place.
            let aged_ms = self.rows.age_state(at).aged_ms;
            let (row, parts) = self.rows.row_and_parts_mut(at);
            advance_clock(&mut row.socket, parts, aged_ms);
            let send_queue_before = row.socket.send_queue;
            plan.decode_fixed_changes(&mut row.socket, &mut row.side, streams.cells)?;
            plan.decode_word_changes(&row.socket, send_queue_before, parts, streams.cells)?;
            let is_aging = is_aging(&row.socket);
            let state = self.rows.age_state_mut(at);
            (state.is_aging, state.aged_ms) = (is_aging, 0);
            return Ok(());
        }
        let scratch = &mut self.builder.scratch;
        scratch.load(&self.rows, at);
        scratch.decode_changes(plan, streams)?;
        let RowScratch {
            socket,
            side,
            parts,
        } = &self.builder.scratch;
        budget.spend(self.rows.growth(at, parts.len()))?;
        self.rows.write(Some(at), socket, *side, parts)?;
        Ok(())
    }

    /// Appends the sockets that exist and those that closed to a Sample, which has its processes already: holders refer
    /// to them.
    ///
    /// # Errors
    /// If a socket refers to a string that is not defined, or the Sample takes more memory than `budget` has.
    pub(super) fn append_to(
        &self,
        sample: &mut Sample,
        strings: &StringTable,
        processes: &ProcessDecoder,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        // The builder spends this row by row, but the rows are allocated at once.
        let sockets = self.rows.order.len();
        let mut remaining = *budget;
        remaining.spend(sockets.saturating_mul(SOCKET_BYTES))?;
        let mut builder = TableBuilder::new(strings, processes, budget);
        let mut aged_parts = Vec::new();
        for &at in &self.rows.order {
            let row = self.rows.row(at);
            let aged_ms = self.rows.age_state(at).aged_ms;
            let (table, holders) = (&mut sample.sockets, &mut sample.holders);
            if aged_ms == 0 {
                let parts = self.rows.parts(at);
                builder.push(&row.socket, &row.side, parts, table, holders)?;
                continue;
            }
            let mut socket = row.socket;
            aged_parts.clear();
            aged_parts.extend_from_slice(self.rows.parts(at));
            advance_clock(&mut socket, &mut aged_parts, aged_ms);
            builder.push(&socket, &row.side, &aged_parts, table, holders)?;
        }
        builder.begin_table();
        let mut closed_parts = ByteReader(&self.closed.parts);
        for (socket, side) in &self.closed.rows {
            let parts = closed_parts.take(parts_len(socket))?;
            let (table, holders) = (&mut sample.closed_sockets, &mut sample.holders);
            builder.push(socket, side, parts, table, holders)?;
        }
        sample.closed.extend_from_slice(&self.closed.closed);
        Ok(())
    }

    /// Returns when each socket was first seen, ns of the monotonic clock. Omits those that existed when the recording
    /// began.
    pub(super) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        let rows = self.rows.order.iter().map(|&at| self.rows.row(at));
        let seen = rows.filter(|row| row.first_ns != 0);
        seen.map(|row| (row.socket.key(), row.first_ns)).collect()
    }
}
