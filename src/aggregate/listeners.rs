//! Listeners: their accept queues, what is on its way into them, and what they dropped.

use rustc_hash::FxHashMap;

use crate::model::{Ends, MemoryInfo, Protocol, Sample, Socket, SocketKey, State};

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

/// Finds the listener that a connection came in by, and counts for it.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// Indices into `rows`, by port.
    by_port: FxHashMap<u16, Vec<u32>>,
    /// Whether a TCP socket listens on a port, one bit a port: most sockets are told apart by this alone.
    listening: Vec<u64>,
    rows: Vec<ListenerTotals>,
    drops_before: FxHashMap<SocketKey, u32>,
}

impl Listeners {
    /// Takes the listeners of a new Sample.
    pub(super) fn begin(&mut self, sample: &Sample, seconds: Option<f64>) {
        self.by_port.clear();
        self.listening.clear();
        self.listening.resize(1024, 0);
        self.rows.clear();
        let mut drops_now = FxHashMap::default();
        for (row, socket) in sample.sockets.rows.iter().enumerate() {
            if socket.state != State::Listen || socket.protocol != Protocol::Tcp {
                continue;
            }
            let Some(local) = socket.local() else {
                continue;
            };
            let drops = sample.sockets.memory(socket).and_then(MemoryInfo::drops);
            let before = self.drops_before.get(&socket.key());
            let drops_per_s = match (drops, before, seconds) {
                (Some(now), Some(&before), Some(seconds)) => {
                    now.checked_sub(before).map(|new| f64::from(new) / seconds)
                }
                _ => None,
            };
            if let Some(drops) = drops {
                drops_now.insert(socket.key(), drops);
            }
            self.listening[usize::from(local.port) / 64] |= 1 << (local.port % 64);
            self.by_port
                .entry(local.port)
                .or_default()
                .push(self.rows.len() as u32);
            self.rows.push(ListenerTotals {
                row: row as u32,
                accept_queue: socket.recv_queue,
                backlog: socket.send_queue,
                syn_recv: 0,
                established: 0,
                drops,
                drops_per_s,
                sharing: 0,
            });
        }
        self.drops_before = drops_now;
        for same_port in self.by_port.values() {
            for &one in same_port {
                let ends = sample.sockets.rows[self.rows[one as usize].row as usize].ends;
                let sharing = same_port
                    .iter()
                    .filter(|&&other| {
                        sample.sockets.rows[self.rows[other as usize].row as usize].ends == ends
                    })
                    .count();
                self.rows[one as usize].sharing = sharing as u32;
            }
        }
    }

    /// Whether some TCP socket listens on `port`.
    #[inline]
    pub(super) fn listens_on(&self, port: u16) -> bool {
        self.listening
            .get(usize::from(port) / 64)
            .is_some_and(|word| word >> (port % 64) & 1 == 1)
    }

    /// Counts a connection for the listeners that it can have come in by.
    #[inline]
    pub(super) fn count(&mut self, sample: &Sample, socket: &Socket) {
        if !matches!(socket.state, State::SynRecv | State::Established) {
            return;
        }
        let Ends::Inet { local, .. } = socket.ends else {
            return;
        };
        let Some(same_port) = self.by_port.get(&local.port) else {
            return;
        };
        let canonical = local.canonical().address;
        // The kernel prefers the listener bound to the very address over the wildcard.
        let mut best: Option<(bool, Ends)> = None;
        for &at in same_port {
            let listener = &sample.sockets.rows[self.rows[at as usize].row as usize];
            let Some(bound) = listener.local() else {
                continue;
            };
            let exact = bound.canonical().address == canonical;
            let takes_v4 = listener.v6only != Some(true);
            let wildcard = bound.address.is_unspecified()
                && (bound.address.is_ipv4() == canonical.is_ipv4()
                    || (bound.address.is_ipv6() && takes_v4));
            if exact || (wildcard && best.is_none()) {
                best = Some((exact, listener.ends));
            }
            if exact {
                break;
            }
        }
        let Some((_, ends)) = best else { return };
        for &at in same_port {
            let row = &mut self.rows[at as usize];
            if sample.sockets.rows[row.row as usize].ends == ends {
                match socket.state {
                    State::SynRecv => row.syn_recv += 1,
                    _ => row.established += 1,
                }
            }
        }
    }

    /// Hands them over in the Sample's order.
    pub(super) fn finish(&self, into: &mut Vec<ListenerTotals>) {
        into.clone_from(&self.rows);
    }
}
