//! Counts the open sockets that no socket table lists: reset or otherwise disconnected, or never bound.
//!
//! A socket that a process has opened or closed between the dump and the scan is not listed either. Therefore a socket
//! counts from the second Sample on that does not list it. Sockets of other network namespaces are not in the dump:
//! processes in those are left out.

mod protocol;

use std::sync::Arc;

use self::protocol::{has_ports, table_of};
use super::sample_processes::SampleProcesses;
use crate::model::SeededMap;
use crate::model::{ClearForReuse, Holder, Sample, UnlistedSockets};
use crate::source::netlink::request::Table;
use crate::source::procfs::{HeldSockets, Owners};

/// Maximum number of sockets whose protocol is read for one Sample; each takes about four microseconds.
const MAX_READ: usize = 4096;

/// Minimum number of unlisted sockets of a process from which they are examined for belonging to another network
/// namespace.
const MIN_EXAMINED: usize = 10;

/// Maximum number of sockets that are examined for one Sample.
const MAX_EXAMINED: usize = 512;

/// An unlisted socket.
#[derive(Debug)]
struct Unlisted {
    /// Round in which it was not listed for the first time, and the last one.
    first: u64,
    last: u64,
    once_listed: bool,
    /// Read in the second round.
    protocol: Option<Arc<str>>,
    examined: Examined,
}

/// Result of examining whether an unlisted socket is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Examined {
    NotYet,
    Failed,
    /// It has no connection, and neither listens nor receives datagrams.
    Inactive,
    /// It is in use, in another network namespace, because no table of this one lists it.
    Elsewhere,
}

/// What may still be read in the current round.
#[derive(Debug)]
struct Budget {
    protocols: usize,
    examinations: usize,
}

/// An unlisted socket of one process in the current round.
#[derive(Debug, Clone, Copy)]
struct Found {
    slot: u32,
    fd: u32,
    inode: u32,
}

/// Tracks the unlisted sockets of consecutive Samples.
#[derive(Debug)]
pub(super) struct UnlistedTracker {
    /// Tables of the Samples. Sockets of protocols with other tables are not counted.
    tables: Vec<Table>,
    /// By inode.
    sockets: SeededMap<u32, Unlisted>,
    round: u64,
    /// Names of protocols, shared.
    names: Vec<Arc<str>>,
    none: Arc<[UnlistedSockets]>,
    /// For each process of the Sample, the number of its descriptors that listed sockets explain.
    explained: Vec<u32>,
    /// For each process of the Sample, the start of its marks; `u32::MAX` without.
    marks_at: Vec<u32>,
    /// Marks of the descriptors that are explained.
    marks: Vec<bool>,
    candidates: Vec<u32>,
    found: Vec<Found>,
    /// Inodes of sockets that the previous Sample listed and this one does not; sorted.
    pub(super) vanished: Vec<u32>,
}

impl Default for UnlistedTracker {
    fn default() -> Self {
        UnlistedTracker::new(&Table::ALL)
    }
}

impl UnlistedTracker {
    /// Creates a tracker for Samples with the sockets in these tables.
    pub(super) fn new(tables: &[Table]) -> UnlistedTracker {
        UnlistedTracker {
            tables: tables.to_vec(),
            sockets: SeededMap::default(),
            round: 0,
            names: Vec::new(),
            none: Arc::new([]),
            explained: Vec::new(),
            marks_at: Vec::new(),
            marks: Vec::new(),
            candidates: Vec::new(),
            found: Vec::new(),
            vanished: Vec::new(),
        }
    }
}

/// Holders of the listed sockets of a Sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListedHolders<'a> {
    /// Ranges of [`Sample::holders`].
    pub(super) ranges: &'a [std::ops::Range<u32>],
    /// True if a socket may be in several rows, as those of MPTCP are.
    pub(super) has_duplicates: bool,
}

impl ListedHolders<'_> {
    fn iter(self, holders: &[Holder]) -> impl Iterator<Item = Holder> {
        let ranges = self.ranges.iter();
        ranges
            .filter_map(|range| holders.get(range.start as usize..range.end as usize))
            .flatten()
            .copied()
    }
}

impl UnlistedTracker {
    /// Counts the unlisted sockets of the processes in the network namespace `netns` and stores them in their rows of
    /// `sample`. Adds rows of processes that have no listed socket.
    pub(super) fn update(
        &mut self,
        sample: &mut Sample,
        listed: ListedHolders<'_>,
        netns: u32,
        owners: &Owners,
        processes: &mut SampleProcesses,
    ) {
        self.round += 1;
        self.count_explained(sample, listed);
        self.candidates.clear();
        for slot in 0..owners.slots() {
            let Some(held) = owners.held_sockets(slot) else {
                continue;
            };
            if held.row.process.namespaces.net != Some(netns) {
                continue;
            }
            let index = processes.known_in_slot(slot);
            let explained = index.map_or(0, |index| self.explained[index as usize]);
            if explained == held.sockets && !listed.has_duplicates {
                if let Some(index) = index {
                    sample.processes[index as usize].unlisted = Some(Arc::clone(&self.none));
                }
            } else {
                self.candidates.push(slot);
            }
        }
        self.mark_explained(sample, listed, owners, processes);
        self.find(owners, processes);
        self.store(sample, owners, processes);
        let round = self.round;
        self.sockets.retain(|_, socket| socket.last == round);
        self.vanished.clear_for_reuse();
    }

    /// Forgets everything: this Sample does not list all sockets.
    pub(super) fn reset(&mut self) {
        self.sockets.clear();
        self.vanished.clear();
    }

    /// Counts the descriptors that refer to listed sockets, by process.
    fn count_explained(&mut self, sample: &Sample, listed: ListedHolders<'_>) {
        self.explained.clear();
        self.explained.resize(sample.processes.len(), 0);
        for holder in listed.iter(&sample.holders) {
            if let Some(count) = self.explained.get_mut(holder.process as usize) {
                *count += 1;
            }
        }
    }

    /// Marks those descriptors of the candidates that refer to listed sockets.
    fn mark_explained(
        &mut self,
        sample: &Sample,
        listed: ListedHolders<'_>,
        owners: &Owners,
        processes: &SampleProcesses,
    ) {
        self.marks.clear();
        self.marks_at.clear();
        if self.candidates.is_empty() {
            return;
        }
        self.marks_at.resize(sample.processes.len(), u32::MAX);
        let mut held: Vec<Option<HeldSockets<'_>>> = vec![None; sample.processes.len()];
        for &slot in &self.candidates {
            if let (Some(index), Some(sockets)) =
                (processes.known_in_slot(slot), owners.held_sockets(slot))
            {
                self.marks_at[index as usize] = self.marks.len() as u32;
                self.marks
                    .resize(self.marks.len() + sockets.descriptors(), false);
                held[index as usize] = Some(sockets);
            }
        }
        for holder in listed.iter(&sample.holders) {
            let sockets = held.get(holder.process as usize).copied().flatten();
            if let Some(at) = sockets.and_then(|sockets| sockets.position(holder.fd)) {
                self.marks[self.marks_at[holder.process as usize] as usize + at] = true;
            }
        }
    }

    /// Finds the descriptors of the candidates that refer to unlisted sockets.
    fn find(&mut self, owners: &Owners, processes: &SampleProcesses) {
        self.found.clear();
        for &slot in &self.candidates {
            let Some(held) = owners.held_sockets(slot) else {
                continue;
            };
            let marks_at = processes
                .known_in_slot(slot)
                .map(|index| self.marks_at[index as usize] as usize);
            for (at, fd, inode) in held.iter() {
                let is_explained = marks_at.is_some_and(|marks| self.marks[marks + at]);
                if !is_explained && is_first_holder(owners, slot, fd, inode) {
                    self.found.push(Found { slot, fd, inode });
                }
            }
        }
    }

    /// Updates the tracked sockets by those that were found, and stores their numbers in the rows of the candidates.
    fn store(&mut self, sample: &mut Sample, owners: &Owners, processes: &mut SampleProcesses) {
        self.vanished.sort_unstable();
        let mut budget = Budget {
            protocols: MAX_READ,
            examinations: MAX_EXAMINED,
        };
        let found = std::mem::take(&mut self.found);
        let mut rest = found.as_slice();
        for at in 0..self.candidates.len() {
            let slot = self.candidates[at];
            let end = rest.partition_point(|each| each.slot == slot);
            let (own, after) = rest.split_at(end);
            rest = after;
            let Some(pid) = owners.process(slot).map(|row| row.process.key.pid) else {
                continue;
            };
            let mut counts: Vec<UnlistedSockets> = Vec::new();
            let mut is_complete = true;
            let examines = own.len() >= MIN_EXAMINED;
            for each in own {
                match self.track(*each, pid, owners, &mut budget, examines) {
                    Tracked::New | Tracked::Gone => {}
                    Tracked::NotRead => is_complete = false,
                    Tracked::Counts => is_complete &= self.add(each.inode, &mut counts),
                }
            }
            let index = if counts.is_empty() {
                processes.known_in_slot(slot)
            } else {
                processes.in_slot(slot, owners, sample)
            };
            let row = index.and_then(|index| sample.processes.get_mut(index as usize));
            if let Some(row) = row.filter(|_| is_complete) {
                row.unlisted = Some(if counts.is_empty() {
                    Arc::clone(&self.none)
                } else {
                    counts.into()
                });
            }
        }
        self.found = found;
    }

    /// Updates one socket.
    fn track(
        &mut self,
        found: Found,
        pid: u32,
        owners: &Owners,
        budget: &mut Budget,
        examines: bool,
    ) -> Tracked {
        let round = self.round;
        let vanished = &self.vanished;
        let socket = self.sockets.entry(found.inode).or_insert_with(|| Unlisted {
            first: round,
            last: round,
            once_listed: vanished.binary_search(&found.inode).is_ok(),
            protocol: None,
            examined: Examined::NotYet,
        });
        socket.last = round;
        if socket.first == round {
            return Tracked::New;
        }
        if socket.protocol.is_none() {
            if budget.protocols == 0 {
                return Tracked::NotRead;
            }
            budget.protocols -= 1;
            let Some(name) = owners.socket_protocol(pid, found.fd, found.inode) else {
                self.sockets.remove(&found.inode);
                return Tracked::Gone;
            };
            let known = self.names.iter().find(|known| ***known == *name).cloned();
            socket.protocol = Some(known.unwrap_or_else(|| {
                let name: Arc<str> = name.into();
                self.names.push(Arc::clone(&name));
                name
            }));
        }
        let is_due = examines && !socket.once_listed && socket.examined == Examined::NotYet;
        if is_due && socket.protocol.as_deref().is_some_and(has_ports) {
            if budget.examinations == 0 {
                return Tracked::NotRead;
            }
            budget.examinations -= 1;
            socket.examined = match owners.is_in_use(pid, found.fd, found.inode) {
                Some(true) => Examined::Elsewhere,
                Some(false) => Examined::Inactive,
                None => Examined::Failed,
            };
        }
        Tracked::Counts
    }

    /// Adds a socket to the counts of its protocol; returns false if that is not known.
    fn add(&self, inode: u32, counts: &mut Vec<UnlistedSockets>) -> bool {
        let Some(socket) = self.sockets.get(&inode) else {
            return false;
        };
        let Some(protocol) = &socket.protocol else {
            return false;
        };
        if table_of(protocol).is_some_and(|table| !self.tables.contains(&table)) {
            return true;
        }
        let at = counts.iter().position(|each| each.protocol == *protocol);
        let at = at.unwrap_or_else(|| {
            counts.push(UnlistedSockets {
                protocol: Arc::clone(protocol),
                sockets: 0,
                once_listed: 0,
                inactive: 0,
                elsewhere: 0,
            });
            counts.len() - 1
        });
        let counts = &mut counts[at];
        counts.sockets += 1;
        counts.once_listed += u32::from(socket.once_listed);
        counts.inactive += u32::from(socket.examined == Examined::Inactive);
        counts.elsewhere += u32::from(socket.examined == Examined::Elsewhere);
        true
    }
}

/// State of a socket in the current round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tracked {
    /// Not listed for the first time.
    New,
    /// No longer open.
    Gone,
    /// Will be read in a later round.
    NotRead,
    /// Counts for its process.
    Counts,
}

/// Reports whether this is the first descriptor of the socket in the process that started first of those that have it
/// open.
fn is_first_holder(owners: &Owners, slot: u32, fd: u32, inode: u32) -> bool {
    let holders = owners.holders(inode);
    if holders.len() <= 1 {
        return true;
    }
    let started = |slot| owners.process(slot).map(|row| row.process.key.start_time);
    let first = holders.iter().min_by_key(|holder| {
        (
            started(holder.slot).unwrap_or(u64::MAX),
            holder.slot,
            holder.fd,
        )
    });
    first.is_none_or(|first| (first.slot, first.fd) == (slot, fd))
}
