//! What one can look into: a process, a socket, a remote host. A page remembers what it is about when that is gone.

mod difference;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::lists::{DEFAULT_SORT, SocketScope, Sockets, process_index};
use super::table::{Table, TableControl};
use crate::aggregate::{EventKind, EventLog, Moment, SocketRates};
use crate::column::{Service, SocketRow};
use crate::model::{MemoryInfo, Process, ProcessKey, Sample, SocketKey, SocketRef, State, TcpInfo};

pub use difference::DifferencePage;

/// Something looked into.
#[derive(Debug)]
pub enum Page {
    /// A process.
    Process(Box<ProcessPage>),
    /// A socket.
    Socket(Box<SocketPage>),
    /// A remote host.
    Remote(Box<RemotePage>),
    /// What differs between two instants.
    Difference(Box<DifferencePage>),
}

impl Page {
    /// Takes up what a moment tells of it.
    pub(super) fn follow(&mut self, moment: &Moment) {
        match self {
            Page::Process(page) => page.follow(moment),
            Page::Socket(page) => page.follow(moment),
            Page::Remote(_) | Page::Difference(_) => {}
        }
    }

    /// The next moment does not follow the one before.
    pub(super) fn begin_anew(&mut self) {
        if let Page::Socket(page) = self {
            page.begin_anew();
        }
    }

    /// The table on it, if there is one.
    pub(super) fn table_mut(&mut self) -> Option<&mut dyn TableControl> {
        match self {
            Page::Process(page) => Some(&mut page.sockets),
            Page::Remote(page) => Some(&mut page.sockets),
            Page::Difference(page) => Some(page.table_mut()),
            Page::Socket(_) => None,
        }
    }

    /// The table on it, if there is one.
    pub(super) fn table(&self) -> Option<&dyn TableControl> {
        match self {
            Page::Process(page) => Some(&page.sockets),
            Page::Remote(page) => Some(&page.sockets),
            Page::Difference(page) => Some(page.table()),
            Page::Socket(_) => None,
        }
    }
}

/// One process.
#[derive(Debug)]
pub struct ProcessPage {
    /// Which one.
    pub key: ProcessKey,
    /// Who it was when it was last there.
    pub known: Arc<Process>,
    /// Its sockets.
    pub sockets: Table<Sockets>,
}

impl ProcessPage {
    pub(super) fn new(process: Arc<Process>) -> ProcessPage {
        let scope = SocketScope::OwnedBy(process.key);
        ProcessPage {
            key: process.key,
            known: process,
            sockets: Table::new(Sockets::new(scope), DEFAULT_SORT, true),
        }
    }

    fn follow(&mut self, moment: &Moment) {
        if let Some(row) = process_index(moment, self.key) {
            self.known = Arc::clone(&moment.sample.processes[row as usize].process);
        }
    }
}

/// One remote host.
#[derive(Debug)]
pub struct RemotePage {
    /// Its address.
    pub address: IpAddr,
    /// One of its ports, or all.
    pub service: Option<Service>,
    /// The sockets connected to it.
    pub sockets: Table<Sockets>,
}

impl RemotePage {
    pub(super) fn new(address: IpAddr, service: Option<Service>) -> RemotePage {
        let scope = SocketScope::Remote(address, service);
        RemotePage {
            address,
            service,
            sockets: Table::new(Sockets::new(scope), DEFAULT_SORT, true),
        }
    }
}

/// Points kept of one socket: ten minutes at one sample a second.
const POINTS: usize = 600;

/// Changes of state kept of one socket.
const CHANGES: usize = 100;

/// One socket at one moment, for its charts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// Received bytes per second.
    pub received: Option<f64>,
    /// Sent bytes per second.
    pub sent: Option<f64>,
    /// Smoothed round-trip time, µs.
    pub rtt: Option<f64>,
    /// Congestion window, bytes.
    pub cwnd: Option<f64>,
    /// Bytes in flight: sent and neither acknowledged nor thought lost.
    pub in_flight: Option<f64>,
    /// Unread bytes; on UDP their memory. `None` on listeners.
    pub unread: Option<f64>,
    /// Bytes sent or queued and not acknowledged. `None` on listeners.
    pub unacknowledged: Option<f64>,
    /// Connections that wait for `accept()`; of listeners.
    pub accept_queue: Option<f64>,
    /// Datagrams or connections dropped, in its life.
    pub drops: Option<f64>,
}

/// A change of a socket's state that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When, µs since 1970 UTC.
    pub at_us: i64,
    /// What happened.
    pub kind: EventKind,
    /// The state before.
    pub from: Option<State>,
    /// The state after.
    pub to: Option<State>,
}

/// Where a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// In the moment shown.
    Here,
    /// In no sample any more; since when, µs since 1970 UTC.
    Gone(i64),
    /// Not in the moment shown, which is of another time than what is known of it.
    Absent,
}

/// One socket.
#[derive(Debug)]
pub struct SocketPage {
    /// Which one.
    pub key: SocketKey,
    /// Lines that its text is scrolled down by.
    pub line: usize,
    /// Whether it is still there.
    pub presence: Presence,
    /// It alone, as it was last seen: the final figures, if it is gone.
    known: Sample,
    rates: Option<SocketRates>,
    /// What it did while it was looked at, oldest first.
    pub points: VecDeque<Point>,
    /// Changes of its state, oldest first.
    pub changes: VecDeque<Change>,
    /// When it was looked at first, µs since 1970 UTC, and in which state.
    pub since: Option<(i64, State)>,
    /// Number of the first event that has not been looked at.
    next_event: u64,
    /// When the last point was made.
    taken_at_us: i64,
}

impl SocketPage {
    /// A socket, as it is in some Sample.
    pub(super) fn new(socket: SocketRef<'_>, presence: Presence) -> SocketPage {
        let mut known = Sample::default();
        known.copy_socket(socket);
        SocketPage {
            key: socket.socket.key(),
            line: 0,
            presence,
            known,
            rates: None,
            points: VecDeque::new(),
            changes: VecDeque::new(),
            since: None,
            next_event: 0,
            taken_at_us: i64::MIN,
        }
    }

    /// The socket of an event, as it was then.
    pub(super) fn of_event(log: &EventLog, number: u64) -> Option<SocketPage> {
        let (event, socket) = log.get(number)?;
        Some(SocketPage::new(socket, Presence::Gone(event.at_us)))
    }

    /// The socket: in the moment, or as it was last seen.
    pub fn row<'s>(&'s self, moment: &'s Moment) -> Option<SocketRow<'s>> {
        if self.presence == Presence::Here
            && let Some(at) = moment.row_of(self.key)
        {
            return SocketRow::of(moment, at);
        }
        self.known_row()
    }

    /// The socket as it was last seen with all its figures.
    pub fn known_row(&self) -> Option<SocketRow<'_>> {
        self.known.socket(0).map(|socket| SocketRow {
            rates: self.rates.as_ref(),
            ..SocketRow::detached(socket)
        })
    }

    /// Forgets what it did while it was looked at: the next moment does not follow.
    fn begin_anew(&mut self) {
        self.points.clear();
        self.changes.clear();
        self.since = None;
        self.presence = Presence::Absent;
        self.next_event = 0;
        self.taken_at_us = i64::MIN;
    }

    /// Takes up what a moment tells of it.
    fn follow(&mut self, moment: &Moment) {
        let log = &moment.aggregate.events;
        self.read_events(log);
        let Some(at) = moment.row_of(self.key) else {
            if self.presence == Presence::Here {
                self.presence = Presence::Gone(moment.sample.taken_at_us);
                self.rates = None;
            }
            return;
        };
        let Some(row) = SocketRow::of(moment, at) else {
            return;
        };
        self.presence = Presence::Here;
        // A mini-socket knows nothing any more: what was known stays.
        if row.socket.tcp_info().is_some() || self.known_info().is_none() {
            self.known = Sample::default();
            self.known.copy_socket(row.socket);
        }
        self.rates = row.rates.copied();
        let taken_at_us = moment.sample.taken_at_us;
        self.since
            .get_or_insert((taken_at_us, row.socket.socket.state));
        if self.taken_at_us == taken_at_us {
            return;
        }
        self.taken_at_us = taken_at_us;
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(point(&row));
    }

    /// What TCP last told of it.
    fn known_info(&self) -> Option<TcpInfo<'_>> {
        self.known.socket(0)?.tcp_info()
    }

    /// The final figures, where the row at hand is only what remains of it.
    pub fn last_info(&self) -> Option<TcpInfo<'_>> {
        self.known_info()
    }

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
                    self.known = Sample::default();
                    self.known.copy_socket(socket);
                    self.presence = Presence::Gone(event.at_us);
                }
                if self.changes.len() == CHANGES {
                    self.changes.pop_front();
                }
                self.changes.push_back(Change {
                    at_us: event.at_us,
                    kind: event.kind,
                    from: event.from,
                    to: event.to,
                });
            }
        }
    }
}

/// What a socket does at this moment.
fn point(row: &SocketRow<'_>) -> Point {
    let rates = row.rates;
    let rate = |rate: Option<f32>| rate.map(f64::from);
    let socket = row.socket.socket;
    let memory = row.socket.memory();
    let mut point = Point {
        received: rate(rates.and_then(|rates| rates.received)),
        sent: rate(rates.and_then(|rates| rates.sent)),
        unread: socket.received_unread().map(f64::from),
        unacknowledged: socket.sent_unacknowledged().map(f64::from),
        accept_queue: socket.accept_queue().map(f64::from),
        drops: memory.and_then(MemoryInfo::drops).map(f64::from),
        ..Point::default()
    };
    if let Some(info) = row.socket.tcp_info().filter(|_| !socket.is_listener()) {
        let bytes = |segments: Option<u64>| Some((segments? * info.snd_mss()?) as f64);
        point.rtt = info.measured_rtt().map(|rtt| rtt as f64);
        point.cwnd = bytes(info.snd_cwnd());
        point.in_flight = bytes(in_flight(info));
    }
    point
}

/// Segments in flight. Kernel: `tcp_packets_in_flight`.
pub fn in_flight(info: TcpInfo<'_>) -> Option<u64> {
    let gone = info.sacked()?.saturating_add(info.lost()?);
    Some((info.unacked()? + info.retrans()?).saturating_sub(gone))
}
