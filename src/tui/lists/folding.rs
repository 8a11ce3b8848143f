//! Which rows of a list are unfolded.

use std::hash::Hash;
use std::sync::Arc;

use crate::model::SeededSet;

/// The rows that are unfolded: some, or all but some. A clone costs nothing, however many there are.
#[derive(Debug, Clone)]
pub(super) struct Folding<K> {
    are_unfolded: bool,
    /// The rows for which the opposite is true.
    exceptions: Arc<SeededSet<K>>,
}

impl<K> Default for Folding<K> {
    fn default() -> Self {
        Folding {
            are_unfolded: false,
            exceptions: Arc::default(),
        }
    }
}

impl<K: Copy + Eq + Hash> Folding<K> {
    /// True if a row is unfolded.
    pub(super) fn is_unfolded(&self, key: &K) -> bool {
        self.are_unfolded != self.exceptions.contains(key)
    }

    /// True if all rows are folded, as far as known without looking at them.
    pub(super) fn is_folded(&self) -> bool {
        !self.are_unfolded && self.exceptions.is_empty()
    }

    /// Folds or unfolds a row.
    pub(super) fn toggle(&mut self, key: K) {
        let exceptions = Arc::make_mut(&mut self.exceptions);
        if !exceptions.remove(&key) {
            exceptions.insert(key);
        }
    }

    /// Folds or unfolds all rows.
    pub(super) fn set_all(&mut self, are_unfolded: bool) {
        *self = Folding {
            are_unfolded,
            exceptions: Arc::default(),
        };
    }
}
