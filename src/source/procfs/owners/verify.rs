//! Verifies known owners: reads the descriptors of sockets again, because a process can pass a socket on to another
//! (`SCM_RIGHTS`, `fork`, `pidfd_getfd`) without a change of its number of descriptors.
//!
//! While reading all of them is cheap ([`VERIFY_COST`]), that is done at each refresh. With more sockets, the caller
//! selects those that have changed, and the [sweep](super::sweep) reads the others in turn. If a process is found to
//! have passed a socket on, it is read completely; until that is done, its other sockets are in doubt.

use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::io::Errno;
use rustix::path::DecInt;

use super::super::process_reader::{is_denied, open_descriptors, open_process, read_target};
use super::super::socket_holders::SocketDescriptor;
use super::entry::{Access, RescanPolicy};
use super::map::Owners;
use super::not_run::ASK_COST;

/// Maximum cost of verifying owners in one Sample, in descriptors read; about 10 ms.
const VERIFY_COST: usize = 4096;
/// Cost of opening the descriptors of a process, in descriptors read.
const VISIT_COST: usize = 4;
/// Maximum number of descriptors that are read at once from a process that has passed a socket on.
const MAX_DESCRIPTORS: usize = 16_384;

impl Owners {
    /// Returns true if the last refresh has verified all owners, so that [`Self::verify_owners`] has nothing to do.
    pub fn all_verified(&self) -> bool {
        self.verification.all_verified
    }

    /// Returns the number of descriptors that [`Self::verify_owners`] should be given at most.
    pub fn verify_limit() -> usize {
        VERIFY_COST
    }

    /// Reports whether a descriptor of a socket has been read recently, and since its process was last found to have
    /// passed sockets on.
    #[inline]
    pub fn is_verified(&self, holder: SocketDescriptor) -> bool {
        self.entry(holder.slot).is_some_and(|entry| {
            let oldest = self.verification.oldest_round().max(entry.doubted_in);
            let read_fully = u32::try_from(entry.read_fully).unwrap_or(u32::MAX);
            read_fully.max(entry.read_at.confirmed_in) >= oldest || {
                let known = &entry.descriptors;
                let at = known.binary_search_by_key(&holder.fd, |descriptor| descriptor.fd);
                at.is_ok_and(|at| known[at].read_in >= oldest)
            }
        })
    }

    /// Reads all descriptors of sockets again that this refresh has not read yet. If there are too many, reads those of
    /// sockets that another process was found to hold as well.
    pub(super) fn verify_all(&mut self, root: BorrowedFd<'_>, live: &dyn Fn(u32) -> bool) {
        let is_due = |entry: &&super::entry::Entry| entry.sockets() > 0;
        let cost = self.slots.iter().flatten().filter(is_due);
        let cost: usize = cost
            .map(|entry| VISIT_COST + entry.sockets() as usize)
            .sum();
        self.verification.all_verified = cost <= VERIFY_COST;
        let mut shared = std::mem::take(&mut self.verification.shared);
        if !self.verification.all_verified {
            let round = self.reader.round;
            shared.truncate(VERIFY_COST);
            let holders = shared.iter().flat_map(|&inode| self.holders.get(inode));
            let is_due = |holder: &&SocketDescriptor| {
                let entry = self.entry(holder.slot);
                let known = entry.map_or(&[][..], |entry| &entry.descriptors);
                let at = known.binary_search_by_key(&holder.fd, |descriptor| descriptor.fd);
                at.is_ok_and(|at| known[at].read_in != round)
            };
            let mut due: Vec<SocketDescriptor> = holders.filter(is_due).copied().collect();
            if !due.is_empty() {
                self.verify_owners(&mut due, live);
            }
            return;
        }
        let mut fds = Vec::new();
        for slot in 0..self.slots.len() as u32 {
            let round = self.reader.round;
            let Some(entry) = self.entry(slot) else {
                continue;
            };
            let sockets = entry.descriptors.iter().filter(|known| known.inode != 0);
            fds.clear();
            fds.extend(
                sockets
                    .filter(|known| known.read_in != round)
                    .map(|known| known.fd),
            );
            if fds.is_empty() || entry.access != Access::Readable {
                continue;
            }
            let count = (fds.len() > ASK_COST).then(|| self.run_count(root, slot));
            let count = count.flatten();
            if !self.has_same_sockets(slot, count)
                && self.verify_process(root, slot, &fds, live)
                && let Some(entry) = self.entry_mut(slot)
            {
                entry.read_at.read_sockets(count);
            }
        }
    }

    /// Reads descriptors of sockets again, for example those of sockets that have changed. `live` reports whether a
    /// socket with this inode exists.
    pub fn verify_owners(
        &mut self,
        holders: &mut Vec<SocketDescriptor>,
        live: &dyn Fn(u32) -> bool,
    ) {
        let Some(root) = self.open_root() else {
            return;
        };
        holders.sort_unstable();
        holders.dedup();
        let mut fds = Vec::new();
        for of_process in holders.chunk_by(|a, b| a.slot == b.slot) {
            fds.clear();
            fds.extend(of_process.iter().map(|holder| holder.fd));
            self.verify_process(root.as_fd(), of_process[0].slot, &fds, live);
        }
    }

    /// Reads these descriptors of one process again, and returns true if they are unchanged. `fds` is in order.
    fn verify_process(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        fds: &[u32],
        live: &dyn Fn(u32) -> bool,
    ) -> bool {
        let round = self.reader.round;
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return false;
        };
        if entry.read_at.confirmed_in == round {
            return true;
        }
        let (mut changed, mut passed_on) = (false, false);
        let directory = open_process(root, entry.key.pid)
            .and_then(|process| open_descriptors(process, entry.via));
        let result: Result<(), Errno> = directory.and_then(|directory| {
            let mut from = 0;
            for &fd in fds {
                let rest = &mut entry.descriptors[from..];
                let Ok(at) = rest.binary_search_by_key(&fd, |known| known.fd) else {
                    continue;
                };
                from += at;
                let known = &mut entry.descriptors[from];
                let target = read_target(&directory, DecInt::new(fd).as_c_str())?;
                if target.is_some_and(|target| known.has_target(target)) {
                    known.read_in = round;
                } else {
                    changed = true;
                    passed_on |= known.inode != 0 && live(known.inode);
                }
            }
            Ok(())
        });
        if let Err(error) = result {
            if is_denied(error) {
                // It may have exited, which a rescan distinguishes.
                self.rescan(root, slot, RescanPolicy::Full, live);
            } else {
                self.read_failed(slot, error);
            }
            return false;
        }
        if passed_on {
            entry.doubted_in = round;
            let is_large = entry.descriptors.len() > MAX_DESCRIPTORS;
            let former = (entry.key.pid, entry.parent);
            self.verification.former.push(former);
            if !is_large {
                self.rescan(root, slot, RescanPolicy::Full, live);
                return false;
            }
        }
        if changed {
            let is_selected = |fd| fds.binary_search(&fd).is_ok();
            self.recheck(root, slot, live, |known| is_selected(known.fd));
        }
        !changed
    }

    /// Reports whether the process in `slot` is the parent, a child or a sibling of one that was found to have passed
    /// sockets on in this round.
    pub(super) fn is_related_to_former(&self, slot: u32) -> bool {
        let former = &self.verification.former;
        !former.is_empty()
            && self.entry(slot).is_some_and(|entry| {
                let (pid, parent) = (entry.key.pid, entry.parent);
                former.iter().any(|&(of, its_parent)| {
                    pid != of
                        && (parent == of
                            || pid == its_parent
                            || (parent == its_parent && parent > 1))
                })
            })
    }
}
