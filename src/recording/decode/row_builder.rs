//! Builds one socket at a time from its cells, in a scratch buffer. [`SocketDecoder`](super::sockets) and
//! [`ClosedDecoder`](super::closed) copy it from there.

use super::plan::{Plan, PlanTable};
use super::streams::StreamReaders;
use crate::model::{Ends, Family, Protocol, Socket, State};
use crate::recording::aging::advance_clock;
use crate::recording::alloc_budget::AllocBudget;
use crate::recording::error::Corrupt;
use crate::recording::row_store::{RowStore, parts_len, resize_parts};
use crate::recording::stream::{STREAM_COUNT, SideRefs, load_fixed_cells};
use crate::recording::varint::ByteReader;

/// A socket that is being built outside of the rows.
#[derive(Debug)]
pub(super) struct RowScratch {
    /// The socket, without indices into a Sample.
    pub(super) socket: Socket,
    /// Numbers of its strings and of its first holder.
    pub(super) side: SideRefs,
    /// Its parts one after the other: info, memory, congestion control.
    pub(super) parts: Vec<u8>,
}

impl RowScratch {
    /// Copies row `at`, with its clock advanced to the current frame.
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

    /// Decodes the changes of the socket that was loaded.
    ///
    /// # Errors
    /// If a cell is missing, or a field or word cannot have its value.
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

    /// Decodes a new socket. `last` has the last new socket's cells of the frame, by stream; they are replaced.
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
///
/// For each frame [`Self::decode_new_sets`] and [`Self::begin_frame`] are called first, then [`Self::decode_new`] or
/// [`Self::decode_changed`] for each socket.
#[derive(Debug)]
pub(super) struct RowBuilder {
    /// The sets that the chunk has defined so far.
    pub(super) plans: PlanTable,
    /// The socket that was built last.
    pub(super) scratch: RowScratch,
    /// Buffer for the streams of a set.
    set: Vec<u16>,
    /// Cells of the frame's last new socket, by stream; 0 before the first.
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
    /// Removes all sets, for a new chunk.
    pub(super) fn clear(&mut self) {
        self.plans.clear();
    }

    /// Starts a new frame, whose first new socket is predicted from zeros.
    pub(super) fn begin_frame(&mut self) {
        self.last.fill(0);
    }

    /// Returns the bytes of memory in use.
    pub(super) fn heap_bytes(&self) -> usize {
        self.plans.heap_bytes()
    }

    /// Decodes the sets of streams that a frame defines: each is the number of its streams, and each stream as the
    /// distance from the one before. A frame defines only sets that it uses, so that there are at most `uses`.
    ///
    /// # Errors
    /// If the section is corrupt, has more sets than that, or takes too much memory.
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
                .ok_or(Corrupt("more sets of streams defined than used"))?;
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

    /// Decodes a new socket into the scratch buffer.
    ///
    /// # Errors
    /// If its set is not defined, a cell is missing, or a field or word cannot have its value.
    pub(super) fn decode_new(
        &mut self,
        readers: &mut StreamReaders<'_, '_>,
    ) -> Result<(), Corrupt> {
        let plan = self.plans.next(readers)?;
        self.scratch.decode_new(plan, readers, &mut self.last[..])
    }

    /// Decodes a socket that is based on row `at` into the scratch buffer. The row stays as it is.
    ///
    /// # Errors
    /// Like [`Self::decode_new`].
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
