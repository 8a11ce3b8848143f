//! The state of one process in [`Owners`](super::Owners).

use super::super::process_reader::{Descriptor, Via};
use super::super::socket_holders::{SocketDescriptor, SocketHolders};
use super::read_at::ReadAt;
use crate::model::{DescriptorKind, ProcessKey, ProcessRow};

/// Numbers of descriptors by kind, indexed by `DescriptorKind as usize`.
pub(super) type KindCounts = [u32; DescriptorKind::ALL.len()];

/// One table of descriptors: that of a process, or one of its threads that has its own.
#[derive(Debug)]
pub(super) struct Entry {
    /// Identity of the process, also of a thread's own table.
    pub(super) key: ProcessKey,
    /// Slot of the process, if this is the own table of one of its threads.
    pub(super) process: Option<u32>,
    /// The thread through which the table is read.
    pub(super) via: Via,
    /// Inode of `/proc/PID`. If it differs, the pid may have been reused.
    pub(super) directory: u64,
    pub(super) parent: u32,
    pub(super) uid: u32,
    pub(super) access: Access,
    /// Number of descriptors when they were last listed.
    pub(super) count: Option<u32>,
    /// True if the last listing failed because descriptors or memory were exhausted, and must be repeated.
    pub(super) retry: bool,
    /// Time until which the process is young, ns: its details are read at each refresh.
    pub(super) young_until: u64,
    /// Refresh in which it was last listed in the root.
    pub(super) seen: u64,
    /// Refresh in which it was last read by [`RescanPolicy::KeepLiveSockets`] or [`RescanPolicy::Full`].
    pub(super) read: u64,
    /// Refresh in which it was last read by [`RescanPolicy::Full`].
    pub(super) read_fully: u64,
    /// Round since which no descriptor has been verified although it may have changed; 0 if there is no such doubt.
    pub(super) doubted_in: u32,
    /// How much it had run when its descriptors were read.
    pub(super) read_at: ReadAt,
    /// Time at which the details were last read, ns.
    pub(super) row_read_ns: u64,
    /// Ordered by number.
    pub(super) descriptors: Vec<Descriptor>,
    pub(super) kinds: KindCounts,
    pub(super) comm: String,
    /// `None` if the process has never owned a socket.
    pub(super) row: Option<ProcessRow>,
}

impl Entry {
    /// Number of descriptors that are sockets.
    pub(super) fn sockets(&self) -> u32 {
        self.kinds[DescriptorKind::Socket as usize]
    }
}

/// Access to the descriptors of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The descriptors can be listed.
    Readable,
    /// This user cannot list the descriptors.
    Denied,
    /// A kernel thread, which has no descriptors and is not counted as a process.
    KernelThread,
}

/// The known descriptors that a rescan keeps without reading their targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RescanPolicy {
    /// Keeps no descriptor.
    Full,
    /// Keeps the descriptors of sockets that still exist.
    KeepLiveSockets,
    /// Keeps the descriptors of sockets that still exist, and all descriptors that are not sockets.
    KeepKnown,
}

/// A process in the listing that was not known before.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewProcess {
    pub(super) pid: u32,
    /// Inode of `/proc/PID`; 0 if it was not listed.
    pub(super) directory: u64,
    /// Number of descriptors, where the kernel reports it.
    pub(super) count: Option<u32>,
}

/// Reports whether two descriptors with the same number have the same target.
fn same_target(a: Option<&Descriptor>, b: Option<&Descriptor>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.fd == b.fd && a.has_target((b.inode, b.kind)),
        (None, None) => true,
        _ => false,
    }
}

/// Counts descriptors by kind.
pub(super) fn count_kinds(descriptors: &[Descriptor]) -> KindCounts {
    let mut kinds = [0; DescriptorKind::ALL.len()];
    for descriptor in descriptors {
        kinds[descriptor.kind as usize] += 1;
    }
    kinds
}

/// Replaces the holders of the sockets in one list of descriptors by those in another. Both lists are ordered by
/// number. Adds the sockets that others hold as well to `shared`. Returns true if anything changed.
pub(super) fn replace_holders(
    holders: &mut SocketHolders,
    slot: u32,
    old: &[Descriptor],
    new: &[Descriptor],
    shared: &mut Vec<u32>,
) -> bool {
    let holder = |descriptor: &Descriptor| SocketDescriptor {
        slot,
        fd: descriptor.fd,
    };
    let mut changed = false;
    let (mut before, mut after) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let (removed, added) = match (before.peek(), after.peek()) {
            (None, None) => return changed,
            (Some(b), Some(a)) if a.fd == b.fd => (before.next(), after.next()),
            (Some(b), Some(a)) if a.fd < b.fd => (None, after.next()),
            (None, Some(_)) => (None, after.next()),
            (Some(_), _) => (before.next(), None),
        };
        if same_target(removed, added) {
            continue;
        }
        if let Some(removed) = removed.filter(|removed| removed.inode != 0) {
            holders.remove(removed.inode, holder(removed));
            changed = true;
        }
        if let Some(added) = added.filter(|added| added.inode != 0) {
            if holders.contains(added.inode) {
                shared.push(added.inode);
            }
            holders.insert(added.inode, holder(added));
            changed = true;
        }
    }
}
