//! Collects the data of the sockets of a frame: cells by stream, and the gaps and sets that locate the sockets with
//! cells.

use crate::model::ClearForReuse;
use crate::recording::planes::PlaneSplitter;
use crate::recording::section::{self, put_section};
use crate::recording::stream::STREAM_COUNT;
use crate::recording::varint::{put_signed, put_varint};

/// Sections of a frame that sockets write, under construction.
#[derive(Debug)]
pub(super) struct StreamBuffers {
    pub(super) closed: Vec<u8>,
    pub(super) order: Vec<u8>,
    ages: Vec<u8>,
    /// Gaps of sockets that did not change in the previous Sample, and of those that did.
    gaps: [Vec<u8>; 2],
    pub(super) sets: Vec<u8>,
    pub(super) new_sets: Vec<u8>,
    pub(super) first_seen: Vec<u8>,
    /// Cells, by stream.
    pub(super) cells: Vec<Vec<u8>>,
    /// Unchanged sockets of either kind since the last changed one.
    gap: [u64; 2],
    /// Deviation of the last socket's clock from the time between the Samples, ms, and the number of sockets that have
    /// shared it so far.
    pub(super) deviation_ms: i64,
    run: u64,
    /// Cells of the previous new socket, by stream.
    pub(super) last: Box<[u64; STREAM_COUNT]>,
    splitter: PlaneSplitter,
}

impl Default for StreamBuffers {
    fn default() -> Self {
        StreamBuffers {
            closed: Vec::new(),
            order: Vec::new(),
            ages: Vec::new(),
            gaps: Default::default(),
            sets: Vec::new(),
            new_sets: Vec::new(),
            first_seen: Vec::new(),
            cells: vec![Vec::new(); STREAM_COUNT],
            gap: [0; 2],
            deviation_ms: 0,
            run: 0,
            last: Box::new([0; STREAM_COUNT]),
            splitter: PlaneSplitter::default(),
        }
    }
}

impl StreamBuffers {
    /// Starts a new frame.
    pub(super) fn clear(&mut self) {
        for stream in [
            &mut self.closed,
            &mut self.order,
            &mut self.ages,
            &mut self.sets,
            &mut self.new_sets,
            &mut self.first_seen,
        ] {
            stream.clear_for_reuse();
        }
        let cells = self.gaps.iter_mut().chain(&mut self.cells);
        cells.for_each(Vec::clear_for_reuse);
        self.splitter.clear();
        (self.gap, self.deviation_ms, self.run) = ([0; 2], 0, 0);
        self.last.fill(0);
    }

    /// Writes whether a socket changes, given whether it changed in the previous Sample.
    #[inline]
    pub(super) fn put_change(&mut self, changed_before: bool, changes: bool) {
        let gap = &mut self.gap[usize::from(changed_before)];
        if changes {
            put_varint(&mut self.gaps[usize::from(changed_before)], *gap);
            *gap = 0;
        } else {
            *gap += 1;
        }
    }

    /// Writes the deviation of a socket's clock from the time between the Samples, ms.
    #[inline]
    pub(super) fn put_clock_deviation(&mut self, deviation_ms: i64) {
        if deviation_ms == self.deviation_ms {
            self.run += 1;
        } else {
            put_varint(&mut self.ages, self.run);
            put_signed(&mut self.ages, deviation_ms.wrapping_sub(self.deviation_ms));
            (self.deviation_ms, self.run) = (deviation_ms, 0);
        }
    }

    /// Appends the sections of the frame that are not streams, and prepares [`Self::pieces`].
    pub(super) fn append_to(&mut self, out: &mut Vec<u8>) {
        put_section(out, section::CLOSED, &self.closed);
        put_section(out, section::NEW_STREAM_SETS, &self.new_sets);
        put_section(out, section::ORDER, &self.order);
        put_section(out, section::AGES, &self.ages);
        put_section(out, section::GAPS, &self.gaps[0]);
        put_section(out, section::GAPS_AGAIN, &self.gaps[1]);
        put_section(out, section::STREAM_SETS, &self.sets);
        put_section(out, section::FIRST_SEEN, &self.first_seen);
        for (stream, cells) in self.cells.iter_mut().enumerate() {
            self.splitter.add(stream, cells);
            cells.clear_for_reuse();
        }
    }

    /// Returns the sections of the streams, in several pieces.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.splitter.pieces()
    }
}
