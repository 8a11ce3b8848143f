//! Remembers sockets and their owners from one Sample to the next, by cookie. A socket keeps its cookie when it enters
//! TIME-WAIT, is orphaned or is destroyed, and no descriptor refers to it any more.

use std::hash::Hasher as _;
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::holder_places::Place;
use super::sample_holders::SampleHolders;
use crate::model::{
    Ends, Holder, Process, ProcessRow, Row, Sample, Socket, SocketKey, SocketTable, State,
};
use crate::source::procfs::{Owners, SocketDescriptor};

/// The owners of a socket when it was last open.
#[derive(Debug, Clone, Default)]
pub(super) enum RememberedOwners {
    #[default]
    None,
    One(Arc<Process>, u32),
    Many(Arc<Vec<(Arc<Process>, u32)>>),
}

impl RememberedOwners {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, RememberedOwners::None)
    }

    fn iter(&self) -> impl Iterator<Item = (&Arc<Process>, u32)> {
        let (one, many) = match self {
            RememberedOwners::None => (None, None),
            RememberedOwners::One(process, fd) => (Some((process, *fd)), None),
            RememberedOwners::Many(all) => {
                (None, Some(all.iter().map(|(process, fd)| (process, *fd))))
            }
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    fn len(&self) -> usize {
        match self {
            RememberedOwners::None => 0,
            RememberedOwners::One(..) => 1,
            RememberedOwners::Many(all) => all.len(),
        }
    }
}

/// The state of a socket in the last Sample that contained it.
#[derive(Debug, Default)]
pub(super) struct RememberedSocket {
    pub(super) owners: RememberedOwners,
    /// Place of the holders.
    pub(super) place: Place,
    pub(super) first_seen_ns: u64,
    /// Facts of its last row with an inode, once it has no such row any more.
    facts: Option<Box<KernelFacts>>,
    /// Its row in the last Sample that contained it.
    pub(super) row: u32,
    /// The last inode that is not 0.
    pub(super) inode: u32,
    /// Slot of the only owner in [`Owners`]; valid only for the generation in which it was found.
    pub(super) slot: Option<u32>,
    pub(super) state: Option<State>,
    /// Changes whenever the socket was used: see [`activity_of`].
    pub(super) activity: u32,
    /// True if a destroy event will report its end, no matter how long it is missing from all tables: a process may
    /// still have a reset connection open.
    pub(super) awaits_event: bool,
    /// Number of rounds since it was last in a table.
    pub(super) missed: u8,
    /// True if it was only seen as a mini-socket: it is what remains of a connection that no Sample contained.
    pub(super) is_remains: bool,
    /// True if the destroy event of the socket has been received.
    pub(super) closed: bool,
}

/// Facts that the kernel forgets when a socket is closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct KernelFacts {
    /// It no longer knows those of an aborted connection.
    pub(super) ends: Ends,
    pub(super) uid: Option<u32>,
    pub(super) cgroup_id: u64,
}

impl KernelFacts {
    /// Returns the facts of a row, if it is that of the socket and has an inode.
    fn of_row(table: &SocketTable, row: u32, key: SocketKey) -> Option<KernelFacts> {
        let row = table.get(row as usize)?;
        (row.key() == key && row.inode != 0).then(|| KernelFacts {
            ends: row.ends,
            uid: row.uid,
            cgroup_id: row.cgroup_id,
        })
    }
}

/// Returns a number that changes with the state, the queues and the byte counters of a socket.
pub(super) fn activity_of(socket: Row<'_>) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(socket.state as u32);
    hasher.write_u32(socket.recv_queue);
    hasher.write_u32(socket.send_queue);
    if let Some(info) = socket.tcp_info() {
        hasher.write_u64(info.bytes_acked().unwrap_or(0));
        hasher.write_u64(info.bytes_received().unwrap_or(0));
    }
    hasher.finish() as u32
}

impl RememberedSocket {
    /// Makes the remembered owners the holders of `socket`, adding missing processes to `sample`.
    pub(super) fn restore(
        &mut self,
        socket: &mut Socket,
        sample: &mut Sample,
        holders: &mut SampleHolders,
    ) {
        let count = u16::try_from(self.owners.len()).unwrap_or(u16::MAX);
        let at = holders
            .places
            .assign(&mut self.place, count, &mut sample.holders);
        (socket.holders_at, socket.holders_len) = (at as u32, count);
        for (at, (process, fd)) in (at..at + usize::from(count)).zip(self.owners.iter()) {
            let process = holders.processes.index(process.key, sample, || ProcessRow {
                process: Arc::clone(process),
                descriptors: None,
                kinds: None,
                activity: None,
                unlisted: None,
            });
            sample.holders[at] = Holder { process, fd };
        }
    }

    /// Keeps the facts of the socket's row in the previous Sample, which is the last one with an inode.
    pub(super) fn keep_facts(&mut self, key: SocketKey, previous: &SocketTable) {
        if self.facts.is_none() {
            self.facts = KernelFacts::of_row(previous, self.row, key).map(Box::new);
        }
    }

    /// Forgets the facts: its row has them again.
    pub(super) fn forget_facts(&mut self) {
        self.facts = None;
    }

    /// Returns the facts of a closed socket as of its last row with an inode, in one of the last two Samples or before.
    pub(super) fn facts(
        &self,
        key: SocketKey,
        current: &SocketTable,
        previous: &SocketTable,
    ) -> Option<KernelFacts> {
        let kept = self.facts.as_deref().copied();
        kept.or_else(|| KernelFacts::of_row(current, self.row, key))
            .or_else(|| KernelFacts::of_row(previous, self.row, key))
    }

    /// Remembers the current holders. Allocates nothing while they do not change.
    pub(super) fn remember(&mut self, holders: &[SocketDescriptor], owners: &Owners) {
        let process =
            |holder: &SocketDescriptor| owners.process(holder.slot).map(|row| &row.process);
        if let [only] = holders {
            self.slot = Some(only.slot);
            let Some(process) = process(only) else { return };
            match &mut self.owners {
                RememberedOwners::One(known, fd) if Arc::ptr_eq(known, process) => *fd = only.fd,
                other => *other = RememberedOwners::One(Arc::clone(process), only.fd),
            }
            return;
        }
        self.slot = None;
        let unchanged = match &self.owners {
            RememberedOwners::Many(known) => {
                known.len() == holders.len()
                    && known.iter().zip(holders).all(|((known, fd), holder)| {
                        *fd == holder.fd
                            && process(holder).is_some_and(|process| Arc::ptr_eq(known, process))
                    })
            }
            _ => false,
        };
        if !unchanged {
            let all = holders
                .iter()
                .filter_map(|holder| Some((Arc::clone(process(holder)?), holder.fd)))
                .collect();
            self.owners = RememberedOwners::Many(Arc::new(all));
        }
    }
}
