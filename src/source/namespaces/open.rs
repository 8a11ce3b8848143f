//! Opens the file of a network namespace, and nothing else.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::privilege::{self, READ_PROCESSES};

/// Opens the file of the namespace with this inode. Another process may have replaced it by a pipe or a device: the file is
/// examined before it is opened.
///
/// # Errors
/// `NotFound` if it is that of another namespace, `EINVAL` if it is of none, and those of `open(2)`.
pub(super) fn open_namespace(path: &Path, inode: u32) -> io::Result<File> {
    let _raised = privilege::raise(READ_PROCESSES);
    let place: OwnedFd = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let stat = rustix::fs::fstat(&place)?;
    if stat.st_dev != namespace_device()? {
        return Err(Errno::INVAL.into());
    }
    if stat.st_ino != u64::from(inode) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let same = format!("/proc/self/fd/{}", place.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(same, flags, Mode::empty())?))
}

/// Returns the device number of all files of namespaces.
fn namespace_device() -> io::Result<u64> {
    static DEVICE: OnceLock<u64> = OnceLock::new();
    if let Some(device) = DEVICE.get() {
        return Ok(*device);
    }
    let own = rustix::fs::stat("/proc/self/ns/net")?;
    Ok(*DEVICE.get_or_init(|| own.st_dev))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn only_the_namespace_is_opened() {
        let path = Path::new("/proc/self/ns/net");
        let own = std::fs::metadata(path).expect("read").ino();
        assert!(open_namespace(path, own as u32).is_ok());
        let other = open_namespace(path, 7).expect_err("another");
        assert_eq!(other.kind(), io::ErrorKind::NotFound);
        // Opening it would wait for a writer.
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        let refused = open_namespace(&pipe, 7).expect_err("refused");
        assert_eq!(Errno::from_io_error(&refused), Some(Errno::INVAL));
    }
}
