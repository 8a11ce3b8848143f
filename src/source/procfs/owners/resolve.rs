//! Searches for the owners of live sockets without a known owner.

use std::os::fd::{AsFd, BorrowedFd};

use super::super::process_reader::{Descriptor, descriptor_count, process_user};
use super::entry::{Access, RescanPolicy};
use super::map::Owners;
use super::unresolved::WantedSocket;

/// Maximum number of descriptors that one call of [`Owners::resolve`] reads in addition to those of dead sockets and
/// new ones; about 50 ms.
const RESOLVE_DESCRIPTORS: usize = 16_384;

impl Owners {
    /// Searches for the owners of live sockets that [`Self::holders`] does not know: `(inode, user)`, with the socket's
    /// user if the kernel reported it. Reads the processes related to one that has just passed a socket on, then those
    /// of that user, of root, and the others, and last the threads that may have tables of their
    /// own.
    ///
    /// The first call for an inode keeps known descriptors of live sockets, the next one keeps none (within about 50 ms
    /// of work). An inode that is still unknown then belongs to a descriptor in flight, to the kernel or to a hidden
    /// process. It is searched for again after 10 s, then 20 s, up to minutes; the sweep may find it earlier.
    pub fn resolve(
        &mut self,
        unknown: &[(u32, Option<u32>)],
        now_ns: u64,
        live: &dyn Fn(u32) -> bool,
    ) {
        let mut wanted = Vec::new();
        for &(inode, uid) in unknown {
            if inode != 0 && !self.holders.contains(inode) {
                wanted.extend(self.unresolved.report(inode, uid, now_ns));
            }
        }
        if wanted.is_empty() {
            return;
        }
        let Some(root) = self.open_root() else {
            return;
        };
        let candidates = self.candidates(root.as_fd(), &wanted);
        self.read_candidates(root.as_fd(), &candidates, &mut wanted, live);
        // Otherwise, the search continues in the next Sample.
        if self.search_threads(root.as_fd(), &mut wanted, &candidates, live) {
            // Processes that are new in this refresh have been read completely: another attempt would find nothing more.
            let is_final = self.tick <= 1;
            for lost in &wanted {
                self.unresolved.postpone(lost.inode, now_ns, is_final);
            }
        }
        self.update_rows(root.as_fd(), None);
        self.update_denied();
    }

    /// Returns the slots of the processes that could own the wanted sockets, ordered by how likely they do, with their
    /// rank.
    fn candidates(&mut self, root: BorrowedFd<'_>, wanted: &[WantedSocket]) -> Vec<(u8, u32)> {
        let of_any_user = wanted.iter().any(|wanted| wanted.uid.is_none());
        let mut uids: Vec<u32> = wanted.iter().filter_map(|wanted| wanted.uid).collect();
        uids.sort_unstable();
        uids.dedup();
        let mut candidates: Vec<(u8, u32)> = Vec::new();
        for slot in 0..self.slots.len() as u32 {
            let Some(entry) = self.entry_mut(slot) else {
                continue;
            };
            if entry.access != Access::Readable {
                continue;
            }
            // Daemons that start as root change their user.
            if let Ok(uid) = process_user(root, entry.key.pid) {
                entry.uid = uid;
            }
            let is_theirs = of_any_user || uids.binary_search(&entry.uid).is_ok();
            let uid = entry.uid;
            // A socket keeps the user who opened it, also if its process changes its user or passes it on.
            let rank = match () {
                () if self.is_related_to_former(slot) => 0,
                () if is_theirs => 1,
                () if uid == 0 => 2,
                () => 3,
            };
            candidates.push((rank, slot));
        }
        candidates.sort_unstable();
        candidates
    }

    /// Reads the processes that could own the wanted sockets, and removes the sockets that were found.
    fn read_candidates(
        &mut self,
        root: BorrowedFd<'_>,
        candidates: &[(u8, u32)],
        wanted: &mut Vec<WantedSocket>,
        live: &dyn Fn(u32) -> bool,
    ) {
        let tick = self.tick;
        let mut left = RESOLVE_DESCRIPTORS;
        for &(rank, slot) in candidates {
            if wanted.is_empty() {
                break;
            }
            let Some(entry) = self.entry(slot) else {
                continue;
            };
            let before = self.generation;
            // It may have received the socket after it was scanned.
            let counted = descriptor_count(root, entry.key.pid, entry.via).ok();
            let has_changed = entry.count.is_some() && entry.count != counted;
            let cost = entry.descriptors.len();
            let files = cost - entry.sockets() as usize;
            let is_thorough = rank == 0 || wanted.iter().any(|wanted| wanted.attempts > 0);
            if is_thorough && entry.read_fully != self.tick && cost <= left {
                left -= cost;
                self.rescan(root, slot, RescanPolicy::Full, live);
            } else if (entry.read != self.tick || has_changed) && files <= left {
                left -= files;
                // While the number is unchanged, no descriptor is new unless another was closed.
                let dead = |known: &Descriptor| known.inode != 0 && !live(known.inode);
                if entry.count.is_none() || has_changed || entry.descriptors.iter().any(dead) {
                    self.rescan(root, slot, RescanPolicy::KeepLiveSockets, live);
                } else if self.recheck(root, slot, live, |known| known.inode == 0)
                    && let Some(entry) = self.entry_mut(slot)
                {
                    entry.read = tick;
                }
            }
            if self.generation != before {
                self.retain_lost(wanted);
            }
        }
    }
}
