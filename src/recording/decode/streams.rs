//! What sockets read from as they come.

use crate::recording::varint::{Broken, Cursor};

/// What sockets read from as they come.
pub(super) struct Streams<'a, 'b> {
    pub(super) gaps: Cursor<'a>,
    pub(super) patterns: Cursor<'a>,
    pub(super) ages: Cursor<'a>,
    pub(super) columns: &'b mut [Cursor<'a>],
    /// Sockets that stay the same before the next that changes.
    pub(super) gap: u64,
    /// Sockets for which the clock went on like for the last, and ms by which that is more than between the Samples.
    pub(super) run: u64,
    pub(super) lag: i64,
}

impl Streams<'_, '_> {
    /// Whether the next socket that goes on changes.
    #[inline]
    pub(super) fn changes(&mut self) -> Result<bool, Broken> {
        if self.gap > 0 {
            self.gap -= 1;
            return Ok(false);
        }
        self.next_gap()?;
        Ok(true)
    }

    pub(super) fn next_gap(&mut self) -> Result<(), Broken> {
        self.gap = if self.gaps.is_empty() {
            u64::MAX
        } else {
            self.gaps.varint()?
        };
        Ok(())
    }

    /// By how many ms more the clock went on for the next socket.
    #[inline]
    pub(super) fn lag(&mut self) -> Result<i64, Broken> {
        if self.run == 0 && !self.ages.is_empty() {
            self.lag = self.lag.wrapping_add(self.ages.signed()?);
            self.next_run()?;
        } else {
            self.run = self.run.saturating_sub(1);
        }
        Ok(self.lag)
    }

    pub(super) fn next_run(&mut self) -> Result<(), Broken> {
        self.run = if self.ages.is_empty() {
            u64::MAX
        } else {
            self.ages.varint()?
        };
        Ok(())
    }
}
