//! The page of a socket: its figures, its measures over time, its state changes.

use std::collections::VecDeque;

use super::socket_point::SocketPoint;
use crate::aggregate::{EventKind, EventLog, Moment, SocketRates};
use crate::column::SocketRow;
use crate::model::{Sample, SocketKey, SocketRef, State, TcpInfo};
use crate::tui::view_request::SocketRows;

/// Maximum number of points kept per socket: ten minutes at one sample a second.
const MAX_POINTS: usize = 600;

/// Maximum number of state changes kept per socket.
const MAX_CHANGES: usize = 100;

/// A change of the state of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// Time, µs since 1970 UTC.
    pub at_us: i64,
    /// The kind of event.
    pub kind: EventKind,
    /// The state before.
    pub from: Option<State>,
    /// The state after.
    pub to: Option<State>,
}

/// The presence of a socket in the moment shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The socket is in the moment shown.
    Present,
    /// The socket was closed at this time, µs since 1970 UTC.
    Closed(i64),
    /// The socket is not in the moment shown, which is of another time than its figures.
    Absent,
}

/// A socket with its figures, its history and its state changes.
#[derive(Debug)]
pub struct SocketPage {
    /// The identity of the socket.
    pub key: SocketKey,
    /// The number of lines by which its text is scrolled down.
    pub line: usize,
    /// Presence of the socket in the moment shown.
    pub presence: Presence,
    /// The row of the socket in the last moment that it was in.
    row: Option<u32>,
    /// A Sample with only this socket, as last observed: its final figures if it was closed.
    last_known: Sample,
    rates: Option<SocketRates>,
    /// Measures of the socket since the page was opened, oldest first.
    pub points: VecDeque<SocketPoint>,
    /// State changes of the socket, oldest first.
    pub changes: VecDeque<StateChange>,
    /// The time of the first moment on the page since it was opened or reset, µs since 1970 UTC, and the state then.
    pub first_seen: Option<(i64, State)>,
    /// The number of the first event that has not been read.
    next_event: u64,
    /// The time of the last point, ns of the monotonic clock.
    last_point_ns: Option<u64>,
}

impl SocketPage {
    /// Opens the page of a socket of a Sample; `row` is its row in the moment shown, if it is in that.
    pub(in crate::tui) fn new(
        socket: SocketRef<'_>,
        presence: Presence,
        row: Option<u32>,
    ) -> SocketPage {
        SocketPage {
            key: socket.socket.key(),
            line: 0,
            presence,
            row,
            last_known: Sample::of_socket(socket),
            rates: None,
            points: VecDeque::new(),
            changes: VecDeque::new(),
            first_seen: None,
            next_event: 0,
            last_point_ns: None,
        }
    }

    /// Opens the page of the socket of an event, as it was then.
    pub(in crate::tui) fn of_event(log: &EventLog, number: u64) -> Option<SocketPage> {
        let (event, socket) = log.get(number)?;
        Some(SocketPage::new(socket, Presence::Closed(event.at_us), None))
    }

    /// The row of the socket in the last moment that it was in.
    pub(in crate::tui) fn row_number(&self) -> Option<u32> {
        self.row
    }

    /// The row of the socket in a moment, if it is the last known one.
    fn row_in(&self, moment: &Moment) -> Option<u32> {
        self.row.filter(|&row| {
            let socket = moment.sample.socket(row as usize);
            socket.is_some_and(|socket| socket.socket.key() == self.key)
        })
    }

    /// The row of the socket in the moment, or as it was last seen.
    pub fn row<'s>(&'s self, moment: &'s Moment) -> Option<SocketRow<'s>> {
        if self.presence == Presence::Present
            && let Some(at) = self.row_in(moment)
        {
            return SocketRow::of(moment, at as usize);
        }
        self.known_row()
    }

    /// The row of the socket as it was last seen with all its figures.
    pub fn known_row(&self) -> Option<SocketRow<'_>> {
        self.last_known.socket(0).map(|socket| SocketRow {
            rates: self.rates,
            ..SocketRow::detached(socket)
        })
    }

    /// Discards points and changes: the next moment does not follow the last one.
    pub(super) fn reset_history(&mut self) {
        self.points.clear();
        self.changes.clear();
        self.first_seen = None;
        self.presence = Presence::Absent;
        self.next_event = 0;
        self.last_point_ns = None;
    }

    /// Updates figures, points and changes from a moment, in which `rows` may have the row of the socket.
    pub(super) fn update(&mut self, moment: &Moment, rows: &SocketRows) {
        let log = &moment.aggregate.events;
        self.read_events(log);
        let search = || moment.row_of(self.key).map(|row| row as u32);
        let known = rows.get(&self.key).copied();
        self.row = known.unwrap_or_else(|| self.row_in(moment).or_else(search));
        let Some(at) = self.row else {
            if self.presence == Presence::Present {
                self.presence = Presence::Closed(moment.sample.taken_at_us);
                self.rates = None;
            }
            return;
        };
        let Some(row) = SocketRow::of(moment, at as usize) else {
            return;
        };
        self.presence = Presence::Present;
        // A mini-socket (TIME-WAIT) has no figures: the last ones stay.
        if row.socket.tcp_info().is_some() || self.known_info().is_none() {
            self.last_known = Sample::of_socket(row.socket);
        }
        self.rates = row.rates;
        self.first_seen
            .get_or_insert((moment.sample.taken_at_us, row.socket.socket.state));
        let now_ns = moment.sample.monotonic_ns;
        if self.last_point_ns.replace(now_ns) == Some(now_ns) {
            return;
        }
        if self.points.len() == MAX_POINTS {
            self.points.pop_front();
        }
        self.points.push_back(SocketPoint::of(&row));
    }

    /// The last known `tcp_info`.
    fn known_info(&self) -> Option<TcpInfo<'_>> {
        self.last_known.socket(0)?.tcp_info()
    }

    /// The last known `tcp_info`: the final figures of a mini-socket.
    pub fn last_info(&self) -> Option<TcpInfo<'_>> {
        self.known_info()
    }

    /// Reads state changes from the events that have not been read.
    fn read_events(&mut self, log: &EventLog) {
        let (key, from) = (self.key, self.next_event);
        self.next_event = log.next();
        for batch in log.batches() {
            if batch.first + (batch.events.len() as u64) <= from {
                continue;
            }
            for event in &batch.events {
                let socket = batch.sample.socket(event.row as usize);
                let Some(socket) = socket.filter(|socket| socket.socket.key() == key) else {
                    continue;
                };
                if event.kind == EventKind::Closed {
                    // Of an aborted connection, the last figures stay.
                    if socket.tcp_info().is_some() || self.known_info().is_none() {
                        self.last_known = Sample::of_socket(socket);
                    }
                    self.presence = Presence::Closed(event.at_us);
                }
                if self.changes.len() == MAX_CHANGES {
                    self.changes.pop_front();
                }
                self.changes.push_back(StateChange {
                    at_us: event.at_us,
                    kind: event.kind,
                    from: event.from,
                    to: event.to,
                });
            }
        }
    }
}
