//! Measures the half-open connections of listeners: whether their clients answer, SYN cookies and dropped SYNs.
//!
//! The kernel answers a SYN, and the request waits in SYN-RECV for the client's acknowledgment. Without one, the SYN-ACK is
//! retransmitted. Once the requests fill the backlog, the kernel answers with SYN cookies, which need no queue entry, or
//! drops SYNs if cookies are turned off.
//!
//! Clients that never answer, clients that answer late, and clients that have answered but send no data yet fill the queue
//! in the same way. [`Verdict`] distinguishes them by the answers.
//!
//! Shared by the findings for floods and for full queues. [`HalfOpenConnections::update`] measures a moment once, before
//! either of them observes it.

mod report;
mod request;
mod sources;
mod verdict;

use std::net::IpAddr;

pub(in crate::diagnose) use self::report::{SEVERITY, reported_when};
use self::request::Requests;
use self::sources::Sources;
use self::verdict::{Answers, Limits};
pub(in crate::diagnose) use self::verdict::{MIN_WATCH_S, Verdict};
use super::counter::CounterStep;
use crate::diagnose::facts::Facts;
use crate::diagnose::need::Need;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::model::{Protocol, SocketKey, State};
use crate::model::{SeededMap, SeededSet};

thresholds! {
    /// Thresholds for half-open connections of a listener.
    thresholds {
        /// Minimum number of half-open connections of one listener whose SYN-ACK was retransmitted, which
        /// happens after one second without an answer. Every machine on the internet has a few, from
        /// scanners and lost clients. Raise it for a large public server.
        half_open: u32 = 16, ValueRule::COUNT;
        /// Fewer are reported if half-open connections fill this share of the backlog. Once it is full,
        /// the kernel sends SYN cookies or drops SYNs.
        share: f64 = 0.8, ValueRule::Share;
        /// Number of sources without a completed handshake from which on it is a flood ({0}).
        /// Fewer are clients with a broken return path, or a scanner ({1}).
        flood_sources: u32 = 8, ValueRule::COUNT;
        /// Length of the window over which SYN cookies and drops are added up.
        window_s: f64 = 10.0, ValueRule::WINDOW;
    }
}

/// SYN cookies sent and SYNs dropped for a full queue, of all listeners.
const COOKIES_SENT: &str = "TcpExt.TCPReqQFullDoCookies";
const COOKIES_RETURNED: &str = "TcpExt.SyncookiesRecv";
const SYNS_DROPPED: &str = "TcpExt.TCPReqQFullDrop";

/// Tables and counters that the findings about half-open connections read.
pub(in crate::diagnose) const NEEDS: &[Need] = &[
    Need::Sockets(Protocol::Tcp),
    Need::Counter(COOKIES_SENT),
    Need::Counter(COOKIES_RETURNED),
    Need::Counter(SYNS_DROPPED),
];

/// Number of half-open connections below which nothing is reported at any share, unless the threshold is lower.
const FEW: u32 = 4;

/// Share of the backlog at which cookies and drops are attributed to a listener.
const PRESSED_SHARE: f64 = 0.5;

/// Time since the last SYN up to which more are expected, s.
const ARRIVING_S: f64 = 2.0;

// Indexes of the window: SYN cookies sent, cookies that came back valid, SYNs dropped.
const COOKIES: usize = 0;
const RETURNED: usize = 1;
const DROPPED: usize = 2;

/// Half-open connections of one listener, or of all that share its address and port.
#[derive(Debug)]
pub(in crate::diagnose) struct HalfOpenGroup {
    /// The row of the first listener.
    listener: u32,
    /// Sum of the backlogs.
    backlog: u64,
    answers: Answers,
    /// The remote address of the first row, shown if it is the only source.
    first_source: Option<IpAddr>,
    /// When the group began to be examined, ns of the monotonic clock.
    since_ns: u64,
    verdict: Option<Verdict>,
    /// Number of half-open connections that the previous Sample did not have.
    new: u32,
}

/// State of a group between Samples while it is examined.
#[derive(Debug)]
struct ExaminedGroup {
    since_ns: u64,
    /// When SYNs last arrived, ns of the monotonic clock.
    arrived_ns: u64,
    sources: Sources,
    /// Connections opened.
    opened: Window<1>,
    is_seen: bool,
}

/// Half-open connections by listener, with the cookies and drops of all listeners.
#[derive(Debug)]
pub(in crate::diagnose) struct HalfOpenConnections {
    thresholds: Thresholds,
    /// SYN cookies sent, of all listeners. Kernel: `TCPReqQFullDoCookies`.
    cookies: CounterStep,
    /// Valid SYN cookies received, of all listeners. Kernel: `SyncookiesRecv`.
    returned: CounterStep,
    /// SYNs dropped for a full SYN queue, of all listeners. Kernel: `TCPReqQFullDrop`.
    dropped: CounterStep,
    window: Window<3>,
    requests: Requests,
    examined: SeededMap<SocketKey, ExaminedGroup>,
    groups: Vec<HalfOpenGroup>,
}

impl HalfOpenConnections {
    /// Starts with nothing measured.
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        HalfOpenConnections {
            thresholds,
            cookies: CounterStep::new(COOKIES_SENT),
            returned: CounterStep::new(COOKIES_RETURNED),
            dropped: CounterStep::new(SYNS_DROPPED),
            window: Window::default(),
            requests: Requests::default(),
            examined: SeededMap::default(),
            groups: Vec::new(),
        }
    }

    /// Measures the half-open connections of the next moment.
    pub(in crate::diagnose) fn update(&mut self, facts: &Facts<'_>) {
        self.groups.clear();
        let steps = [
            self.cookies.step(facts),
            self.returned.step(facts),
            self.dropped.step(facts),
        ];
        if let Some(seconds) = facts.elapsed_s() {
            let values = steps.map(|step| step.unwrap_or(0) as f64);
            let span = self.thresholds.window_s;
            self.window.push(facts.now_ns(), seconds, values, span);
        }
        let few = self.thresholds.half_open.min(FEW);
        if facts.candidates.syn_recv.len() >= few as usize {
            self.count_requests(facts);
            self.groups
                .retain(|group| group.is_pressed(&self.window) || group.answers.unanswered >= few);
        } else {
            self.requests.clear();
        }
        let [sent, _, dropped] = steps.map(|step| step.unwrap_or(0));
        self.examine(facts, sent + dropped > 0);
    }

    /// Counts the half-open connections of each listener.
    fn count_requests(&mut self, facts: &Facts<'_>) {
        let rows = &facts.sample().sockets;
        let mut groups: SeededMap<u32, HalfOpenGroup> = SeededMap::default();
        self.requests.begin();
        for &row in &facts.candidates.syn_recv {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let Some(listener) = facts.listener_of(&socket) else {
                continue;
            };
            let group = groups
                .entry(listener)
                .or_insert_with(|| HalfOpenGroup::new(facts, listener));
            let (request, is_new) = self.requests.update(facts, socket);
            group.new += u32::from(is_new);
            let answers = &mut group.answers;
            answers.half_open += 1;
            answers.unanswered += u32::from(request.is_unanswered);
            answers.deferred += u32::from(request.is_deferred);
            answers.repeated += u32::from(request.is_repeated);
        }
        self.requests.end();
        self.groups.extend(groups.into_values());
    }

    /// Follows the sources of the groups that may be a problem, and decides what they are. `unqueued` is true if SYNs
    /// have arrived at a full queue since the previous Sample.
    fn examine(&mut self, facts: &Facts<'_>, unqueued: bool) {
        for examined in self.examined.values_mut() {
            examined.is_seen = false;
        }
        let rows = &facts.sample().sockets;
        let mut requests = self.requests_by_listener(facts);
        let completed = self.completed_sources(facts);
        for group in &mut self.groups {
            let Some(listener) = rows.get(group.listener as usize) else {
                continue;
            };
            let examined = self.examined.entry(group.key(facts));
            let examined = examined.or_insert_with(|| ExaminedGroup {
                since_ns: facts.now_ns(),
                arrived_ns: 0,
                sources: Sources::default(),
                opened: Window::default(),
                is_seen: true,
            });
            examined.is_seen = true;
            group.since_ns = examined.since_ns;
            if group.new > 0 || (unqueued && group.share() >= PRESSED_SHARE) {
                examined.arrived_ns = facts.now_ns();
            }
            if let (Some(opened), Some(seconds)) =
                (facts.opened_at(group.listener), facts.elapsed_s())
            {
                let span = self.thresholds.window_s;
                let values = [f64::from(opened)];
                examined.opened.push(facts.now_ns(), seconds, values, span);
            }
            for row in requests.remove(&group.listener).unwrap_or_default() {
                if let Some(socket) = rows.get(row as usize)
                    && let Some(remote) = socket.remote()
                {
                    let source = remote.address.to_canonical();
                    group.first_source.get_or_insert(source);
                    let is_unanswered = self.requests.is_unanswered(&socket);
                    examined.sources.add(source, is_unanswered, facts.now_ns());
                }
            }
            let port = listener.local().map_or(0, |local| local.port);
            (examined.sources).complete(|source| completed.contains(&(port, source)));
            let span_ns = (self.thresholds.window_s * 1e9) as u64;
            group.answers = Answers {
                fates: examined.sources.finish(facts.now_ns(), span_ns),
                are_arriving: facts.age_s(examined.arrived_ns) < ARRIVING_S,
                opened: examined.opened.sum(0) as u64,
                cookies_sent: self.window.sum(COOKIES),
                cookies_returned: self.window.sum(RETURNED),
                watched_s: facts.age_s(group.since_ns),
                ..group.answers
            };
            group.verdict = group.answers.verdict(Limits {
                unanswered: self.thresholds.half_open,
                flood_sources: self.thresholds.flood_sources,
                undecided_s: self.thresholds.window_s,
            });
        }
        self.examined.retain(|_, examined| examined.is_seen);
    }
}

impl HalfOpenConnections {
    /// Returns the rows of the half-open connections of each group.
    fn requests_by_listener(&self, facts: &Facts<'_>) -> SeededMap<u32, Vec<u32>> {
        let groups = self.groups.iter();
        let mut requests: SeededMap<u32, Vec<u32>> =
            groups.map(|group| (group.listener, Vec::new())).collect();
        if requests.is_empty() {
            return requests;
        }
        let rows = &facts.sample().sockets;
        for &row in &facts.candidates.syn_recv {
            let listener = rows
                .get(row as usize)
                .and_then(|socket| facts.listener_of(&socket));
            if let Some(own) = listener.and_then(|listener| requests.get_mut(&listener)) {
                own.push(row);
            }
        }
        requests
    }

    /// Returns the remote addresses that have or had a connection to a port of a group, with the port.
    fn completed_sources(&self, facts: &Facts<'_>) -> SeededSet<(u16, IpAddr)> {
        let rows = &facts.sample().sockets;
        let listeners = self.groups.iter();
        let listeners = listeners.filter_map(|group| rows.get(group.listener as usize));
        let ports: SeededSet<u16> = listeners
            .filter_map(|listener| Some(listener.local()?.port))
            .collect();
        if ports.is_empty() {
            return SeededSet::default();
        }
        let completes = |state: State| {
            !matches!(
                state,
                State::SynRecv | State::Listen | State::BoundInactive | State::SynSent
            )
        };
        let closed = &facts.sample().closed_sockets;
        let sockets = rows.iter().chain(closed);
        sockets
            .filter(|socket| completes(socket.state) && facts.examines(socket))
            .filter_map(|socket| Some((socket.local()?.port, socket.remote()?)))
            .filter(|(port, _)| ports.contains(port))
            .map(|(port, remote)| (port, remote.address.to_canonical()))
            .collect()
    }
}

impl HalfOpenGroup {
    fn new(facts: &Facts<'_>, listener: u32) -> HalfOpenGroup {
        let socket = facts.socket(listener).map(|listener| listener.socket);
        let listeners = socket
            .into_iter()
            .flat_map(|socket| facts.listeners_with(socket));
        HalfOpenGroup {
            listener,
            backlog: listeners
                .map(|listener| u64::from(listener.socket.send_queue))
                .sum(),
            answers: Answers::default(),
            first_source: None,
            since_ns: 0,
            verdict: None,
            new: 0,
        }
    }

    /// Returns the identity of the listeners: the lowest of their keys, since rows change their order.
    fn key(&self, facts: &Facts<'_>) -> SocketKey {
        let socket = facts.socket(self.listener).map(|listener| listener.socket);
        let all = socket
            .into_iter()
            .flat_map(|socket| facts.listeners_with(socket));
        let keys = all.map(|listener| listener.socket.key());
        keys.min().unwrap_or(SocketKey {
            netns: 0,
            cookie: 0,
            association: 0,
        })
    }

    /// Returns the share of the backlog in use.
    fn share(&self) -> f64 {
        f64::from(self.answers.half_open) / self.backlog.max(1) as f64
    }

    /// Reports whether SYN cookies or drops are due to it. The kernel counts those of all listeners: they belong to one
    /// with many half-open connections.
    fn is_pressed(&self, window: &Window<3>) -> bool {
        window.sum(COOKIES) + window.sum(DROPPED) > 0.0 && self.share() >= PRESSED_SHARE
    }
}
