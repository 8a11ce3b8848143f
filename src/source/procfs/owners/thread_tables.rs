//! Finds threads that have a table of descriptors of their own (`unshare(CLONE_FILES)`), which `/proc/PID/fd` does not
//! show.
//!
//! Nearly every thread shares the table of its process, so threads are read only if live sockets have no known owner,
//! and only of processes with several threads. A table that explains such a socket becomes an entry of the map, and is
//! then kept up to date like that of a process.

use std::os::fd::{AsFd, BorrowedFd};

use super::super::process_reader::{
    Descriptor, Via, descriptor_count, may_have_threads, open_process,
};
use super::entry::{Access, Entry, RescanPolicy, count_kinds};
use super::map::Owners;
use super::read_at::ReadAt;
use super::unresolved::WantedSocket;
use crate::model::SeededSet;

/// Maximum cost of one search, in descriptors read; about 25 ms. The next search continues where it ended.
const SEARCH_COST: usize = 8192;
/// Cost of listing the descriptors of a thread, in descriptors read.
const THREAD_COST: usize = 4;
/// Number of the newest descriptors, and of others, that are compared to tell whether a thread shares the table of its
/// process.
const COMPARED: usize = 8;

impl Owners {
    /// Reports whether any known thread has a table of its own.
    pub fn has_thread_tables(&self) -> bool {
        self.thread_tables > 0
    }

    /// Returns the slots of the tables that threads of the process in `slot` have of their own.
    pub(super) fn tables_of_threads(&self, slot: u32) -> impl Iterator<Item = u32> {
        let slots = if self.thread_tables == 0 {
            &[]
        } else {
            &self.slots[..]
        };
        let is_theirs = move |entry: &Option<Entry>| {
            let entry = entry.as_ref();
            entry.is_some_and(|entry| entry.process == Some(slot))
        };
        let slots = slots.iter().enumerate();
        slots.filter_map(move |(at, entry)| is_theirs(entry).then_some(at as u32))
    }

    /// Returns the slot of the process to which the table in `slot` belongs.
    pub(super) fn process_slot(&self, slot: u32) -> u32 {
        let process = self.entry(slot).and_then(|entry| entry.process);
        process.unwrap_or(slot)
    }

    /// Rescans the own tables of threads that have changed, and removes those of threads that have exited.
    pub(super) fn scan_thread_tables(
        &mut self,
        root: BorrowedFd<'_>,
        has_counts: bool,
        live: &dyn Fn(u32) -> bool,
    ) {
        if self.thread_tables == 0 {
            return;
        }
        let tick = self.tick;
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.process.is_none() {
                continue;
            }
            // It is removed with its process.
            entry.seen = tick;
            let (pid, via) = (entry.key.pid, entry.via);
            let count = has_counts.then(|| descriptor_count(root, pid, via));
            match count {
                Some(Err(error)) => self.read_failed(slot, error),
                count => {
                    let count = count.and_then(Result::ok);
                    if let Some(entry) = self.entry_mut(slot)
                        && (count.is_none() || entry.count != count || entry.retry)
                    {
                        entry.count = count;
                        self.rescan(root, slot, RescanPolicy::KeepLiveSockets, live);
                    }
                }
            }
        }
    }

    /// Searches for the wanted sockets in tables of threads of the processes in `candidates`, and removes those that
    /// were found. Returns false if the search has to be continued.
    pub(super) fn search_threads(
        &mut self,
        root: BorrowedFd<'_>,
        wanted: &mut Vec<WantedSocket>,
        candidates: &[(u8, u32)],
        live: &dyn Fn(u32) -> bool,
    ) -> bool {
        let mut left = SEARCH_COST;
        let first = candidates
            .iter()
            .position(|&(_, slot)| slot == self.thread_cursor);
        self.thread_cursor = u32::MAX;
        let (before, after) = candidates.split_at(first.unwrap_or(0));
        for &(_, slot) in after.iter().chain(before) {
            if wanted.is_empty() {
                return true;
            }
            if left == 0 {
                self.thread_cursor = slot;
                return false;
            }
            let is_process = |entry: &&Entry| entry.process.is_none();
            let Some(pid) = self
                .entry(slot)
                .filter(is_process)
                .map(|entry| entry.key.pid)
            else {
                continue;
            };
            let Ok(process) = open_process(root, pid) else {
                continue;
            };
            if !may_have_threads(&process) {
                continue;
            }
            let threads = self.reader.list_threads(&process).unwrap_or_default();
            for tid in threads {
                if tid == pid || wanted.is_empty() || !self.is_other_thread(slot, tid) {
                    continue;
                }
                left = left.saturating_sub(THREAD_COST + 2 * COMPARED);
                if self.shares_table(&process, slot, tid) {
                    continue;
                }
                // What is known of the process may be old. If it has the socket itself, no thread needs to.
                if self
                    .entry(slot)
                    .is_some_and(|entry| entry.read_fully != self.tick)
                {
                    self.rescan(root, slot, RescanPolicy::Full, live);
                    self.retain_lost(wanted);
                    let cost = self.entry(slot).map_or(0, |entry| entry.descriptors.len());
                    left = left.saturating_sub(cost);
                }
                let cost = self.insert_thread_table(&process, slot, tid, wanted);
                left = left.saturating_sub(cost);
            }
        }
        true
    }

    /// Returns true unless the thread is one whose table is known: the one through which the process is read, or one
    /// with a table of its own.
    fn is_other_thread(&self, slot: u32, tid: u32) -> bool {
        let is_known = |slot| {
            let entry = self.entry(slot);
            entry.is_some_and(|entry| entry.via == Via::Thread(tid))
        };
        !is_known(slot) && !self.tables_of_threads(slot).any(is_known)
    }

    /// Returns true if a thread has the descriptors that are known of its process, as far as a comparison of all their
    /// numbers and of some of their targets shows. The kernel offers no other way without further privileges than
    /// reading needs.
    fn shares_table(&mut self, process: impl AsFd, slot: u32, tid: u32) -> bool {
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return true;
        };
        let (known, via, reader) = (&entry.descriptors, Via::Thread(tid), &mut self.reader);
        let listed = reader.list_descriptors(process.as_fd(), via, known, |_| true);
        if listed.is_err() {
            // The thread has exited, or cannot be read.
            return true;
        }
        let number = |descriptor: &Descriptor| descriptor.fd;
        if !reader.found.iter().map(number).eq(known.iter().map(number)) {
            return false;
        }
        // Other descriptors in each attempt.
        let stride = (known.len() / COMPARED).max(1);
        let offset = reader.round as usize % stride;
        let newest = known.len().saturating_sub(COMPARED);
        let mut at = 0;
        let same = reader.recheck_descriptors(process, via, known, |_| {
            at += 1;
            at > newest || (at - 1) % stride == offset
        });
        let pairs = || reader.found.iter().zip(known);
        same == Ok(false)
            && pairs().all(|(found, known)| known.has_target((found.inode, found.kind)))
    }

    /// Reads the table of a thread, and inserts it if it explains a wanted socket. Returns the number of descriptors
    /// read.
    fn insert_thread_table(
        &mut self,
        process: impl AsFd,
        slot: u32,
        tid: u32,
        wanted: &mut Vec<WantedSocket>,
    ) -> usize {
        let via = Via::Thread(tid);
        let listed = self.reader.list_descriptors(process, via, &[], |_| false);
        let cost = self.reader.found.len();
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return cost;
        };
        let inodes: SeededSet<u32> = wanted.iter().map(|wanted| wanted.inode).collect();
        let explains = |descriptor: &Descriptor| inodes.contains(&descriptor.inode);
        if listed.is_err() || !self.reader.found.iter().any(explains) {
            return cost;
        }
        let descriptors = self.reader.found.clone();
        self.insert_entry(Entry {
            key: entry.key,
            process: Some(slot),
            via,
            directory: 0,
            parent: entry.parent,
            uid: entry.uid,
            access: Access::Readable,
            count: u32::try_from(descriptors.len()).ok(),
            retry: false,
            young_until: 0,
            seen: self.tick,
            read: self.tick,
            read_fully: self.tick,
            doubted_in: 0,
            read_at: ReadAt::default(),
            row_read_ns: 0,
            kinds: count_kinds(&descriptors),
            descriptors,
            comm: String::new(),
            row: None,
        });
        self.retain_lost(wanted);
        cost
    }

    /// Removes the sockets from `wanted` whose owners are known by now.
    pub(super) fn retain_lost(&mut self, wanted: &mut Vec<WantedSocket>) {
        wanted.retain(|wanted| {
            let lost = !self.holders.contains(wanted.inode);
            if !lost {
                self.unresolved.remove(wanted.inode);
            }
            lost
        });
    }
}
