//! Who holds which socket, kept up to date with as little reading as possible.
//!
//! A descriptor's target costs a system call, so each is asked for once and then only with a reason:
//!
//! - A process' **number of descriptors** is one `stat` (Linux 6.2). When it changes, the list is read, and only
//!   descriptors that are new or whose socket has ceased to live are asked.
//! - **Resolving**: a live socket that nobody is known to hold makes the processes be read that could hold it; first with
//!   trust in descriptors of live sockets, at the next call with trust in nothing.
//! - **Sweeping**: all descriptors are asked anew in the course of 30 s, some at each refresh, because closing one and
//!   opening another leaves the number as it was.

use std::collections::hash_map::Entry as MapEntry;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::handles::{Handle, Handles};
use super::inspect::{
    Descriptor, Identity, Inspector, descriptor_count, is_denied, is_gone, open_process, owner,
};
use super::users::UserNames;
use crate::model::{Fault, Process, ProcessKey, ProcessRow, Visibility};

/// In which every descriptor is asked anew, ns.
const SWEEP_PERIOD: u64 = 30_000_000_000;
/// What visiting a process costs in a sweep, in descriptors asked (about 2 µs each).
const VISIT: u64 = 16;
/// How long a process is young, ns: it may be about to exec, to take another user's identity or to name itself.
const YOUTH: u64 = 3_000_000_000;
/// The same in ticks of `start_time`. Kernel: `USER_HZ` is 100.
const YOUTH_TICKS: u64 = 300;
/// Descriptors from which a first scan is spread over two threads.
const PARALLEL_DESCRIPTORS: u64 = 20_000;
/// Taken as the count of a process where the kernel does not tell it.
const ASSUMED_DESCRIPTORS: u64 = 256;
/// Descriptors of other kinds than sockets that are asked again with every reading: files that were closed may have
/// become sockets. A process with more of them has to wait for the sweep.
const RECHECKED_FILES: u32 = 256;
/// Descriptors read without any trust in one call of [`Owners::resolve`], about 50 ms.
const RESOLVE_DESCRIPTORS: usize = 16_384;
/// Sockets that nobody holds and that are remembered, so as not to look for them all the time.
const MAX_UNRESOLVED: usize = 65_536;
/// Time until such a socket is looked for again, ns. It doubles with each attempt.
const RETRY: u64 = 10_000_000_000;
/// Attempts after which that time no longer doubles (320 s).
const MAX_DOUBLINGS: u8 = 5;
/// All the time that one refresh waits for the names of users it meets for the first time.
const NAMES_WAIT: Duration = Duration::from_millis(100);
/// Faults kept until they are taken, one for each kind of error.
const MAX_FAULTS: usize = 16;

/// The incremental map from socket inodes to the processes that hold them, and who these are.
///
/// Keeps no descriptor open between calls. What cannot be read for want of descriptors or memory stays as it was known;
/// see [`Self::take_faults`].
#[derive(Debug)]
pub struct Owners {
    root: PathBuf,
    /// Whether the kernel tells the number of descriptors; unknown before the first refresh.
    counted: Option<bool>,
    handles: Handles,
    generation: u64,
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_pid: FxHashMap<u32, u32>,
    users: UserNames,
    /// Counts refreshes.
    tick: u64,
    last_ns: Option<u64>,
    /// Processes were left out of the listing by the mount option `hidepid`.
    hidden: bool,
    sweep: Sweep,
    unresolved: FxHashMap<u32, Unresolved>,
    pruned_ns: u64,
    failures: Vec<Failure>,
    inspector: Inspector,
    listing: Vec<(u32, u64)>,
    wanted: Vec<Wanted>,
    candidates: Vec<(bool, u32)>,
}

/// What is known of one process.
#[derive(Debug)]
struct Entry {
    key: ProcessKey,
    /// Inode of `/proc/PID`. Another one is reason to suspect that the pid has been reused.
    directory: u64,
    parent: u32,
    uid: u32,
    access: Access,
    /// Number of descriptors when they were last listed.
    count: Option<u32>,
    /// Its last listing failed for want of something and is to be repeated.
    due: bool,
    young_until: u64,
    /// Refresh in which it was last listed in the root.
    seen: u64,
    /// Refresh in which it was last read with trust in descriptors of live sockets only.
    read: u64,
    /// Refresh in which it was last read without any trust.
    read_fully: u64,
    descriptors: Vec<Descriptor>,
    sockets: u32,
    comm: String,
    row: Option<ProcessRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Readable,
    Denied,
    /// Has no descriptors, and is not counted as a process.
    KernelThread,
}

/// Where the sweep stands.
#[derive(Debug, Default)]
struct Sweep {
    slot: usize,
    /// The next descriptor number to ask; 0 before the process has been visited.
    fd: u32,
    /// Descriptors that may be asked; negative after a visit that took more.
    credit: i64,
}

#[derive(Debug, Clone, Copy)]
struct Unresolved {
    attempts: u8,
    /// Earliest next attempt, ns.
    due_ns: u64,
    /// When it was last reported as unknown, ns.
    asked_ns: u64,
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    inode: u32,
    uid: Option<u32>,
    attempts: u8,
}

#[derive(Debug)]
struct Failure {
    error: Errno,
    path: PathBuf,
    times: u32,
}

/// A process that was not known before.
#[derive(Debug, Clone, Copy)]
struct Newcomer {
    pid: u32,
    directory: u64,
    count: Option<u32>,
}

/// What the first reading of a process found.
#[derive(Debug)]
struct First {
    identity: Identity,
    uid: u32,
    descriptors: Result<Vec<Descriptor>, Errno>,
}

impl Owners {
    /// Knows nobody. `root` is where procfs is mounted.
    pub fn new(root: &Path) -> Owners {
        Owners {
            root: root.to_owned(),
            counted: None,
            handles: Handles::default(),
            generation: 0,
            slots: Vec::new(),
            free: Vec::new(),
            by_pid: FxHashMap::default(),
            users: UserNames::new(),
            tick: 0,
            last_ns: None,
            hidden: false,
            sweep: Sweep::default(),
            unresolved: FxHashMap::default(),
            pruned_ns: 0,
            failures: Vec::new(),
            inspector: Inspector::new(),
            listing: Vec::new(),
            wanted: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Brings the map up to date, without a guarantee that descriptors which were exchanged for others are noticed;
    /// [`Self::resolve`] and the sweep do that.
    ///
    /// `now_ns` is monotonic time. `live` tells whether a socket with this inode exists; it is asked for descriptors
    /// that are known. To be called after the kernel has been asked for its sockets, so that what was opened until then
    /// is found.
    pub fn refresh(&mut self, now_ns: u64, live: &dyn Fn(u32) -> bool) {
        let Some(root) = self.open_root() else {
            return;
        };
        let root = root.as_fd();
        let counted = *self.counted.get_or_insert_with(|| counts_descriptors(root));
        let mut listing = std::mem::take(&mut self.listing);
        if let Err(error) = self.inspector.processes(root, &mut listing) {
            self.listing = listing;
            self.fail(self.root.clone(), error);
            return;
        }
        self.tick += 1;
        let first_time = self.last_ns.is_none();
        // The first process of a pid namespace is always there, if one may see it.
        self.hidden = listing.iter().all(|&(pid, _)| pid != 1);

        let mut newcomers = Vec::new();
        for &(pid, directory) in &listing {
            if let Some(newcomer) = self.look_at(root, pid, directory, counted, now_ns, live) {
                newcomers.push(newcomer);
            }
        }
        self.listing = listing;
        for slot in 0..self.slots.len() as u32 {
            if self
                .entry(slot)
                .is_some_and(|entry| entry.seen != self.tick)
            {
                self.forget(slot);
            }
        }
        self.meet(root, &newcomers, now_ns, first_time);
        self.sweep(root, now_ns, live);
        self.describe_owners(root, Some(now_ns));
        self.handles.shrink();
        if now_ns.saturating_sub(self.pruned_ns) >= RETRY {
            self.pruned_ns = now_ns;
            self.unresolved
                .retain(|_, known| now_ns.saturating_sub(known.asked_ns) < RETRY);
        }
        self.last_ns = Some(now_ns);
    }

    /// Looks for the holders of sockets that live and that [`Self::holders`] does not know: `(inode, user)`, where the
    /// user is that of the socket, if the kernel told it. Reads that user's processes and root's, or all if there is no
    /// user.
    ///
    /// The first call for an inode believes known descriptors of live sockets, the next one believes nothing (as far as
    /// the work stays within about 50 ms). An inode that is still unknown then belongs to a descriptor in flight, to the
    /// kernel or to a process out of sight, and is not looked for again for 10 s, then 20 s, up to minutes; the sweep
    /// may find it before that.
    pub fn resolve(
        &mut self,
        unknown: &[(u32, Option<u32>)],
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) {
        self.wanted.clear();
        for &(inode, uid) in unknown {
            if inode == 0 || self.handles.contains(inode) {
                continue;
            }
            let full = self.unresolved.len() >= MAX_UNRESOLVED;
            let known = match self.unresolved.entry(inode) {
                MapEntry::Occupied(known) => known.into_mut(),
                MapEntry::Vacant(_) if full => continue,
                MapEntry::Vacant(place) => place.insert(Unresolved {
                    attempts: 0,
                    due_ns: now_ns,
                    asked_ns: now_ns,
                }),
            };
            known.asked_ns = now_ns;
            if known.due_ns <= now_ns {
                self.wanted.push(Wanted {
                    inode,
                    uid,
                    attempts: known.attempts,
                });
            }
        }
        if self.wanted.is_empty() {
            return;
        }
        let Some(root) = self.open_root() else {
            return;
        };
        let mut wanted = std::mem::take(&mut self.wanted);
        self.search(root.as_fd(), &mut wanted, live);
        // Processes met in this very refresh have been read without trust: there is nothing more to learn from them.
        let nothing_older = self.tick <= 1;
        for lost in &wanted {
            if let Some(known) = self.unresolved.get_mut(&lost.inode) {
                known.attempts =
                    known
                        .attempts
                        .saturating_add(1)
                        .max(if nothing_older { 2 } else { 1 });
                known.due_ns = match known.attempts {
                    ..=1 => now_ns,
                    more => now_ns.saturating_add(RETRY << (more - 2).min(MAX_DOUBLINGS)),
                };
            }
        }
        self.wanted = wanted;
        self.describe_owners(root.as_fd(), None);
    }

    /// The descriptors that refer to the socket with this inode, ordered by process and number; empty if none is known.
    #[inline]
    pub fn holders(&self, inode: u32) -> &[Handle] {
        self.handles.get(inode)
    }

    /// A number that changes whenever the holders of any socket have changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The process in a slot; `None` if the slot is free or its process never held a socket. A slot belongs to one
    /// process for as long as it lives and may be given to another by the refresh that finds it gone.
    pub fn process(&self, slot: u32) -> Option<&ProcessRow> {
        self.entry(slot)?.row.as_ref()
    }

    /// The processes that hold sockets, with their slots in ascending order.
    pub fn processes(&self) -> impl Iterator<Item = (u32, &ProcessRow)> {
        self.slots.iter().enumerate().filter_map(|(slot, entry)| {
            let entry = entry.as_ref().filter(|entry| entry.sockets > 0)?;
            Some((slot as u32, entry.row.as_ref()?))
        })
    }

    /// Whether the process existed at the last refresh, be it one that holds sockets or not.
    pub fn is_alive(&self, key: ProcessKey) -> bool {
        self.by_pid
            .get(&key.pid)
            .and_then(|&slot| self.entry(slot))
            .is_some_and(|entry| entry.key == key)
    }

    /// How many processes there are, and of how many this user may not list the descriptors. Kernel threads, which have
    /// none, are not counted.
    pub fn visibility(&self) -> Visibility {
        let mut visibility = Visibility::default();
        for entry in self.slots.iter().flatten() {
            visibility.processes += u32::from(entry.access != Access::KernelThread);
            visibility.unreadable += u32::from(entry.access == Access::Denied);
        }
        visibility
    }

    /// Whether a process of that user (of any if `None`) exists whose descriptors we may not list, so that a socket
    /// without a known holder may be its. With the mount option `hidepid` any other user may have such processes.
    pub fn could_be_hidden(&self, uid: Option<u32>) -> bool {
        let another = uid.is_none_or(|uid| uid != rustix::process::geteuid().as_raw());
        (self.hidden && another)
            || self.slots.iter().flatten().any(|entry| {
                entry.access == Access::Denied && uid.is_none_or(|uid| uid == entry.uid)
            })
    }

    /// Names of users, for whoever needs more of them than those of processes.
    pub fn users(&mut self) -> &mut UserNames {
        &mut self.users
    }

    /// What could not be read since the last call, other than for want of permission or because a process was gone.
    /// Sockets are not missing because of it; what was known of the processes concerned has been kept.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        self.failures
            .drain(..)
            .map(|failure| {
                let mut text = std::io::Error::from(failure.error).to_string();
                if failure.times > 1 {
                    text = format!("{text} ({} times)", failure.times);
                }
                if matches!(failure.error, Errno::MFILE | Errno::NFILE) {
                    text.push_str("; raise the limit of open files, e.g. ulimit -n 1024");
                }
                Fault::benign(failure.path.display().to_string(), text)
            })
            .collect()
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    fn open_root(&mut self) -> Option<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(&self.root, flags, Mode::empty()) {
            Ok(root) => Some(root),
            Err(error) => {
                self.fail(self.root.clone(), error);
                None
            }
        }
    }

    /// Keeps what went wrong, each kind of error once with the first place where it happened.
    fn fail(&mut self, path: PathBuf, error: Errno) {
        if let Some(known) = self.failures.iter_mut().find(|known| known.error == error) {
            known.times = known.times.saturating_add(1);
        } else if self.failures.len() < MAX_FAULTS {
            self.failures.push(Failure {
                error,
                path,
                times: 1,
            });
        }
    }

    fn fail_at(&mut self, pid: u32, error: Errno) {
        self.fail(self.root.join(pid.to_string()), error);
    }

    /// Looks at one process of the listing as cheaply as can be and reads its descriptors if there is a reason. Returns
    /// it if it is not known.
    fn look_at(
        &mut self,
        root: BorrowedFd<'_>,
        pid: u32,
        directory: u64,
        counted: bool,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> Option<Newcomer> {
        let tick = self.tick;
        let mut known = self.by_pid.get(&pid).copied();
        if let Some(slot) = known
            && self
                .entry(slot)
                .is_some_and(|entry| entry.directory != directory)
        {
            match self.verify(root, slot) {
                Some(true) => self.entry_mut(slot)?.directory = directory,
                Some(false) => {
                    self.forget(slot);
                    known = None;
                }
                None => {}
            }
        }
        if let Some(entry) = known.and_then(|slot| self.entry_mut(slot)) {
            entry.seen = tick;
            let retry = entry.access == Access::Denied && now_ns < entry.young_until;
            if entry.access != Access::Readable && !retry {
                return None;
            }
        }
        let count = if counted {
            match descriptor_count(root, pid) {
                Ok(count) => Some(count),
                Err(error) if is_gone(error) => {
                    if let Some(slot) = known {
                        self.forget(slot);
                    }
                    return None;
                }
                Err(error) if is_denied(error) => None,
                Err(error) => {
                    self.fail_at(pid, error);
                    return None;
                }
            }
        } else {
            None
        };
        let Some(slot) = known else {
            return Some(Newcomer {
                pid,
                directory,
                count,
            });
        };
        let entry = self.entry_mut(slot)?;
        if count.is_none() || entry.count != count || entry.due || entry.access == Access::Denied {
            let files = entry.descriptors.len() as u32 - entry.sockets;
            let trust = if counted && files <= RECHECKED_FILES {
                Trust::LiveSockets
            } else {
                Trust::Known
            };
            entry.count = count;
            self.read(root, slot, trust, live);
        }
        None
    }

    /// Whether the process in a slot is still the same and not another with its pid; `None` if that cannot be told. Also
    /// takes up what may change in the life of a process.
    fn verify(&mut self, root: BorrowedFd<'_>, slot: u32) -> Option<bool> {
        let key = self.entry(slot)?.key;
        let identity = open_process(root, key.pid).and_then(|process| {
            let uid = owner(root, key.pid)?;
            Ok((self.inspector.identify(process)?, uid))
        });
        match identity {
            Ok((identity, uid)) => {
                if identity.start_time != key.start_time {
                    return Some(false);
                }
                let entry = self.entry_mut(slot)?;
                entry.parent = identity.parent;
                entry.uid = uid;
                Some(true)
            }
            Err(error) if is_gone(error) => Some(false),
            // Out of reach from the start by the mount option `hidepid`.
            Err(error) if is_denied(error) => Some(true),
            Err(error) => {
                self.fail_at(key.pid, error);
                None
            }
        }
    }

    /// Reads the descriptors of a process and takes up the changes.
    fn read(&mut self, root: BorrowedFd<'_>, slot: u32, trust: Trust, live: &dyn Fn(u32) -> bool) {
        let tick = self.tick;
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let pid = entry.key.pid;
        let inspector = &mut self.inspector;
        let result = open_process(root, pid).and_then(|process| {
            if inspector.identify(&process)?.start_time != entry.key.start_time {
                return Err(Errno::SRCH);
            }
            inspector.list(&process, &entry.descriptors, |known| match trust {
                Trust::Nothing => false,
                Trust::LiveSockets => known.inode != 0 && live(known.inode),
                Trust::Known => known.inode == 0 || live(known.inode),
            })
        });
        match result {
            Ok(()) => {
                entry.access = Access::Readable;
                entry.due = false;
                if trust != Trust::Known {
                    entry.read = tick;
                }
                if trust == Trust::Nothing {
                    entry.read_fully = tick;
                }
                self.take_found(slot);
            }
            Err(error) => self.read_failed(slot, error),
        }
    }

    fn read_failed(&mut self, slot: u32, error: Errno) {
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        if is_gone(error) {
            self.forget(slot);
        } else if is_denied(error) {
            entry.access = Access::Denied;
            entry.due = false;
            self.inspector.found.clear();
            self.take_found(slot);
        } else {
            entry.due = true;
            let pid = entry.key.pid;
            self.fail_at(pid, error);
        }
    }

    /// Makes the inspector's list that of the process in a slot.
    fn take_found(&mut self, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let found = &self.inspector.found;
        if entry.descriptors == *found {
            return;
        }
        if exchange(&mut self.handles, slot, &entry.descriptors, found) {
            self.generation += 1;
        }
        entry.descriptors.clear();
        if found.len() > entry.descriptors.capacity() && entry.descriptors.capacity() == 0 {
            entry.descriptors.reserve_exact(found.len());
        }
        entry.descriptors.extend_from_slice(found);
        if entry.descriptors.capacity() > 4096 && found.len() < entry.descriptors.capacity() / 4 {
            entry.descriptors.shrink_to(found.len() * 2);
        }
        entry.sockets = count_sockets(found);
    }

    /// Forgets a process that is gone, and frees its slot.
    fn forget(&mut self, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        if exchange(&mut self.handles, slot, &entry.descriptors, &[]) {
            self.generation += 1;
        }
        if self.by_pid.get(&entry.key.pid) == Some(&slot) {
            self.by_pid.remove(&entry.key.pid);
        }
        self.free.push(slot);
    }

    /// Reads processes that were not known, on two threads if they have many descriptors.
    fn meet(
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
                Some(count_sockets(descriptors) as usize)
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
    fn admit(&mut self, newcomer: Newcomer, first: Result<First, Errno>, now_ns: u64) {
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
            sockets: 0,
            comm: first.identity.comm,
            row: None,
        };
        match first.descriptors {
            Ok(descriptors) => {
                entry.sockets = count_sockets(&descriptors);
                entry.descriptors = descriptors;
            }
            Err(error) if is_gone(error) => return,
            Err(error) if is_denied(error) => {
                if !first.identity.zombie {
                    entry.access = Access::Denied;
                }
            }
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

    /// Asks as many descriptors anew as are due since the last refresh.
    fn sweep(&mut self, root: BorrowedFd<'_>, now_ns: u64, live: &dyn Fn(u32) -> bool) {
        let elapsed = now_ns.saturating_sub(self.last_ns.unwrap_or(now_ns));
        let total: u64 = self
            .slots
            .iter()
            .flatten()
            .map(|entry| VISIT + entry.descriptors.len() as u64)
            .sum();
        let earned = (u128::from(total) * u128::from(elapsed)).div_ceil(u128::from(SWEEP_PERIOD));
        let earned = u64::try_from(earned).unwrap_or(total).min(total);
        self.sweep.credit = (self.sweep.credit + earned as i64).min(total as i64);
        // A guard against going round more than once, should nothing cost anything.
        let mut steps = self.slots.len() + 1;
        while self.sweep.credit > 0 && steps > 0 {
            if self.sweep.slot >= self.slots.len() {
                self.sweep.slot = 0;
                self.sweep.fd = 0;
            }
            let slot = self.sweep.slot as u32;
            if self.entry(slot).is_none() || self.sweep_process(root, slot, now_ns, live) {
                self.sweep.slot += 1;
                self.sweep.fd = 0;
                steps -= 1;
            }
        }
    }

    /// Sweeps over a process as far as the credit goes. Tells whether it is done with it.
    fn sweep_process(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> bool {
        if self.sweep.fd == 0 {
            self.sweep.credit -= VISIT as i64;
            if self.verify(root, slot) == Some(false) {
                let pid = self.entry(slot).map(|entry| entry.key.pid);
                self.forget(slot);
                if let Some(pid) = pid {
                    self.meet_again(root, pid, now_ns);
                }
                return true;
            }
            match self.entry(slot).map(|entry| entry.access) {
                Some(Access::Readable) => {}
                Some(Access::Denied) => {
                    self.read(root, slot, Trust::Nothing, live);
                    return true;
                }
                _ => return true,
            }
            if self.entry(slot).is_some_and(|entry| entry.sockets > 0) {
                let mut no_time = Duration::ZERO;
                self.describe(root, slot, &mut no_time);
            }
        }
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return true;
        };
        let known = &entry.descriptors;
        let from = known.partition_point(|descriptor| descriptor.fd < self.sweep.fd);
        let to = known
            .len()
            .min(from.saturating_add(self.sweep.credit.max(1) as usize));
        let next = known.get(to).map(|descriptor| descriptor.fd);
        if from < to {
            self.sweep.credit -= (to - from) as i64;
            let inspector = &mut self.inspector;
            let closed = open_process(root, entry.key.pid)
                .and_then(|process| inspector.check(process, known, from, to));
            match closed {
                Ok(closed) => {
                    self.take_found(slot);
                    if closed {
                        self.read(root, slot, Trust::LiveSockets, live);
                    }
                }
                Err(error) => {
                    self.read_failed(slot, error);
                    return true;
                }
            }
        }
        match next {
            Some(fd) => {
                self.sweep.fd = fd;
                false
            }
            None => true,
        }
    }

    /// Takes in the process that has the pid of one that is gone, if there is one.
    fn meet_again(&mut self, root: BorrowedFd<'_>, pid: u32, now_ns: u64) {
        let first = read_first(&mut self.inspector, root, pid);
        let newcomer = Newcomer {
            pid,
            directory: 0,
            count: None,
        };
        self.admit(newcomer, first, now_ns);
    }

    /// Reads processes that could hold what is wanted until nothing is left of it.
    fn search(
        &mut self,
        root: BorrowedFd<'_>,
        wanted: &mut Vec<Wanted>,
        live: &dyn Fn(u32) -> bool,
    ) {
        let anyones = wanted.iter().any(|wanted| wanted.uid.is_none());
        let mut uids: Vec<u32> = wanted.iter().filter_map(|wanted| wanted.uid).collect();
        uids.sort_unstable();
        uids.dedup();
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.access != Access::Readable {
                continue;
            }
            // Identities are changed by daemons that begin as root.
            if let Ok(uid) = owner(root, entry.key.pid) {
                entry.uid = uid;
            }
            let theirs = anyones || uids.binary_search(&entry.uid).is_ok();
            // Root's come last: they may hold sockets that anyone has opened.
            if theirs || entry.uid == 0 {
                candidates.push((!theirs, slot));
            }
        }
        candidates.sort_unstable();
        let mut left = RESOLVE_DESCRIPTORS;
        for &(_, slot) in &candidates {
            if wanted.is_empty() {
                break;
            }
            let Some(entry) = self.entry(slot) else {
                continue;
            };
            let deep = wanted.iter().any(|wanted| wanted.attempts > 0);
            let cost = entry.descriptors.len();
            let trust = if deep && entry.read_fully != self.tick && cost <= left {
                left -= cost;
                Trust::Nothing
            } else if entry.read != self.tick {
                Trust::LiveSockets
            } else {
                continue;
            };
            let before = self.generation;
            self.read(root, slot, trust, live);
            if self.generation != before {
                wanted.retain(|wanted| {
                    let lost = !self.handles.contains(wanted.inode);
                    if !lost {
                        self.unresolved.remove(&wanted.inode);
                    }
                    lost
                });
            }
        }
        self.candidates = candidates;
    }

    /// Reads who the processes are that hold sockets, where that is not known; and, if the time is given, where it may
    /// have changed because they are young.
    fn describe_owners(&mut self, root: BorrowedFd<'_>, now_ns: Option<u64>) {
        let mut wait = NAMES_WAIT;
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.sockets == 0 {
                continue;
            }
            if entry.row.is_none() || now_ns.is_some_and(|now| now < entry.young_until) {
                self.describe(root, slot, &mut wait);
            }
            let Some(Some(entry)) = self.slots.get_mut(slot as usize) else {
                continue;
            };
            let Some(row) = &mut entry.row else {
                continue;
            };
            row.descriptors = entry.count.or(u32::try_from(entry.descriptors.len()).ok());
            if row.process.user.is_none()
                && let Some(name) = self.users.get(row.process.uid, Duration::ZERO)
            {
                Arc::make_mut(&mut row.process).user = Some(name);
            }
        }
    }

    /// Reads who the process in a slot is. Waits for its user's name no longer than `wait`, and takes the time from it.
    fn describe(&mut self, root: BorrowedFd<'_>, slot: u32, wait: &mut Duration) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let pid = entry.key.pid;
        let mut failed = None;
        let inspector = &mut self.inspector;
        let details = open_process(root, pid).and_then(|process| {
            // The parent changes when it exits; and these are the details of this very process, or none.
            let identity = inspector.identify(&process)?;
            if identity.start_time != entry.key.start_time {
                return Err(Errno::SRCH);
            }
            entry.parent = identity.parent;
            entry.uid = owner(root, pid)?;
            inspector.details(&process)
        });
        let details = match details {
            Ok(details) => Some(details),
            Err(error) => {
                if !is_gone(error) && !is_denied(error) {
                    failed = Some(error);
                }
                None
            }
        };
        if let Some(details) = details {
            if let Some(comm) = details.comm {
                entry.comm = comm;
            }
            let asked = Instant::now();
            let user = self.users.get(entry.uid, *wait);
            *wait = wait.saturating_sub(asked.elapsed());
            let process = Process {
                key: entry.key,
                parent: entry.parent,
                comm: entry.comm.clone(),
                command_line: details.command_line,
                uid: entry.uid,
                user,
                cgroup: details.cgroup.map(Arc::from),
            };
            match &mut entry.row {
                Some(row) if *row.process == process => {}
                Some(row) => row.process = Arc::new(process),
                None => entry.row = Some(entry_row(process)),
            }
        } else if entry.row.is_none() {
            // It exits at this moment, or descriptors have run out: its identity and name are known all the same.
            let process = Process {
                key: entry.key,
                parent: entry.parent,
                comm: entry.comm.clone(),
                command_line: String::new(),
                uid: entry.uid,
                user: None,
                cgroup: None,
            };
            entry.row = Some(entry_row(process));
        }
        if let Some(error) = failed {
            self.fail_at(pid, error);
        }
    }
}

/// What is believed of descriptors that are known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Nothing,
    /// Descriptors of sockets that live.
    LiveSockets,
    /// These, and all that are no sockets.
    Known,
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
                zombie: false,
            },
            uid: 0,
            descriptors: Err(Errno::ACCESS),
        }
    }
}

fn entry_row(process: Process) -> ProcessRow {
    ProcessRow {
        process: Arc::new(process),
        descriptors: None,
    }
}

/// Whether the size of `PID/fd` is the number of descriptors: ours is never without any.
fn counts_descriptors(root: BorrowedFd<'_>) -> bool {
    rustix::fs::statat(root, c"self/fd", AtFlags::empty()).is_ok_and(|stat| stat.st_size > 0)
}

fn count_sockets(descriptors: &[Descriptor]) -> u32 {
    let sockets = descriptors
        .iter()
        .filter(|descriptor| descriptor.inode != 0);
    u32::try_from(sockets.count()).unwrap_or(u32::MAX)
}

/// Replaces the handles of one list of descriptors by those of another. Both are ordered by number. Tells whether
/// anything changed.
fn exchange(handles: &mut Handles, slot: u32, old: &[Descriptor], new: &[Descriptor]) -> bool {
    let handle = |descriptor: &Descriptor| Handle {
        process: slot,
        fd: descriptor.fd,
    };
    let mut changed = false;
    let (mut before, mut after) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let (gone, come) = match (before.peek(), after.peek()) {
            (None, None) => return changed,
            (Some(b), Some(a)) if a.fd == b.fd => (before.next(), after.next()),
            (Some(b), Some(a)) if a.fd < b.fd => (None, after.next()),
            (None, Some(_)) => (None, after.next()),
            (Some(_), _) => (before.next(), None),
        };
        if gone == come {
            continue;
        }
        if let Some(gone) = gone.filter(|gone| gone.inode != 0) {
            handles.remove(gone.inode, handle(gone));
            changed = true;
        }
        if let Some(come) = come.filter(|come| come.inode != 0) {
            handles.add(come.inode, handle(come));
            changed = true;
        }
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

#[cfg(test)]
mod tests;
