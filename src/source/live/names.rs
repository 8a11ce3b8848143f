//! Resolves the users, cgroups and devices of a Sample's sockets to names.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::model::Sample;
use crate::model::{SeededMap, SeededSet};
use crate::source::procfs::{CgroupPaths, Owners};

/// Interval for re-reading device names.
const INTERFACE_REFRESH: Duration = Duration::from_secs(5);

/// Resolves and caches names.
#[derive(Debug)]
pub(super) struct SampleNames {
    cgroups: CgroupPaths,
    interfaces: SeededMap<u32, String>,
    interfaces_read: Option<Instant>,
}

impl SampleNames {
    /// Creates a resolver without reading anything. `proc_root` is the mount point of procfs.
    pub(super) fn new(proc_root: &Path) -> SampleNames {
        SampleNames {
            cgroups: CgroupPaths::new(proc_root),
            interfaces: SeededMap::default(),
            interfaces_read: None,
        }
    }

    /// Fills in `users`, `cgroups` and `interfaces` of `sample`, each ordered by number. `owners` knows the user names;
    /// `interface_name` resolves a device index.
    pub(super) fn resolve(
        &mut self,
        sample: &mut Sample,
        owners: &mut Owners,
        interface_name: impl Fn(u32) -> Option<String>,
    ) {
        let mut uids = SeededSet::default();
        let mut groups = SeededSet::default();
        let mut interfaces = SeededSet::default();
        let (mut last_uid, mut last_group) = (None, 0);
        for socket in sample.sockets.iter().chain(&sample.closed_sockets) {
            // Adjacent rows are usually equal, so the sets are queried only where they differ.
            if socket.uid != last_uid {
                last_uid = socket.uid;
                uids.extend(socket.uid);
            }
            if socket.cgroup_id != last_group {
                last_group = socket.cgroup_id;
                groups.insert(socket.cgroup_id);
            }
            if socket.interface != 0 {
                interfaces.insert(socket.interface);
            }
        }
        uids.extend(sample.processes.iter().map(|row| row.process.uid));
        for uid in uids {
            if let Some(name) = owners.user_name(uid) {
                sample.users.insert(uid, name);
            }
        }
        for id in groups {
            if let Some(path) = self.cgroups.path(id, sample.monotonic_ns) {
                sample.cgroups.insert(id, path);
            }
        }
        self.resolve_interfaces(&interfaces, sample, interface_name);
    }

    fn resolve_interfaces(
        &mut self,
        indices: &SeededSet<u32>,
        sample: &mut Sample,
        interface_name: impl Fn(u32) -> Option<String>,
    ) {
        if indices.is_empty() {
            return;
        }
        if self
            .interfaces_read
            .is_none_or(|read| read.elapsed() >= INTERFACE_REFRESH)
        {
            self.interfaces.clear();
            self.interfaces_read = Some(Instant::now());
        }
        for &index in indices {
            let name = match self.interfaces.get(&index) {
                Some(name) => name.clone(),
                None => match interface_name(index) {
                    Some(name) => self.interfaces.entry(index).or_insert(name).clone(),
                    None => continue,
                },
            };
            sample.interfaces.insert(index, name);
        }
    }
}
