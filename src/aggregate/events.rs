//! Socket events between one Sample and the next (opened, changed, closed), and the bounded log of the latest ones.
//!
//! The events of one Sample are an immutable batch that every [`Aggregate`](super::Aggregate) shares, so copying the log
//! to a moment is cheap.

mod collector;

use std::collections::VecDeque;
use std::sync::Arc;

use super::FinalTotals;
use crate::model::{ClosedSocket, Protocol, Sample, Socket, SocketRef, State};

pub(super) use collector::{EventCollector, SocketEnd};

/// Maximum number of events in the log, all batches together.
const EVENTS: usize = 20_000;

/// Maximum number of events of one Sample; further ones are only counted.
const EVENTS_OF_A_SAMPLE: usize = 10_000;

/// Kind of a socket event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The socket was seen for the first time.
    Opened,
    /// The state of the socket changed.
    State,
    /// The kernel freed it, or it is gone. A connection has one such event; its remaining TIME-WAIT has none.
    Closed,
}

impl EventKind {
    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::Opened => "opened",
            EventKind::State => "state",
            EventKind::Closed => "closed",
        }
    }
}

/// Lifetime of a closed socket, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Measured from the Sample that it was first seen in to its end.
    Measured(u64),
    /// A lower bound: it was in the first Sample already.
    AtLeast(u64),
    /// An upper bound: it opened and closed between two Samples.
    Below(u64),
}

impl Lifetime {
    /// Returns the measured time or the bound, ns.
    pub fn ns(self) -> u64 {
        match self {
            Lifetime::Measured(ns) | Lifetime::AtLeast(ns) | Lifetime::Below(ns) => ns,
        }
    }
}

/// One socket event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Time, µs since 1970 UTC: of the kernel's destroy event for a closed socket, else of the Sample that shows the
    /// change.
    pub at_us: i64,
    /// Kind of event.
    pub kind: EventKind,
    /// Row of the socket in the batch's Sample.
    pub row: u32,
    /// The state before, if known.
    pub from: Option<State>,
    /// The state after; for a closed connection TIME-WAIT if that remains.
    pub to: Option<State>,
    /// Lifetime of a closed socket, if known.
    pub lifetime: Option<Lifetime>,
    /// Bytes that a closed connection transferred, if known.
    pub totals: Option<FinalTotals>,
}

impl Event {
    /// Creates the event of a closed socket from its row alone.
    pub(super) fn closed(closed: &ClosedSocket, sample: &Sample) -> Event {
        Event {
            at_us: sample.taken_at_us,
            kind: EventKind::Closed,
            row: closed.row,
            from: closed.last_state,
            to: None,
            lifetime: None,
            totals: None,
        }
    }

    /// Iterates over the states that a filter may find the socket in: those of the event, and for a connection also
    /// ESTABLISHED, so that a filter that matches its opening also matches its closing.
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

    /// Returns the first of [`Self::states`].
    pub fn state(&self, socket: SocketRef<'_>) -> State {
        self.states(socket).next().unwrap_or(socket.socket.state)
    }

    /// Reports whether `matches` accepts the socket in one of [`Self::states`].
    pub fn matches(&self, socket: SocketRef<'_>, matches: impl Fn(SocketRef<'_>) -> bool) -> bool {
        self.states(socket).any(|state| {
            let row = Socket {
                state,
                ..*socket.socket
            };
            matches(socket.with_socket(&row))
        })
    }
}

/// The events of one Sample, in the order of their time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventBatch {
    /// Number of the first event, counted from the start.
    pub first: u64,
    /// The events.
    pub events: Vec<Event>,
    /// Number of further events of this Sample beyond the maximum.
    pub omitted: u64,
    /// The sockets of the events with their owners, by [`Event::row`]. Its time is that of the Sample.
    pub sample: Sample,
}

impl EventBatch {
    /// Releases the memory that further events would have used: a batch is kept for long and never changes.
    fn release_spare_memory(&mut self) {
        self.events.shrink_to_fit();
        self.sample.sockets.shrink_to_fit();
        self.sample.processes.shrink_to_fit();
        self.sample.holders.shrink_to_fit();
    }

    /// Returns an event of the batch with its socket.
    fn get(&self, at: usize) -> Option<(&Event, SocketRef<'_>)> {
        let event = self.events.get(at)?;
        Some((event, self.sample.socket(event.row as usize)?))
    }
}

/// The latest events, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventLog {
    batches: VecDeque<Arc<EventBatch>>,
    kept: usize,
    next: u64,
}

impl EventLog {
    /// Appends a batch and drops the oldest ones beyond the maximum.
    pub(super) fn push(&mut self, mut batch: EventBatch) {
        batch.first = self.next;
        self.next += batch.events.len() as u64 + batch.omitted;
        if batch.events.is_empty() {
            return;
        }
        batch.events.sort_by_key(|event| event.at_us);
        batch.release_spare_memory();
        self.kept += batch.events.len();
        self.batches.push_back(Arc::new(batch));
        while self.kept > EVENTS && self.batches.len() > 1 {
            let gone = self.batches.pop_front();
            self.kept -= gone.map_or(0, |batch| batch.events.len());
        }
    }

    /// Returns the number of events in the log.
    pub fn len(&self) -> usize {
        self.kept
    }

    /// Reports whether the log is empty.
    pub fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// Returns the number of events that the batches in the log omit.
    pub fn omitted(&self) -> u64 {
        self.batches.iter().map(|batch| batch.omitted).sum()
    }

    /// Returns the number of the next event: the count of all events since the start.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Iterates over the batches, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &EventBatch> {
        self.batches.iter().map(AsRef::as_ref)
    }

    /// Returns the event with a number and its socket as it was then; `None` if it is not in the log.
    pub fn get(&self, number: u64) -> Option<(&Event, SocketRef<'_>)> {
        let at = self
            .batches
            .partition_point(|batch| batch.first <= number)
            .checked_sub(1)?;
        let batch = self.batches.get(at)?;
        batch.get(usize::try_from(number - batch.first).ok()?)
    }

    /// Iterates over the numbers of the events in the log, oldest first.
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.batches
            .iter()
            .flat_map(|batch| batch.first..batch.first + batch.events.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ends, Family, Protocol, Socket};

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
                totals: None,
            });
        }
        batch
    }

    #[test]
    fn the_log_is_bounded_and_numbering_continues() {
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

    #[test]
    fn a_batch_in_the_log_has_no_spare_memory() {
        let mut log = EventLog::default();
        let mut batch = batch(300);
        let ends = Ends::Packet { ethertype: 3 };
        let (family, protocol) = (Family::Packet, Protocol::Dgram);
        let sockets =
            (0..300).map(|cookie| Socket::new(1, cookie, family, protocol, State::Closed, ends));
        batch.sample.sockets = sockets.collect();
        assert!(batch.sample.sockets.has_spare_memory());
        log.push(batch);
        let batch = log.batches().next().expect("it is kept");
        assert_eq!(batch.events.capacity(), batch.events.len());
        assert!(!batch.sample.sockets.has_spare_memory());
        assert_eq!(batch.sample.sockets.len(), 300);
    }
}
