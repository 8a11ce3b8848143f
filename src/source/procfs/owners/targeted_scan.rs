//! Finds the owners of a few sockets without reading every descriptor of the system.
//!
//! Sockets usually get their inodes and their descriptors in the same order. Some descriptors of large processes are
//! probed, evenly spread, and then those around the probes whose sockets have the nearest inodes. A descriptor that a
//! child inherited has the same number there and is also probed. If a socket is not found in this way, all descriptors
//! are read.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::model::{SeededMap, SeededSet};
use rustix::path::DecInt;

use super::super::process_reader::{
    Descriptor, ProcessStat, Via, open_descriptors, open_process, process_user, read_target,
};
use super::entry::NewProcess;
use super::map::Owners;
use super::new_processes::FirstRead;
use crate::model::DescriptorKind;

/// Maximum number of descriptors of a process that are all read.
const MAX_FULL_READ: u32 = 512;
/// Maximum number of processes that are probed: each takes one of our descriptors.
const MAX_PROBED: usize = 64;
/// Total number of evenly spread probes over all processes.
const PROBES: usize = 1024;
/// Number of descriptors at either end that are always probed: those that a process was started with, and the newest.
const ENDS: u32 = 32;
/// Number of nearest probes around which a socket is searched for.
const NEIGHBORS: usize = 12;

/// A process with many descriptors, some of which have been probed.
struct LargeProcess {
    process: NewProcess,
    directory: OwnedFd,
    stat: ProcessStat,
    uid: u32,
    count: u32,
    probed: SeededMap<u32, Descriptor>,
}

impl LargeProcess {
    /// Reads the target of one descriptor, once. Returns its inode if it is a socket.
    fn probe(&mut self, fd: u32) -> Option<u32> {
        let descriptor = if let Some(known) = self.probed.get(&fd) {
            *known
        } else {
            let name = DecInt::new(fd);
            let (inode, kind) = read_target(&self.directory, name.as_c_str()).ok()??;
            // Old: the process is read completely as soon as a second Sample needs it.
            let descriptor = Descriptor {
                fd,
                inode,
                kind,
                read_in: 0,
            };
            self.probed.insert(fd, descriptor);
            descriptor
        };
        (descriptor.kind == DescriptorKind::Socket).then_some(descriptor.inode)
    }
}

impl Owners {
    /// Finds the owners of the sockets with these inodes, in place of a first [`Self::refresh`]. Most owners of other
    /// sockets remain unknown.
    pub fn scan_for(&mut self, now_ns: u64, inodes: &[u32]) {
        let Some(root) = self.open_root() else {
            return;
        };
        let root = root.as_fd();
        let Some(new) = self.scan_processes(root, now_ns, &|_| true) else {
            return;
        };
        let mut left: SeededSet<u32> = inodes.iter().copied().filter(|&inode| inode != 0).collect();
        let (large, small): (Vec<NewProcess>, Vec<NewProcess>) = new
            .into_iter()
            .partition(|process| process.count.is_some_and(|count| count > MAX_FULL_READ));
        self.scan_new(root, &small, now_ns, true);
        left.retain(|&inode| self.holders.get(inode).is_empty());

        let mut probed: Vec<LargeProcess> = Vec::new();
        let mut others: Vec<NewProcess> = Vec::new();
        for process in large {
            match (probed.len() < MAX_PROBED).then(|| self.open_large(root, process)) {
                Some(Some(process)) => probed.push(process),
                _ => others.push(process),
            }
        }
        self.scan_new(root, &others, now_ns, true);
        left.retain(|&inode| self.holders.get(inode).is_empty());

        let found = probe_for(&mut probed, &mut left);
        if left.is_empty() {
            for process in &mut probed {
                for &fd in &found {
                    process.probe(fd);
                }
            }
            for process in probed {
                let mut descriptors: Vec<Descriptor> = process.probed.into_values().collect();
                descriptors.sort_unstable_by_key(|descriptor| descriptor.fd);
                let first = FirstRead {
                    stat: process.stat,
                    uid: process.uid,
                    via: Via::Leader,
                    descriptors: Ok(descriptors),
                };
                self.insert(process.process, Ok(first), now_ns);
            }
        } else {
            let all: Vec<NewProcess> = probed.iter().map(|process| process.process).collect();
            drop(probed);
            self.scan_new(root, &all, now_ns, true);
        }
        self.update_rows_of_holders(root, inodes);
        self.update_denied();
        self.last_ns = Some(now_ns);
    }

    /// Opens a process that has many descriptors; `None` if it is to be read like any other.
    fn open_large(&mut self, root: BorrowedFd<'_>, process: NewProcess) -> Option<LargeProcess> {
        let directory = open_process(root, process.pid).ok()?;
        Some(LargeProcess {
            process,
            directory: open_descriptors(&directory, Via::Leader).ok()?,
            stat: self.reader.read_stat(&directory).ok()?,
            uid: process_user(root, process.pid).ok()?,
            count: process.count?,
            probed: SeededMap::default(),
        })
    }

    /// Creates the rows of the processes that own one of these sockets, and of no others.
    fn update_rows_of_holders(&mut self, root: BorrowedFd<'_>, inodes: &[u32]) {
        let holders = inodes.iter().flat_map(|&inode| self.holders.get(inode));
        let slots: SeededSet<u32> = holders
            .map(|holder| self.process_slot(holder.slot))
            .collect();
        for slot in slots {
            self.update_row(root, slot);
            self.update_counts(slot);
        }
    }
}

/// Probes likely descriptors; removes the found sockets from `left` and returns the numbers of their descriptors.
fn probe_for(processes: &mut [LargeProcess], left: &mut SeededSet<u32>) -> Vec<u32> {
    let mut found = Vec::new();
    let mut probes: Vec<(u32, usize, u32)> = Vec::new();
    let each = PROBES.div_ceil(processes.len().max(1)).max(1);
    for (at, process) in processes.iter_mut().enumerate() {
        let stride = (process.count as usize / each).max(1);
        let spread = (0..process.count).step_by(stride);
        let ends = (0..ENDS).chain(process.count.saturating_sub(ENDS)..process.count + ENDS);
        for fd in spread.chain(ends) {
            if let Some(inode) = process.probe(fd) {
                probes.push((inode, at, fd));
                if left.remove(&inode) {
                    found.push(fd);
                }
            }
        }
    }
    probes.sort_unstable();
    probes.dedup();
    let mut wanted: Vec<u32> = left.iter().copied().collect();
    wanted.sort_unstable();
    for inode in wanted {
        let mut above = probes.partition_point(|probe| probe.0 < inode);
        let mut below = above;
        for _ in 0..NEIGHBORS {
            if !left.contains(&inode) {
                break;
            }
            let distance = |at: Option<usize>| {
                let probe = at.and_then(|at| probes.get(at));
                probe.map_or(u32::MAX, |probe| probe.0.abs_diff(inode))
            };
            let down = below.checked_sub(1);
            let next = if distance(down) <= distance(Some(above)) {
                below = below.saturating_sub(1);
                down
            } else {
                above += 1;
                Some(above - 1)
            };
            let Some(&(_, at, fd)) = next.and_then(|next| probes.get(next)) else {
                break;
            };
            let process = &mut processes[at];
            let reach = (process.count as usize / each + 8) as u32;
            for fd in fd.saturating_sub(reach)..=fd.saturating_add(reach) {
                if process.probe(fd).is_some_and(|inode| left.remove(&inode)) {
                    found.push(fd);
                }
            }
        }
    }
    found
}
