//! The map from a socket's inode to the descriptors that refer to it.

use rustc_hash::FxHashMap;

/// One descriptor that refers to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    /// Slot of the process; see [`Owners::process`](super::Owners::process).
    pub process: u32,
    /// The descriptor's number in that process.
    pub fd: u32,
}

/// In place of a slot: `fd` is an index into [`Handles::many`].
const SHARED: u32 = u32::MAX;

/// Socket inode → handles. Nearly all sockets have one holder, which lies in the table itself; only those with several
/// own a list.
#[derive(Debug, Default)]
pub(super) struct Handles {
    table: FxHashMap<u32, Handle>,
    many: Vec<Vec<Handle>>,
    free: Vec<u32>,
}

impl Handles {
    /// The descriptors that refer to `inode`, ordered by process and number.
    #[inline]
    pub(super) fn get(&self, inode: u32) -> &[Handle] {
        match self.table.get(&inode) {
            None => &[],
            Some(handle) if handle.process == SHARED => {
                self.many.get(handle.fd as usize).map_or(&[], Vec::as_slice)
            }
            Some(handle) => std::slice::from_ref(handle),
        }
    }

    /// Whether any descriptor refers to `inode`.
    #[inline]
    pub(super) fn contains(&self, inode: u32) -> bool {
        self.table.contains_key(&inode)
    }

    /// Makes room for `more` inodes, so that a first scan does not grow the table step by step.
    pub(super) fn reserve(&mut self, more: usize) {
        self.table.reserve(more);
    }

    pub(super) fn add(&mut self, inode: u32, handle: Handle) {
        let known = self.table.entry(inode).or_insert(handle);
        if *known == handle {
            return;
        }
        if known.process == SHARED {
            if let Some(list) = self.many.get_mut(known.fd as usize)
                && let Err(at) = list.binary_search(&handle)
            {
                list.insert(at, handle);
            }
            return;
        }
        let mut list = vec![*known, handle];
        list.sort_unstable();
        let at = if let Some(at) = self.free.pop() {
            self.many[at as usize] = list;
            at
        } else {
            self.many.push(list);
            (self.many.len() - 1) as u32
        };
        *known = Handle {
            process: SHARED,
            fd: at,
        };
    }

    pub(super) fn remove(&mut self, inode: u32, handle: Handle) {
        let Some(known) = self.table.get_mut(&inode) else {
            return;
        };
        if *known == handle {
            self.table.remove(&inode);
        } else if known.process == SHARED {
            let at = known.fd;
            let Some(list) = self.many.get_mut(at as usize) else {
                return;
            };
            list.retain(|other| *other != handle);
            if let [last] = list[..] {
                *known = last;
                *list = Vec::new();
                self.free.push(at);
            }
        }
    }

    /// Gives memory back after a flood of sockets has gone.
    pub(super) fn shrink(&mut self) {
        if self.table.capacity() > 4096 && self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to(self.table.len() * 2);
        }
        if self.many.len() == self.free.len() && !self.many.is_empty() {
            self.many = Vec::new();
            self.free = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(process: u32, fd: u32) -> Handle {
        Handle { process, fd }
    }

    #[test]
    fn holders_are_in_order_and_come_and_go() {
        let mut handles = Handles::default();
        handles.add(7, handle(2, 5));
        assert_eq!(handles.get(7), [handle(2, 5)]);
        handles.add(7, handle(1, 9));
        handles.add(7, handle(2, 4));
        handles.add(7, handle(2, 4));
        assert_eq!(handles.get(7), [handle(1, 9), handle(2, 4), handle(2, 5)]);
        handles.remove(7, handle(2, 4));
        handles.remove(7, handle(3, 3));
        handles.remove(7, handle(1, 9));
        assert_eq!(handles.get(7), [handle(2, 5)]);
        handles.remove(7, handle(2, 5));
        assert!(!handles.contains(7));
        handles.shrink();
        handles.add(8, handle(0, 0));
        handles.add(8, handle(0, 1));
        assert_eq!(handles.get(8).len(), 2);
    }
}
