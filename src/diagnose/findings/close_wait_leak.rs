//! A process does not close connections that its peers have closed.
//!
//! The kernel keeps a connection in CLOSE-WAIT until the process closes it; no timer ends that. Connections that still
//! wait for `accept()` are another finding.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, Holder, add_processes, holder};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::holders::Holders;
use crate::diagnose::measure::waiting::{WaitingConnections, unread_data};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::Subject;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Protocol, SocketRef, TcpInfo, Tracker, Visit};

thresholds! {
    #[expect(clippy::doc_markdown, reason = "comments of the configuration have no markup")]
    /// When connections in CLOSE-WAIT are a leak.
    thresholds {
        /// Minimum number of connections of one process. A pool that closes late always leaves one or two
        /// in CLOSE-WAIT, which is not a leak; a leak does not stop at five. Raise it for a process with a
        /// large pool that it rarely checks.
        connections: u32 = 5, ValueRule::COUNT;
        /// How long a connection must be in CLOSE-WAIT to count. A process that closes its connections
        /// does so within milliseconds, as soon as read() returns 0. Raise it above the interval at which
        /// an idle pool is checked, often 30 or 60.
        age_s: f64 = 5.0, ValueRule::SECONDS;
        /// Critical at this share of the process's file descriptor limit. Once half of the descriptors are
        /// lost this way, the rest will follow, and accept() and open() will fail.
        critical_share: f64 = 0.5, ValueRule::Share;
    }
}

/// Time for which a process that was seen to send after the peer's FIN may pause without its connection being a leak, s.
/// The peer has only closed its own direction (`shutdown(SHUT_WR)`) and still reads.
const PAUSE_S: f64 = 60.0;

/// One process's connections.
#[derive(Debug, Default)]
struct Group {
    waiting: WaitingConnections,
    /// Number of connections that were not read to the end, so that their FIN is unread.
    unfinished: u32,
    /// Number of connections that several processes hold, and the rows of all processes.
    shared: u32,
    processes: BTreeSet<u32>,
    peers: SeededMap<IpAddr, u32>,
}

/// A connection in CLOSE-WAIT from Sample to Sample.
#[derive(Debug, Default)]
struct HalfClosed {
    /// When the peer closed, ns of the monotonic clock.
    since_ns: u64,
    /// Bytes that the peer has acknowledged.
    acknowledged: Option<u64>,
    /// When they last grew, ns of the monotonic clock.
    grew_ns: Option<u64>,
}

/// Detects processes that do not close their connections.
#[derive(Debug)]
pub(in crate::diagnose) struct CloseWaitLeak {
    thresholds: Thresholds,
    connections: Tracker<HalfClosed>,
}

impl Detector for CloseWaitLeak {
    const ID: &'static str = "close-wait-leak";
    const TITLE: &'static str = "A process does not close connections that its peers have closed.";
    const LOOK_ALIKES: &'static str = "Connections that still wait for accept() may also be in CLOSE-WAIT; {0} reports them. A peer may \
         close only its own direction and still read: a connection with unsent data, or over which the process still \
         sends, does not count. Cause stopped: the process is in state T. Cause not-read: most connections were not \
         read to the end, where the process would see that the peer closed; it may hang. Cause not-closed: it has read \
         most of them to the end but has not called close().";
    const REMEDY: &'static str = "Fix the code. Until then, only a restart frees the file descriptors: the kernel has no timeout for \
         CLOSE-WAIT. `sockwatch kill` ends the connections but leaves the descriptors open.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        CloseWaitLeak {
            thresholds: *thresholds,
            connections: Tracker::default(),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "A process has at least {} in CLOSE-WAIT, each for {} or longer.",
            phrases::plural(thresholds.connections.into(), "connection", "connections"),
            help_text::seconds(thresholds.age_s)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "Warning. Critical once they use {} of the process's file descriptor limit.",
            help_text::share(thresholds.critical_share)
        )
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let mut groups: SeededMap<Holder, Group> = SeededMap::default();
        self.connections.begin_round(0);
        for &row in &facts.candidates.close_wait {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let since = self.idle_since(facts, socket);
            let (Some(since), Some(holder)) = (since, holder(socket)) else {
                continue;
            };
            let group = groups.entry(holder).or_default();
            let is_stuck = facts.age_s(since) >= self.thresholds.age_s;
            group
                .waiting
                .add(unread_data(socket.socket), since, is_stuck);
            // The FIN counts as a byte.
            group.unfinished += u32::from(socket.socket.recv_queue > 0);
            group.shared += u32::from(socket.owners().nth(1).is_some());
            add_processes(&mut group.processes, socket);
            if let Some(remote) = socket.socket.remote() {
                *group
                    .peers
                    .entry(remote.address.to_canonical())
                    .or_default() += 1;
            }
        }
        self.connections.retain(|_, seen, _| seen);
        for (holder, group) in groups {
            // A finding stays active until less than half of its threshold is left.
            let stuck = group.waiting.stuck;
            if stuck > 0 && stuck * 2 >= self.thresholds.connections {
                out.extend(self.observe(scan, holder, &group));
            }
        }
    }
}

impl CloseWaitLeak {
    /// Returns when the peer closed a connection, ns of the monotonic clock; `None` if the process still uses it to send.
    fn idle_since(&mut self, facts: &Facts<'_>, socket: SocketRef<'_>) -> Option<u64> {
        let info = socket.tcp_info();
        let acknowledged = info.and_then(TcpInfo::bytes_acked);
        let connection = match self.connections.visit(socket.socket.key()) {
            Visit::New(connection) => {
                // The peer's FIN carried its last acknowledgment, unless a keepalive followed.
                connection.since_ns = facts.last_ack_ns(socket);
                connection
            }
            Visit::Known(connection) | Visit::Repeated(connection) => {
                let both = acknowledged.zip(connection.acknowledged);
                if both.is_some_and(|(now, before)| now > before) {
                    connection.grew_ns = Some(facts.now_ns());
                }
                connection
            }
        };
        connection.acknowledged = acknowledged;
        let sent_s = info
            .and_then(TcpInfo::last_data_sent)
            .map(|ms| ms as f64 / 1e3);
        let is_used = socket.socket.send_queue > 0
            || sent_s.is_some_and(|sent_s| sent_s < self.thresholds.age_s)
            || connection
                .grew_ns
                .is_some_and(|grew_ns| facts.age_s(grew_ns) < PAUSE_S.max(self.thresholds.age_s));
        (!is_used).then_some(connection.since_ns)
    }

    fn observe(&self, scan: &Scan<'_>, holder: Holder, group: &Group) -> Option<Observation> {
        let facts = &scan.facts;
        let (subject, who) = facts.subject_of_holder(holder)?;
        let process = match holder {
            Holder::Process(row) => facts.sample().processes.get(row as usize),
            Holder::User(_) => None,
        };
        let holders = Holders::at(facts.sample(), group.processes.iter().copied())
            .with_first(process.map(|row| row.process.key));
        let waiting = &group.waiting;
        let (peer, others) = top_peer(&group.peers)?;
        let closed_by = match others {
            0 => format!("{peer} closed its end"),
            1 => format!("{peer} and another host closed their ends"),
            others => format!("{peer} and {others} other hosts closed their ends"),
        };
        let connections = phrases::plural(waiting.connections.into(), "connection", "connections");
        let limit = process.and_then(|process| process.process.descriptor_limit);
        let of_limit = limit.map(|limit| f64::from(waiting.connections) / limit.max(1) as f64);
        let (cause, advice) = advice(&subject, &holders, group);
        let count = Value::Count(waiting.connections.into());
        let processes = holders.are_several().then(|| holders.count() as u64);
        let mut observation = Observation::new(scan.kind, subject, "connections", count)
            .with("stuck", Value::Count(waiting.stuck.into()))
            .with_cause(cause)
            .with("oldest_s", Value::Seconds(facts.age_s(waiting.oldest_ns)))
            .with("peer", Value::Text(peer.to_string()))
            .with("peers", Value::Count(group.peers.len() as u64))
            .with("unread_bytes", Value::Bytes(waiting.unread))
            .with("not_read_to_end", Value::Count(group.unfinished.into()))
            .with_known("processes", processes.map(Value::Count))
            .with_known("descriptor_limit", limit.map(Value::Count))
            .with_known("of_descriptor_limit", of_limit.map(Value::Share))
            .with_known("state", holders.state())
            .with_known("stopped", holders.stopped_names());
        observation.over_threshold = waiting.stuck >= self.thresholds.connections;
        if of_limit.is_some_and(|share| share >= self.thresholds.critical_share) {
            observation.severity = Severity::Critical;
        }
        observation.reports_growth = true;
        observation.since_ns = Some(waiting.oldest_ns);
        observation.summary = format!("{who} has left {connections} in CLOSE-WAIT");
        let shared = holders.sharing(phrases::all_or_some(group.shared, waiting.connections));
        observation.rest = format!(": {closed_by} first{shared}");
        observation.advice = advice;
        Some(observation)
    }
}

/// Returns the peer that closed the most connections, and the number of other peers.
fn top_peer(peers: &SeededMap<IpAddr, u32>) -> Option<(IpAddr, usize)> {
    let (peer, _) = peers.iter().max_by_key(|(peer, count)| (**count, **peer))?;
    Some((*peer, peers.len() - 1))
}

/// Returns the cause and the advice.
fn advice(subject: &Subject, holders: &Holders<'_>, group: &Group) -> (&'static str, String) {
    if holders.are_stopped() {
        return ("stopped", holders.continue_all());
    }
    let pid = subject.process().map(|named| named.key.pid);
    let of = pid.map_or_else(String::new, |pid| format!(" process {pid}"));
    let (are_several, stopped) = (holders.are_several(), holders.continue_some());
    let restart = if are_several {
        "Each process that has a connection open must close it. Until the code is fixed, only a restart of all of them"
    } else {
        "Until the code is fixed, only a restart"
    };
    let meanwhile = format!(
        "{restart} frees the file descriptors. `sockwatch kill state close-wait{of}` ends the connections but leaves the \
         descriptors open."
    );
    let all = group.waiting.connections;
    let (unfinished, finished) = (group.unfinished, all - group.unfinished);
    if unfinished * 2 > all {
        let number = match (finished, unfinished) {
            (0, 1) => "It was".to_owned(),
            (0, _) => "They were".to_owned(),
            _ => format!("{unfinished} of them were"),
        };
        let tools = holders.tools();
        return (
            "not-read",
            format!(
                "{stopped}{number} not read to the end, where the process would see that the peer closed. Look for a \
                 thread or event loop that hangs{tools}. {meanwhile}"
            ),
        );
    }
    let what = if unfinished == 0 {
        "everything".to_owned()
    } else {
        format!("{finished} of them to the end")
    };
    let why = if are_several {
        format!("{stopped}They have read {what} but not all have called close().")
    } else {
        format!("{stopped}It has read {what} but has not called close().")
    };
    (
        "not-closed",
        format!(
            "{why} Check connections that are returned to a pool or forgotten on an error path. {meanwhile}"
        ),
    )
}
