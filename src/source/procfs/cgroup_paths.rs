//! Resolves the cgroup ids of sockets to paths.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::SeededMap;
use procfs::process::MountInfo;

/// Minimum time between two scans of the tree, ns.
const SCAN_INTERVAL: u64 = 5_000_000_000;
/// Time before an id that a scan did not find is searched for again, ns: it may be outside our cgroup namespace.
const RETRY: u64 = 60_000_000_000;
/// Maximum number of cached paths.
const MAX_PATHS: usize = 65_536;
/// Maximum number of cached ids without a path.
const MAX_MISSING: usize = 4096;

/// Returns the mount point of the cgroup-2 hierarchy; `None` if there is none. Kernel: `self/mountinfo` below `root`,
/// the mount point of procfs.
pub(in crate::source) fn cgroup2_mount(root: &Path) -> Option<PathBuf> {
    cgroup2_mount_with_options(root).map(|mount| mount.point)
}

/// Returns the same with its options.
pub(super) fn cgroup2_mount_with_options(root: &Path) -> Option<Cgroup2Mount> {
    let text = fs::read(root.join("self/mountinfo")).ok()?;
    find_cgroup2(&text)
}

/// A mount of the cgroup-2 hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroup2Mount {
    pub(super) point: PathBuf,
    pub(super) read_only: bool,
}

/// Maps cgroup ids to paths relative to the cgroup-2 mount. An id is the inode of the cgroup's directory. The tree is
/// scanned only when an unknown id is looked up.
#[derive(Debug)]
pub struct CgroupPaths {
    root: PathBuf,
    paths: SeededMap<u64, Arc<str>>,
    /// Ids that were not found, with the time after which they may be searched for again, ns.
    missing: SeededMap<u64, u64>,
    next_scan_ns: u64,
}

impl CgroupPaths {
    /// Creates a resolver without reading anything. `root` is the mount point of procfs.
    pub fn new(root: &Path) -> CgroupPaths {
        CgroupPaths {
            root: root.to_owned(),
            paths: SeededMap::default(),
            missing: SeededMap::default(),
            next_scan_ns: 0,
        }
    }

    /// Returns the path of the cgroup with this id; `/` for the root of the mount. Returns `None` if there is no
    /// cgroup-2 mount or no such cgroup that this user can see. Paths of removed cgroups stay known.
    ///
    /// `now_ns` is monotonic time. The tree is scanned at most once in 5 s, and for the same unknown id at most once
    /// per minute.
    pub fn path(&mut self, id: u64, now_ns: u64) -> Option<Arc<str>> {
        if let Some(path) = self.paths.get(&id) {
            return Some(Arc::clone(path));
        }
        if id == 0 || now_ns < self.next_scan_ns {
            return None;
        }
        if self.missing.get(&id).is_some_and(|&retry| now_ns < retry) {
            return None;
        }
        self.next_scan_ns = now_ns.saturating_add(SCAN_INTERVAL);
        self.scan();
        let path = self.paths.get(&id).cloned();
        if path.is_none() {
            if self.missing.len() >= MAX_MISSING {
                self.missing.clear();
            }
            self.missing.insert(id, now_ns.saturating_add(RETRY));
        }
        path
    }

    fn scan(&mut self) {
        let Some(mount) = cgroup2_mount(&self.root) else {
            return;
        };
        let Ok(top) = fs::metadata(&mount) else {
            return;
        };
        let mut found = SeededMap::default();
        found.insert(top.ino(), Arc::from("/"));
        let mut pending = vec![(mount, String::new())];
        while let Some((directory, path)) = pending.pop() {
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries.flatten() {
                if found.len() >= MAX_PATHS {
                    pending.clear();
                    break;
                }
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                let below = format!("{path}/{}", entry.file_name().to_string_lossy());
                found.insert(entry.ino(), Arc::from(below.as_str()));
                pending.push((entry.path(), below));
            }
        }
        if self.paths.len() + found.len() > MAX_PATHS {
            self.paths = found;
        } else {
            self.paths.extend(found);
        }
        for id in self.paths.keys() {
            self.missing.remove(id);
        }
    }
}

/// Finds the mount point of cgroup 2 in `self/mountinfo`, preferring a mount of the whole hierarchy. Lines are parsed
/// one by one, so that a malformed line does not hide the others.
fn find_cgroup2(mountinfo: &[u8]) -> Option<Cgroup2Mount> {
    let mut part = None;
    for line in mountinfo.split(|&byte| byte == b'\n') {
        let Some(mount) = str::from_utf8(line)
            .ok()
            .and_then(|line| MountInfo::from_line(line).ok())
            .filter(|mount| mount.fs_type == "cgroup2")
        else {
            continue;
        };
        let point = unescape(mount.mount_point.as_os_str().as_bytes());
        let found = Cgroup2Mount {
            point: PathBuf::from(OsString::from_vec(point)),
            read_only: mount.mount_options.contains_key("ro"),
        };
        if mount.root == "/" {
            return Some(found);
        }
        part.get_or_insert(found);
    }
    part.filter(|mount| !mount.point.as_os_str().is_empty())
}

/// Decodes the kernel's escapes for space (`\040`), tab, newline and backslash, which `procfs` leaves unchanged.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        if let (
            b'\\',
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ],
        ) = (first, after)
        {
            plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// A procfs with a cgroup-2 mount at `mount`.
    fn procfs(mount: &Path) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("self")).expect("created");
        let point = mount.display().to_string().replace(' ', "\\040");
        let text = format!(
            "22 1 0:20 / /proc rw shared:1 - proc proc rw\n23 1 0:21 /a/b /x rw - cgroup2 cgroup rw\n\
             24 1 0:22 / {point} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
        );
        fs::write(root.path().join("self/mountinfo"), text).expect("written");
        root
    }

    #[test]
    fn groups_are_found_by_inode_when_they_are_looked_up() {
        let home = tempfile::tempdir().expect("a directory");
        let mount = home.path().join("with space");
        fs::create_dir_all(mount.join("a.slice/b.service")).expect("created");
        let root = procfs(&mount);
        let id = |path: &str| fs::metadata(mount.join(path)).expect("exists").ino();
        let mut paths = CgroupPaths::new(root.path());
        let mut path = |id, now| paths.path(id, now);
        assert_eq!(path(id("."), 1).as_deref(), Some("/"));
        assert_eq!(
            path(id("a.slice/b.service"), 1).as_deref(),
            Some("/a.slice/b.service")
        );

        fs::create_dir(mount.join("late")).expect("created");
        let late = id("late");
        assert_eq!(path(late, SECOND), None, "scanned a moment ago");
        assert_eq!(path(late, 6 * SECOND).as_deref(), Some("/late"));
        fs::remove_dir(mount.join("late")).expect("removed");
        assert_eq!(
            path(late, 7 * SECOND).as_deref(),
            Some("/late"),
            "stays known"
        );
        assert_eq!(path(u64::MAX, 20 * SECOND), None);
        assert_eq!(path(u64::MAX, 30 * SECOND), None);
        assert_eq!(paths.next_scan_ns, 25 * SECOND, "not scanned for it again");
    }

    #[test]
    fn without_a_mount_nothing_is_known() {
        let root = tempfile::tempdir().expect("a directory");
        assert_eq!(CgroupPaths::new(root.path()).path(1, 0), None);
        assert_eq!(
            find_cgroup2(b"1 2 3\n\n- cgroup2\n24 1 0:22 / /x rw -"),
            None
        );
        assert_eq!(unescape(b"a\\040b\\\\04\\0"), b"a b\\\\04\\0");
    }

    #[test]
    fn the_root_group_of_this_machine_is_found_where_there_is_one() {
        let Some(mount) = cgroup2_mount(Path::new("/proc")) else {
            return;
        };
        let id = fs::metadata(mount).expect("mounted").ino();
        let mut paths = CgroupPaths::new(Path::new("/proc"));
        assert_eq!(paths.path(id, 0).as_deref(), Some("/"));
    }
}
