//! What happened between one Sample and the next: sockets opened, changed and closed, the last of them kept.
//!
//! The events of one Sample are a batch that never changes, shared by every [`Aggregate`](super::Aggregate) that has it:
//! keeping the log costs nothing per moment.

mod recorder;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{ClosedSocket, Protocol, Sample, Socket, SocketRef, State};

pub(super) use recorder::{Ending, Recorder};

/// Events that are kept, all batches together.
const EVENTS: usize = 20_000;

/// Events that are kept of one Sample: of a flood the first ones.
const EVENTS_OF_A_SAMPLE: usize = 10_000;

/// What happened to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was seen for the first time.
    Opened,
    /// Its state changed.
    State,
    /// The kernel freed it, or it is gone. A connection has one such event; what remains of it in TIME-WAIT has none.
    Closed,
}

impl EventKind {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Opened => "opened",
            EventKind::State => "state",
            EventKind::Closed => "closed",
        }
    }
}

/// How long a socket lived, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// From the Sample that it was first seen in to its end.
    Measured(u64),
    /// It was there in the first Sample already.
    AtLeast(u64),
    /// It was in no Sample: it lived between two of them.
    Below(u64),
}

impl Lifetime {
    /// The number, whatever it is of the truth.
    pub fn ns(self) -> u64 {
        match self {
            Lifetime::Measured(ns) | Lifetime::AtLeast(ns) | Lifetime::Below(ns) => ns,
        }
    }
}

/// Something that happened to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When: of a closing the time of the kernel's event, of the others that of the Sample which shows it. µs since 1970
    /// UTC.
    pub at_us: i64,
    /// What.
    pub kind: EventKind,
    /// Row of the socket in the batch's Sample.
    pub row: u32,
    /// The state before, if it is known.
    pub from: Option<State>,
    /// The state after; of a closing TIME-WAIT if something remains in it.
    pub to: Option<State>,
    /// Of a closing: how long the socket lived, if it was seen or lived between two Samples.
    pub lifetime: Option<Lifetime>,
}

impl Event {
    /// The end of a socket, as far as its row tells.
    pub(super) fn closed(closed: &ClosedSocket, sample: &Sample) -> Event {
        Event {
            at_us: sample.taken_at_us,
            kind: EventKind::Closed,
            row: closed.row,
            from: closed.last_state,
            to: None,
            lifetime: None,
        }
    }

    /// The states that a filter may find the socket in: those of the event, and of a connection that is beyond it
    /// ESTABLISHED, so that a filter which meets its opening meets its closing too.
    pub fn states(&self, socket: SocketRef<'_>) -> impl Iterator<Item = State> {
        let connected = |state: State| !state.is_before_connection();
        let is_connection = socket.socket.protocol == Protocol::Tcp
            && match (self.from, self.to) {
                (None, None) => true,
                // A connection that was reset is closed; so is a socket that never was one.
                (Some(State::Closed), None) => socket.socket.remote().is_some(),
                (from, to) => from.into_iter().chain(to).any(connected),
            };
        let established = is_connection.then_some(State::Established);
        let own = [self.from, self.to];
        let others = established.filter(|state| !own.contains(&Some(*state)));
        let nothing = (own == [None, None] && !is_connection).then_some(socket.socket.state);
        own.into_iter().flatten().chain(others).chain(nothing)
    }

    /// The first of [`Self::states`]: by it the socket is found.
    pub fn state(&self, socket: SocketRef<'_>) -> State {
        self.states(socket).next().unwrap_or(socket.socket.state)
    }

    /// Whether something holds of the socket in one of [`Self::states`].
    pub fn holds(&self, socket: SocketRef<'_>, holds: impl Fn(SocketRef<'_>) -> bool) -> bool {
        self.states(socket).any(|state| {
            let row = Socket {
                state,
                ..*socket.socket
            };
            holds(SocketRef {
                socket: &row,
                ..socket
            })
        })
    }
}

/// The events of one Sample, in the order of their time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventBatch {
    /// Number of the first of them, counted from the start.
    pub first: u64,
    /// The events.
    pub events: Vec<Event>,
    /// Further events of this Sample, which were too many to keep.
    pub omitted: u64,
    /// The sockets that they happened to, with their owners: those of `rows` in [`Event::row`]. Its time is that of the
    /// Sample.
    pub sample: Sample,
}

impl EventBatch {
    /// An event of the batch with its socket.
    fn get(&self, at: usize) -> Option<(&Event, SocketRef<'_>)> {
        let event = self.events.get(at)?;
        Some((event, self.sample.socket(event.row as usize)?))
    }
}

/// The last events, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventLog {
    batches: VecDeque<Arc<EventBatch>>,
    kept: usize,
    next: u64,
}

impl EventLog {
    /// Takes a batch in and lets the oldest go.
    pub(super) fn push(&mut self, mut batch: EventBatch) {
        batch.first = self.next;
        self.next += batch.events.len() as u64 + batch.omitted;
        if batch.events.is_empty() {
            return;
        }
        batch.events.sort_by_key(|event| event.at_us);
        self.kept += batch.events.len();
        self.batches.push_back(Arc::new(batch));
        while self.kept > EVENTS && self.batches.len() > 1 {
            let gone = self.batches.pop_front();
            self.kept -= gone.map_or(0, |batch| batch.events.len());
        }
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.kept
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// Events among those since the first one kept that were too many to keep.
    pub fn omitted(&self) -> u64 {
        self.batches.iter().map(|batch| batch.omitted).sum()
    }

    /// The number of the next event to come: how many there were since the start.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The batches, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &EventBatch> {
        self.batches.iter().map(AsRef::as_ref)
    }

    /// The event with this number, if it is kept, and its socket as it was then.
    pub fn get(&self, number: u64) -> Option<(&Event, SocketRef<'_>)> {
        let at = self
            .batches
            .partition_point(|batch| batch.first <= number)
            .checked_sub(1)?;
        let batch = self.batches.get(at)?;
        batch.get(usize::try_from(number - batch.first).ok()?)
    }

    /// Numbers of the events kept, oldest first.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.batches
            .iter()
            .flat_map(|batch| batch.first..batch.first + batch.events.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(events: usize) -> EventBatch {
        let mut batch = EventBatch::default();
        for at in 0..events {
            batch.events.push(Event {
                at_us: at as i64,
                kind: EventKind::Opened,
                row: 0,
                from: None,
                to: None,
                lifetime: None,
            });
        }
        batch
    }

    #[test]
    fn the_log_is_bounded_and_numbers_go_on() {
        let mut log = EventLog::default();
        for _ in 0..100 {
            log.push(batch(1000));
            log.push(batch(0));
        }
        assert_eq!(log.len(), EVENTS);
        assert_eq!(log.next(), 100_000);
        let numbers: Vec<u64> = log.numbers().collect();
        assert_eq!(numbers.len(), EVENTS);
        assert_eq!(numbers.last(), Some(&99_999));
        assert!(log.get(0).is_none() && log.get(100_000).is_none());
        let mut flood = batch(10);
        flood.omitted = 7;
        log.push(flood);
        assert_eq!(log.omitted(), 7);
        assert_eq!(log.next(), 100_017);
    }
}
