//! Looking for the holders of sockets that live and that nobody is known to hold.

use std::collections::hash_map::Entry as MapEntry;
use std::os::fd::{AsFd, BorrowedFd};

use rustc_hash::FxHashMap;

use super::super::inspect::{Descriptor, owner};
use super::Owners;
use super::process::{Access, Trust};

/// Descriptors that one call of [`Owners::resolve`] asks beside dead sockets and new ones, about 50 ms.
const RESOLVE_DESCRIPTORS: usize = 16_384;
/// Sockets that nobody holds and that are remembered, so as not to look for them all the time.
const MAX_UNRESOLVED: usize = 65_536;
/// Time until such a socket is looked for again, ns. It doubles with each attempt.
const RETRY: u64 = 10_000_000_000;
/// Attempts after which that time no longer doubles (320 s).
const MAX_DOUBLINGS: u8 = 5;

#[derive(Debug, Clone, Copy)]
pub(super) struct Unresolved {
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

/// What is being looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) unresolved: FxHashMap<u32, Unresolved>,
    pruned_ns: u64,
    wanted: Vec<Wanted>,
    candidates: Vec<(bool, u32)>,
}

impl Search {
    /// Forgets sockets that were not asked for lately: they have been closed.
    pub(super) fn prune(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.pruned_ns) >= RETRY {
            self.pruned_ns = now_ns;
            self.unresolved
                .retain(|_, known| now_ns.saturating_sub(known.asked_ns) < RETRY);
        }
    }
}

impl Owners {
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
        self.search.wanted.clear();
        for &(inode, uid) in unknown {
            if inode == 0 || self.handles.contains(inode) {
                continue;
            }
            let full = self.search.unresolved.len() >= MAX_UNRESOLVED;
            let known = match self.search.unresolved.entry(inode) {
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
                self.search.wanted.push(Wanted {
                    inode,
                    uid,
                    attempts: known.attempts,
                });
            }
        }
        if self.search.wanted.is_empty() {
            return;
        }
        let Some(root) = self.open_root() else {
            return;
        };
        let mut wanted = std::mem::take(&mut self.search.wanted);
        self.read_candidates(root.as_fd(), &mut wanted, live);
        // Processes met in this very refresh have been read without trust: there is nothing more to learn from them.
        let nothing_older = self.tick <= 1;
        for lost in &wanted {
            if let Some(known) = self.search.unresolved.get_mut(&lost.inode) {
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
        self.search.wanted = wanted;
        self.describe_owners(root.as_fd(), None);
        self.note_denied();
    }

    /// Reads processes that could hold what is wanted until nothing is left of it.
    fn read_candidates(
        &mut self,
        root: BorrowedFd<'_>,
        wanted: &mut Vec<Wanted>,
        live: &dyn Fn(u32) -> bool,
    ) {
        let anyones = wanted.iter().any(|wanted| wanted.uid.is_none());
        let mut uids: Vec<u32> = wanted.iter().filter_map(|wanted| wanted.uid).collect();
        uids.sort_unstable();
        uids.dedup();
        let mut candidates = std::mem::take(&mut self.search.candidates);
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
                self.read(root, slot, Trust::Nothing, live);
            } else if entry.read != self.tick && files <= left {
                left -= files;
                // As long as the number is the same, nothing is new unless something is gone.
                let dead = |known: &Descriptor| known.inode != 0 && !live(known.inode);
                if entry.count.is_none() || entry.descriptors.iter().any(dead) {
                    self.read(root, slot, Trust::LiveSockets, live);
                } else if self.check(root, slot, live, |known| known.inode == 0)
                    && let Some(entry) = self.entry_mut(slot)
                {
                    entry.read = tick;
                }
            }
            if self.generation != before {
                wanted.retain(|wanted| {
                    let lost = !self.handles.contains(wanted.inode);
                    if !lost {
                        self.search.unresolved.remove(&wanted.inode);
                    }
                    lost
                });
            }
        }
        self.search.candidates = candidates;
    }
}
