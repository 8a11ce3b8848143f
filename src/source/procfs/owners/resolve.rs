//! Searches for the owners of live sockets without a known owner.

use std::os::fd::{AsFd, BorrowedFd};

use super::super::process_reader::{Descriptor, process_user};
use super::entry::{Access, RescanPolicy};
use super::map::Owners;
use super::unresolved::WantedSocket;

/// Maximum number of descriptors that one call of [`Owners::resolve`] reads in addition to those of dead sockets and
/// new ones; about 50 ms.
const RESOLVE_DESCRIPTORS: usize = 16_384;

impl Owners {
    /// Searches for the owners of live sockets that [`Self::holders`] does not know: `(inode, user)`, with the socket's
    /// user if the kernel reported it. Reads the processes of that user and of root, or all if there is no user.
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
        self.read_candidates(root.as_fd(), &mut wanted, live);
        // Processes that are new in this refresh have been read completely: another attempt would find nothing more.
        let is_final = self.tick <= 1;
        for lost in &wanted {
            self.unresolved.postpone(lost.inode, now_ns, is_final);
        }
        self.update_rows(root.as_fd(), None);
        self.update_denied();
    }

    /// Reads the processes that could own the wanted sockets, and removes the sockets that were found.
    fn read_candidates(
        &mut self,
        root: BorrowedFd<'_>,
        wanted: &mut Vec<WantedSocket>,
        live: &dyn Fn(u32) -> bool,
    ) {
        let of_any_user = wanted.iter().any(|wanted| wanted.uid.is_none());
        let mut uids: Vec<u32> = wanted.iter().filter_map(|wanted| wanted.uid).collect();
        uids.sort_unstable();
        uids.dedup();
        let mut candidates: Vec<(bool, u32)> = Vec::new();
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
            // Root's processes come last: they may own sockets that any user opened.
            if is_theirs || entry.uid == 0 {
                candidates.push((!is_theirs, slot));
            }
        }
        candidates.sort_unstable();
        let tick = self.tick;
        let mut left = RESOLVE_DESCRIPTORS;
        for &(_, slot) in &candidates {
            if wanted.is_empty() {
                break;
            }
            let Some(entry) = self.entry(slot) else {
                continue;
            };
            let before = self.generation;
            let cost = entry.descriptors.len();
            let files = cost - entry.sockets() as usize;
            if wanted.iter().any(|wanted| wanted.attempts > 0)
                && entry.read_fully != self.tick
                && cost <= left
            {
                left -= cost;
                self.rescan(root, slot, RescanPolicy::Full, live);
            } else if entry.read != self.tick && files <= left {
                left -= files;
                // While the number is unchanged, no descriptor is new unless another was closed.
                let dead = |known: &Descriptor| known.inode != 0 && !live(known.inode);
                if entry.count.is_none() || entry.descriptors.iter().any(dead) {
                    self.rescan(root, slot, RescanPolicy::KeepLiveSockets, live);
                } else if self.recheck(root, slot, live, |known| known.inode == 0)
                    && let Some(entry) = self.entry_mut(slot)
                {
                    entry.read = tick;
                }
            }
            if self.generation != before {
                wanted.retain(|wanted| {
                    let lost = !self.holders.contains(wanted.inode);
                    if !lost {
                        self.unresolved.remove(wanted.inode);
                    }
                    lost
                });
            }
        }
    }
}
