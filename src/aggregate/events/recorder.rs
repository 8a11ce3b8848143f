//! Makes a batch of events while a Sample is taken.

use rustc_hash::FxHashMap;

use super::{EVENTS_OF_A_SAMPLE, Event, EventBatch, EventKind, EventLog, Lifetime};
use crate::model::{Blob, ClosedSocket, Sample, Socket, SocketKey, SocketRef, State};

/// Faces that are out of use before they are cleared away.
const IDLE_FACES: usize = 1024;

/// A socket whose end the kernel may not tell, as it was last seen.
#[derive(Debug, Clone, Copy)]
struct Face {
    /// Its row among the faces.
    row: u32,
    /// When it was seen first, ns of the monotonic clock.
    first_ns: u64,
    /// Whether it was seen in the first Sample.
    from_the_start: bool,
}

/// How a socket ended.
#[derive(Debug, Clone, Copy)]
pub(in crate::aggregate) struct Ending {
    /// Its last state.
    pub(in crate::aggregate) from: Option<State>,
    /// The state of what is left of it.
    pub(in crate::aggregate) remains: Option<State>,
    /// Whether the Sample has it nonetheless: it ended during the dump.
    pub(in crate::aggregate) present: bool,
    /// Whether its opening was never told: it was seen as something less than a connection only.
    pub(in crate::aggregate) untold: bool,
}

/// Takes down what happens.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct Recorder {
    log: EventLog,
    batch: EventBatch,
    /// Whether every event of a Sample is kept, however many there are.
    pub(in crate::aggregate) keep_all: bool,
    /// When the first Sample was made, ns of the monotonic clock.
    started_ns: Option<u64>,
    faces: FxHashMap<SocketKey, Face>,
    /// The sockets of `faces`.
    seen: Sample,
}

/// A socket of which nobody heard the end: what it counted until then is not known.
fn as_it_ended(socket: SocketRef<'_>) -> Socket {
    let mut row = *socket.socket;
    if row.has_destroy_event() {
        row.blob = Blob::default();
    }
    row
}

impl Recorder {
    /// Begins with the events of a Sample.
    pub(in crate::aggregate) fn begin(&mut self, sample: &Sample) {
        self.batch = EventBatch::default();
        self.batch.sample.taken_at_us = sample.taken_at_us;
        self.batch.sample.monotonic_ns = sample.monotonic_ns;
        self.batch.sample.host = std::sync::Arc::clone(&sample.host);
        self.started_ns.get_or_insert(sample.monotonic_ns);
    }

    /// A socket was seen that is new.
    pub(in crate::aggregate) fn opened(&mut self, socket: SocketRef<'_>) {
        let event = Event {
            at_us: self.batch.sample.taken_at_us,
            kind: EventKind::Opened,
            row: 0,
            from: None,
            to: Some(socket.socket.state),
            lifetime: None,
        };
        self.push(socket, event);
    }

    /// A socket's state is another.
    pub(in crate::aggregate) fn changed(&mut self, socket: SocketRef<'_>, from: Option<State>) {
        let event = Event {
            at_us: self.batch.sample.taken_at_us,
            kind: EventKind::State,
            row: 0,
            from,
            to: Some(socket.socket.state),
            lifetime: None,
        };
        self.push(socket, event);
    }

    /// The kernel freed a socket, at most `interval_ns` after the Sample before; `None` if there was none before.
    pub(in crate::aggregate) fn closed(
        &mut self,
        socket: SocketRef<'_>,
        closed: &ClosedSocket,
        ending: Ending,
        interval_ns: Option<u64>,
    ) {
        let Ending {
            from,
            remains,
            present,
            untold,
        } = ending;
        self.faces.remove(&socket.socket.key());
        let sample = &self.batch.sample;
        let (closed_ns, taken_ns) = (closed.monotonic_ns, sample.monotonic_ns);
        let later_ns = closed_ns
            .cast_signed()
            .saturating_sub(taken_ns.cast_signed());
        // What the Sample shows of it, it shows as of its own time, and the end comes after that.
        let later_ns = if present { later_ns.max(0) } else { later_ns };
        let lifetime = match closed.first_seen_ns {
            // Nobody knows how long one lived that ended while the first Sample was taken.
            None => interval_ns.map(Lifetime::Below),
            Some(first) => {
                let ns = closed.monotonic_ns.saturating_sub(first);
                Some(if self.started_ns.is_some_and(|started| first <= started) {
                    Lifetime::AtLeast(ns)
                } else {
                    Lifetime::Measured(ns)
                })
            }
        };
        let event = Event {
            at_us: sample.taken_at_us.saturating_add(later_ns / 1000),
            kind: EventKind::Closed,
            row: 0,
            from,
            to: remains,
            lifetime,
        };
        if untold || (closed.first_seen_ns.is_none() && interval_ns.is_some()) {
            let opened = Event {
                kind: EventKind::Opened,
                from: None,
                to: None,
                lifetime: None,
                ..event
            };
            self.push(socket, opened);
            // The same row serves both.
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
            && let Some(row) = self.batch.sample.copy_socket(socket)
        {
            let row = row as u32;
            self.batch.events.push(Event { row, ..event });
        }
    }

    /// Remembers a socket whose end the kernel does not tell; if every event counts, also one of which it may be lost.
    pub(in crate::aggregate) fn remember(&mut self, socket: SocketRef<'_>, first: bool) {
        let row = socket.socket;
        if let Some(face) = self.faces.get(&row.key()) {
            let known = self.seen.sockets.rows.get(face.row as usize);
            let same = |known: &Socket| {
                known.state == row.state
                    && known.attribution == row.attribution
                    && known.inode == row.inode
            };
            if known.is_some_and(same) {
                return;
            }
        }
        let now = socket.sample.monotonic_ns;
        if let Some(at) = self.seen.copy_socket(socket) {
            let face = self.faces.entry(row.key()).or_insert(Face {
                row: 0,
                first_ns: now,
                from_the_start: first,
            });
            face.row = at as u32;
        }
    }

    /// A socket is in no Sample any more, but for what remains of it in a state.
    pub(in crate::aggregate) fn gone(&mut self, key: SocketKey, remains: Option<State>) {
        let Some(face) = self.faces.remove(&key) else {
            return;
        };
        let seen = std::mem::take(&mut self.seen);
        if let Some(socket) = seen.socket(face.row as usize) {
            let row = as_it_ended(socket);
            let socket = SocketRef {
                socket: &row,
                ..socket
            };
            let ns = self.batch.sample.monotonic_ns.saturating_sub(face.first_ns);
            let event = Event {
                at_us: self.batch.sample.taken_at_us,
                kind: EventKind::Closed,
                row: 0,
                from: Some(socket.socket.state),
                to: remains,
                lifetime: Some(if face.from_the_start {
                    Lifetime::AtLeast(ns)
                } else {
                    Lifetime::Measured(ns)
                }),
            };
            self.push(socket, event);
        }
        self.seen = seen;
    }

    /// A socket is in the kernel's tables no more, and lives: it was reset, and a process holds it. Answers whether that
    /// could be told.
    pub(in crate::aggregate) fn left(&mut self, key: SocketKey) -> bool {
        let Some(face) = self.faces.get(&key) else {
            return false;
        };
        let seen = std::mem::take(&mut self.seen);
        let socket = seen.socket(face.row as usize);
        if let Some(socket) = socket {
            let row = Socket {
                state: State::Closed,
                ..as_it_ended(socket)
            };
            let view = SocketRef {
                socket: &row,
                ..socket
            };
            self.changed(view, Some(socket.socket.state));
        }
        let told = socket.is_some();
        self.seen = seen;
        told
    }

    /// Ends the batch.
    pub(in crate::aggregate) fn finish(&mut self, into: &mut EventLog) {
        if self.seen.sockets.rows.len() > 2 * self.faces.len() + IDLE_FACES {
            self.clear_away();
        }
        self.log.push(std::mem::take(&mut self.batch));
        into.clone_from(&self.log);
    }

    /// Keeps only the faces in use.
    fn clear_away(&mut self) {
        let old = std::mem::take(&mut self.seen);
        for face in self.faces.values_mut() {
            if let Some(row) = old
                .socket(face.row as usize)
                .and_then(|socket| self.seen.copy_socket(socket))
            {
                face.row = row as u32;
            }
        }
    }
}
