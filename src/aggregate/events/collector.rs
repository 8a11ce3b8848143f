//! Collects the events of one Sample into a batch while the Sample is aggregated.

use super::{EVENTS_OF_A_SAMPLE, Event, EventBatch, EventKind, EventLog, FinalTotals, Lifetime};
use crate::model::SeededMap;
use crate::model::{
    Blob, ClearForReuse, ClosedSocket, ProcessKey, Row, Sample, Socket, SocketKey, SocketRef, State,
};

/// Unused rows of [`EventCollector::seen`] before it is compacted.
const MAX_UNUSED_ROWS: usize = 1024;

/// A socket whose end the kernel may not report, as it was last seen.
#[derive(Debug, Clone, Copy)]
struct LastSeen {
    /// Row of the socket in [`EventCollector::seen`].
    row: u32,
    /// Time when it was first seen, ns of the monotonic clock.
    first_ns: u64,
    /// True if it was in the first Sample.
    in_first_sample: bool,
}

/// Circumstances of a socket's end.
#[derive(Debug, Clone, Copy)]
pub(in crate::aggregate) struct SocketEnd {
    /// Last state of the socket.
    pub(in crate::aggregate) from: Option<State>,
    /// The state of the mini-socket that remains, if any.
    pub(in crate::aggregate) remains: Option<State>,
    /// True if the Sample still has it: it ended during the dump.
    pub(in crate::aggregate) present: bool,
    /// True if its opening was not reported: it was only seen as less than a connection.
    pub(in crate::aggregate) opening_unreported: bool,
    /// Bytes that it transferred, if known.
    pub(in crate::aggregate) totals: Option<FinalTotals>,
}

/// Collects events and keeps the sockets whose end the kernel may not report.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct EventCollector {
    log: EventLog,
    batch: EventBatch,
    /// Positions of the processes of the batch.
    batch_processes: SeededMap<ProcessKey, u32>,
    /// Keeps every event of a Sample, without a maximum.
    pub(in crate::aggregate) keep_all: bool,
    /// Time of the first Sample, ns of the monotonic clock.
    started_ns: Option<u64>,
    last_seen: SeededMap<SocketKey, LastSeen>,
    /// Holds the rows of `last_seen`.
    seen: Sample,
    /// Positions of the processes of `seen`.
    seen_processes: SeededMap<ProcessKey, u32>,
}

/// Returns a socket as it ended without a destroy event: its final counters are unknown.
fn without_final_counters(socket: SocketRef<'_>) -> Socket {
    let mut row = *socket.socket;
    if row.has_destroy_event() {
        row.blob = Blob::default();
    }
    row
}

impl EventCollector {
    /// Begins the batch of a Sample.
    pub(in crate::aggregate) fn begin(&mut self, sample: &Sample) {
        self.batch = EventBatch::default();
        self.batch_processes.clear_for_reuse();
        self.batch.sample.taken_at_us = sample.taken_at_us;
        self.batch.sample.monotonic_ns = sample.monotonic_ns;
        self.batch.sample.host = std::sync::Arc::clone(&sample.host);
        self.started_ns.get_or_insert(sample.monotonic_ns);
    }

    /// Reports a new socket.
    pub(in crate::aggregate) fn opened(&mut self, socket: SocketRef<'_>) {
        let event = Event {
            at_us: self.batch.sample.taken_at_us,
            kind: EventKind::Opened,
            row: 0,
            from: None,
            to: Some(socket.socket.state),
            lifetime: None,
            totals: None,
        };
        self.push(socket, event);
    }

    /// Reports a change of state.
    pub(in crate::aggregate) fn changed(&mut self, socket: SocketRef<'_>, from: Option<State>) {
        let event = Event {
            at_us: self.batch.sample.taken_at_us,
            kind: EventKind::State,
            row: 0,
            from,
            to: Some(socket.socket.state),
            lifetime: None,
            totals: None,
        };
        self.push(socket, event);
    }

    /// Reports a socket that the kernel freed at most `interval_ns` after the previous Sample; `None` on the first Sample.
    pub(in crate::aggregate) fn closed(
        &mut self,
        socket: SocketRef<'_>,
        closed: &ClosedSocket,
        ending: SocketEnd,
        interval_ns: Option<u64>,
    ) {
        let SocketEnd {
            from,
            remains,
            present,
            opening_unreported,
            totals,
        } = ending;
        self.last_seen.remove(&socket.socket.key());
        let sample = &self.batch.sample;
        let (closed_ns, taken_ns) = (closed.monotonic_ns, sample.monotonic_ns);
        let later_ns = closed_ns
            .cast_signed()
            .saturating_sub(taken_ns.cast_signed());
        // If the Sample still has it, it ended after the Sample's time.
        let later_ns = if present { later_ns.max(0) } else { later_ns };
        let lifetime = match closed.first_seen_ns {
            Some(first) if first <= closed_ns => {
                let ns = closed_ns - first;
                Some(if self.started_ns.is_some_and(|started| first <= started) {
                    Lifetime::AtLeast(ns)
                } else {
                    Lifetime::Measured(ns)
                })
            }
            // Opened after the previous Sample, and perhaps closed during the dump of this one. The lifetime of a socket that
            // ended while the first Sample was taken is unknown.
            _ => interval_ns.map(Lifetime::Below),
        };
        let event = Event {
            at_us: sample.taken_at_us.saturating_add(later_ns / 1000),
            kind: EventKind::Closed,
            row: 0,
            from,
            to: remains,
            lifetime,
            totals,
        };
        if opening_unreported || (closed.first_seen_ns.is_none() && interval_ns.is_some()) {
            let opened = Event {
                kind: EventKind::Opened,
                from: None,
                to: None,
                lifetime: None,
                totals: None,
                ..event
            };
            self.push(socket, opened);
            // Both events share the row.
            if let Some(opened) = self.batch.events.last().copied()
                && self.has_room()
            {
                self.batch.events.push(Event {
                    row: opened.row,
                    ..event
                });
            }
        } else {
            self.push(socket, event);
        }
    }

    fn has_room(&mut self) -> bool {
        let room = self.keep_all || self.batch.events.len() < EVENTS_OF_A_SAMPLE;
        self.batch.omitted += u64::from(!room);
        room
    }

    fn push(&mut self, socket: SocketRef<'_>, event: Event) {
        if self.has_room()
            && let Some(row) = (self.batch.sample).copy_socket(socket, &mut self.batch_processes)
        {
            let row = row as u32;
            self.batch.events.push(Event { row, ..event });
        }
    }

    /// Stores a socket whose end the kernel does not report, or whose destroy event may be lost.
    pub(in crate::aggregate) fn remember(&mut self, socket: SocketRef<'_>, first: bool) {
        let row = socket.socket;
        if let Some(entry) = self.last_seen.get(&row.key()) {
            let known = self.seen.sockets.get(entry.row as usize);
            let same = |known: Row<'_>| {
                known.state == row.state
                    && known.attribution == row.attribution
                    && known.inode == row.inode
            };
            if known.is_some_and(same) {
                return;
            }
        }
        let now = socket.sample.monotonic_ns;
        if let Some(at) = self.seen.copy_socket(socket, &mut self.seen_processes) {
            let entry = self.last_seen.entry(row.key()).or_insert(LastSeen {
                row: 0,
                first_ns: now,
                in_first_sample: first,
            });
            entry.row = at as u32;
        }
    }

    /// Reports a socket that disappeared without a destroy event, except for a mini-socket in the state `remains`, after
    /// it had transferred `totals`.
    pub(in crate::aggregate) fn disappeared(
        &mut self,
        key: SocketKey,
        remains: Option<State>,
        totals: Option<FinalTotals>,
    ) {
        let Some(entry) = self.last_seen.remove(&key) else {
            return;
        };
        let seen = std::mem::take(&mut self.seen);
        if let Some(socket) = seen.socket(entry.row as usize) {
            let row = without_final_counters(socket);
            let socket = socket.with_socket(&row);
            let ns = self
                .batch
                .sample
                .monotonic_ns
                .saturating_sub(entry.first_ns);
            let event = Event {
                at_us: self.batch.sample.taken_at_us,
                kind: EventKind::Closed,
                row: 0,
                from: Some(socket.socket.state),
                to: remains,
                lifetime: Some(if entry.in_first_sample {
                    Lifetime::AtLeast(ns)
                } else {
                    Lifetime::Measured(ns)
                }),
                totals,
            };
            self.push(socket, event);
        }
        self.seen = seen;
    }

    /// Reports a socket that left the kernel's tables and still exists: it was reset, and a process holds it. Returns
    /// false if the socket is not known.
    pub(in crate::aggregate) fn left_tables(&mut self, key: SocketKey) -> bool {
        let Some(entry) = self.last_seen.get(&key) else {
            return false;
        };
        let seen = std::mem::take(&mut self.seen);
        let socket = seen.socket(entry.row as usize);
        if let Some(socket) = socket {
            let row = Socket {
                state: State::Closed,
                ..without_final_counters(socket)
            };
            let view = socket.with_socket(&row);
            self.changed(view, Some(socket.socket.state));
        }
        let reported = socket.is_some();
        self.seen = seen;
        reported
    }

    /// Ends the batch and copies the log to `into`.
    pub(in crate::aggregate) fn finish(&mut self, into: &mut EventLog) {
        if self.seen.sockets.len() > 2 * self.last_seen.len() + MAX_UNUSED_ROWS {
            self.compact();
        }
        self.log.push(std::mem::take(&mut self.batch));
        into.clone_from(&self.log);
    }

    /// Drops the rows of `seen` that are no longer in use.
    fn compact(&mut self) {
        let old = std::mem::take(&mut self.seen);
        self.seen_processes.clear_for_reuse();
        for entry in self.last_seen.values_mut() {
            if let Some(row) = old
                .socket(entry.row as usize)
                .and_then(|socket| self.seen.copy_socket(socket, &mut self.seen_processes))
            {
                entry.row = row as u32;
            }
        }
    }
}
