//! Finds the network namespaces of the host, and ways to enter each.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mounts::MountedNamespaces;
use super::open::open_namespace;
use crate::model::{NamespaceHandle, SeededMap, SeededSet};
use crate::privilege::{self, READ_PROCESSES};
use crate::source::procfs::{NamespaceFile, NamespaceProcesses, Owners, hides_pid_namespaces};

/// Interval for searching the descriptors of all processes.
const SEARCH_FILES_NS: u64 = 10_000_000_000;

/// A network namespace, with what keeps it alive.
#[derive(Debug, Clone)]
pub(super) struct FoundNamespace {
    pub(super) inode: u32,
    pub(super) name: Arc<str>,
    pub(super) handle: NamespaceHandle,
    /// Files by which it can be entered, the best one first.
    paths: Vec<PathBuf>,
}

impl FoundNamespace {
    /// Opens the namespace. The file must be closed soon: it keeps the namespace alive.
    ///
    /// # Errors
    /// That of the last attempt; `NotFound` if it no longer exists.
    pub(super) fn open(&self) -> io::Result<File> {
        let mut result = Err(io::ErrorKind::NotFound.into());
        for path in &self.paths {
            result = open_namespace(path, self.inode);
            if result.is_ok() {
                break;
            }
        }
        result
    }
}

/// Finds namespaces by their mounts, their processes and descriptors that refer to them.
#[derive(Debug)]
pub(super) struct NamespaceFinder {
    root: PathBuf,
    mounts: MountedNamespaces,
    processes: NamespaceProcesses,
    files: Vec<NamespaceFile>,
    files_read_ns: Option<u64>,
    /// True if all descriptors were searched.
    has_all_files: bool,
    /// The initial namespace of the host; `None` if it cannot be known.
    initial: Option<u32>,
    own: u32,
    /// All except our own, ordered by inode.
    found: Vec<FoundNamespace>,
    own_name: Option<Arc<str>>,
}

impl NamespaceFinder {
    /// Creates it without reading anything. `root` is the mount point of procfs, `own` the inode of the namespace in which
    /// everything else is read.
    pub(super) fn new(root: &Path, own: u32) -> NamespaceFinder {
        NamespaceFinder {
            root: root.to_owned(),
            mounts: MountedNamespaces::new(root),
            processes: NamespaceProcesses::new(root, own),
            files: Vec::new(),
            files_read_ns: None,
            has_all_files: false,
            initial: None,
            own,
            found: Vec::new(),
            own_name: None,
        }
    }

    /// Finds namespaces that have appeared and forgets those that have gone. Descriptors are searched only by `owners`
    /// that have read processes.
    pub(super) fn refresh(&mut self, now_ns: u64, owners: Option<&mut Owners>) {
        let is_first = self.own_name.is_none();
        let mut has_changed = self.processes.refresh(now_ns) || is_first;
        if let Some(owners) = owners
            && self
                .files_read_ns
                .is_none_or(|read_ns| now_ns.saturating_sub(read_ns) >= SEARCH_FILES_NS)
        {
            self.files_read_ns = Some(now_ns);
            let _raised = privilege::raise(READ_PROCESSES);
            let (files, is_complete) = owners.namespace_files();
            self.has_all_files = is_complete;
            has_changed |= files != self.files;
            self.files = files;
        }
        let (mounts, have_changed) = self.mounts.get();
        if !(has_changed || have_changed) {
            return;
        }
        let mut ways: SeededMap<u32, Ways> = SeededMap::default();
        for (inode, path) in mounts {
            ways.entry(*inode).or_default().mount = Some(path.clone());
        }
        let holder = |inode: u32| {
            let known = self.found.binary_search_by_key(&inode, |found| found.inode);
            match self.found.get(known.ok()?)?.handle {
                NamespaceHandle::Process { pid } => Some(pid),
                _ => None,
            }
        };
        for (pid, inode) in self.processes.iter() {
            let way = ways.entry(inode).or_default();
            // The same process as before, so that the name stays; else the oldest one.
            let is_better = |best: u32| Some(best) != holder(inode) && pid < best;
            if way.pid.is_none_or(is_better) || Some(pid) == holder(inode) {
                way.pid = Some(pid);
            }
        }
        for file in &self.files {
            ways.entry(file.netns)
                .or_default()
                .file
                .get_or_insert(*file);
        }
        if is_first && !hides_pid_namespaces(&self.root) {
            let first = self.processes.iter().find(|&(pid, _)| pid == 1);
            self.initial = first.map(|(_, inode)| inode);
        }
        let own = ways.remove(&self.own);
        if is_first {
            self.own_name = own.map(|ways| self.describe(self.own, &ways).name);
        }
        let mut found: Vec<FoundNamespace> = ways
            .iter()
            .map(|(&inode, ways)| self.describe(inode, ways))
            .collect();
        found.sort_unstable_by_key(|found| found.inode);
        self.found = found;
    }

    /// Reads the namespaces of all processes for the next Sample: one by which a namespace was found has none any more. While
    /// it is a zombie, another namespace may have been given the inode.
    pub(super) fn reread_processes(&mut self) {
        self.processes.reread_next();
    }

    /// Returns the namespaces except our own, ordered by inode.
    pub(super) fn found(&self) -> &[FoundNamespace] {
        &self.found
    }

    /// Reports whether all descriptors of processes were searched, some of which may keep namespaces alive.
    pub(super) fn has_all_files(&self) -> bool {
        self.has_all_files
    }

    /// Returns the name of our own namespace.
    pub(super) fn own_name(&self) -> Option<&Arc<str>> {
        self.own_name.as_ref()
    }

    /// Returns the number of namespaces in which only processes are that this user may not trace. They may include some
    /// of those found, but not those that were visited, by the number that their processes have in common.
    pub(super) fn unreadable(&self, visited: &SeededSet<u64>) -> u32 {
        self.processes.unreadable(visited)
    }

    /// Returns the name and the ways to enter a namespace.
    fn describe(&self, inode: u32, ways: &Ways) -> FoundNamespace {
        let known = self.found.binary_search_by_key(&inode, |found| found.inode);
        let known = known.ok().and_then(|at| self.found.get(at));
        let proc = |path: String| self.root.join(path);
        let process = ways.pid.map(|pid| proc(format!("{pid}/ns/net")));
        let file = ways
            .file
            .map(|file| proc(format!("{}/fd/{}", file.pid, file.fd)));
        let paths = [ways.mount.clone(), process, file];
        let handle = match ways {
            _ if self.initial == Some(inode) => NamespaceHandle::Initial,
            Ways {
                mount: Some(path),
                pid,
                ..
            } if pid.is_none() || is_chosen(path) => NamespaceHandle::Mount,
            Ways { pid: Some(pid), .. } => NamespaceHandle::Process { pid: *pid },
            Ways {
                file: Some(NamespaceFile { pid, fd, .. }),
                ..
            } => NamespaceHandle::Descriptor { pid: *pid, fd: *fd },
            Ways { .. } => NamespaceHandle::Mount,
        };
        let name = match known.filter(|known| known.handle == handle) {
            Some(known) => Arc::clone(&known.name),
            None => self.name(handle, ways).into(),
        };
        FoundNamespace {
            inode,
            name,
            handle,
            paths: paths.into_iter().flatten().collect(),
        }
    }

    fn name(&self, handle: NamespaceHandle, ways: &Ways) -> String {
        let process = |pid: u32| {
            let comm = std::fs::read_to_string(self.root.join(format!("{pid}/comm")));
            let comm = comm.unwrap_or_default();
            match comm.trim_end_matches('\n') {
                "" => format!("pid {pid}"),
                comm => format!("{comm}({pid})"),
            }
        };
        match handle {
            NamespaceHandle::Initial => "host".to_owned(),
            NamespaceHandle::Mount => {
                let name = ways.mount.as_deref().and_then(Path::file_name);
                name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
            NamespaceHandle::Process { pid } => process(pid),
            NamespaceHandle::Descriptor { pid, fd } => format!("{} fd {fd}", process(pid)),
        }
    }
}

/// Returns the namespace with an inode among those found, which are ordered by it.
pub(super) fn by_inode(found: &[FoundNamespace], inode: u32) -> Option<&FoundNamespace> {
    let at = found.binary_search_by_key(&inode, |found| found.inode);
    found.get(at.ok()?)
}

/// The ways to enter a namespace.
#[derive(Debug, Default)]
struct Ways {
    mount: Option<PathBuf>,
    pid: Option<u32>,
    file: Option<NamespaceFile>,
}

/// Returns true if a person or a configuration has chosen the name of a mounted namespace. Those of docker and of CNI plugins
/// are generated.
fn is_chosen(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !path.starts_with("/run/docker")
        && !path.starts_with("/var/run/docker")
        && !name.starts_with("cni-")
}
