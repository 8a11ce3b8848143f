//! Builds one socket at a time from its cells.

use super::plan::{Plan, PlanTable};
use super::streams::StreamReaders;
use crate::model::{Ends, Family, Protocol, Socket, State};
use crate::recording::aging::advance_clock;
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::row_store::{RowStore, parts_len, resize_parts};
use crate::recording::stream::{STREAM_COUNT, SideRefs, load_fixed_cells};
use crate::recording::varint::ByteReader;

/// A socket that is being built apart from the rows.
#[derive(Debug)]
pub(super) struct RowScratch {
    pub(super) socket: Socket,
    pub(super) side: SideRefs,
    pub(super) parts: Vec<u8>,
}

impl RowScratch {
    /// Copies a row, with its clock advanced.
    pub(super) fn load(&mut self, rows: &RowStore, at: u32) {
        let row = rows.row(at);
        self.socket = row.socket;
        self.side = row.side;
        self.parts.clear();
        self.parts.extend_from_slice(rows.parts(at));
        advance_clock(
            &mut self.socket,
            &mut self.parts,
            rows.age_state(at).aged_ms,
        );
    }

    /// Decodes changes of the socket.
    pub(super) fn decode_changes(
        &mut self,
        plan: Plan<'_>,
        readers: &mut StreamReaders<'_, '_>,
    ) -> Result<(), Corrupt> {
        let mut before = self.socket;
        plan.decode_fixed_changes(&mut self.socket, &mut self.side, readers.cells)?;
        resize_parts(&mut self.parts, &mut before, &self.socket);
        plan.decode_word_changes(
            &self.socket,
            before.send_queue,
            &mut self.parts,
            readers.cells,
        )
    }

    /// Decodes a new socket; `last` has the cells of the new socket before, by stream.
    fn decode_new(
        &mut self,
        plan: Plan<'_>,
        readers: &mut StreamReaders<'_, '_>,
        last: &mut [u64],
    ) -> Result<(), Corrupt> {
        let cells = plan.decode_new_fixed(readers.cells, last)?;
        self.socket = blank_socket();
        load_fixed_cells(&cells, &mut self.socket, &mut self.side)?;
        self.parts.clear();
        self.parts.resize(parts_len(&self.socket), 0);
        plan.decode_new_words(&self.socket, &mut self.parts, readers.cells, last)
    }
}

/// Builds sockets from the sets of streams of a chunk.
#[derive(Debug)]
pub(super) struct RowBuilder {
    pub(super) plans: PlanTable,
    /// The socket that was built last.
    pub(super) scratch: RowScratch,
    /// Buffer for the streams of a set.
    set: Vec<u16>,
    /// Cells of the new socket before, by stream.
    last: Box<[u64; STREAM_COUNT]>,
}

/// Returns a socket whose every field has a cell of 0.
fn blank_socket() -> Socket {
    let ends = Ends::Packet { ethertype: 0 };
    Socket::new(0, 0, Family::Inet, Protocol::Tcp, State::Closed, ends)
}

impl Default for RowBuilder {
    fn default() -> Self {
        RowBuilder {
            plans: PlanTable::default(),
            scratch: RowScratch {
                socket: blank_socket(),
                side: SideRefs::default(),
                parts: Vec::new(),
            },
            set: Vec::new(),
            last: Box::new([0; STREAM_COUNT]),
        }
    }
}

impl RowBuilder {
    /// Starts a new chunk.
    pub(super) fn clear(&mut self) {
        self.plans.clear();
    }

    /// Starts a new frame.
    pub(super) fn begin_frame(&mut self) {
        self.last.fill(0);
    }

    /// Bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.plans.heap_bytes()
    }

    /// Decodes new sets of streams. Each is used in this frame, so that there are at most `uses`.
    pub(super) fn decode_new_sets(
        &mut self,
        mut reader: ByteReader<'_>,
        uses: usize,
        budget: &mut AllocBudget,
    ) -> Result<(), Corrupt> {
        let mut left = uses;
        while !reader.is_empty() {
            left = left
                .checked_sub(1)
                .ok_or(Corrupt("more sets of streams are defined than used"))?;
            let mut expected = 0usize;
            let count = reader.count()?;
            budget.spend(PlanTable::max_plan_bytes(count))?;
            self.set.clear();
            for _ in 0..count {
                let stream = expected.saturating_add(reader.number()?);
                expected = stream.saturating_add(1);
                // Streams of later versions are skipped together with their cells.
                if stream < STREAM_COUNT {
                    self.set.push(stream as u16);
                }
            }
            self.plans.push(&self.set);
        }
        Ok(())
    }

    /// Decodes a new socket into the scratch.
    pub(super) fn decode_new(
        &mut self,
        readers: &mut StreamReaders<'_, '_>,
    ) -> Result<(), Corrupt> {
        let plan = self.plans.next(readers)?;
        self.scratch.decode_new(plan, readers, &mut self.last[..])
    }

    /// Decodes the changes of a row's socket into the scratch.
    pub(super) fn decode_changed(
        &mut self,
        rows: &RowStore,
        at: u32,
        readers: &mut StreamReaders<'_, '_>,
    ) -> Result<(), Corrupt> {
        let plan = self.plans.next(readers)?;
        self.scratch.load(rows, at);
        self.scratch.decode_changes(plan, readers)
    }
}
