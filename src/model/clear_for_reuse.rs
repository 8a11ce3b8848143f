//! Collections that are cleared for reuse and release memory that they no longer need.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

/// Number of elements below which memory is not released.
const SMALL: usize = 4096;

/// A collection that is cleared and refilled for every Sample.
pub trait ClearForReuse {
    /// Clears the collection and keeps its memory for reuse. If only a small part of the capacity was used, as after a
    /// burst, most of the memory is released.
    fn clear_for_reuse(&mut self);
}

/// Returns how much of `capacity` to keep after a use of `len` elements.
fn retained_capacity(len: usize, capacity: usize) -> usize {
    if capacity > SMALL && len < capacity / 8 {
        len * 2
    } else {
        capacity
    }
}

impl<T> ClearForReuse for Vec<T> {
    fn clear_for_reuse(&mut self) {
        let len = self.len();
        self.clear();
        self.shrink_to(retained_capacity(len, self.capacity()));
    }
}

impl<K: Eq + Hash, V, S: BuildHasher> ClearForReuse for HashMap<K, V, S> {
    fn clear_for_reuse(&mut self) {
        let len = self.len();
        self.clear();
        self.shrink_to(retained_capacity(len, self.capacity()));
    }
}

impl<T: Eq + Hash, S: BuildHasher> ClearForReuse for HashSet<T, S> {
    fn clear_for_reuse(&mut self) {
        let len = self.len();
        self.clear();
        self.shrink_to(retained_capacity(len, self.capacity()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_while_it_is_needed_and_goes_after_a_flood() {
        let mut rows: Vec<u64> = Vec::new();
        rows.extend(0..100_000);
        rows.clear_for_reuse();
        assert!(rows.is_empty() && rows.capacity() >= 100_000);
        rows.extend(0..50_000);
        rows.clear_for_reuse();
        assert!(rows.capacity() >= 100_000, "half as much may double again");
        rows.extend(0..100);
        rows.clear_for_reuse();
        assert!(rows.capacity() <= 1000, "{}", rows.capacity());

        let mut map: HashMap<u64, u64> = (0..100_000).map(|n| (n, n)).collect();
        map.clear_for_reuse();
        assert!(map.capacity() >= 100_000);
        map.insert(1, 1);
        map.clear_for_reuse();
        assert!(map.capacity() < SMALL);

        let mut set: HashSet<u64> = (0..100_000).collect();
        set.clear_for_reuse();
        assert!(set.is_empty() && set.capacity() >= 100_000);
        set.clear_for_reuse();
        assert!(set.capacity() < SMALL);
    }
}
