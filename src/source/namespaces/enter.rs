//! Enters a network namespace.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::privilege::{self, ENTER_NAMESPACES, READ_PROCESSES};

/// Directories in which mounted namespaces have names.
const NAMED: [&str; 2] = ["/run/netns", "/run/docker/netns"];

/// Moves the calling thread into a network namespace. Threads that it starts later are in it, too.
///
/// # Errors
/// If the file is not that of a network namespace, or the kernel refuses.
pub(super) fn enter(file: &File) -> io::Result<()> {
    let _raised = privilege::raise(ENTER_NAMESPACES);
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
    Ok(())
}

/// Moves the calling thread into the network namespace with this name in `/run/netns`, of the process with this pid, or at
/// this path. `root` is the mount point of procfs. Threads that it starts later are in it, too.
///
/// # Errors
/// If there is none, its file cannot be opened or is not that of a network namespace, or the kernel refuses.
pub fn enter_namespace(root: &Path, name: &str) -> io::Result<()> {
    let file = if name.contains('/') {
        open(Path::new(name))?
    } else {
        let mut named = NAMED
            .iter()
            .map(|directory| Path::new(directory).join(name));
        match named.find(|path| path.exists()) {
            Some(path) => open(&path)?,
            None if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                let _raised = privilege::raise(READ_PROCESSES);
                open(&root.join(name).join("ns/net")).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => io::Error::other("no such process"),
                    _ => error,
                })?
            }
            None => return Err(io::Error::other("no such namespace")),
        }
    };
    enter(&file).map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::PERM) => io::Error::other("permission denied; requires root or CAP_SYS_ADMIN"),
        Some(Errno::INVAL) => io::Error::other("not a network namespace"),
        _ => error,
    })
}

fn open(path: &Path) -> io::Result<File> {
    // Root's own rights, of which the namespaces of other processes are part.
    let is_root = rustix::process::getuid().is_root();
    let _raised = is_root.then(|| privilege::raise(READ_PROCESSES));
    // A pipe without a writer would block.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut options = File::options();
    options
        .read(true)
        .custom_flags(flags)
        .open(PathBuf::from(path))
}
