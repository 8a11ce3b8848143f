//! Enters network namespaces apart from the visits that dump their sockets.

use std::io;

use super::enter::enter;
use super::finder::FoundNamespace;

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
        let at = self.found.binary_search_by_key(&inode, |found| found.inode);
        let found = at.ok().and_then(|at| self.found.get(at));
        let found = found.ok_or(io::ErrorKind::NotFound)?;
        enter(&found.open()?)
    }
}

/// Runs `function` in a thread of its own, which may enter the namespaces.
///
/// # Errors
/// If the thread cannot be started, or fails.
pub(super) fn run_in_thread<T: Send>(
    found: &[FoundNamespace],
    function: impl FnOnce(NamespaceEntrance<'_>) -> T + Send,
) -> io::Result<T> {
    let entrance = NamespaceEntrance { found };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("namespaces".into());
        let running = thread.spawn_scoped(scope, move || function(entrance))?;
        let result = running.join();
        result.map_err(|_| io::Error::other("the thread ended"))
    })
}
