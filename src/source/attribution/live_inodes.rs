//! The inodes of the sockets in a dump.

use std::cell::OnceCell;

use crate::model::SeededSet;
use crate::model::SocketTable;

/// Set of the socket inodes of a dump, built on the first query.
pub(in crate::source) struct LiveInodes<'a> {
    rows: &'a SocketTable,
    set: OnceCell<SeededSet<u32>>,
}

impl<'a> LiveInodes<'a> {
    pub(in crate::source) fn new(rows: &'a SocketTable) -> Self {
        LiveInodes {
            rows,
            set: OnceCell::new(),
        }
    }

    /// Reports whether a socket with this inode is in the dump.
    pub(in crate::source) fn contains(&self, inode: u32) -> bool {
        self.set
            .get_or_init(|| self.rows.iter().map(|socket| socket.inode).collect())
            .contains(&inode)
    }
}
