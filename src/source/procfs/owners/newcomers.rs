//! Processes that were not known before.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;

use super::super::inspect::{
    Descriptor, Identity, Inspector, is_denied, is_gone, open_process, owner,
};
use super::Owners;
use super::process::{Access, Entry, count_kinds, exchange};
use crate::model::{DescriptorKind, ProcessKey};

/// How long a process is young, ns: it may be about to exec, to take another user's identity or to name itself.
const YOUTH: u64 = 3_000_000_000;
/// The same in ticks of `start_time`. Kernel: `USER_HZ` is 100.
const YOUTH_TICKS: u64 = 300;
/// Descriptors from which a first scan is spread over two threads.
pub(super) const PARALLEL_DESCRIPTORS: u64 = 20_000;
/// Taken as the count of a process where the kernel does not tell it.
const ASSUMED_DESCRIPTORS: u64 = 256;

/// A process that was not known before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer {
    pub(super) pid: u32,
    pub(super) directory: u64,
    pub(super) count: Option<u32>,
}

/// What the first reading of a process found.
#[derive(Debug)]
pub(super) struct First {
    pub(super) identity: Identity,
    pub(super) uid: u32,
    pub(super) descriptors: Result<Vec<Descriptor>, Errno>,
}

impl First {
    /// Stands for a process of which not even the identity may be read (mount option `hidepid=1`).
    fn unknown() -> First {
        First {
            identity: Identity {
                comm: String::new(),
                parent: 0,
                start_time: 0,
                kernel_thread: false,
                exiting: false,
                activity: None,
            },
            uid: 0,
            descriptors: Err(Errno::ACCESS),
        }
    }
}

impl Owners {
    /// Reads processes that were not known, on two threads if they have many descriptors.
    pub(super) fn meet(
        &mut self,
        root: BorrowedFd<'_>,
        newcomers: &[Newcomer],
        now_ns: u64,
        first_time: bool,
    ) {
        let descriptors: u64 = newcomers
            .iter()
            .map(|newcomer| newcomer.count.map_or(ASSUMED_DESCRIPTORS, u64::from))
            .sum();
        if descriptors <= PARALLEL_DESCRIPTORS {
            for newcomer in newcomers {
                let first = read_first(&mut self.inspector, root, newcomer.pid);
                self.admit(*newcomer, first, now_ns);
            }
        } else {
            let mut order: Vec<Newcomer> = newcomers.to_vec();
            order.sort_by_key(|newcomer| std::cmp::Reverse(newcomer.count));
            let read = read_in_parallel(&mut self.inspector, root, &order);
            let sockets = read.iter().filter_map(|(_, first)| {
                let descriptors = first.as_ref().ok()?.descriptors.as_ref().ok()?;
                Some(count_kinds(descriptors)[DescriptorKind::Socket as usize] as usize)
            });
            self.handles.reserve(sockets.sum());
            for (at, first) in read {
                self.admit(order[at], first, now_ns);
            }
        }
        if first_time {
            // All are new to us; really new are those that started about when the newest did.
            let entries = || self.slots.iter().flatten();
            let newest = entries().map(|entry| entry.key.start_time).max();
            let young = newest.unwrap_or(0).saturating_sub(YOUTH_TICKS);
            for entry in self.slots.iter_mut().flatten() {
                if entry.key.start_time < young {
                    entry.young_until = 0;
                }
            }
        }
    }

    /// Gives a process a slot.
    pub(super) fn admit(&mut self, newcomer: Newcomer, first: Result<First, Errno>, now_ns: u64) {
        let pid = newcomer.pid;
        let (first, denied) = match first {
            Ok(first) => (first, false),
            Err(error) if is_gone(error) => return,
            Err(error) if is_denied(error) => (First::unknown(), true),
            Err(error) => {
                self.fail_at(pid, error);
                return;
            }
        };
        let mut entry = Entry {
            key: ProcessKey {
                pid,
                start_time: first.identity.start_time,
            },
            directory: newcomer.directory,
            parent: first.identity.parent,
            uid: first.uid,
            access: Access::Readable,
            count: newcomer.count,
            due: false,
            young_until: now_ns.saturating_add(YOUTH),
            seen: self.tick,
            read: self.tick,
            read_fully: self.tick,
            descriptors: Vec::new(),
            kinds: [0; DescriptorKind::ALL.len()],
            comm: first.identity.comm,
            row: None,
        };
        match first.descriptors {
            Ok(descriptors) => {
                entry.kinds = count_kinds(&descriptors);
                entry.descriptors = descriptors;
            }
            Err(error) if is_gone(error) => return,
            Err(error) if is_denied(error) => entry.access = Access::Denied,
            Err(error) => {
                entry.due = true;
                self.fail_at(pid, error);
            }
        }
        if first.identity.kernel_thread {
            entry.access = Access::KernelThread;
        }
        if denied
            && let Ok(uid) =
                rustix::fs::stat(self.root.join(pid.to_string())).map(|directory| directory.st_uid)
        {
            entry.uid = uid;
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if exchange(&mut self.handles, slot, &[], &entry.descriptors) {
            self.generation += 1;
        }
        if slot as usize == self.slots.len() {
            self.slots.push(Some(entry));
        } else {
            self.slots[slot as usize] = Some(entry);
        }
        if let Some(former) = self.by_pid.insert(pid, slot) {
            self.forget(former);
        }
    }

    /// Takes in the process that has the pid of one that is gone, if there is one.
    pub(super) fn meet_again(&mut self, root: BorrowedFd<'_>, pid: u32, now_ns: u64) {
        let first = read_first(&mut self.inspector, root, pid);
        let newcomer = Newcomer {
            pid,
            directory: 0,
            count: None,
        };
        self.admit(newcomer, first, now_ns);
    }
}

/// Reads who a process is and all its descriptors.
fn read_first(inspector: &mut Inspector, root: BorrowedFd<'_>, pid: u32) -> Result<First, Errno> {
    let process = open_process(root, pid)?;
    let identity = inspector.identify(&process)?;
    let uid = owner(root, pid)?;
    let descriptors = if identity.kernel_thread {
        Ok(Vec::new())
    } else {
        inspector
            .list(&process, &[], |_| false)
            .map(|()| inspector.found.clone())
    };
    Ok(First {
        identity,
        uid,
        descriptors,
    })
}

/// Reads many processes on this thread and, if it can be had, on one more. Each takes the next process as soon as it is
/// done with one, so the largest should come first.
fn read_in_parallel(
    inspector: &mut Inspector,
    root: BorrowedFd<'_>,
    newcomers: &[Newcomer],
) -> Vec<(usize, Result<First, Errno>)> {
    let next = AtomicUsize::new(0);
    let work = |inspector: &mut Inspector| {
        let mut read = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(newcomer) = newcomers.get(at) else {
                return read;
            };
            read.push((at, read_first(inspector, root, newcomer.pid)));
        }
    };
    std::thread::scope(|scope| {
        let helper = std::thread::Builder::new()
            .name("owners".into())
            .spawn_scoped(scope, || work(&mut Inspector::new()));
        let mut read = work(inspector);
        if let Ok(more) = helper.map(std::thread::ScopedJoinHandle::join) {
            read.extend(more.unwrap_or_default());
        }
        read
    })
}
