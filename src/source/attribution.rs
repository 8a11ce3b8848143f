//! Attributes each socket to its owner, or determines the reason for having none.
//!
//! The rows of a dump are joined with the descriptors that [`Owners`] found in `/proc` (observed), with the owners
//! [`remembered`] for each cookie, and with the owners of the listener that [accepted](accepted_from) a connection
//! (inferred). Of several owners, the one that uses the socket comes first ([`holder_order`]). TIME-WAIT and closed
//! sockets, which no descriptor refers to, are attributed in [`time_wait`]; [`unowned`] determines the reasons. Nothing
//! is read from the system here, except through [`Owners`].

mod accepted_from;
mod holder_order;
mod holder_places;
mod live_inodes;
mod owner;
mod remembered;
mod sample_holders;
mod sample_processes;
mod time_wait;
mod unlisted;
mod unowned;
mod verification;

use std::ops::Range;

use self::accepted_from::ListenerOwners;
use self::holder_order::HolderOrder;
use self::owner::Owner;
use self::remembered::{RememberedOwners, RememberedSocket};
use self::sample_holders::SampleHolders;
use self::unlisted::{ListedHolders, UnlistedTracker};
use self::unowned::{ReleasedSockets, is_of_kernel, keeps_owner, unowned_reason};
use self::verification::ChangedSockets;
use super::netlink::request::Table;
use super::procfs::{Owners, SocketDescriptor};
use crate::model::SeededSet;
use crate::model::{
    Attribution, ClearForReuse, Holder, Protocol, RecentLosses, Row, Sample, Socket, SocketTable,
    State, Tracker, Unowned, Visit,
};

pub(super) use self::live_inodes::LiveInodes;

/// Number of rounds for which a socket is remembered after its last row: a dump can miss a row, and TIME-WAIT follows
/// the destroy event.
const KEEP_ROUNDS: u8 = 3;

/// The same while dumps are incomplete, so that absence proves nothing.
const KEEP_ROUNDS_INCOMPLETE: u8 = 30;

/// Attributes the sockets of consecutive Samples, and remembers them from one to the next.
#[derive(Debug, Default)]
pub(super) struct Attributor {
    sockets: Tracker<RememberedSocket>,
    /// The sockets of the previous Sample.
    previous: SocketTable,
    /// Generation of [`Owners`] in the last round.
    generation: Option<u64>,
    holders: SampleHolders,
    listeners: ListenerOwners,
    /// Rows whose owner was not found by the first pass.
    pending: Vec<u32>,
    /// Inode and user of sockets without a known owner.
    unknown: Vec<(u32, Option<u32>)>,
    /// Those of the rows whose inode was not seen before.
    fresh: Vec<u32>,
    changed: ChangedSockets,
    order: HolderOrder,
    released: ReleasedSockets,
    /// Rows with the reasons `unknown` and `permission-denied`.
    unexplained: Vec<u32>,
    losses: RecentLosses,
    unlisted: UnlistedTracker,
    /// The network namespace of the dump, if it has all sockets of its tables, so that unlisted sockets are tracked.
    tracked_netns: Option<u32>,
    /// Ranges of holders that were observed.
    observed: Vec<Range<u32>>,
    /// Rows whose owners are others than in the previous Sample.
    changes: Vec<(u32, Owner)>,
    has_mptcp: bool,
}

impl Attributor {
    /// Also counts the open sockets that no table lists. Every Sample must have all sockets in `tables` of the network
    /// namespace `netns`, except where it has a fault.
    pub(super) fn track_unlisted(&mut self, netns: u32, tables: &[Table]) {
        self.tracked_netns = Some(netns);
        self.unlisted = UnlistedTracker::new(tables);
    }

    /// Returns the rows of sockets for which no process was found and nothing else explains that, after
    /// [`Self::attribute`].
    pub(super) fn unexplained(&self) -> &[u32] {
        &self.unexplained
    }

    /// Attributes every socket of `sample`, which has the rows of a dump and of destroy events, and removes rows that
    /// the kernel reported twice. `owners` must have scanned `/proc` after the dump. `is_open` asks the kernel whether
    /// a process still has a socket open (`None` if the kernel cannot report it).
    pub(super) fn attribute(
        &mut self,
        sample: &mut Sample,
        owners: &mut Owners,
        is_open: &mut dyn FnMut(&Socket) -> Option<bool>,
    ) {
        self.holders.processes.clear();
        self.listeners.clear();
        self.pending.clear_for_reuse();
        self.unknown.clear_for_reuse();
        self.fresh.clear_for_reuse();
        self.released.clear();
        self.unexplained.clear_for_reuse();
        self.observed.clear();
        self.has_mptcp = false;
        self.sockets.begin_round(sample.sockets.len());

        self.holders.places.begin(&mut sample.holders);
        let mut rows = std::mem::take(&mut sample.sockets);
        self.first_pass(&mut rows, sample, owners);
        self.changed.verify(&rows, owners, &mut self.unknown);
        if !self.unknown.is_empty() {
            let inodes = LiveInodes::new(&rows);
            owners.resolve(&self.unknown, sample.monotonic_ns, &|inode| {
                inodes.contains(inode)
            });
            self.released.add_closed(&sample.closed_sockets);
            let fresh = self.fresh.iter().filter_map(|&at| rows.get(at as usize));
            let fresh = fresh.map(|row| row.socket);
            self.released.look_up(fresh, owners, is_open);
        }
        self.generation = Some(owners.generation());
        self.second_pass(&mut rows, sample, owners);
        self.order
            .apply(&rows, sample, owners, &self.listeners, &mut self.sockets);
        sample.sockets = rows;
        self.attribute_closed(sample);

        let limit = if sample.is_complete() {
            KEEP_ROUNDS
        } else {
            KEEP_ROUNDS_INCOMPLETE
        };
        let may_miss_events = !sample.events_available || self.losses.update(sample.lost_events);
        let (places, previous) = (&mut self.holders.places, &self.previous);
        self.sockets.retain(|key, seen, socket| {
            socket.missed = if seen {
                0
            } else {
                socket.missed.saturating_add(1)
            };
            socket.awaits_event &= seen || !may_miss_events;
            if socket.missed == 1 && socket.inode != 0 {
                socket.keep_facts(*key, previous);
                if self.tracked_netns.is_some() {
                    self.unlisted.vanished.push(socket.inode);
                }
            }
            let is_kept = socket.missed < limit || (socket.awaits_event && !socket.closed);
            if !is_kept {
                places.release(&mut socket.place);
            }
            is_kept
        });
        self.previous.clone_from(&sample.sockets);
        self.count_unlisted(sample, owners);
    }

    /// Counts the open sockets that no table lists.
    fn count_unlisted(&mut self, sample: &mut Sample, owners: &Owners) {
        let Some(netns) = self.tracked_netns else {
            return;
        };
        if !sample.is_complete() {
            self.unlisted.reset();
            return;
        }
        let listed = ListedHolders {
            ranges: &self.observed,
            has_duplicates: self.has_mptcp,
        };
        self.unlisted
            .update(sample, listed, netns, owners, &mut self.holders.processes);
    }

    /// Visits each row once: attributes those whose owner is known, collects the others, and removes repeated rows.
    fn first_pass(&mut self, rows: &mut SocketTable, sample: &mut Sample, owners: &Owners) {
        let now = sample.monotonic_ns;
        let unchanged = self.generation == Some(owners.generation());
        self.changed.begin(owners);
        self.changes.clear_for_reuse();
        let mut repeated = Vec::new();
        let mut kept = 0u32;
        for (at, row) in rows.iter().enumerate() {
            let mut socket = *row.socket;
            let (remembered, is_new) = match self.sockets.visit(socket.key()) {
                Visit::Repeated(_) => {
                    repeated.push(at);
                    continue;
                }
                Visit::Known(remembered) => (remembered, false),
                Visit::New(remembered) => {
                    remembered.first_seen_ns = now;
                    (remembered, true)
                }
            };
            let is_mini = is_mini_socket(row);
            remembered.is_remains = is_mini && (is_new || remembered.is_remains);
            let accepted = remembered.inode != socket.inode && socket.inode != 0;
            if remembered.state != Some(socket.state) || accepted {
                remembered.state = Some(socket.state);
                remembered.awaits_event = awaits_event(&socket);
            }
            if socket.inode != 0 {
                remembered.forget_facts();
            } else if remembered.inode != 0 {
                remembered.keep_facts(socket.key(), &self.previous);
            }
            remembered.row = kept;
            let mut done = false;
            if socket.inode != 0 {
                let is_selected = self.changed.select(kept, row, remembered, is_new);
                let only = match (&remembered.owners, remembered.slot) {
                    (RememberedOwners::One(_, fd), Some(slot))
                        if unchanged && !is_selected && remembered.inode == socket.inode =>
                    {
                        let processes = &mut self.holders.processes;
                        processes
                            .in_slot(slot, owners, sample)
                            .map(|process| Holder { process, fd: *fd })
                    }
                    _ => None,
                };
                if let (Some(holder), Some(slot)) = (only, remembered.slot) {
                    let places = &mut self.holders.places;
                    let at = places.assign(&mut remembered.place, 1, &mut sample.holders);
                    sample.holders[at] = holder;
                    (socket.holders_at, socket.holders_len) = (at as u32, 1);
                    let fd = holder.fd;
                    socket.attribution = observed(&[SocketDescriptor { slot, fd }], owners);
                    done = true;
                } else if !is_selected {
                    done = observe(&mut socket, remembered, sample, owners, &mut self.holders);
                    if !done && !is_of_kernel(&socket) {
                        self.unknown.push((socket.inode, socket.uid));
                        if remembered.inode != socket.inode {
                            self.fresh.push(kept);
                        }
                    }
                }
                remembered.inode = socket.inode;
            }
            self.has_mptcp |= socket.protocol == Protocol::Mptcp;
            self.listeners.insert(kept, &socket);
            if done {
                add_range(&mut self.observed, &socket);
                self.changes
                    .extend(Owner::change(kept, row.socket, &socket));
            } else {
                self.pending.push(kept);
            }
            kept += 1;
        }
        if !repeated.is_empty() {
            rows.retain(|at, _| repeated.binary_search(&at).is_err());
        }
        self.apply_changes(rows);
    }

    /// Writes the owners that have changed to their rows.
    fn apply_changes(&mut self, rows: &mut SocketTable) {
        for (row, owner) in self.changes.drain(..) {
            owner.apply(rows, row);
        }
    }

    /// Attributes the rows whose owner was not found by the first pass.
    fn second_pass(&mut self, rows: &mut SocketTable, sample: &mut Sample, owners: &Owners) {
        // Listeners first: their owners are needed to infer others.
        let pending = std::mem::take(&mut self.pending);
        let (listening, others): (Vec<u32>, Vec<u32>) = pending
            .iter()
            .partition(|&&at| rows[at as usize].state == State::Listen);
        for at in listening.into_iter().chain(others) {
            let Some(row) = rows.get(at as usize) else {
                continue;
            };
            let before = *row.socket;
            let mut socket = before;
            let Some(remembered) = self.sockets.get_mut(socket.key()) else {
                continue;
            };
            let holders = &mut self.holders;
            if socket.inode != 0 && observe(&mut socket, remembered, sample, owners, holders) {
                add_range(&mut self.observed, &socket);
                if let Some((row, owner)) = Owner::change(at, &before, &socket) {
                    owner.apply(rows, row);
                }
                continue;
            }
            remembered.slot = None;
            (socket.holders_at, socket.holders_len) = (0, 0);
            let reason = unowned_reason(row, owners, &self.released);
            if reason == Unowned::TimeWait {
                time_wait::attribute(
                    &mut socket,
                    reason,
                    Some(remembered),
                    &mut self.listeners,
                    rows,
                    sample,
                    holders,
                );
            } else if keeps_owner(reason) && !remembered.owners.is_none() {
                remembered.restore(&mut socket, sample, holders);
                socket.attribution = Attribution::Remembered;
            } else {
                socket.attribution = Attribution::Unowned(reason);
                if matches!(reason, Unowned::Unknown | Unowned::PermissionDenied) {
                    self.unexplained.push(at);
                }
            }
            if let Some((row, owner)) = Owner::change(at, &before, &socket) {
                owner.apply(rows, row);
            }
        }
        self.pending = pending;
    }

    /// Attributes the closed sockets to their previous owner, or to the owner of their listener.
    fn attribute_closed(&mut self, sample: &mut Sample) {
        let mut rows = std::mem::take(&mut sample.closed_sockets);
        let mut all_closed = std::mem::take(&mut sample.closed);
        let listening = std::mem::take(&mut sample.sockets);
        for closed in &mut all_closed {
            let Some(socket) = rows.get_mut(closed.row as usize) else {
                continue;
            };
            let remembered = self
                .sockets
                .get_mut(socket.key())
                .filter(|remembered| !remembered.closed);
            let remembered = remembered.and_then(|remembered| {
                remembered.closed = true;
                // Nothing was seen of it while it was a full socket.
                if remembered.is_remains {
                    return None;
                }
                closed.last_state = remembered.state;
                closed.first_seen_ns = Some(remembered.first_seen_ns);
                let facts = remembered.facts(socket.key(), &listening, &self.previous);
                // For an aborted connection, the kernel no longer knows the remote port, and possibly not the local
                // address.
                if let Some(facts) = facts
                    && socket.remote().is_none_or(|remote| remote.port == 0)
                {
                    socket.ends = facts.ends;
                }
                socket.inode = remembered.inode;
                socket.uid = facts.and_then(|facts| facts.uid);
                socket.cgroup_id = facts.map_or(0, |facts| facts.cgroup_id);
                Some(remembered)
            });
            // Without a remembered owner, it opened and closed between two Samples, or its owner was never known.
            time_wait::attribute(
                socket,
                Unowned::Unknown,
                remembered,
                &mut self.listeners,
                &listening,
                sample,
                &mut self.holders,
            );
        }
        self.order.apply_to_closed(&rows, sample);
        sample.sockets = listening;
        sample.closed_sockets = rows;
        sample.closed = all_closed;
    }
}

/// Returns true if the kernel will report when the socket is freed, as it does for full TCP and UDP sockets. Until then
/// the socket exists, in a table or not.
fn awaits_event(socket: &Socket) -> bool {
    let is_mini = matches!(socket.state, State::TimeWait | State::SynRecv);
    socket.has_destroy_event() && socket.inode != 0 && !is_mini
}

/// Returns true if it is what the kernel keeps of a freed connection. It has the cookie of the connection only if that had been
/// requested in its life, by `SO_COOKIE`, a dump or eBPF (`inet_twsk_alloc` copies it, and the kernel creates cookies on
/// request).
fn is_mini_socket(row: Row<'_>) -> bool {
    match row.state {
        State::TimeWait => true,
        State::FinWait2 => row.inode == 0 && row.tcp_info().is_none(),
        _ => false,
    }
}

/// Attributes `socket` to the processes that have it open now, and remembers them. Returns false if none is known.
fn observe(
    socket: &mut Socket,
    remembered: &mut RememberedSocket,
    sample: &mut Sample,
    owners: &Owners,
    holders: &mut SampleHolders,
) -> bool {
    let descriptors = owners.holders(socket.inode);
    holders.found.clear();
    // A thread with a table of its own may have the same descriptor as its process.
    let mut known = owners.has_thread_tables().then(SeededSet::default);
    for descriptor in descriptors.iter().take(usize::from(u16::MAX)) {
        if let Some(process) = holders.processes.in_slot(descriptor.slot, owners, sample) {
            let holder = Holder {
                process,
                fd: descriptor.fd,
            };
            if known.as_mut().is_none_or(|known| known.insert(holder)) {
                holders.found.push(holder);
            }
        }
    }
    if holders.found.is_empty() {
        return false;
    }
    let count = holders.found.len() as u16;
    let place = &mut remembered.place;
    let at = holders.places.assign(place, count, &mut sample.holders);
    sample.holders[at..at + holders.found.len()].copy_from_slice(&holders.found);
    (socket.holders_at, socket.holders_len) = (at as u32, count);
    socket.attribution = observed(descriptors, owners);
    remembered.remember(descriptors, owners);
    true
}

/// Adds the holders of a socket to ranges, the last of which grows if they follow it.
fn add_range(ranges: &mut Vec<Range<u32>>, socket: &Socket) {
    let added = socket.holders_at..socket.holders_at + u32::from(socket.holders_len);
    match ranges.last_mut() {
        Some(last) if last.end == added.start => last.end = added.end,
        _ => ranges.push(added),
    }
}

/// Returns how the owners with these descriptors are known.
fn observed(descriptors: &[SocketDescriptor], owners: &Owners) -> Attribution {
    if descriptors.iter().all(|&holder| owners.is_verified(holder)) {
        Attribution::Observed
    } else {
        Attribution::Unverified
    }
}

#[cfg(test)]
mod tests;
