//! Determines whether the processes of a socket's cgroup are outside of this pid namespace.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::cgroup_paths::{CgroupPaths, cgroup2_mount_with_options};

/// Id of the root of the hierarchy, to which kernel sockets belong as well. Kernel: `kernfs_create_root`.
const ROOT_CGROUP: u64 = 1;

/// Inode of the initial cgroup namespace. Kernel: `PROC_CGROUP_INIT_INO`, `include/uapi/linux/nsfs.h`.
const FIRST_CGROUP_NAMESPACE: u64 = 0xEFFF_FFFB;

/// Processes of a cgroup, without those of the cgroups below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Members {
    /// Some are in this pid namespace.
    inside: bool,
    /// Some are not.
    outside: bool,
}

/// Finds out which cgroups have only processes outside of this pid namespace. A socket belongs to the cgroup of the
/// process that opened it.
#[derive(Debug)]
pub struct OutsideCgroups {
    root: PathBuf,
    paths: CgroupPaths,
}

impl OutsideCgroups {
    /// Creates it without reading anything. `root` is the mount point of procfs.
    pub fn new(root: &Path) -> OutsideCgroups {
        OutsideCgroups {
            root: root.to_owned(),
            paths: CgroupPaths::new(root),
        }
    }

    /// Reports whether it is proven that all processes of the cgroup with this id are outside of this pid namespace.
    /// `now_ns` is monotonic time.
    ///
    /// If the cgroup is visible, its list of processes proves it. If it is not, it is outside of this cgroup namespace
    /// or has been removed; nobody can remove one where the hierarchy is mounted read-only, as in most containers.
    pub fn contains(&mut self, id: u64, now_ns: u64) -> bool {
        if id <= ROOT_CGROUP {
            return false;
        }
        let Some(mount) = cgroup2_mount_with_options(&self.root) else {
            return false;
        };
        match self.paths.path(id, now_ns) {
            Some(path) => {
                let list = mount.point.join(path.trim_start_matches('/'));
                let pids = fs::read_to_string(list.join("cgroup.procs"));
                pids.is_ok_and(|pids| {
                    let members = members(&pids);
                    members.outside && !members.inside
                })
            }
            None => mount.read_only && self.is_in_own_cgroup_namespace(),
        }
    }

    fn is_in_own_cgroup_namespace(&self) -> bool {
        let own = fs::metadata(self.root.join("self/ns/cgroup"));
        own.is_ok_and(|own| own.ino() != FIRST_CGROUP_NAMESPACE)
    }
}

/// Parses `cgroup.procs`, which has 0 for each process outside of the reader's pid namespace.
fn members(pids: &str) -> Members {
    let mut members = Members::default();
    for pid in pids.lines() {
        members.outside |= pid == "0";
        members.inside |= pid != "0";
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A procfs and a cgroup-2 mount with the options, with the processes of one cgroup.
    fn tree(options: &str, pids: &str) -> (tempfile::TempDir, OutsideCgroups, u64) {
        let home = tempfile::tempdir().expect("a directory");
        let group = home.path().join("mount/a.slice");
        fs::create_dir_all(&group).expect("created");
        fs::write(group.join("cgroup.procs"), pids).expect("written");
        fs::create_dir_all(home.path().join("proc/self/ns")).expect("created");
        fs::write(home.path().join("proc/self/ns/cgroup"), "").expect("written");
        let point = home.path().join("mount").display().to_string();
        let line = format!("24 1 0:22 / {point} {options} - cgroup2 cgroup2 rw\n");
        fs::write(home.path().join("proc/self/mountinfo"), line).expect("written");
        let id = fs::metadata(&group).expect("exists").ino();
        let groups = OutsideCgroups::new(&home.path().join("proc"));
        (home, groups, id)
    }

    #[test]
    fn only_a_group_without_processes_of_this_namespace_is_outside() {
        for (pids, expected) in [
            ("0\n0\n", true),
            ("0\n17\n", false),
            ("17\n", false),
            ("", false),
        ] {
            let (_home, mut groups, id) = tree("rw", pids);
            assert_eq!(groups.contains(id, 1), expected, "{pids:?}");
        }
    }

    #[test]
    fn an_invisible_group_is_outside_only_where_none_can_have_been_removed() {
        let (_home, mut writable, _) = tree("rw,nosuid", "0\n");
        assert!(!writable.contains(u64::MAX, 1));
        let (_home, mut read_only, _) = tree("ro,nosuid", "0\n");
        assert!(read_only.contains(u64::MAX, 1));
        assert!(!read_only.contains(ROOT_CGROUP, 1), "it has kernel sockets");
        assert!(!read_only.contains(0, 1), "the kernel did not report it");
    }
}
