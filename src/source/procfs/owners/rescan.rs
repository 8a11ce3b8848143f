//! Reads the descriptors of known processes again where they may have changed.

use std::os::fd::BorrowedFd;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::super::hidepid::hides_processes;
use super::super::process_reader::{
    Descriptor, Via, descriptor_count, is_denied, is_gone, open_process,
};
use super::entry::{Access, NewProcess, RescanPolicy};
use super::map::Owners;

/// Maximum number of descriptors other than sockets that are read again with every rescan: closed files may have become
/// sockets. Processes with more of them wait for the sweep.
const MAX_RECHECKED_FILES: u32 = 256;

impl Owners {
    /// Lists the processes, rescans known ones that have changed, and returns the others. Returns `None` if the root
    /// cannot be read.
    pub(super) fn scan_processes(
        &mut self,
        root: BorrowedFd<'_>,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<NewProcess>> {
        let has_counts = *self
            .has_counts
            .get_or_insert_with(|| has_descriptor_counts(root));
        let mut listing = std::mem::take(&mut self.listing);
        if let Err(error) = self.reader.list_processes(root, &mut listing) {
            self.listing = listing;
            self.fail(self.root.clone(), error);
            return None;
        }
        self.tick += 1;
        // Descriptors are read in rounds from 1; it takes years to exceed 32 bits.
        self.reader.round = u32::try_from(self.tick).unwrap_or(u32::MAX);
        self.now_ns = now_ns;
        self.verification.begin(self.reader.round, now_ns);
        // The first process of a pid namespace always exists, unless it is hidden.
        self.empty = listing.is_empty();
        let mount_hides = *self
            .mount_hides
            .get_or_insert_with(|| hides_processes(&self.root));
        self.hidden = !self.empty && (mount_hides || listing.iter().all(|&(pid, _)| pid != 1));

        let mut new = Vec::new();
        for &(pid, directory) in &listing {
            if let Some(process) = self.scan_listed(root, pid, directory, has_counts, now_ns, live)
            {
                new.push(process);
            }
        }
        self.listing = listing;
        self.scan_thread_tables(root, has_counts, live);
        Some(new)
    }

    /// Scans one process of the listing, and rescans its descriptors only for a reason. Returns it if it is not known.
    fn scan_listed(
        &mut self,
        root: BorrowedFd<'_>,
        pid: u32,
        directory: u64,
        has_counts: bool,
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) -> Option<NewProcess> {
        let tick = self.tick;
        let mut known = self.by_pid.get(&pid).copied();
        if let Some(slot) = known
            && self
                .entry(slot)
                .is_some_and(|entry| entry.directory != directory)
        {
            match self.check_identity(root, slot) {
                Some(true) => self.entry_mut(slot)?.directory = directory,
                Some(false) => {
                    self.remove(slot);
                    known = None;
                }
                None => {}
            }
        }
        if let Some(entry) = known.and_then(|slot| self.entry_mut(slot)) {
            entry.seen = tick;
            let is_retried = entry.access == Access::Denied && now_ns < entry.young_until;
            if entry.access != Access::Readable && !is_retried {
                return None;
            }
        }
        let via = known.and_then(|slot| self.entry(slot));
        let via = via.map_or(Via::Leader, |entry| entry.via);
        let count = if has_counts {
            match descriptor_count(root, pid, via) {
                Ok(count) => Some(count),
                // Only that thread has exited; the rescan finds another one.
                Err(error) if is_gone(error) && via != Via::Leader => None,
                Err(error) if is_gone(error) => {
                    if let Some(slot) = known {
                        self.remove(slot);
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
            return Some(NewProcess {
                pid,
                directory,
                count,
            });
        };
        let entry = self.entry_mut(slot)?;
        if count.is_none() || entry.count != count || entry.retry || entry.access == Access::Denied
        {
            let files = entry.descriptors.len() as u32 - entry.sockets();
            let policy = if has_counts && files <= MAX_RECHECKED_FILES {
                RescanPolicy::KeepLiveSockets
            } else {
                RescanPolicy::KeepKnown
            };
            entry.count = count;
            self.rescan(root, slot, policy, live);
        }
        None
    }

    /// Lists the descriptors of a process again and stores the changes.
    pub(super) fn rescan(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        policy: RescanPolicy,
        live: &dyn Fn(u32) -> bool,
    ) {
        let tick = self.tick;
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let pid = entry.key.pid;
        let reader = &mut self.reader;
        let result = open_process(root, pid).and_then(|process| {
            let stat = reader.read_stat(&process)?;
            if stat.start_time != entry.key.start_time {
                return Err(Errno::SRCH);
            }
            if entry.process.is_none() {
                entry.via = reader.living_thread(&process, &stat, entry.via);
            }
            let known = &entry.descriptors;
            reader.list_descriptors(&process, entry.via, known, |known| match policy {
                RescanPolicy::Full => false,
                RescanPolicy::KeepLiveSockets => known.inode != 0 && live(known.inode),
                RescanPolicy::KeepKnown => known.inode == 0 || live(known.inode),
            })
        });
        match result {
            Ok(()) => {
                entry.access = Access::Readable;
                entry.retry = false;
                if policy != RescanPolicy::KeepKnown {
                    entry.read = tick;
                }
                if policy == RescanPolicy::Full {
                    entry.read_fully = tick;
                    entry.doubted_in = 0;
                }
                self.store_found(slot);
            }
            Err(error) => self.read_failed(slot, error),
        }
    }

    /// Reads the targets of those known descriptors again that `select` accepts, and lists all descriptors if one was
    /// closed. Returns false if the process could not be read.
    pub(super) fn recheck(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        live: &dyn Fn(u32) -> bool,
        select: impl FnMut(Descriptor) -> bool,
    ) -> bool {
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return false;
        };
        let reader = &mut self.reader;
        let closed = open_process(root, entry.key.pid).and_then(|process| {
            reader.recheck_descriptors(process, entry.via, &entry.descriptors, select)
        });
        match closed {
            Ok(closed) => {
                self.store_found(slot);
                if closed {
                    self.rescan(root, slot, RescanPolicy::KeepLiveSockets, live);
                }
                true
            }
            Err(error) => {
                self.read_failed(slot, error);
                false
            }
        }
    }
}

/// Returns true if the kernel reports the number of descriptors as the size of `PID/fd`: our own process always has
/// some.
fn has_descriptor_counts(root: BorrowedFd<'_>) -> bool {
    rustix::fs::statat(root, c"self/fd", AtFlags::empty()).is_ok_and(|stat| stat.st_size > 0)
}
