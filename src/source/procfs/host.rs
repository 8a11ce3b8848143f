//! Identifies the host and the namespaces of this process.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use procfs::FromRead as _;
use procfs::process::Status;

use crate::model::Host;

/// Reads the host's names and boot id, which is empty if it cannot be read. Kernel: `uname(2)` and
/// `sys/kernel/random/boot_id` below `root`; `procfs::sys` reads it only below `/proc`.
pub fn read_host(root: &Path) -> Host {
    let names = rustix::system::uname();
    let boot_id = std::fs::read_to_string(root.join("sys/kernel/random/boot_id"));
    Host {
        hostname: names.nodename().to_string_lossy().into_owned(),
        kernel: names.release().to_string_lossy().into_owned(),
        boot_id: boot_id.unwrap_or_default().trim().to_owned(),
    }
}

/// Returns the network namespace of the calling thread. Kernel: inode of `/proc/thread-self/ns/net`.
///
/// # Errors
/// If the namespace cannot be read: no procfs at `root`, or a kernel without network namespaces.
pub fn network_namespace(root: &Path) -> io::Result<u32> {
    let metadata = std::fs::metadata(root.join("thread-self/ns/net"))
        .or_else(|_| std::fs::metadata(root.join("self/ns/net")))?;
    u32::try_from(metadata.ino()).map_err(io::Error::other)
}

/// Inode of the initial pid namespace. Kernel: `PROC_PID_INIT_INO`, `include/uapi/linux/nsfs.h`.
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Reports whether `root` lists only the processes of one pid namespace among others, so that some processes are not
/// listed. Kernel: inode of `/proc/self/ns/pid`, and `NSpid` in `status`, which has one more number for each namespace
/// between that of the mount and ours.
pub fn hides_pid_namespaces(root: &Path) -> bool {
    let Ok(own) = std::fs::metadata(root.join("self/ns/pid")) else {
        return false;
    };
    let status = Status::from_file(root.join("self/status")).ok();
    let pids = status.and_then(|status| status.nspid);
    own.ino() != FIRST_PID_NAMESPACE && pids.is_none_or(|pids| pids.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_kernel_a_boot_and_a_network() {
        let root = Path::new("/proc");
        let host = read_host(root);
        assert!(!host.kernel.is_empty());
        assert_eq!(host.boot_id.len(), 36, "a UUID");
        let link = std::fs::read_link("/proc/thread-self/ns/net").expect("a link");
        let inode = network_namespace(root).expect("a namespace");
        assert_eq!(link.to_string_lossy(), format!("net:[{inode}]"));
    }

    #[test]
    fn without_procfs_the_boot_is_unknown_and_the_network_an_error() {
        let empty = tempfile::tempdir().expect("a directory");
        assert_eq!(read_host(empty.path()).boot_id, "");
        assert!(network_namespace(empty.path()).is_err());
    }
}
