//! Tracks live sockets without a known owner, to limit how often they are searched for.

use std::collections::hash_map::Entry as MapEntry;

use crate::model::SeededMap;

/// Maximum number of tracked sockets.
const MAX_UNRESOLVED: usize = 65_536;
/// Time before such a socket is searched for again, ns. It doubles with each attempt.
const RETRY: u64 = 10_000_000_000;
/// Number of attempts after which that time no longer doubles (320 s).
const MAX_DOUBLINGS: u8 = 5;

/// Sockets without a known owner, by inode.
#[derive(Debug, Default)]
pub(super) struct UnresolvedSockets {
    sockets: SeededMap<u32, Unresolved>,
    pruned_ns: u64,
}

#[derive(Debug, Clone, Copy)]
struct Unresolved {
    attempts: u8,
    /// Earliest next attempt, ns.
    due_ns: u64,
    /// Time of the last report as unknown, ns.
    reported_ns: u64,
}

/// A socket whose owner is searched for.
#[derive(Debug, Clone, Copy)]
pub(super) struct WantedSocket {
    pub(super) inode: u32,
    /// User of the socket, if the kernel reported one.
    pub(super) uid: Option<u32>,
    /// Number of attempts so far.
    pub(super) attempts: u8,
}

impl UnresolvedSockets {
    /// Records that the owner of a socket is unknown. Returns the socket if an attempt to find it is due.
    pub(super) fn report(
        &mut self,
        inode: u32,
        uid: Option<u32>,
        now_ns: u64,
    ) -> Option<WantedSocket> {
        let full = self.sockets.len() >= MAX_UNRESOLVED;
        let known = match self.sockets.entry(inode) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(_) if full => return None,
            MapEntry::Vacant(place) => place.insert(Unresolved {
                attempts: 0,
                due_ns: now_ns,
                reported_ns: now_ns,
            }),
        };
        known.reported_ns = now_ns;
        (known.due_ns <= now_ns).then_some(WantedSocket {
            inode,
            uid,
            attempts: known.attempts,
        })
    }

    /// Records a failed attempt. `is_final` if all processes were read without keeping any descriptor, so that a second
    /// attempt would find nothing more.
    pub(super) fn postpone(&mut self, inode: u32, now_ns: u64, is_final: bool) {
        if let Some(known) = self.sockets.get_mut(&inode) {
            let attempts = known.attempts.saturating_add(1);
            known.attempts = attempts.max(if is_final { 2 } else { 1 });
            known.due_ns = match known.attempts {
                ..=1 => now_ns,
                more => now_ns.saturating_add(RETRY << (more - 2).min(MAX_DOUBLINGS)),
            };
        }
    }

    /// Removes a socket whose owner was found.
    pub(super) fn remove(&mut self, inode: u32) {
        self.sockets.remove(&inode);
    }

    /// Removes sockets that were not reported recently: they have been closed.
    pub(super) fn prune(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.pruned_ns) >= RETRY {
            self.pruned_ns = now_ns;
            self.sockets
                .retain(|_, known| now_ns.saturating_sub(known.reported_ns) < RETRY);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }
}
