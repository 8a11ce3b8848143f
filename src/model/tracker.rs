//! Per-socket state that is kept from one Sample to the next.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::{Seed, SocketKey};

/// Marks the end of a chain.
const NONE: u32 = u32::MAX;

/// A map keyed by [`SocketKey`], optimized for lookups that repeat in the same order.
///
/// The kernel iterates its tables in a fixed order, so a socket's successor in one dump is nearly always its successor
/// in the next one. Each entry links to the entry that was visited after it. Following the link needs no hashing; the
/// index is used only where sockets opened or closed.
#[derive(Debug)]
pub struct Tracker<T> {
    entries: Vec<Entry<T>>,
    /// Positions in `entries`, found by the key stored there: keys are not stored twice.
    index: HashTable<u32>,
    seed: Seed,
    free: Vec<u32>,
    /// The entry visited last in this round.
    last: u32,
    /// The entry visited first in the previous round.
    first: u32,
    round: u32,
}

#[derive(Debug)]
struct Entry<T> {
    key: SocketKey,
    next: u32,
    /// Round of its last visit; 0 if the entry is free.
    seen: u32,
    value: T,
}

/// Result of [`Tracker::visit`].
#[derive(Debug, PartialEq, Eq)]
pub enum Visit<'a, T> {
    /// Visited for the first time; the value is the default.
    New(&'a mut T),
    /// Known from an earlier round.
    Known(&'a mut T),
    /// Already visited in this round: the kernel reported it twice.
    Repeated(&'a mut T),
}

impl<T> Default for Tracker<T> {
    fn default() -> Self {
        Tracker {
            entries: Vec::new(),
            index: HashTable::new(),
            seed: Seed::default(),
            free: Vec::new(),
            last: NONE,
            first: NONE,
            round: 1,
        }
    }
}

impl<T: Default> Tracker<T> {
    /// Returns the number of tracked sockets.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Reports whether no socket is tracked.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Begins a new round, in which every socket may be visited again: about `sockets` of them.
    pub fn begin_round(&mut self, sockets: usize) {
        // A vector that doubles would take up to three times the memory for a moment.
        if sockets > self.entries.capacity() {
            let missing = sockets - self.entries.len();
            self.entries.reserve_exact(missing + sockets / 16);
        }
        self.round = self.round.checked_add(1).unwrap_or(1);
        self.last = NONE;
    }

    /// Returns the value of `key`, inserting it if it is new, and marks it as visited in this round.
    #[inline]
    pub fn visit(&mut self, key: SocketKey) -> Visit<'_, T> {
        let guess = match self.last {
            NONE => self.first,
            last => self
                .entries
                .get(last as usize)
                .map_or(NONE, |entry| entry.next),
        };
        let (at, known) = match self.entries.get(guess as usize) {
            Some(entry) if entry.key == key && entry.seen != 0 => (guess, true),
            _ => match self.find(key) {
                Some(at) => (at, true),
                None => (self.insert(key), false),
            },
        };
        if self.last == NONE {
            self.first = at;
        } else if guess != at {
            self.entries[self.last as usize].next = at;
        }
        self.last = at;
        let round = self.round;
        let entry = &mut self.entries[at as usize];
        let repeated = entry.seen == round;
        entry.seen = round;
        match (known, repeated) {
            (false, _) => Visit::New(&mut entry.value),
            (true, true) => Visit::Repeated(&mut entry.value),
            (true, false) => Visit::Known(&mut entry.value),
        }
    }

    fn insert(&mut self, key: SocketKey) -> u32 {
        let entry = Entry {
            key,
            next: NONE,
            seen: self.round - 1,
            value: T::default(),
        };
        let at = if let Some(at) = self.free.pop() {
            self.entries[at as usize] = entry;
            at
        } else {
            self.entries.push(entry);
            (self.entries.len() - 1) as u32
        };
        let (entries, seed) = (&self.entries, &self.seed);
        self.index.insert_unique(seed.hash_one(key), at, |&at| {
            seed.hash_one(entries[at as usize].key)
        });
        at
    }

    fn find(&self, key: SocketKey) -> Option<u32> {
        self.index
            .find(self.seed.hash_one(key), |&at| {
                self.entries[at as usize].key == key
            })
            .copied()
    }

    /// Returns the value of `key` without visiting it.
    pub fn get(&self, key: SocketKey) -> Option<&T> {
        self.find(key).map(|at| &self.entries[at as usize].value)
    }

    /// Returns a mutable reference to the value of `key` without visiting it.
    pub fn get_mut(&mut self, key: SocketKey) -> Option<&mut T> {
        self.find(key)
            .map(|at| &mut self.entries[at as usize].value)
    }

    /// Removes the entries for which `keep` returns false. Its second argument is true if the socket was visited in
    /// this round.
    pub fn retain(&mut self, mut keep: impl FnMut(&SocketKey, bool, &mut T) -> bool) {
        let round = self.round;
        for (at, entry) in self.entries.iter_mut().enumerate() {
            if entry.seen != 0 && !keep(&entry.key, entry.seen == round, &mut entry.value) {
                entry.seen = 0;
                entry.value = T::default();
                let at = at as u32;
                if let Ok(place) = self
                    .index
                    .find_entry(self.seed.hash_one(entry.key), |&other| other == at)
                {
                    place.remove();
                }
                self.free.push(at);
            }
        }
        if self.entries.len() > 1024 && self.index.len() < self.entries.len() / 4 {
            self.shrink();
        }
    }

    /// Releases memory after a burst of sockets. The next round looks up each socket in the index once.
    fn shrink(&mut self) {
        self.entries.retain(|entry| entry.seen != 0);
        self.entries.shrink_to_fit();
        self.free = Vec::new();
        self.index.clear();
        for entry in &mut self.entries {
            entry.next = NONE;
        }
        let (entries, seed) = (&self.entries, &self.seed);
        let hash_at = |&at: &u32| seed.hash_one(entries[at as usize].key);
        self.index.shrink_to(entries.len(), hash_at);
        for at in 0..entries.len() as u32 {
            self.index.insert_unique(hash_at(&at), at, hash_at);
        }
        self.first = NONE;
        self.last = NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(cookie: u64) -> SocketKey {
        SocketKey {
            netns: 1,
            cookie,
            association: 0,
        }
    }

    #[test]
    fn a_value_is_kept_while_its_socket_is_visited_in_any_order() {
        let mut tracker = Tracker::<u64>::default();
        for round in 0..20u64 {
            tracker.begin_round(0);
            let mut order: Vec<u64> = (0..50).collect();
            order.rotate_left(round as usize % 7);
            if round % 3 == 0 {
                order.reverse();
            }
            for cookie in order {
                match tracker.visit(key(cookie)) {
                    Visit::New(value) => {
                        assert_eq!(round, 0);
                        *value = cookie * 10;
                    }
                    Visit::Known(value) => assert_eq!(*value, cookie * 10),
                    Visit::Repeated(_) => panic!("visited once"),
                }
            }
        }
        assert_eq!(tracker.len(), 50);
    }

    #[test]
    fn a_socket_reported_twice_in_a_round_is_repeated() {
        let mut tracker = Tracker::<u8>::default();
        tracker.begin_round(0);
        assert!(matches!(tracker.visit(key(1)), Visit::New(_)));
        assert!(matches!(tracker.visit(key(1)), Visit::Repeated(_)));
        tracker.begin_round(0);
        assert!(matches!(tracker.visit(key(1)), Visit::Known(_)));
    }

    #[test]
    fn what_is_forgotten_comes_back_as_new_and_its_place_is_used_again() {
        let mut tracker = Tracker::<u8>::default();
        tracker.begin_round(0);
        for cookie in 0..5000 {
            tracker.visit(key(cookie));
        }
        tracker.begin_round(0);
        for cookie in 0..10 {
            tracker.visit(key(cookie));
        }
        tracker.retain(|_, seen, _| seen);
        assert_eq!(tracker.len(), 10);
        assert!(tracker.entries.len() <= 10, "a flood gives its memory back");
        tracker.begin_round(0);
        for cookie in 0..10 {
            assert!(matches!(tracker.visit(key(cookie)), Visit::Known(_)));
        }
        assert!(matches!(tracker.visit(key(77)), Visit::New(_)));
    }
}
