//! Paths of cgroups by the id that sockets carry.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirEntryExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Time between two walks, ns.
const WALK_EVERY: u64 = 5_000_000_000;
/// After which an id that a walk did not find is worth another walk, ns: it may lie outside our cgroup namespace.
const RETRY: u64 = 60_000_000_000;
/// Paths that are remembered at most.
const MAX_PATHS: usize = 65_536;
/// Ids without a path that are remembered at most.
const MAX_MISSING: usize = 4096;

/// Where the cgroup-2 hierarchy is mounted, as `self/mountinfo` below `root`, a procfs, tells.
pub(in crate::source) fn cgroup2_directory(root: &Path) -> Option<PathBuf> {
    let text = fs::read(root.join("self/mountinfo")).ok()?;
    cgroup2_mount(&text)
}

/// Cgroup id → path below the cgroup-2 mount. An id is the inode of the group's directory. The tree is walked only when
/// an id is asked for that is not known.
#[derive(Debug)]
pub struct CgroupPaths {
    root: PathBuf,
    paths: FxHashMap<u64, Arc<str>>,
    /// Ids that were not found, and when they may be looked for again, ns.
    missing: FxHashMap<u64, u64>,
    next_walk_ns: u64,
}

impl CgroupPaths {
    /// Looks for the mount in `self/mountinfo` below `root`, a procfs. Reads nothing yet.
    pub fn new(root: &Path) -> CgroupPaths {
        CgroupPaths {
            root: root.to_owned(),
            paths: FxHashMap::default(),
            missing: FxHashMap::default(),
            next_walk_ns: 0,
        }
    }

    /// The path of the cgroup with this id; `/` for the root of the mount. `None` if there is no cgroup-2 mount or no
    /// such group in it that this user can see. Paths of groups that have been removed stay known.
    ///
    /// `now_ns` is monotonic time: the tree is walked at most once in 5 s, and not for the same unknown id again within
    /// a minute.
    pub fn path(&mut self, id: u64, now_ns: u64) -> Option<Arc<str>> {
        if let Some(path) = self.paths.get(&id) {
            return Some(Arc::clone(path));
        }
        if id == 0 || now_ns < self.next_walk_ns {
            return None;
        }
        if self.missing.get(&id).is_some_and(|&retry| now_ns < retry) {
            return None;
        }
        self.next_walk_ns = now_ns.saturating_add(WALK_EVERY);
        self.walk();
        let path = self.paths.get(&id).cloned();
        if path.is_none() {
            if self.missing.len() >= MAX_MISSING {
                self.missing.clear();
            }
            self.missing.insert(id, now_ns.saturating_add(RETRY));
        }
        path
    }

    fn walk(&mut self) {
        let Some(mount) = cgroup2_directory(&self.root) else {
            return;
        };
        let Ok(top) = fs::metadata(&mount) else {
            return;
        };
        let mut found = FxHashMap::default();
        found.insert(top.ino(), Arc::from("/"));
        let mut left = vec![(mount, String::new())];
        while let Some((directory, path)) = left.pop() {
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries.flatten() {
                if found.len() >= MAX_PATHS {
                    left.clear();
                    break;
                }
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                let below = format!("{path}/{}", entry.file_name().to_string_lossy());
                found.insert(entry.ino(), Arc::from(below.as_str()));
                left.push((entry.path(), below));
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

/// Where cgroup 2 is mounted. Kernel: `self/mountinfo`, whose fields are: id, parent, device, root, mount point, options,
/// optional fields, `-`, type, source, options. The whole hierarchy is preferred over a part of it.
fn cgroup2_mount(mountinfo: &[u8]) -> Option<PathBuf> {
    let mut part = None;
    for line in mountinfo.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b' ');
        let (Some(root), Some(point)) = (fields.nth(3), fields.next()) else {
            continue;
        };
        if !fields.any(|field| field == b"-") || fields.next() != Some(b"cgroup2") {
            continue;
        }
        let point = || PathBuf::from(OsString::from_vec(unescape(point)));
        if root == b"/" {
            return Some(point());
        }
        part.get_or_insert_with(point);
    }
    part.filter(|path| !path.as_os_str().as_bytes().is_empty())
}

/// Takes back the kernel's `\040` for a space, and alike for tab, newline and backslash.
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

    /// A procfs whose mountinfo tells of a cgroup-2 mount at `mount`.
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
    fn groups_are_found_by_inode_when_they_are_asked_for() {
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
        assert_eq!(path(late, SECOND), None, "walked a moment ago");
        assert_eq!(path(late, 6 * SECOND).as_deref(), Some("/late"));
        fs::remove_dir(mount.join("late")).expect("removed");
        assert_eq!(
            path(late, 7 * SECOND).as_deref(),
            Some("/late"),
            "stays known"
        );
        assert_eq!(path(u64::MAX, 20 * SECOND), None);
        assert_eq!(path(u64::MAX, 30 * SECOND), None);
        assert_eq!(paths.next_walk_ns, 25 * SECOND, "not walked for it again");
    }

    #[test]
    fn without_a_mount_nothing_is_known() {
        let root = tempfile::tempdir().expect("a directory");
        assert_eq!(CgroupPaths::new(root.path()).path(1, 0), None);
        assert_eq!(
            cgroup2_mount(b"1 2 3\n\n- cgroup2\n24 1 0:22 / /x rw -"),
            None
        );
        assert_eq!(unescape(b"a\\040b\\\\04\\0"), b"a b\\\\04\\0");
    }

    #[test]
    fn the_root_group_of_this_machine_is_found_where_there_is_one() {
        let text = fs::read("/proc/self/mountinfo").expect("mounts");
        let Some(mount) = cgroup2_mount(&text) else {
            return;
        };
        let id = fs::metadata(mount).expect("mounted").ino();
        let mut paths = CgroupPaths::new(Path::new("/proc"));
        assert_eq!(paths.path(id, 0).as_deref(), Some("/"));
    }
}
