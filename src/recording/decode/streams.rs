//! Reads the data that the sockets of a frame share: gaps, sets of streams, ages and cells. Its counterpart is
//! [`encode::streams`](crate::recording::encode).
//!
//! A *gap* is the number of unchanged sockets before the next changed one. Sockets that changed in the previous Sample
//! and those that did not have gaps of their own, because their chances to change differ. After the last gap no socket
//! of that kind changes. A *set* is a combination of streams; a changed socket has one cell in each of its streams, and
//! [`PlanTable`](super::plan) defines the sets by number. The *deviation* of a socket's clock is by how many ms its
//! ages grew more than the time between the two Samples; it is read for sockets with ages or a timer only.

use crate::recording::error::Corrupt;
use crate::recording::varint::ByteReader;

/// Readers that the sockets of a frame consume one after the other, in the order of the frame.
pub(super) struct StreamReaders<'a, 'b> {
    /// Gaps of sockets that did not change in the previous Sample, and of those that did.
    gaps: [ByteReader<'a>; 2],
    /// Unchanged sockets left before the next changed one, of either kind.
    gap: [u64; 2],
    /// For each new or changed socket the number of its set of streams.
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
    ///
    /// # Errors
    /// If a first gap or run is not an integer.
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

    /// Reports whether the next socket changes; `changed_before` is whether it changed in the previous Sample. Must be
    /// called once for each socket that both Samples have.
    ///
    /// # Errors
    /// If the next gap is not an integer.
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

    /// Reads the next gap of sockets that did not (0) or did (1) change in the previous Sample.
    fn next_gap(&mut self, kind: usize) -> Result<(), Corrupt> {
        let gaps = &mut self.gaps[kind];
        self.gap[kind] = if gaps.is_empty() {
            u64::MAX
        } else {
            gaps.varint()?
        };
        Ok(())
    }

    /// Returns the deviation of the next socket's clock from the time between the Samples, ms. Must be called once for
    /// each socket that ages.
    ///
    /// # Errors
    /// If the next deviation or run is not an integer.
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

    /// Reads how many more sockets share the deviation; all that are left after the last one.
    fn next_run(&mut self) -> Result<(), Corrupt> {
        self.run = if self.ages.is_empty() {
            u64::MAX
        } else {
            self.ages.varint()?
        };
        Ok(())
    }
}
