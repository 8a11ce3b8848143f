//! Maps and sets whose hash function is seeded at random for each process.
//!
//! Remote hosts choose their addresses, local users their ports and cgroups, and the author of a recording every number in it.
//! With a hash function that is the same everywhere, 65 000 addresses of one network can be chosen to have one hash, and
//! each lookup walks them all.

use std::collections::{HashMap, HashSet};

/// The hash function of all maps and sets: that of [`hashbrown`], seeded.
pub type Seed = foldhash::fast::RandomState;

/// A map for keys that a user, a remote host or a file may choose. Iterates in another order on each run.
pub type SeededMap<K, V> = HashMap<K, V, Seed>;

/// A set like [`SeededMap`].
pub type SeededSet<T> = HashSet<T, Seed>;
