//! The map from sockets to the processes that own them: its state, queries and changes. Other modules decide when a
//! process is read.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::SeededMap;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::super::process_reader::{
    ProcessReader, RunCount, Via, Waiting, is_denied, is_gone, open_process, process_user,
};
use super::super::socket_holders::{SocketDescriptor, SocketHolders};
use super::super::user_names::UserNames;
use super::entry::{Access, Entry, count_kinds, replace_holders};
use super::failures::FailureLog;
use super::unresolved::UnresolvedSockets;
use super::verification::Verification;
use crate::model::{Activity, Fault, FaultSeverity, ProcessKey, ProcessRow, Visibility};
use crate::source::clock;
use crate::source::progress_meter::ProgressMeter;

/// The incremental map from socket inodes to their owners, with details of the processes.
///
/// No descriptor is kept open between calls. If descriptors or memory are exhausted, the last known state is kept; see
/// [`Self::take_faults`].
#[derive(Debug)]
pub struct Owners {
    /// Mount point of procfs.
    pub(super) root: PathBuf,
    /// True if the kernel reports the number of descriptors; unknown before the first refresh.
    pub(super) has_counts: Option<bool>,
    pub(super) holders: SocketHolders,
    pub(super) generation: u64,
    pub(super) slots: Vec<Option<Entry>>,
    pub(super) free: Vec<u32>,
    pub(super) by_pid: SeededMap<u32, u32>,
    /// Number of entries that are the own tables of threads.
    pub(super) thread_tables: u32,
    /// Process at which the next search for tables of threads begins.
    pub(super) thread_cursor: u32,
    /// Process at which the next check for changed names begins.
    pub(super) name_cursor: usize,
    pub(super) verification: Verification,
    users: UserNames,
    /// Remaining total time to wait for user names.
    name_wait: Duration,
    /// Number of refreshes.
    pub(super) tick: u64,
    pub(super) last_ns: Option<u64>,
    /// Time of the current refresh, ns.
    pub(super) now_ns: u64,
    /// True if the listing is incomplete because of the mount option `hidepid`.
    pub(super) hidden: bool,
    /// True if the mount options of the root hide processes of other users from this one; unknown before the first
    /// listing.
    pub(super) mount_hides: Option<bool>,
    /// True if the root lists no process at all, not even ours, so it is not a procfs.
    pub(super) empty: bool,
    /// True if the descriptors of a listed process cannot be read.
    any_denied: bool,
    pub(super) sweep: SweepCursor,
    pub(super) unresolved: UnresolvedSockets,
    failures: FailureLog,
    pub(super) reader: ProcessReader,
    pub(super) listing: Vec<(u32, u64)>,
    /// Time of the boot, µs since 1970 UTC.
    pub(super) booted_at_us: i64,
    /// Counts the processes that are read for the first time.
    pub(super) meter: Arc<ProgressMeter>,
}

/// The current position of the sweep over all descriptors.
#[derive(Debug, Default)]
pub(super) struct SweepCursor {
    pub(super) slot: usize,
    /// Number of the next descriptor to read; 0 before the process is visited.
    pub(super) fd: u32,
    /// How much the process had run when it was visited.
    pub(super) run_count: Option<RunCount>,
    /// Number of descriptors that may be read; negative after a visit that took more.
    pub(super) credit: i64,
}

impl Owners {
    /// Creates an empty map. `root` is the mount point of procfs. `name_wait` is the total time to wait for user names;
    /// later names are filled in when they arrive.
    pub fn new(root: &Path, name_wait: Duration) -> Owners {
        Owners {
            root: root.to_owned(),
            has_counts: None,
            holders: SocketHolders::default(),
            generation: 0,
            slots: Vec::new(),
            free: Vec::new(),
            by_pid: SeededMap::default(),
            thread_tables: 0,
            thread_cursor: 0,
            name_cursor: 0,
            verification: Verification::default(),
            users: UserNames::new(),
            name_wait,
            tick: 0,
            last_ns: None,
            now_ns: 0,
            hidden: false,
            mount_hides: None,
            empty: false,
            any_denied: false,
            sweep: SweepCursor::default(),
            unresolved: UnresolvedSockets::default(),
            failures: FailureLog::default(),
            reader: ProcessReader::new(),
            listing: Vec::new(),
            booted_at_us: clock::booted_at_us(),
            meter: Arc::default(),
        }
    }

    /// Returns the descriptors that refer to the socket with this inode, ordered by process and number; empty if none
    /// is known.
    #[inline]
    pub fn holders(&self, inode: u32) -> &[SocketDescriptor] {
        self.holders.get(inode)
    }

    /// Reads the activity of a process; `None` if it has ended, or is hidden by the mount option `hidepid`.
    pub fn activity(&mut self, key: ProcessKey) -> Option<Activity> {
        let root = self.open_root()?;
        let process = open_process(root.as_fd(), key.pid).ok()?;
        let stat = self.reader.read_stat(&process).ok()?;
        let mut activity = stat
            .activity
            .filter(|_| stat.start_time == key.start_time)?;
        // The CPU time is that of all threads, but the state of a first thread that has exited says nothing.
        let known = self.by_pid.get(&key.pid).and_then(|&slot| self.entry(slot));
        let last = known.map_or(Via::Leader, |entry| entry.via);
        let via = self.reader.living_thread(&process, &stat, last);
        if via != Via::Leader
            && let Ok(thread) = self.reader.read_thread_stat(&process, via)
        {
            activity.state = thread.activity?.state;
        }
        Some(activity)
    }

    /// Determines whether a process waits for the socket with this inode, which is its descriptor `fd`.
    pub(in crate::source) fn waiting(&mut self, key: ProcessKey, fd: u32, inode: u32) -> Waiting {
        let process = self
            .open_root()
            .and_then(|root| open_process(root.as_fd(), key.pid).ok());
        match process {
            Some(process) => self.reader.read_waiting(process, fd, inode),
            None => Waiting::Unknown,
        }
    }

    /// Returns a number that changes whenever the holders of any socket change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the process in a slot; `None` if the slot is free or its process never owned a socket. A slot belongs to
    /// one process during its life and may be reused by the refresh that finds it ended.
    pub fn process(&self, slot: u32) -> Option<&ProcessRow> {
        let entry = self.entry(slot)?;
        match entry.process {
            None => entry.row.as_ref(),
            Some(process) => self.entry(process)?.row.as_ref(),
        }
    }

    /// Counts the processes, and those whose descriptors this user cannot list. Kernel threads, which have none, are
    /// not counted.
    pub fn visibility(&self) -> Visibility {
        let mut visibility = Visibility {
            root: rustix::process::geteuid().is_root(),
            ..Visibility::default()
        };
        for entry in self.processes() {
            visibility.processes += u32::from(entry.access != Access::KernelThread);
            visibility.unreadable += u32::from(entry.access == Access::Denied);
        }
        visibility
    }

    /// Returns true if the descriptors of some processes cannot be listed, because this user may not read them or the
    /// mount option `hidepid` hides them. Any of these processes may own a socket without a known owner: the user of a
    /// socket is the one who opened it, which a daemon that drops its privileges or is passed a descriptor is not.
    pub fn has_unreadable_processes(&self) -> bool {
        self.hidden || self.any_denied
    }

    /// Returns the name of a user, if it is known yet.
    pub fn user_name(&mut self, uid: u32) -> Option<Arc<str>> {
        if self.name_wait.is_zero() {
            return self.users.get(uid, Duration::ZERO);
        }
        let clock = Instant::now();
        let name = self.users.get(uid, self.name_wait);
        self.name_wait = self.name_wait.saturating_sub(clock.elapsed());
        name
    }

    /// Removes and returns the errors since the last call, except missing permissions and processes that have ended. No
    /// sockets are missing because of them; the last known state of the processes was kept.
    pub fn take_faults(&mut self) -> Vec<Fault> {
        let empty = self.empty.then(|| {
            let error = "no processes found; mount procfs there to see socket owners";
            Fault::new(
                FaultSeverity::Degraded,
                self.root.display().to_string(),
                error,
            )
        });
        empty.into_iter().chain(self.failures.take()).collect()
    }

    /// Returns the entries of processes, without those of threads that have their own table.
    pub(super) fn processes(&self) -> impl Iterator<Item = &Entry> {
        self.slots
            .iter()
            .flatten()
            .filter(|entry| entry.process.is_none())
    }

    pub(super) fn entry(&self, slot: u32) -> Option<&Entry> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Opens the root; records a failure if that is impossible.
    pub(super) fn open_root(&mut self) -> Option<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(&self.root, flags, Mode::empty()) {
            Ok(root) => Some(root),
            Err(error) => {
                self.fail(self.root.clone(), error);
                None
            }
        }
    }

    /// Updates whether there are unreadable processes.
    pub(super) fn update_denied(&mut self) {
        let mut entries = self.slots.iter().flatten();
        self.any_denied = entries.any(|entry| entry.access == Access::Denied);
    }

    /// Checks that the process in a slot is still the same and not another one with its pid; `None` if this cannot be
    /// determined. Updates its parent and user, which can change.
    pub(super) fn check_identity(&mut self, root: BorrowedFd<'_>, slot: u32) -> Option<bool> {
        let key = self.entry(slot)?.key;
        let identity = open_process(root, key.pid).and_then(|process| {
            let uid = process_user(root, key.pid)?;
            Ok((self.reader.read_stat(process)?, uid))
        });
        match identity {
            Ok((stat, uid)) => {
                if stat.start_time != key.start_time {
                    return Some(false);
                }
                let entry = self.entry_mut(slot)?;
                entry.parent = stat.parent;
                entry.uid = uid;
                Some(true)
            }
            Err(error) if is_gone(error) => Some(false),
            // Always hidden, by the mount option `hidepid`.
            Err(error) if is_denied(error) => Some(true),
            Err(error) => {
                self.fail_at(key.pid, error);
                None
            }
        }
    }

    /// Stores the descriptors that the reader found for the process in a slot.
    pub(super) fn store_found(&mut self, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let found = &self.reader.found;
        if replace_holders(
            &mut self.holders,
            slot,
            &entry.descriptors,
            found,
            &mut self.verification.shared,
        ) {
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
        entry.kinds = count_kinds(found);
    }

    /// Puts a process into a free slot, replacing an earlier one with its pid, or the own table of one of its threads.
    pub(super) fn insert_entry(&mut self, entry: Entry) {
        let pid = entry.process.is_none().then_some(entry.key.pid);
        self.thread_tables += u32::from(pid.is_none());
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if replace_holders(
            &mut self.holders,
            slot,
            &[],
            &entry.descriptors,
            &mut self.verification.shared,
        ) {
            self.generation += 1;
        }
        if slot as usize == self.slots.len() {
            self.slots.push(Some(entry));
        } else {
            self.slots[slot as usize] = Some(entry);
        }
        if let Some(pid) = pid
            && let Some(former) = self.by_pid.insert(pid, slot)
        {
            self.remove(former);
        }
    }

    /// Removes a process that has ended, with the tables of its threads, and frees their slots.
    pub(super) fn remove(&mut self, slot: u32) {
        let threads: Vec<u32> = self.tables_of_threads(slot).collect();
        for thread in threads {
            self.remove_table(thread);
        }
        self.remove_table(slot);
    }

    /// Removes one table and frees its slot.
    pub(super) fn remove_table(&mut self, slot: u32) {
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        if replace_holders(
            &mut self.holders,
            slot,
            &entry.descriptors,
            &[],
            &mut self.verification.shared,
        ) {
            self.generation += 1;
        }
        if self.sweep.slot == slot as usize {
            self.sweep.run_count = None;
        }
        if entry.process.is_some() {
            self.thread_tables -= 1;
        } else if self.by_pid.get(&entry.key.pid) == Some(&slot) {
            self.by_pid.remove(&entry.key.pid);
        }
        self.free.push(slot);
    }

    /// Handles a process that could not be read: removes it if it has ended, removes its descriptors if they are
    /// unreadable, and otherwise keeps them until the next attempt.
    pub(super) fn read_failed(&mut self, slot: u32, error: Errno) {
        let round = self.reader.round;
        let Some(entry) = self.entry_mut(slot) else {
            return;
        };
        if is_gone(error) && entry.via != Via::Leader && entry.process.is_none() {
            // Only that thread has exited.
            entry.via = Via::Leader;
            entry.retry = true;
        } else if is_gone(error) {
            self.remove(slot);
        } else if is_denied(error) {
            entry.access = Access::Denied;
            entry.retry = false;
            self.reader.found.clear();
            self.store_found(slot);
        } else {
            entry.retry = true;
            entry.doubted_in = round;
            let pid = entry.key.pid;
            self.fail_at(pid, error);
        }
    }

    /// Records a failure to read `path`.
    pub(super) fn fail(&mut self, path: PathBuf, error: Errno) {
        self.failures.add(path, error);
    }

    /// Records a failure to read a process.
    pub(super) fn fail_at(&mut self, pid: u32, error: Errno) {
        self.fail(self.root.join(pid.to_string()), error);
    }
}
