//! Reads what sockets share in a frame: gaps, sets of streams, ages and cells.

use crate::recording::error::Corrupt;
use crate::recording::varint::ByteReader;

/// Readers that all sockets of a frame consume in turn.
pub(super) struct StreamReaders<'a, 'b> {
    /// Gaps of sockets that did not change in the Sample before, and of those that did.
    gaps: [ByteReader<'a>; 2],
    /// Unchanged sockets left before the next changed one, of either kind.
    gap: [u64; 2],
    /// Numbers of sets of streams.
    pub(super) sets: ByteReader<'a>,
    /// Cells, by stream.
    pub(super) cells: &'b mut [ByteReader<'a>],
    ages: ByteReader<'a>,
    /// Deviation of the last socket's clock, ms, and the number of sockets that still share it.
    deviation_ms: i64,
    run: u64,
}

impl<'a, 'b> StreamReaders<'a, 'b> {
    /// Starts to read a frame.
    pub(super) fn new(
        gaps: [ByteReader<'a>; 2],
        sets: ByteReader<'a>,
        ages: ByteReader<'a>,
        cells: &'b mut [ByteReader<'a>],
    ) -> Result<StreamReaders<'a, 'b>, Corrupt> {
        let mut readers = StreamReaders {
            gaps,
            gap: [0; 2],
            sets,
            cells,
            ages,
            deviation_ms: 0,
            run: 0,
        };
        readers.next_gap(0)?;
        readers.next_gap(1)?;
        readers.next_run()?;
        Ok(readers)
    }

    /// Reports whether the next socket changes, which did or did not change in the Sample before.
    #[inline]
    pub(super) fn changes(&mut self, changed_before: bool) -> Result<bool, Corrupt> {
        let kind = usize::from(changed_before);
        if self.gap[kind] > 0 {
            self.gap[kind] -= 1;
            return Ok(false);
        }
        self.next_gap(kind)?;
        Ok(true)
    }

    fn next_gap(&mut self, kind: usize) -> Result<(), Corrupt> {
        let gaps = &mut self.gaps[kind];
        self.gap[kind] = if gaps.is_empty() {
            u64::MAX
        } else {
            gaps.varint()?
        };
        Ok(())
    }

    /// Returns the deviation of the next socket's clock from the time between the Samples, ms.
    #[inline]
    pub(super) fn clock_deviation_ms(&mut self) -> Result<i64, Corrupt> {
        if self.run == 0 && !self.ages.is_empty() {
            self.deviation_ms = self.deviation_ms.wrapping_add(self.ages.signed()?);
            self.next_run()?;
        } else {
            self.run = self.run.saturating_sub(1);
        }
        Ok(self.deviation_ms)
    }

    fn next_run(&mut self) -> Result<(), Corrupt> {
        self.run = if self.ages.is_empty() {
            u64::MAX
        } else {
            self.ages.varint()?
        };
        Ok(())
    }
}
