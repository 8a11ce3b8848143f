//! What sockets read from as they come.

use crate::recording::varint::{Broken, Cursor};

/// What sockets read from as they come.
pub(super) struct Streams<'a, 'b> {
    /// For those that stayed the same before, and for those that changed.
    pub(super) gaps: [Cursor<'a>; 2],
    pub(super) patterns: Cursor<'a>,
    pub(super) ages: Cursor<'a>,
    pub(super) columns: &'b mut [Cursor<'a>],
    /// Sockets of each kind that stay the same before the next that changes.
    pub(super) gap: [u64; 2],
    /// How many kinds there are.
    pub(super) kinds: usize,
    /// Sockets for which the clock went on like for the last, and ms by which that is more than between the Samples.
    pub(super) run: u64,
    pub(super) lag: i64,
}

impl Streams<'_, '_> {
    /// Whether the next socket that goes on changes, which did so before or did not.
    #[inline]
    pub(super) fn changes(&mut self, before: bool) -> Result<bool, Broken> {
        let kind = usize::from(before) & (self.kinds - 1);
        if self.gap[kind] > 0 {
            self.gap[kind] -= 1;
            return Ok(false);
        }
        self.next_gap(kind)?;
        Ok(true)
    }

    pub(super) fn next_gap(&mut self, kind: usize) -> Result<(), Broken> {
        let gaps = &mut self.gaps[kind];
        self.gap[kind] = if gaps.is_empty() {
            u64::MAX
        } else {
            gaps.varint()?
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
