//! Finds who holds a few sockets without reading every descriptor of the machine.
//!
//! Sockets get their inodes and their descriptors mostly in the same order. Of processes with many descriptors some are
//! asked, evenly spread, and then those around the ones whose sockets have the nearest inodes. What a parent left to its
//! children has the same number there, so that is asked too. Only if something is not found in this way, everything is
//! read.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustc_hash::{FxHashMap, FxHashSet};
use rustix::path::DecInt;

use super::super::inspect::{Descriptor, Identity, open_descriptors, open_process, owner, target};
use super::Owners;
use super::newcomers::{First, Newcomer};
use crate::model::DescriptorKind;

/// Processes with no more descriptors than these are read whole.
const FEW: u32 = 512;
/// Most processes with more that are searched in this way: each takes a descriptor of ours.
const HAYSTACKS: usize = 64;
/// Descriptors that are asked in all before it is known where to look.
const SAMPLES: usize = 1024;
/// Descriptors at both ends that are always asked: what a process was started with, and what is newest.
const ENDS: u32 = 32;
/// Places that are looked at for one socket.
const PLACES: usize = 12;

/// A process with many descriptors.
struct Haystack {
    newcomer: Newcomer,
    directory: OwnedFd,
    identity: Identity,
    uid: u32,
    count: u32,
    known: FxHashMap<u32, Descriptor>,
}

impl Haystack {
    /// Asks one descriptor, once. Answers its socket's inode, if it is a socket.
    fn ask(&mut self, fd: u32) -> Option<u32> {
        let descriptor = if let Some(known) = self.known.get(&fd) {
            *known
        } else {
            let name = DecInt::new(fd);
            let (inode, kind) = target(&self.directory, name.as_c_str()).ok()??;
            let descriptor = Descriptor { fd, inode, kind };
            self.known.insert(fd, descriptor);
            descriptor
        };
        (descriptor.kind == DescriptorKind::Socket).then_some(descriptor.inode)
    }
}

impl Owners {
    /// Finds the holders of some sockets, in place of a first [`Self::refresh`]. Of other sockets it learns little.
    pub fn seek(&mut self, now_ns: u64, wanted: &[u32]) {
        let Some(root) = self.open_root() else {
            return;
        };
        let root = root.as_fd();
        let Some(newcomers) = self.look_around(root, now_ns, &|_| true) else {
            return;
        };
        let mut left: FxHashSet<u32> = wanted.iter().copied().filter(|&inode| inode != 0).collect();
        let (many, few): (Vec<Newcomer>, Vec<Newcomer>) = newcomers
            .into_iter()
            .partition(|newcomer| newcomer.count.is_some_and(|count| count > FEW));
        self.meet(root, &few, now_ns, true);
        left.retain(|&inode| self.handles.get(inode).is_empty());

        let mut stacks: Vec<Haystack> = Vec::new();
        let mut others: Vec<Newcomer> = Vec::new();
        for newcomer in many {
            match (stacks.len() < HAYSTACKS).then(|| self.open(root, newcomer)) {
                Some(Some(stack)) => stacks.push(stack),
                _ => others.push(newcomer),
            }
        }
        self.meet(root, &others, now_ns, true);
        left.retain(|&inode| self.handles.get(inode).is_empty());

        let found = search(&mut stacks, &mut left);
        if left.is_empty() {
            for stack in &mut stacks {
                for &fd in &found {
                    stack.ask(fd);
                }
            }
            for stack in stacks {
                let mut descriptors: Vec<Descriptor> = stack.known.into_values().collect();
                descriptors.sort_unstable_by_key(|descriptor| descriptor.fd);
                let first = First {
                    identity: stack.identity,
                    uid: stack.uid,
                    descriptors: Ok(descriptors),
                };
                self.admit(stack.newcomer, Ok(first), now_ns);
            }
        } else {
            let all: Vec<Newcomer> = stacks.iter().map(|stack| stack.newcomer).collect();
            drop(stacks);
            self.meet(root, &all, now_ns, true);
        }
        self.describe_holders(root, wanted);
        self.note_denied();
        self.last_ns = Some(now_ns);
    }

    /// Opens a process that has many descriptors; `None` if it is to be read as any other.
    fn open(&mut self, root: BorrowedFd<'_>, newcomer: Newcomer) -> Option<Haystack> {
        let process = open_process(root, newcomer.pid).ok()?;
        Some(Haystack {
            newcomer,
            directory: open_descriptors(&process).ok()?,
            identity: self.inspector.identify(&process).ok()?,
            uid: owner(root, newcomer.pid).ok()?,
            count: newcomer.count?,
            known: FxHashMap::default(),
        })
    }

    /// Describes the processes that hold one of some sockets, and no others.
    fn describe_holders(&mut self, root: BorrowedFd<'_>, inodes: &[u32]) {
        let handles = inodes.iter().flat_map(|&inode| self.handles.get(inode));
        let slots: FxHashSet<u32> = handles.map(|handle| handle.process).collect();
        for slot in slots {
            self.describe(root, slot);
            self.complete(slot);
        }
    }
}

/// Looks for sockets where they are likely; takes those found off `left` and answers their descriptors' numbers.
fn search(stacks: &mut [Haystack], left: &mut FxHashSet<u32>) -> Vec<u32> {
    let mut found = Vec::new();
    let mut samples: Vec<(u32, usize, u32)> = Vec::new();
    let each = SAMPLES.div_ceil(stacks.len().max(1)).max(1);
    for (at, stack) in stacks.iter_mut().enumerate() {
        let stride = (stack.count as usize / each).max(1);
        let spread = (0..stack.count).step_by(stride);
        let ends = (0..ENDS).chain(stack.count.saturating_sub(ENDS)..stack.count + ENDS);
        for fd in spread.chain(ends) {
            if let Some(inode) = stack.ask(fd) {
                samples.push((inode, at, fd));
                if left.remove(&inode) {
                    found.push(fd);
                }
            }
        }
    }
    samples.sort_unstable();
    samples.dedup();
    let mut wanted: Vec<u32> = left.iter().copied().collect();
    wanted.sort_unstable();
    for inode in wanted {
        let mut above = samples.partition_point(|sample| sample.0 < inode);
        let mut below = above;
        for _ in 0..PLACES {
            if !left.contains(&inode) {
                break;
            }
            let distance = |at: Option<usize>| {
                let sample = at.and_then(|at| samples.get(at));
                sample.map_or(u32::MAX, |sample| sample.0.abs_diff(inode))
            };
            let down = below.checked_sub(1);
            let next = if distance(down) <= distance(Some(above)) {
                below = below.saturating_sub(1);
                down
            } else {
                above += 1;
                Some(above - 1)
            };
            let Some(&(_, at, fd)) = next.and_then(|next| samples.get(next)) else {
                break;
            };
            let stack = &mut stacks[at];
            let reach = (stack.count as usize / each + 8) as u32;
            for fd in fd.saturating_sub(reach)..=fd.saturating_add(reach) {
                if stack.ask(fd).is_some_and(|inode| left.remove(&inode)) {
                    found.push(fd);
                }
            }
        }
    }
    found
}
