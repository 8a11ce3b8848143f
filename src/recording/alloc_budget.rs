//! A limit on the memory that decoding may allocate.

use super::error::Corrupt;

/// Bytes that decoding may still allocate. Keeps a small file that claims to hold much from exhausting the memory.
#[derive(Debug)]
pub(super) struct AllocBudget(usize);

impl AllocBudget {
    /// Makes a budget of `bytes` bytes.
    pub(super) fn new(bytes: usize) -> AllocBudget {
        AllocBudget(bytes)
    }

    /// Spends bytes that are about to be allocated.
    ///
    /// # Errors
    /// If fewer are left.
    #[inline]
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Corrupt> {
        let left = self.0.checked_sub(bytes);
        self.0 = left.ok_or(Corrupt("it takes more room than it can need"))?;
        Ok(())
    }

    /// Bytes left.
    pub(super) fn left(&self) -> usize {
        self.0
    }
}
