//! Listeners: accept queues, half-open and established connections, and drops.

use rustc_hash::FxHashMap;

use super::Recent;
use crate::model::{ClearForReuse, ListenerIndex, MemoryInfo, Sample, Socket, SocketKey, State};

/// One listening socket.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerTotals {
    /// Row of the listener in the Sample.
    pub row: u32,
    /// Connections that wait for `accept()`. Kernel: `idiag_rqueue`.
    pub accept_queue: u32,
    /// The accept queue's limit; the queue can hold one more.
    pub backlog: u32,
    /// Half-open connections to it. Sockets bound to the same address all count the same ones. `None` if it is not
    /// TCP.
    pub syn_recv: Option<u32>,
    /// Established connections to it, those waiting for accept included. `None` if it is not TCP.
    pub established: Option<u32>,
    /// Connections accepted per second: those opened, plus the decrease of the queue. Sockets bound to the same address
    /// all have their common rate. `None` on a first Sample and if it is not TCP.
    pub accepted_per_s: Option<f64>,
    /// Connections that it has dropped since `listen()`. Kernel: `SK_MEMINFO_DROPS`.
    pub drops: Option<u32>,
    /// Dropped per second over the last interval.
    pub drops_per_s: Option<f64>,
    /// Sockets that listen on the same address and port (`SO_REUSEPORT`), itself included.
    pub sharing: u32,
    /// The accept queue over the last minute.
    pub recent: Recent,
}

/// A listener in the previous Sample.
#[derive(Debug, Clone, Copy, Default)]
struct PreviousListener {
    drops: Option<u32>,
    queue: u32,
    recent: Recent,
}

/// Counts connections by listener, and keeps the state to compare with the next Sample.
#[derive(Debug, Default)]
pub(super) struct ListenerTracker {
    index: ListenerIndex,
    rows: Vec<ListenerTotals>,
    before: FxHashMap<SocketKey, PreviousListener>,
    now: FxHashMap<SocketKey, PreviousListener>,
    /// For each row of `rows`.
    flow: Vec<QueueFlow>,
}

/// The flow through one accept queue since the previous Sample.
#[derive(Debug, Clone, Copy, Default)]
struct QueueFlow {
    /// Connections opened through the listener.
    opened: u32,
    /// Decrease of the queue's length; `None` if the listener is new.
    shrunk: Option<i64>,
}

impl ListenerTracker {
    /// Collects the listeners of a new Sample.
    pub(super) fn begin(&mut self, sample: &Sample, seconds: Option<f64>) {
        self.index.clear();
        self.rows.clear_for_reuse();
        self.flow.clear_for_reuse();
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear_for_reuse();
        for (row, socket) in (0u32..).zip(&sample.sockets.rows) {
            if socket.state != State::Listen {
                continue;
            }
            let is_tcp = self.index.insert(row, socket);
            let queue = socket.recv_queue;
            let before = self.before.get(&socket.key());
            let drops = sample.sockets.memory(socket).and_then(MemoryInfo::drops);
            let drops_before = before.and_then(|before| before.drops);
            let drops_per_s = match (drops, drops_before, seconds) {
                (Some(now), Some(before), Some(seconds)) => {
                    now.checked_sub(before).map(|new| f64::from(new) / seconds)
                }
                _ => None,
            };
            let mut recent = before.map_or_else(Recent::default, |before| before.recent);
            recent.push(Some(queue.into()));
            let shrunk = before.map(|before| i64::from(before.queue) - i64::from(queue));
            self.flow.push(QueueFlow { opened: 0, shrunk });
            self.now.insert(
                socket.key(),
                PreviousListener {
                    drops,
                    queue,
                    recent,
                },
            );
            self.rows.push(ListenerTotals {
                row,
                accept_queue: queue,
                backlog: socket.send_queue,
                syn_recv: is_tcp.then_some(0),
                established: is_tcp.then_some(0),
                accepted_per_s: None,
                drops,
                drops_per_s,
                sharing: 1,
                recent,
            });
        }
        for totals in self.rows.iter_mut().filter(|row| row.syn_recv.is_some()) {
            let listener = &sample.sockets.rows[totals.row as usize];
            let sharing = self.index.find(listener, &sample.sockets.rows).count();
            totals.sharing = u32::try_from(sharing).unwrap_or(u32::MAX);
        }
    }

    /// Reports whether a TCP socket listens on `port`.
    #[inline]
    pub(super) fn listens_on(&self, port: u16) -> bool {
        self.index.listens_on(port)
    }

    /// Counts a connection for the listeners that may have accepted it.
    #[inline]
    pub(super) fn count(&mut self, sample: &Sample, socket: &Socket, opened: bool) {
        let (syn_recv, established) = match socket.state {
            State::SynRecv => (1, 0),
            State::Established => (0, 1),
            _ if opened => (0, 0),
            _ => return,
        };
        for row in self.index.find(socket, &sample.sockets.rows) {
            // `rows` is sorted by row.
            let Ok(at) = self.rows.binary_search_by_key(&row, |totals| totals.row) else {
                continue;
            };
            let totals = &mut self.rows[at];
            totals.syn_recv = totals.syn_recv.map(|count| count + syn_recv);
            totals.established = totals.established.map(|count| count + established);
            self.flow[at].opened += u32::from(opened);
        }
    }

    /// Counts a connection that opened and closed since the previous Sample.
    pub(super) fn count_opened(&mut self, sample: &Sample, socket: &Socket) {
        for row in self.index.find(socket, &sample.sockets.rows) {
            if let Ok(at) = self.rows.binary_search_by_key(&row, |totals| totals.row) {
                self.flow[at].opened += 1;
            }
        }
    }

    /// Computes the accept rates and copies the listeners to `into`, in the order of the Sample.
    pub(super) fn finish(
        &mut self,
        sample: &Sample,
        seconds: Option<f64>,
        into: &mut Vec<ListenerTotals>,
    ) {
        for at in 0..self.rows.len() {
            let totals = &self.rows[at];
            let (Some(seconds), Some(_)) = (seconds, totals.established) else {
                continue;
            };
            let listener = &sample.sockets.rows[totals.row as usize];
            let flow = |row: u32| {
                let at = self.rows.binary_search_by_key(&row, |totals| totals.row);
                at.ok().map(|at| self.flow[at])
            };
            let shrunk: i64 = self
                .index
                .find(listener, &sample.sockets.rows)
                .filter_map(|row| flow(row)?.shrunk)
                .sum();
            let own = self.flow[at];
            let taken = i64::from(own.opened) + shrunk;
            self.rows[at].accepted_per_s = own.shrunk.map(|_| taken.max(0) as f64 / seconds);
        }
        into.clone_from(&self.rows);
    }
}
