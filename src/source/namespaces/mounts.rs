//! Network namespaces that are mounted as files, as `ip netns add`, docker and CNI plugins do below `/run/netns`,
//! `/run/docker/netns` and `/var/run/netns`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use procfs::process::MountInfo;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The mounted namespaces, read again when the kernel reports that the mounts have changed.
#[derive(Debug)]
pub(super) struct MountedNamespaces {
    path: PathBuf,
    /// Open `mountinfo`, by which the kernel reports changes.
    file: Option<File>,
    /// Inode and path of each; of several paths the shortest. Ordered by inode.
    known: Vec<(u32, PathBuf)>,
}

impl MountedNamespaces {
    /// Creates an empty list. `root` is the mount point of procfs.
    pub(super) fn new(root: &Path) -> MountedNamespaces {
        MountedNamespaces {
            path: root.join("self/mountinfo"),
            file: None,
            known: Vec::new(),
        }
    }

    /// Returns the inode and path of each mounted namespace, ordered by inode, and true if they may have changed since the
    /// last call. Kernel: `/proc/self/mountinfo`, which becomes ready (`POLLPRI`) when a file system is mounted or
    /// unmounted.
    pub(super) fn get(&mut self) -> (&[(u32, PathBuf)], bool) {
        let has_changed = match &self.file {
            None => true,
            Some(file) => {
                let mut ready = [PollFd::new(file, PollFlags::PRI)];
                let timeout = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                poll(&mut ready, Some(&timeout)).is_ok_and(|ready| ready > 0)
            }
        };
        if has_changed {
            let mut text = Vec::new();
            let file = File::open(&self.path).and_then(|mut file| {
                file.read_to_end(&mut text)?;
                Ok(file)
            });
            self.file = file.ok();
            self.known = parse(&String::from_utf8_lossy(&text));
        }
        (&self.known, has_changed)
    }
}

/// Returns the network namespaces among the mounts. Malformed lines are skipped.
fn parse(mountinfo: &str) -> Vec<(u32, PathBuf)> {
    let lines = mountinfo.lines().filter(|line| line.contains(" net:["));
    let mounts = lines.filter_map(|line| MountInfo::from_line(line).ok());
    let namespaces = mounts.filter(|mount| mount.fs_type == "nsfs");
    let mut known: Vec<(u32, PathBuf)> = namespaces
        .filter_map(|mount| {
            let inode = mount.root.strip_prefix("net:[")?.strip_suffix(']')?;
            Some((inode.parse().ok()?, unescape(&mount.mount_point)?))
        })
        .collect();
    known.sort_by_key(|(inode, path)| (*inode, path.as_os_str().len()));
    known.dedup_by_key(|(inode, _)| *inode);
    known
}

/// Replaces the escapes of a path. Kernel: `seq_path` with space, tab, newline and backslash, in octal.
fn unescape(path: &Path) -> Option<PathBuf> {
    let escapes = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let text = path.to_str()?.to_owned();
    let unescaped = escapes.into_iter().fold(text, |text, (escape, meaning)| {
        text.replace(escape, meaning)
    });
    Some(PathBuf::from(unescaped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounted_network_namespaces_are_found_among_other_mounts() {
        let text = "30 29 0:4 net:[4026532281] /run/netns/blue rw shared:5 - nsfs nsfs rw\n\
                    31 29 0:4 mnt:[4026532282] /run/other rw - nsfs nsfs rw\n\
                    32 29 0:4 net:[4026532281] /run/docker/netns/blue rw - nsfs nsfs rw\n\
                    33 29 0:4 net:[x] /run/netns/odd rw - nsfs nsfs rw\n\
                    34 29 0:5 / /tmp/a\\040net:[1] rw - tmpfs tmpfs rw\n\
                    cut\n\
                    35 29 0:4 net:[7] /run/netns/a\\040b rw - nsfs nsfs rw\n";
        let expected = [(7, "/run/netns/a b"), (4_026_532_281, "/run/netns/blue")];
        let expected = expected.map(|(inode, path)| (inode, PathBuf::from(path)));
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn without_procfs_there_are_none() {
        let empty = tempfile::tempdir().expect("a directory");
        let mut mounts = MountedNamespaces::new(empty.path());
        assert!(mounts.get().0.is_empty());
    }
}
