//! Who owns each socket, and if nobody, why. Joins the rows of a dump with what [`Owners`] found in `/proc` and with
//! what is remembered of each cookie. Talks to nobody itself.

mod memory;
mod processes;
mod unowned;

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::procfs::Owners;
use crate::model::{
    Attribution, ClearForReuse, ClosedSocket, Holder, ListenerIndex, ProcessRow, RecentLosses,
    Sample, Socket, State, Tracker, Unowned, Visit,
};
use memory::{Memory, Remembered};
use processes::Processes;
use unowned::{Freed, keeps_owner, why_unowned};

/// Rounds that a socket's memory outlives its last row: a dump can miss a row, and TIME-WAIT follows the destroy event.
const KEEP_ROUNDS: u8 = 3;

/// The same while dumps are incomplete, when absence proves nothing.
const KEEP_ROUNDS_INCOMPLETE: u8 = 30;

/// Some of a Sample's holders.
#[derive(Debug, Clone, Copy)]
struct Run {
    at: u32,
    len: u16,
}

impl Run {
    fn range(self) -> std::ops::Range<usize> {
        let at = self.at as usize;
        at..at + usize::from(self.len)
    }
}

/// Keeps what is known of each socket from one Sample to the next.
#[derive(Debug, Default)]
pub(super) struct Attributor {
    sockets: Tracker<Memory>,
    /// There are processes that `/proc` does not show, in other pid namespaces.
    hides_namespaces: bool,
    generation: Option<u64>,
    processes: Processes,
    listeners: ListenerIndex,
    /// Runs of holders made for listeners that share an end, by the first one's row.
    shared: FxHashMap<u32, Run>,
    pending: Vec<u32>,
    unknown: Vec<(u32, Option<u32>)>,
    /// Rows among those unknown whose inode was not seen before.
    fresh: Vec<u32>,
    freed: Freed,
    losses: RecentLosses,
}

impl Attributor {
    /// Remembers nothing. `hides_namespaces` as of [`hides_namespaces`](super::procfs::hides_namespaces).
    pub(super) fn new(hides_namespaces: bool) -> Attributor {
        Attributor {
            hides_namespaces,
            ..Attributor::default()
        }
    }

    /// Finds the owner of every socket of `sample`, which holds the rows of a dump and of destroy events, and removes
    /// rows that the kernel told twice. `owners` has looked at `/proc` after the dump; `is_held` asks the kernel whether
    /// a process still holds a socket, if it can tell.
    pub(super) fn attribute(
        &mut self,
        sample: &mut Sample,
        owners: &mut Owners,
        is_held: &mut dyn FnMut(&Socket) -> Option<bool>,
    ) {
        self.processes.clear();
        self.listeners.clear();
        self.shared.clear_for_reuse();
        self.pending.clear_for_reuse();
        self.unknown.clear_for_reuse();
        self.fresh.clear_for_reuse();
        self.freed.clear();
        self.sockets.begin_round();

        let mut rows = std::mem::take(&mut sample.sockets.rows);
        self.first_pass(&mut rows, sample, owners);
        if !self.unknown.is_empty() {
            let inodes = LiveInodes::new(&rows);
            owners.resolve(&self.unknown, sample.monotonic_ns, &|inode| {
                inodes.contains(inode)
            });
            self.freed.hear(&sample.closed_sockets.rows);
            let fresh = self.fresh.iter().filter_map(|&at| rows.get(at as usize));
            self.freed.ask(fresh, owners, is_held);
        }
        self.generation = Some(owners.generation());
        self.second_pass(&mut rows, sample, owners);
        sample.sockets.rows = rows;
        self.attribute_closed(sample);

        let limit = if sample.is_complete() {
            KEEP_ROUNDS
        } else {
            KEEP_ROUNDS_INCOMPLETE
        };
        let deaf = !sample.events_available || self.losses.update(sample.lost_events);
        self.sockets.retain(|_, seen, memory| {
            memory.missed = if seen {
                0
            } else {
                memory.missed.saturating_add(1)
            };
            memory.awaits_end &= seen || !deaf;
            memory.missed < limit || (memory.awaits_end && !memory.closed)
        });
    }

    /// Visits each row once: those whose owner is known are done, the others are noted down. Repeated rows go.
    fn first_pass(&mut self, rows: &mut Vec<Socket>, sample: &mut Sample, owners: &Owners) {
        let now = sample.monotonic_ns;
        let settled = self.generation == Some(owners.generation());
        let mut kept = 0;
        for at in 0..rows.len() {
            let mut socket = rows[at];
            let memory = match self.sockets.visit(socket.key()) {
                Visit::Repeated(_) => continue,
                Visit::Known(memory) => memory,
                Visit::New(memory) => {
                    memory.first_seen_ns = now;
                    memory
                }
            };
            let accepted = memory.inode != socket.inode && socket.inode != 0;
            if memory.state != Some(socket.state) || accepted {
                memory.state = Some(socket.state);
                memory.ends = Some(socket.ends);
                memory.awaits_end = awaits_end(&socket);
            }
            let mut done = false;
            if socket.inode != 0 {
                memory.uid = socket.uid;
                memory.cgroup_id = socket.cgroup_id;
                let only = match (&memory.owners, memory.slot) {
                    (Remembered::One(_, fd), Some(slot))
                        if settled && memory.inode == socket.inode =>
                    {
                        self.processes
                            .in_slot(slot, owners, sample)
                            .map(|process| Holder { process, fd: *fd })
                    }
                    _ => None,
                };
                if let Some(holder) = only {
                    socket.holders_at = sample.holders.len() as u32;
                    socket.holders_len = 1;
                    socket.attribution = Attribution::Observed;
                    sample.holders.push(holder);
                    done = true;
                } else {
                    done = observe(&mut socket, memory, sample, owners, &mut self.processes);
                    if !done {
                        self.unknown.push((socket.inode, socket.uid));
                        if memory.inode != socket.inode {
                            self.fresh.push(kept as u32);
                        }
                    }
                }
                memory.inode = socket.inode;
            }
            self.listeners.insert(kept as u32, &socket);
            if !done {
                self.pending.push(kept as u32);
            }
            rows[kept] = socket;
            kept += 1;
        }
        rows.truncate(kept);
    }

    /// Settles the rows that had no owner at first sight.
    fn second_pass(&mut self, rows: &mut [Socket], sample: &mut Sample, owners: &Owners) {
        // Listeners first: what is inferred from them needs their owners.
        let pending = std::mem::take(&mut self.pending);
        let (listening, others): (Vec<u32>, Vec<u32>) = pending
            .iter()
            .partition(|&&at| rows[at as usize].state == State::Listen);
        for at in listening.into_iter().chain(others) {
            let mut socket = rows[at as usize];
            let Some(memory) = self.sockets.get_mut(socket.key()) else {
                continue;
            };
            if socket.inode != 0
                && observe(&mut socket, memory, sample, owners, &mut self.processes)
            {
                rows[at as usize] = socket;
                continue;
            }
            memory.slot = None;
            let why = why_unowned(&socket, sample, owners, &self.freed, self.hides_namespaces);
            let memory = &*memory;
            if !memory.owners.is_nobody() && keeps_owner(why) {
                let remembered = memory.owners.clone();
                self.give(&mut socket, sample, &remembered);
                socket.attribution = Attribution::Remembered;
            } else {
                socket.attribution = Attribution::Unowned(why);
                if why == Unowned::TimeWait {
                    self.infer(&mut socket, rows, &mut sample.holders);
                }
            }
            rows[at as usize] = socket;
        }
        self.pending = pending;
    }

    /// Gives freed sockets the owner that they had, or that of their listener.
    fn attribute_closed(&mut self, sample: &mut Sample) {
        let mut rows = std::mem::take(&mut sample.closed_sockets.rows);
        let mut all_closed = std::mem::take(&mut sample.closed);
        for closed in &mut all_closed {
            let Some(socket) = rows.get_mut(closed.row as usize) else {
                continue;
            };
            let memory = self
                .sockets
                .get_mut(socket.key())
                .filter(|memory| !memory.closed);
            if let Some(memory) = memory {
                memory.closed = true;
                closed.last_state = memory.state;
                closed.first_seen_ns = Some(memory.first_seen_ns);
                // Of one that was aborted the kernel has forgotten the other port, and maybe this end's address.
                if let Some(ends) = memory.ends
                    && socket.remote().is_none_or(|remote| remote.port == 0)
                {
                    socket.ends = ends;
                }
                socket.inode = memory.inode;
                socket.uid = memory.uid;
                socket.cgroup_id = memory.cgroup_id;
                if !memory.owners.is_nobody() {
                    let remembered = memory.owners.clone();
                    self.give(socket, sample, &remembered);
                    socket.attribution = Attribution::Remembered;
                    continue;
                }
            }
            // It lived between two Samples, or nobody was known to hold it.
            socket.attribution = Attribution::Unowned(Unowned::Unknown);
            self.infer(socket, &sample.sockets.rows, &mut sample.holders);
        }
        sample.closed_sockets.rows = rows;
        sample.closed = all_closed;
    }

    /// Lets `socket` hold what is remembered.
    fn give(&mut self, socket: &mut Socket, sample: &mut Sample, remembered: &Remembered) {
        socket.holders_at = sample.holders.len() as u32;
        socket.holders_len = 0;
        for (process, fd) in remembered.iter() {
            let process = self.processes.index(process.key, sample, || ProcessRow {
                process: Arc::clone(process),
                descriptors: None,
                kinds: None,
                activity: None,
            });
            sample.holders.push(Holder { process, fd });
            socket.holders_len = socket.holders_len.saturating_add(1);
        }
    }

    /// Makes the owners of the listener that a connection came in by those of `socket`, marked as inferred. If several
    /// share its end, it may have come in by each of them.
    fn infer(&mut self, socket: &mut Socket, rows: &[Socket], holders: &mut Vec<Holder>) {
        let run = {
            let mut listeners = self
                .listeners
                .find(socket, rows)
                .filter_map(|row| Some((row, rows.get(row as usize)?)))
                .filter(|(_, listener)| listener.holders_len > 0);
            let Some((first, listener)) = listeners.next() else {
                return;
            };
            let run = Run {
                at: listener.holders_at,
                len: listener.holders_len,
            };
            match (listeners.next(), self.shared.get(&first)) {
                (None, _) => run,
                (Some(_), Some(&shared)) => shared,
                (Some((_, second)), None) => {
                    let at = holders.len();
                    holders.extend_from_within(run.range());
                    for listener in std::iter::once(second).chain(listeners.map(|(_, row)| row)) {
                        let more = Run {
                            at: listener.holders_at,
                            len: listener.holders_len,
                        };
                        holders.extend_from_within(more.range());
                    }
                    let all = &mut holders[at..];
                    all.sort_unstable_by_key(|holder| (holder.process, holder.fd));
                    let shared = Run {
                        at: at as u32,
                        len: u16::try_from(all.len()).unwrap_or(u16::MAX),
                    };
                    self.shared.insert(first, shared);
                    shared
                }
            }
        };
        socket.holders_at = run.at;
        socket.holders_len = run.len;
        socket.attribution = Attribution::Inferred;
    }
}

/// Whether the kernel will tell when a socket is freed, which it does of full TCP and UDP sockets. In a table or not, it
/// lives until then.
fn awaits_end(socket: &Socket) -> bool {
    let is_mini = matches!(socket.state, State::TimeWait | State::SynRecv);
    socket.has_destroy_event() && socket.inode != 0 && !is_mini
}

/// Takes the holders that `/proc` tells now and remembers them. Answers whether there are any.
fn observe(
    socket: &mut Socket,
    memory: &mut Memory,
    sample: &mut Sample,
    owners: &Owners,
    processes: &mut Processes,
) -> bool {
    let handles = owners.holders(socket.inode);
    let at = sample.holders.len();
    for handle in handles.iter().take(usize::from(u16::MAX)) {
        if let Some(process) = processes.in_slot(handle.process, owners, sample) {
            sample.holders.push(Holder {
                process,
                fd: handle.fd,
            });
        }
    }
    let found = sample.holders.len() - at;
    if found == 0 {
        return false;
    }
    socket.holders_at = at as u32;
    socket.holders_len = found as u16;
    socket.attribution = Attribution::Observed;
    memory.remember(handles, owners);
    true
}

/// The inodes of a dump's sockets, gathered when the first is asked for.
pub(super) struct LiveInodes<'a> {
    rows: &'a [Socket],
    set: OnceCell<FxHashSet<u32>>,
}

impl<'a> LiveInodes<'a> {
    pub(super) fn new(rows: &'a [Socket]) -> Self {
        LiveInodes {
            rows,
            set: OnceCell::new(),
        }
    }

    pub(super) fn contains(&self, inode: u32) -> bool {
        self.set
            .get_or_init(|| self.rows.iter().map(|socket| socket.inode).collect())
            .contains(&inode)
    }
}

/// Pairs the rows of destroy events with the times at which they were read.
pub(super) fn closed_rows(at_ns: &[u64]) -> impl Iterator<Item = ClosedSocket> {
    at_ns
        .iter()
        .enumerate()
        .map(|(row, &monotonic_ns)| ClosedSocket {
            row: row as u32,
            monotonic_ns,
            last_state: None,
            first_seen_ns: None,
        })
}

#[cfg(test)]
mod tests;
