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

mod describe;
mod newcomers;
mod process;
mod resolve;
mod seek;
mod sweep;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use self::process::{Access, Entry};
use self::resolve::Search;
use self::sweep::Sweep;
use super::handles::{Handle, Handles};
use super::inspect::{Inspector, open_process};
use super::users::UserNames;
use crate::model::{Activity, Fault, ProcessKey, ProcessRow, Severity, Visibility};
use crate::source::{MORE_DESCRIPTORS, lacks_descriptors};

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
    /// How long names of users may still be waited for, in all.
    name_wait: Duration,
    /// Counts refreshes.
    tick: u64,
    last_ns: Option<u64>,
    /// Processes were left out of the listing by the mount option `hidepid`.
    hidden: bool,
    /// The root shows no process at all, not even ours: it is no procfs.
    empty: bool,
    /// Users of processes that may not be read, in order.
    denied: Vec<u32>,
    sweep: Sweep,
    search: Search,
    failures: Vec<Failure>,
    inspector: Inspector,
    listing: Vec<(u32, u64)>,
    /// When the machine booted, µs since 1970 UTC.
    booted_at_us: i64,
}

#[derive(Debug)]
struct Failure {
    error: Errno,
    path: PathBuf,
    times: u32,
}

impl Owners {
    /// Knows nobody. `root` is where procfs is mounted; `name_wait` is how long the names of users may be waited for, in
    /// all. Those that come later are taken up as they come.
    pub fn new(root: &Path, name_wait: Duration) -> Owners {
        Owners {
            root: root.to_owned(),
            counted: None,
            handles: Handles::default(),
            generation: 0,
            slots: Vec::new(),
            free: Vec::new(),
            by_pid: FxHashMap::default(),
            users: UserNames::new(),
            name_wait,
            tick: 0,
            last_ns: None,
            hidden: false,
            empty: false,
            denied: Vec::new(),
            sweep: Sweep::default(),
            search: Search::default(),
            failures: Vec::new(),
            inspector: Inspector::new(),
            listing: Vec::new(),
            booted_at_us: booted_at_us(),
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
        let first_time = self.last_ns.is_none();
        let Some(newcomers) = self.look_around(root, now_ns, live) else {
            return;
        };
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
        self.note_denied();
        self.handles.shrink();
        self.search.prune(now_ns);
        self.last_ns = Some(now_ns);
    }

    /// Looks at every process there is; answers those that are not known. `None` if there is nothing to be seen.
    fn look_around(
        &mut self,
        root: BorrowedFd<'_>,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<newcomers::Newcomer>> {
        let counted = *self.counted.get_or_insert_with(|| counts_descriptors(root));
        let mut listing = std::mem::take(&mut self.listing);
        if let Err(error) = self.inspector.processes(root, &mut listing) {
            self.listing = listing;
            self.fail(self.root.clone(), error);
            return None;
        }
        self.tick += 1;
        // The first process of a pid namespace is always there, if one may see it.
        self.empty = listing.is_empty();
        self.hidden = !self.empty && listing.iter().all(|&(pid, _)| pid != 1);

        let mut newcomers = Vec::new();
        for &(pid, directory) in &listing {
            if let Some(newcomer) = self.look_at(root, pid, directory, counted, now_ns, live) {
                newcomers.push(newcomer);
            }
        }
        self.listing = listing;
        Some(newcomers)
    }

    /// The descriptors that refer to the socket with this inode, ordered by process and number; empty if none is known.
    #[inline]
    pub fn holders(&self, inode: u32) -> &[Handle] {
        self.handles.get(inode)
    }

    /// What a process does at this moment; `None` if it is gone, or out of reach by the mount option `hidepid`.
    pub fn activity(&mut self, key: ProcessKey) -> Option<Activity> {
        let root = self.open_root()?;
        let process = open_process(root.as_fd(), key.pid).ok()?;
        let identity = self.inspector.identify(process).ok()?;
        identity
            .activity
            .filter(|_| identity.start_time == key.start_time)
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

    /// How many processes there are, and of how many this user may not list the descriptors. Kernel threads, which have
    /// none, are not counted.
    pub fn visibility(&self) -> Visibility {
        let mut visibility = Visibility {
            root: rustix::process::geteuid().is_root(),
            ..Visibility::default()
        };
        for entry in self.slots.iter().flatten() {
            visibility.processes += u32::from(entry.access != Access::KernelThread);
            visibility.unreadable += u32::from(entry.access == Access::Denied);
        }
        visibility
    }

    /// Whether a process of that user (of any if `None`) exists whose descriptors we may not list, so that a socket
    /// without a known holder may be its. With the mount option `hidepid` any other user may have such processes.
    pub fn could_be_hidden(&self, uid: Option<u32>) -> bool {
        match uid {
            None => self.hidden || !self.denied.is_empty(),
            Some(uid) => {
                self.denied.binary_search(&uid).is_ok()
                    || (self.hidden && uid != rustix::process::geteuid().as_raw())
            }
        }
    }

    /// The name of a user, if there is one and it is known by now.
    pub fn user_name(&mut self, uid: u32) -> Option<Arc<str>> {
        if self.name_wait.is_zero() {
            return self.users.get(uid, Duration::ZERO);
        }
        let clock = Instant::now();
        let name = self.users.get(uid, self.name_wait);
        self.name_wait = self.name_wait.saturating_sub(clock.elapsed());
        name
    }

    /// What could not be read since the last call, other than for want of permission or because a process was gone.
    /// Sockets are not missing because of it; what was known of the processes concerned has been kept.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        let empty = self.empty.then(|| {
            let error = "no process is in it; mount procfs there to see who owns what";
            Fault::new(Severity::Degraded, self.root.display().to_string(), error)
        });
        let failed = self.failures.drain(..).map(|failure| {
            let error = std::io::Error::from(failure.error);
            let mut text = error.to_string();
            if failure.times > 1 {
                text = format!("{text} ({} times)", failure.times);
            }
            if lacks_descriptors(&error) {
                text = format!("{text}; {MORE_DESCRIPTORS}");
            }
            Fault::new(Severity::Degraded, failure.path.display().to_string(), text)
        });
        empty.into_iter().chain(failed).collect()
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    fn note_denied(&mut self) {
        self.denied.clear();
        let denied = |entry: &&Entry| entry.access == Access::Denied;
        let entries = self.slots.iter().flatten().filter(denied);
        self.denied.extend(entries.map(|entry| entry.uid));
        self.denied.sort_unstable();
        self.denied.dedup();
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
}

/// When the machine booted, µs since 1970 UTC.
fn booted_at_us() -> i64 {
    use rustix::time::{ClockId, clock_gettime};
    let us = |clock| {
        let time = clock_gettime(clock);
        time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    };
    us(ClockId::Realtime) - us(ClockId::Boottime)
}

/// Whether the size of `PID/fd` is the number of descriptors: ours is never without any.
fn counts_descriptors(root: BorrowedFd<'_>) -> bool {
    rustix::fs::statat(root, c"self/fd", AtFlags::empty()).is_ok_and(|stat| stat.st_size > 0)
}

#[cfg(test)]
mod tests;
