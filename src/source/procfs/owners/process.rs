//! What is known of one process: reading its descriptors, taking up what changed, letting it go.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use super::super::handles::{Handle, Handles};
use super::super::inspect::{
    Descriptor, descriptor_count, is_denied, is_gone, open_process, owner,
};
use super::Owners;
use super::newcomers::Newcomer;
use crate::model::{DescriptorKind, ProcessKey, ProcessRow};

/// Descriptors of other kinds than sockets that are asked again with every reading: files that were closed may have
/// become sockets. A process with more of them has to wait for the sweep.
const RECHECKED_FILES: u32 = 256;

/// What is known of one process.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: ProcessKey,
    /// Inode of `/proc/PID`. Another one is reason to suspect that the pid has been reused.
    pub(super) directory: u64,
    pub(super) parent: u32,
    pub(super) uid: u32,
    pub(super) access: Access,
    /// Number of descriptors when they were last listed.
    pub(super) count: Option<u32>,
    /// Its last listing failed for want of something and is to be repeated.
    pub(super) due: bool,
    pub(super) young_until: u64,
    /// Refresh in which it was last listed in the root.
    pub(super) seen: u64,
    /// Refresh in which it was last read with trust in descriptors of live sockets only.
    pub(super) read: u64,
    /// Refresh in which it was last read without any trust.
    pub(super) read_fully: u64,
    pub(super) descriptors: Vec<Descriptor>,
    /// How many of them are of which kind, by `DescriptorKind as usize`.
    pub(super) kinds: [u32; DescriptorKind::ALL.len()],
    pub(super) comm: String,
    pub(super) row: Option<ProcessRow>,
}

impl Entry {
    /// Descriptors that are sockets.
    pub(super) fn sockets(&self) -> u32 {
        self.kinds[DescriptorKind::Socket as usize]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Readable,
    Denied,
    /// Has no descriptors, and is not counted as a process.
    KernelThread,
}

/// What is believed of descriptors that are known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Nothing,
    /// Descriptors of sockets that live.
    LiveSockets,
    /// These, and all that are no sockets.
    Known,
}

impl Owners {
    /// Looks at one process of the listing as cheaply as can be and reads its descriptors if there is a reason. Returns
    /// it if it is not known.
    pub(super) fn look_at(
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
            let files = entry.descriptors.len() as u32 - entry.sockets();
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
    pub(super) fn verify(&mut self, root: BorrowedFd<'_>, slot: u32) -> Option<bool> {
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
    pub(super) fn read(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        trust: Trust,
        live: &dyn Fn(u32) -> bool,
    ) {
        let tick = self.tick;
        let Some(entry) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let pid = entry.key.pid;
        let inspector = &mut self.inspector;
        let result = open_process(root, pid).and_then(|process| {
            let identity = inspector.identify(&process)?;
            if identity.start_time != entry.key.start_time {
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

    /// Asks anew what some descriptors of a process refer to, and lists them if one was closed. False if it could not be
    /// looked into.
    pub(super) fn check(
        &mut self,
        root: BorrowedFd<'_>,
        slot: u32,
        live: &dyn Fn(u32) -> bool,
        ask: impl FnMut(Descriptor) -> bool,
    ) -> bool {
        let Some(entry) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return false;
        };
        let inspector = &mut self.inspector;
        let closed = open_process(root, entry.key.pid)
            .and_then(|process| inspector.check(process, &entry.descriptors, ask));
        match closed {
            Ok(closed) => {
                self.take_found(slot);
                if closed {
                    self.read(root, slot, Trust::LiveSockets, live);
                }
                true
            }
            Err(error) => {
                self.read_failed(slot, error);
                false
            }
        }
    }

    pub(super) fn read_failed(&mut self, slot: u32, error: Errno) {
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
        entry.kinds = count_kinds(found);
    }

    /// Forgets a process that is gone, and frees its slot.
    pub(super) fn forget(&mut self, slot: u32) {
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
}

/// How many descriptors are of which kind.
pub(super) fn count_kinds(descriptors: &[Descriptor]) -> [u32; DescriptorKind::ALL.len()] {
    let mut kinds = [0; DescriptorKind::ALL.len()];
    for descriptor in descriptors {
        kinds[descriptor.kind as usize] += 1;
    }
    kinds
}

/// Replaces the handles of one list of descriptors by those of another. Both are ordered by number. Tells whether
/// anything changed.
pub(super) fn exchange(
    handles: &mut Handles,
    slot: u32,
    old: &[Descriptor],
    new: &[Descriptor],
) -> bool {
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
