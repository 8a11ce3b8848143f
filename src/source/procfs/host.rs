//! Which machine, and which of its networks.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::model::Host;

/// The machine. Kernel: `uname(2)` and `sys/kernel/random/boot_id` below `root`; the boot id is empty where it cannot be
/// read.
pub fn host(root: &Path) -> Host {
    let names = rustix::system::uname();
    let boot_id = std::fs::read_to_string(root.join("sys/kernel/random/boot_id"));
    Host {
        hostname: names.nodename().to_string_lossy().into_owned(),
        kernel: names.release().to_string_lossy().into_owned(),
        boot_id: boot_id.unwrap_or_default().trim().to_owned(),
    }
}

/// The network namespace of the calling thread. Kernel: inode of `/proc/thread-self/ns/net`.
///
/// # Errors
/// When the namespace cannot be looked at: no procfs at `root`, or a kernel without network namespaces.
pub fn network_namespace(root: &Path) -> io::Result<u32> {
    let metadata = std::fs::metadata(root.join("thread-self/ns/net"))
        .or_else(|_| std::fs::metadata(root.join("self/ns/net")))?;
    u32::try_from(metadata.ino()).map_err(io::Error::other)
}

/// Inode of the first pid namespace. Kernel: `PROC_PID_INIT_INO`, `include/uapi/linux/nsfs.h`.
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Whether `root` shows only the processes of one pid namespace among others, so that processes exist which are not in
/// it. Kernel: inode of `/proc/self/ns/pid`, and `NSpid` in `status`, which has one number more for each namespace
/// between that of the mount and ours.
pub fn hides_namespaces(root: &Path) -> bool {
    let Ok(own) = std::fs::metadata(root.join("self/ns/pid")) else {
        return false;
    };
    let status = std::fs::read_to_string(root.join("self/status")).unwrap_or_default();
    let numbers = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))
        .map_or(1, |numbers| numbers.split_whitespace().count());
    own.ino() != FIRST_PID_NAMESPACE && numbers == 1
}

/// When the process that has this pid now started, clock ticks since boot. Kernel: field 22 of `/proc/PID/stat`.
pub fn start_time(pid: u32) -> Option<u64> {
    let process = i32::try_from(pid).ok()?;
    let stat = procfs::process::Process::new(process).ok()?.stat().ok()?;
    Some(stat.starttime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_kernel_a_boot_and_a_network() {
        let root = Path::new("/proc");
        let host = host(root);
        assert!(!host.kernel.is_empty());
        assert_eq!(host.boot_id.len(), 36, "a UUID");
        let link = std::fs::read_link("/proc/thread-self/ns/net").expect("a link");
        let inode = network_namespace(root).expect("a namespace");
        assert_eq!(link.to_string_lossy(), format!("net:[{inode}]"));
    }

    #[test]
    fn without_procfs_the_boot_is_unknown_and_the_network_an_error() {
        let empty = tempfile::tempdir().expect("a directory");
        assert_eq!(host(empty.path()).boot_id, "");
        assert!(network_namespace(empty.path()).is_err());
    }
}
