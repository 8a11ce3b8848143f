//! A flag by which another thread gives up a computation over all sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is set when the result of a computation is no longer needed. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Rows between two checks: some tens of microseconds.
    const ROWS: usize = 1024;

    /// Gives up the computation.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Reports whether the computation was given up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Reports the same at a position of a loop over many rows. Looks at the flag only now and then.
    #[inline]
    pub fn is_cancelled_at(&self, position: usize) -> bool {
        position.is_multiple_of(Self::ROWS) && self.is_cancelled()
    }
}
