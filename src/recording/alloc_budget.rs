//! A limit on the memory that decoding may allocate.

use super::error::Corrupt;

/// Bytes that decoding may still allocate. Prevents a small file that claims to be large from exhausting memory.
#[derive(Debug)]
pub(super) struct AllocBudget(usize);

impl AllocBudget {
    /// Creates a budget of `bytes` bytes.
    pub(super) fn new(bytes: usize) -> AllocBudget {
        AllocBudget(bytes)
    }

    /// Spends bytes before they are allocated.
    ///
    /// # Errors
    /// If fewer bytes are left.
    #[inline]
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Corrupt> {
        let left = self.0.checked_sub(bytes);
        self.0 = left.ok_or(Corrupt("it needs more memory than a valid recording"))?;
        Ok(())
    }

    /// Returns the bytes left.
    pub(super) fn left(&self) -> usize {
        self.0
    }
}
