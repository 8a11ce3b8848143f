//! Runs a function in a network namespace.

use std::fs::File;
use std::io;
use std::path::Path;

use super::enter::enter;
use super::finder::{NamespaceFinder, by_inode};
use super::on_demand::run_in_thread;
use super::open::open_namespace;
use crate::model::NamespaceHandle;
use crate::source::clock;
use crate::source::procfs::network_namespace;

/// Opens a namespace by the descriptor of a process that holds it; `None` if it is not held so, or no longer.
fn open_descriptor(root: &Path, netns: u32, handle: Option<NamespaceHandle>) -> Option<File> {
    let Some(NamespaceHandle::Descriptor { pid, fd }) = handle else {
        return None;
    };
    open_namespace(&root.join(format!("{pid}/fd/{fd}")), netns).ok()
}

/// Finds a namespace by its mount or a process in it, and opens it.
fn find(root: &Path, own: u32, netns: u32) -> io::Result<File> {
    let mut finder = NamespaceFinder::new(root, own);
    finder.refresh(clock::monotonic_ns(), None);
    let found = by_inode(finder.found(), netns);
    let gone = || io::Error::other("its network namespace cannot be found");
    found.ok_or_else(gone)?.open()
}

/// Runs `function` in the network namespace with this inode: in a thread of its own if that is another one than the calling
/// thread's. `root` is the mount point of procfs, `handle` how the namespace was entered last, if that is known: without it,
/// one that only a descriptor holds is not found.
///
/// # Errors
/// If the namespace no longer exists or this user may not enter it, and those of `function`.
pub fn run_in_namespace<T: Send>(
    root: &Path,
    netns: u32,
    handle: Option<NamespaceHandle>,
    function: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    // Without procfs, no other one can be found.
    let own = network_namespace(root).unwrap_or(netns);
    if netns == own {
        return function();
    }
    let file = match open_descriptor(root, netns, handle) {
        Some(file) => file,
        None => find(root, own, netns)?,
    };
    run_in_thread(move || {
        enter(&file)?;
        drop(file);
        function()
    })?
}
