//! Maps socket inodes to the descriptors that refer to them.

use crate::model::SeededMap;

/// A descriptor that refers to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketDescriptor {
    /// Slot of the process; see [`Owners::process`](super::Owners::process).
    pub slot: u32,
    /// Number of the descriptor in that process.
    pub fd: u32,
}

/// Replaces the slot if `fd` is an index into [`SocketHolders::lists`].
const SHARED: u32 = u32::MAX;

/// Map of socket inodes to descriptors. Nearly all sockets have one holder, which is stored in the table itself; only
/// sockets with several have a list.
#[derive(Debug, Default)]
pub(super) struct SocketHolders {
    table: SeededMap<u32, SocketDescriptor>,
    lists: Vec<Vec<SocketDescriptor>>,
    free: Vec<u32>,
}

impl SocketHolders {
    /// Returns the descriptors that refer to `inode`, ordered by process and number.
    #[inline]
    pub(super) fn get(&self, inode: u32) -> &[SocketDescriptor] {
        match self.table.get(&inode) {
            None => &[],
            Some(holder) if holder.slot == SHARED => self
                .lists
                .get(holder.fd as usize)
                .map_or(&[], Vec::as_slice),
            Some(holder) => std::slice::from_ref(holder),
        }
    }

    /// Reports whether any descriptor refers to `inode`.
    #[inline]
    pub(super) fn contains(&self, inode: u32) -> bool {
        self.table.contains_key(&inode)
    }

    /// Reserves memory for `more` inodes, so that a first scan does not grow the table step by step.
    pub(super) fn reserve(&mut self, more: usize) {
        self.table.reserve(more);
    }

    /// Adds a descriptor, unless it is known.
    pub(super) fn insert(&mut self, inode: u32, holder: SocketDescriptor) {
        let known = self.table.entry(inode).or_insert(holder);
        if *known == holder {
            return;
        }
        if known.slot == SHARED {
            if let Some(list) = self.lists.get_mut(known.fd as usize)
                && let Err(at) = list.binary_search(&holder)
            {
                list.insert(at, holder);
            }
            return;
        }
        let mut list = vec![*known, holder];
        list.sort_unstable();
        let at = if let Some(at) = self.free.pop() {
            self.lists[at as usize] = list;
            at
        } else {
            self.lists.push(list);
            (self.lists.len() - 1) as u32
        };
        *known = SocketDescriptor {
            slot: SHARED,
            fd: at,
        };
    }

    /// Removes a descriptor, if it is known.
    pub(super) fn remove(&mut self, inode: u32, holder: SocketDescriptor) {
        let Some(known) = self.table.get_mut(&inode) else {
            return;
        };
        if *known == holder {
            self.table.remove(&inode);
        } else if known.slot == SHARED {
            let at = known.fd;
            let Some(list) = self.lists.get_mut(at as usize) else {
                return;
            };
            // Sorted, so that a socket may have thousands of them.
            if let Ok(at) = list.binary_search(&holder) {
                list.remove(at);
            }
            if let [last] = list[..] {
                *known = last;
                *list = Vec::new();
                self.free.push(at);
            }
        }
    }

    /// Releases memory after most of many sockets have been closed.
    pub(super) fn shrink(&mut self) {
        if self.table.capacity() > 4096 && self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to(self.table.len() * 2);
        }
        if self.lists.len() == self.free.len() && !self.lists.is_empty() {
            self.lists = Vec::new();
            self.free = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(slot: u32, fd: u32) -> SocketDescriptor {
        SocketDescriptor { slot, fd }
    }

    #[test]
    fn holders_are_inserted_in_order_and_removed() {
        let mut holders = SocketHolders::default();
        holders.insert(7, holder(2, 5));
        assert_eq!(holders.get(7), [holder(2, 5)]);
        holders.insert(7, holder(1, 9));
        holders.insert(7, holder(2, 4));
        holders.insert(7, holder(2, 4));
        assert_eq!(holders.get(7), [holder(1, 9), holder(2, 4), holder(2, 5)]);
        holders.remove(7, holder(2, 4));
        holders.remove(7, holder(3, 3));
        holders.remove(7, holder(1, 9));
        assert_eq!(holders.get(7), [holder(2, 5)]);
        holders.remove(7, holder(2, 5));
        assert!(!holders.contains(7));
        holders.shrink();
        holders.insert(8, holder(0, 0));
        holders.insert(8, holder(0, 1));
        assert_eq!(holders.get(8).len(), 2);
    }
}
