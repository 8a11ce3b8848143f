//! Orders the holders of a socket that several processes have open, so that the first one is the process that uses it.
//!
//! A listener is often held by more processes than accept on it: by the one that activated the service (systemd,
//! inetd), by a master whose workers accept, by children that inherited it. In this order come
//!
//! 1. processes that accept: they were seen waiting for the socket, or have accepted a connection since they were first
//!    seen,
//! 2. processes with a connection that the listener accepted, which they may also have inherited,
//! 3. processes of which nothing is known,
//! 4. processes that waited for something else when they were first seen (a time, a signal, a child),
//! 5. activators, unless they accept,
//!
//! and within each the process that was first before, then the one that started last. What was once seen of a process
//! remains, so the order does not change from one Sample to the next.

use std::cmp::Reverse;

use super::accepted_from::ListenerOwners;
use super::remembered::RememberedSocket;
use crate::model::SeededMap;
use crate::model::{
    Attribution, Holder, Process, ProcessKey, ProcessRow, Protocol, Row, Sample, Socket, SocketKey,
    SocketTable, State, Tracker,
};
use crate::source::procfs::{Owners, Waiting};

/// Names of processes that open sockets for others.
const ACTIVATORS: [&str; 11] = [
    "systemd",
    "init",
    "inetd",
    "xinetd",
    "tini",
    "dumb-init",
    "catatonit",
    "launchd",
    "s6-svscan",
    "runsv",
    "supervisord",
];
/// Maximum number of processes whose system calls are examined in one round; each takes about 30 µs.
const MAX_EXAMINED: usize = 64;
/// Time after which a process that was not seen waiting for the socket is examined again, ns.
const EXAMINE_AGAIN: u64 = 5_000_000_000;
/// Maximum number of connections whose listener is looked up in one round.
const MAX_CONNECTIONS: usize = 4096;

/// Evidence that a process uses a shared socket, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    WaitsElsewhere,
    None,
    HasConnection,
    Accepts,
}

/// A process that holds a shared socket.
#[derive(Debug)]
struct SharedHolder {
    key: ProcessKey,
    /// Time of the last round in which it held the socket, ns.
    seen_ns: u64,
    /// First round in which it held the socket, ns.
    since_ns: u64,
    evidence: Evidence,
    /// Time of the next examination of its system calls, ns.
    examine_ns: u64,
}

/// A socket with several holders.
#[derive(Debug, Default)]
struct SharedSocket {
    /// Ordered by process.
    holders: Vec<SharedHolder>,
    /// The process that was first in the last round.
    first: Option<ProcessKey>,
    /// Time of the last round that had it, ns.
    seen_ns: u64,
}

impl SharedSocket {
    /// Orders holders, all of one socket.
    fn sort(&self, holders: &mut [Holder], processes: &[ProcessRow]) {
        holders.sort_by_cached_key(|holder| {
            let row = processes.get(holder.process as usize);
            let process = row.map(|row| &*row.process);
            let rank = process.map(|process| self.rank(process));
            (rank.is_none(), rank, holder.process, holder.fd)
        });
    }

    fn rank(&self, process: &Process) -> (Reverse<Evidence>, bool, bool, Reverse<(u64, u32)>) {
        let key = process.key;
        let known = self.holders.binary_search_by_key(&key, |holder| holder.key);
        let evidence = known.map_or(Evidence::None, |at| self.holders[at].evidence);
        let is_activator = evidence < Evidence::Accepts
            && (key.pid == 1 || ACTIVATORS.contains(&process.comm.as_str()));
        let evidence = if is_activator {
            Evidence::WaitsElsewhere
        } else {
            evidence
        };
        (
            Reverse(evidence),
            is_activator,
            self.first != Some(key),
            Reverse((key.start_time, key.pid)),
        )
    }
}

/// Orders the holders in consecutive Samples.
#[derive(Debug, Default)]
pub(super) struct HolderOrder {
    sockets: SeededMap<SocketKey, SharedSocket>,
    /// Rows of sockets with several holders.
    rows: Vec<u32>,
    /// Latest time at which a connection of a shared listener was first seen, by the row of the listener and the
    /// process.
    accepted: SeededMap<(u32, u32), u64>,
}

impl HolderOrder {
    /// Orders the holders of each of `rows` that has several.
    pub(super) fn apply(
        &mut self,
        rows: &SocketTable,
        sample: &mut Sample,
        owners: &mut Owners,
        listeners: &ListenerOwners,
        remembered: &mut Tracker<RememberedSocket>,
    ) {
        self.rows.clear();
        let shared = (0..).zip(rows).filter(|(_, socket)| is_shared(socket));
        self.rows.extend(shared.map(|(row, _)| row));
        if self.rows.is_empty() {
            self.sockets.clear();
            return;
        }
        let now = sample.monotonic_ns;
        self.find_accepted(rows, sample, listeners, remembered);
        let mut examinations = MAX_EXAMINED;
        for &row in &self.rows {
            let socket = &rows[row as usize];
            let shared = self.sockets.entry(socket.key()).or_default();
            shared.seen_ns = now;
            let range = range_of(socket);
            let Some(holders) = sample.holders.get_mut(range) else {
                continue;
            };
            let processes = &sample.processes;
            let key_of = |holder: &Holder| {
                let row = processes.get(holder.process as usize);
                row.map(|row| row.process.key)
            };
            for holder in holders.iter() {
                let Some(key) = key_of(holder) else { continue };
                let at = shared.holders.binary_search_by_key(&key, |known| known.key);
                let at = at.unwrap_or_else(|at| {
                    let known = SharedHolder {
                        key,
                        seen_ns: now,
                        since_ns: now,
                        evidence: Evidence::None,
                        examine_ns: 0,
                    };
                    shared.holders.insert(at, known);
                    at
                });
                let known = &mut shared.holders[at];
                known.seen_ns = now;
                if let Some(&first_seen) = self.accepted.get(&(row, holder.process)) {
                    let is_later = first_seen > known.since_ns;
                    let evidence = if is_later {
                        Evidence::Accepts
                    } else {
                        Evidence::HasConnection
                    };
                    known.evidence = known.evidence.max(evidence);
                }
                if known.evidence < Evidence::Accepts
                    && known.examine_ns <= now
                    && examinations > 0
                    && waits_for_peers(socket)
                {
                    examinations -= 1;
                    known.evidence = examine(known, owners, holder.fd, socket.inode);
                    known.examine_ns = now.saturating_add(EXAMINE_AGAIN);
                }
            }
            shared.holders.retain(|known| known.seen_ns == now);
            shared.sort(holders, processes);
            shared.first = holders.first().and_then(key_of);
        }
        self.sockets.retain(|_, shared| shared.seen_ns == now);
    }

    /// Orders the holders of closed sockets as when they were last open.
    pub(super) fn apply_to_closed(&self, closed: &SocketTable, sample: &mut Sample) {
        for socket in closed.iter().filter(|socket| is_shared(socket)) {
            if let Some(shared) = self.sockets.get(&socket.key())
                && let Some(holders) = sample.holders.get_mut(range_of(&socket))
            {
                shared.sort(holders, &sample.processes);
            }
        }
    }

    /// Finds the processes that own connections of shared listeners.
    fn find_accepted(
        &mut self,
        rows: &SocketTable,
        sample: &Sample,
        listeners: &ListenerOwners,
        remembered: &mut Tracker<RememberedSocket>,
    ) {
        self.accepted.clear();
        let is_listener = |row: &u32| rows[*row as usize].state == State::Listen;
        let mut ports: Vec<u16> = self
            .rows
            .iter()
            .filter(|row| is_listener(row))
            .filter_map(|&row| rows[row as usize].local())
            .map(|local| local.port)
            .collect();
        ports.sort_unstable();
        ports.dedup();
        if ports.is_empty() {
            return;
        }
        let is_accepted = |socket: &Row<'_>| {
            socket.protocol == Protocol::Tcp
                && socket.state != State::Listen
                && socket.inode != 0
                && socket.holders_len > 0
                && socket
                    .local()
                    .is_some_and(|local| ports.binary_search(&local.port).is_ok())
        };
        for socket in rows.iter().filter(is_accepted).take(MAX_CONNECTIONS) {
            let known = remembered.get_mut(socket.key());
            let first_seen = known.map_or(0, |known| known.first_seen_ns);
            let holders = sample.holders.get(range_of(&socket)).unwrap_or_default();
            for listener in listeners.find(&socket, rows) {
                for holder in holders {
                    let latest = self.accepted.entry((listener, holder.process)).or_default();
                    *latest = (*latest).max(first_seen);
                }
            }
        }
    }
}

/// Examines what a process waits for.
fn examine(known: &SharedHolder, owners: &mut Owners, fd: u32, inode: u32) -> Evidence {
    let is_first_time = known.examine_ns == 0;
    match owners.waiting(known.key, fd, inode) {
        Waiting::ForSocket => Evidence::Accepts,
        Waiting::Elsewhere if is_first_time && known.evidence == Evidence::None => {
            Evidence::WaitsElsewhere
        }
        Waiting::Elsewhere => known.evidence,
        Waiting::Unknown => known.evidence.max(Evidence::None),
    }
}

/// Returns true if processes wait for new peers on the socket.
fn waits_for_peers(socket: &Socket) -> bool {
    socket.is_listener() || (socket.protocol == Protocol::Udp && socket.state == State::Closed)
}

fn is_shared(socket: &Socket) -> bool {
    socket.holders_len > 1
        && !matches!(
            socket.attribution,
            Attribution::Inferred | Attribution::OneOf
        )
}

fn range_of(socket: &Socket) -> std::ops::Range<usize> {
    let at = socket.holders_at as usize;
    at..at + usize::from(socket.holders_len)
}
