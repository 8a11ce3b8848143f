//! Listeners: their accept queues, what is on its way into them, and what they dropped.

use rustc_hash::FxHashMap;

use crate::model::{ListenerIndex, MemoryInfo, Reuse, Sample, Socket, SocketKey, State};

/// One listening TCP socket.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerTotals {
    /// Its row in the Sample.
    pub row: u32,
    /// Connections that wait for `accept()`.
    pub accept_queue: u32,
    /// The accept queue's limit; the queue can hold one more.
    pub backlog: u32,
    /// Half-open connections to it. Shared evenly with nobody: sockets bound to the same address count the same ones.
    pub syn_recv: u32,
    /// Established connections to it, those waiting for accept included.
    pub established: u32,
    /// Connections that it dropped since it listens. Kernel: `SK_MEMINFO_DROPS`.
    pub drops: Option<u32>,
    /// Dropped per second over the last interval.
    pub drops_per_s: Option<f64>,
    /// How many sockets listen on the same address and port (`SO_REUSEPORT`), itself included.
    pub sharing: u32,
}

/// Counts for the listeners that connections came in by.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    index: ListenerIndex,
    rows: Vec<ListenerTotals>,
    drops_before: FxHashMap<SocketKey, u32>,
    drops_now: FxHashMap<SocketKey, u32>,
}

impl Listeners {
    /// Takes the listeners of a new Sample.
    pub(super) fn begin(&mut self, sample: &Sample, seconds: Option<f64>) {
        self.index.clear();
        self.rows.clear_for_reuse();
        std::mem::swap(&mut self.drops_before, &mut self.drops_now);
        self.drops_now.clear_for_reuse();
        for (row, socket) in (0u32..).zip(&sample.sockets.rows) {
            if !self.index.insert(row, socket) {
                continue;
            }
            let drops = sample.sockets.memory(socket).and_then(MemoryInfo::drops);
            let before = self.drops_before.get(&socket.key());
            let drops_per_s = match (drops, before, seconds) {
                (Some(now), Some(&before), Some(seconds)) => {
                    now.checked_sub(before).map(|new| f64::from(new) / seconds)
                }
                _ => None,
            };
            if let Some(drops) = drops {
                self.drops_now.insert(socket.key(), drops);
            }
            self.rows.push(ListenerTotals {
                row,
                accept_queue: socket.recv_queue,
                backlog: socket.send_queue,
                syn_recv: 0,
                established: 0,
                drops,
                drops_per_s,
                sharing: 0,
            });
        }
        for totals in &mut self.rows {
            let listener = &sample.sockets.rows[totals.row as usize];
            let sharing = self.index.of(listener, &sample.sockets.rows).count();
            totals.sharing = u32::try_from(sharing).unwrap_or(u32::MAX);
        }
    }

    /// Whether some TCP socket listens on `port`.
    #[inline]
    pub(super) fn listens_on(&self, port: u16) -> bool {
        self.index.listens_on(port)
    }

    /// Counts a connection for the listeners that it can have come in by.
    #[inline]
    pub(super) fn count(&mut self, sample: &Sample, socket: &Socket) {
        if !matches!(socket.state, State::SynRecv | State::Established) {
            return;
        }
        for row in self.index.of(socket, &sample.sockets.rows) {
            // The listeners stand in the order of their rows.
            let Ok(at) = self.rows.binary_search_by_key(&row, |totals| totals.row) else {
                continue;
            };
            match socket.state {
                State::SynRecv => self.rows[at].syn_recv += 1,
                _ => self.rows[at].established += 1,
            }
        }
    }

    /// Hands them over in the Sample's order.
    pub(super) fn finish(&self, into: &mut Vec<ListenerTotals>) {
        into.clone_from(&self.rows);
    }
}
