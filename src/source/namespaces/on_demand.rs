//! Enters network namespaces apart from the visits that dump their sockets.

use std::io;

use super::enter::enter;
use super::finder::{FoundNamespace, by_inode};

/// The namespaces that a thread which does not return may enter.
#[derive(Debug, Clone, Copy)]
pub(in crate::source) struct NamespaceEntrance<'a> {
    found: &'a [FoundNamespace],
}

impl NamespaceEntrance<'_> {
    /// Moves the calling thread into the namespace with this inode.
    ///
    /// # Errors
    /// If it no longer exists, or the kernel refuses.
    pub(in crate::source) fn enter(self, inode: u32) -> io::Result<()> {
        let found = by_inode(self.found, inode).ok_or(io::ErrorKind::NotFound)?;
        enter(&found.open()?)
    }
}

/// Runs `function` in a thread of its own, which may enter the namespaces.
///
/// # Errors
/// If the thread cannot be started, or fails.
pub(super) fn run_with_entrance<T: Send>(
    found: &[FoundNamespace],
    function: impl FnOnce(NamespaceEntrance<'_>) -> T + Send,
) -> io::Result<T> {
    run_in_thread(|| function(NamespaceEntrance { found }))
}

/// Runs `function` in a thread of its own, which may enter a namespace: it does not return to that of the caller.
///
/// # Errors
/// If the thread cannot be started, or fails.
pub(super) fn run_in_thread<T: Send>(function: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("namespaces".into());
        let result = thread.spawn_scoped(scope, function)?.join();
        result.map_err(|_| io::Error::other("the thread ended"))
    })
}
