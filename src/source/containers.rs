//! Names the containers in which sockets and processes are, from the files of their runtimes. No daemon is asked.
//!
//! The path of a control group has the id of a container ([`CgroupPath`]). Its names are in files of the runtime, whose
//! places and formats are in one file each: [`docker`], [`storage`] for Podman and CRI-O, [`bundle`] for containerd and
//! CRI-O, [`machines`] for systemd, and [`pod_logs`] for what the kubelet names. They are read once while the container is
//! in use. Each file may be hostile: see [`root`].

mod bundle;
mod docker;
mod labels;
mod lookup;
mod machines;
mod names;
mod place;
mod pod_logs;
mod root;
mod storage;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::lookup::{Lookup, Outcome};
use self::root::{Root, Stamp};
use crate::model::SeededMap;
use crate::model::{CgroupPath, Container, Fault, FaultSeverity, Sample};
use crate::privilege::{self, READ_PROCESSES};

/// Maximum number of control groups that are remembered.
const MAX_GROUPS: usize = 65_536;

/// Time for which a control group without sockets and processes is remembered, ns.
const KEEP: u64 = 60_000_000_000;

/// Times after which a container without a name is looked up again, ns: its runtime may not have written it yet.
const RETRIES: [u64; 3] = [2_000_000_000, 10_000_000_000, 60_000_000_000];

/// Interval for examining whether a container was renamed, ns.
const EXAMINE: u64 = 5_000_000_000;

/// A control group that was looked up.
#[derive(Debug)]
struct Group {
    /// `None` if it is in no container.
    container: Option<Arc<Container>>,
    /// Kind and text of the first error.
    error: Option<(&'static str, String)>,
    /// Number of retries so far.
    retries: usize,
    /// Time of the next one, ns.
    retry_ns: u64,
    /// The file with its name, if that can change while the container runs, and when to examine it again, ns.
    stamp: Option<(Stamp, u64)>,
    /// Time at which it was last in use, ns.
    used_ns: u64,
}

impl Group {
    /// Reports whether the file with its name has changed; examines it every few seconds only.
    fn has_new_name(&mut self, root: &Root, now: u64) -> bool {
        match &mut self.stamp {
            Some((stamp, due_ns)) if now >= *due_ns => {
                *due_ns = now.saturating_add(EXAMINE);
                let _raised = privilege::raise(READ_PROCESSES);
                !stamp.is_current(root)
            }
            _ => false,
        }
    }
}

/// Finds the containers of control groups and remembers them.
#[derive(Debug)]
pub(super) struct Containers {
    proc_root: PathBuf,
    root: Root,
    groups: SeededMap<Arc<str>, Group>,
    swept_ns: u64,
}

impl Containers {
    /// Creates a resolver without reading anything. `proc_root` is the mount point of procfs, `root` the directory below which
    /// the files of runtimes are: the root of the file system.
    pub(super) fn new(proc_root: &Path, root: &Path) -> Containers {
        Containers {
            proc_root: proc_root.to_owned(),
            root: Root::new(root),
            groups: SeededMap::default(),
            swept_ns: 0,
        }
    }

    /// Fills in the containers of a Sample whose cgroups and processes are known.
    pub(super) fn resolve(&mut self, sample: &mut Sample) {
        let now = sample.monotonic_ns;
        let mut due: Vec<Arc<str>> = Vec::new();
        let processes = sample.processes.iter();
        let processes = processes.filter_map(|row| row.process.cgroup.as_ref());
        // Processes of one group often follow each other.
        let mut last: Option<&Arc<str>> = None;
        for path in sample.cgroups.values().chain(processes) {
            if last
                .replace(path)
                .is_some_and(|last| Arc::ptr_eq(last, path))
            {
                continue;
            }
            match self.groups.get_mut(path) {
                None => due.push(Arc::clone(path)),
                Some(group) => {
                    let is_first = group.used_ns != now;
                    group.used_ns = now;
                    if let Some(container) = group.container.as_ref().filter(|_| is_first) {
                        let path = Arc::clone(path);
                        sample.containers.insert(path, Arc::clone(container));
                        if now >= group.retry_ns && group.retries < RETRIES.len() {
                            group.retries += 1;
                            due.extend(last.cloned());
                        } else if group.has_new_name(&self.root, now) {
                            due.extend(last.cloned());
                        }
                    }
                }
            }
        }
        if !due.is_empty() {
            self.look_up(&due, sample);
        }
        self.add_faults(sample);
        self.sweep(now);
    }

    /// Looks up control groups and adds their containers to the Sample.
    fn look_up(&mut self, paths: &[Arc<str>], sample: &mut Sample) {
        let now = sample.monotonic_ns;
        let mut lookup = Lookup::new(&self.root, &self.proc_root);
        let mut raised = None;
        for path in paths {
            let parsed = CgroupPath::parse(path);
            if !parsed.containers.is_empty() || parsed.task.is_some() {
                raised.get_or_insert_with(|| privilege::raise(READ_PROCESSES));
            }
            let outcome = lookup.container(path, &parsed, &sample.processes);
            let Outcome {
                container,
                error,
                stamp,
            } = outcome;
            let container = container.map(Arc::new);
            if let Some(container) = &container {
                let path = Arc::clone(path);
                sample.containers.insert(path, Arc::clone(container));
            }
            let is_named = container.as_ref().is_none_or(|found| found.name.is_some());
            let retries = self.groups.get(path).map_or(0, |group| group.retries);
            let wait = RETRIES.get(retries).filter(|_| !is_named);
            self.groups.insert(
                Arc::clone(path),
                Group {
                    container,
                    error,
                    retries,
                    retry_ns: wait.map_or(u64::MAX, |wait| now.saturating_add(*wait)),
                    stamp: stamp.map(|stamp| (stamp, now.saturating_add(EXAMINE))),
                    used_ns: now,
                },
            );
        }
    }

    /// Adds one fault for each kind of file that could not be read, as long as a container lacks its name for that.
    fn add_faults(&self, sample: &mut Sample) {
        let used = |group: &&Group| group.used_ns == sample.monotonic_ns;
        let mut errors: Vec<&(&str, String)> = (self.groups.values().filter(used))
            .filter_map(|group| group.error.as_ref())
            .collect();
        errors.sort_unstable();
        for kind in errors.chunk_by(|a, b| a.0 == b.0) {
            let Some((name, first)) = kind.first() else {
                continue;
            };
            let mut error = first.clone();
            let more = kind.iter().filter(|(_, text)| text != first).count();
            if more > 0 {
                error = format!("{error} (and {more} more)");
            }
            let source = match *name {
                "" => "names of containers".to_owned(),
                name => format!("names of {name} containers"),
            };
            let fault = Fault::new(FaultSeverity::Degraded, source, error);
            sample.faults.push(fault);
        }
    }

    /// Forgets control groups that are no longer in use: a name may be given to another container.
    fn sweep(&mut self, now: u64) {
        if self.groups.len() <= MAX_GROUPS && now.saturating_sub(self.swept_ns) < KEEP {
            return;
        }
        self.swept_ns = now;
        self.groups
            .retain(|_, group| now.saturating_sub(group.used_ns) < KEEP);
        if self.groups.len() > MAX_GROUPS {
            self.groups.retain(|_, group| group.used_ns == now);
        }
    }
}
