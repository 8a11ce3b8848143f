//! A process does not close connections that its peers have closed.
//!
//! The kernel keeps a connection in CLOSE-WAIT until the process closes it; no timer ends that. Connections that still
//! wait for `accept()` are another finding.

use std::net::IpAddr;

use crate::diagnose::ages::Ages;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Holder, activity, holder};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::waiting::{WaitingConnections, waiting_since};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::Subject;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Activity, Protocol};

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

/// One process's connections.
#[derive(Debug, Default)]
struct Group {
    /// The row of the first.
    row: u32,
    waiting: WaitingConnections,
    peers: SeededMap<IpAddr, u32>,
}

/// Detects processes that do not close their connections.
#[derive(Debug)]
pub(in crate::diagnose) struct CloseWaitLeak {
    thresholds: Thresholds,
    ages: Ages,
}

impl Detector for CloseWaitLeak {
    const ID: &'static str = "close-wait-leak";
    const TITLE: &'static str = "A process does not close connections that its peers have closed.";
    const LOOK_ALIKES: &'static str = "Connections that still wait for accept() may also be in CLOSE-WAIT; {0} reports them. Cause \
         stopped: the process is in state T. Cause not-read: data is unread, so the process has not seen that the \
         peer closed; it may hang. Cause not-closed: it has read everything but has not called close().";
    const REMEDY: &'static str = "Fix the code. Until then, only a restart frees the file descriptors: the kernel has no timeout for \
         CLOSE-WAIT. `sockwatch kill` ends the connections but leaves the descriptors open.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        CloseWaitLeak {
            thresholds: *thresholds,
            ages: Ages::default(),
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
        self.ages.begin();
        for &row in &facts.candidates.close_wait {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            // The peer's FIN carried its last acknowledgment, unless a keepalive followed.
            let since = waiting_since(&mut self.ages, facts, socket);
            let Some(holder) = holder(socket) else {
                continue;
            };
            let group = groups.entry(holder).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            // The FIN counts as a byte.
            let unread = socket.socket.recv_queue.saturating_sub(1);
            let is_stuck = facts.age_s(since) >= self.thresholds.age_s;
            group.waiting.add(unread, since, is_stuck);
            if let Some(remote) = socket.socket.remote() {
                *group
                    .peers
                    .entry(remote.address.to_canonical())
                    .or_default() += 1;
            }
        }
        self.ages.end();
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
    fn observe(&self, scan: &Scan<'_>, holder: Holder, group: &Group) -> Option<Observation> {
        let facts = &scan.facts;
        let (subject, who) = facts.subject_of_holder(holder)?;
        let process = match holder {
            Holder::Process(row) => facts.sample().processes.get(row as usize),
            Holder::User(_) => None,
        };
        let socket = facts.socket(group.row)?;
        let waiting = &group.waiting;
        let activity = activity(socket);
        let (peer, others) = top_peer(&group.peers)?;
        let closed_by = match others {
            0 => peer.to_string(),
            1 => format!("{peer} and another host"),
            others => format!("{peer} and {others} other hosts"),
        };
        let connections = phrases::plural(waiting.connections.into(), "connection", "connections");
        let limit = process.and_then(|process| process.process.descriptor_limit);
        let of_limit = limit.map(|limit| f64::from(waiting.connections) / limit.max(1) as f64);
        let (cause, advice) = advice(&subject, activity, waiting.unread);
        let count = Value::Count(waiting.connections.into());
        let mut observation = Observation::new(scan.kind, subject, "connections", count)
            .with("stuck", Value::Count(waiting.stuck.into()))
            .with_cause(cause)
            .with("oldest_s", Value::Seconds(facts.age_s(waiting.oldest_ns)))
            .with("peer", Value::Text(peer.to_string()))
            .with("peers", Value::Count(group.peers.len() as u64))
            .with("unread_bytes", Value::Bytes(waiting.unread))
            .with_known("descriptor_limit", limit.map(Value::Count))
            .with_known("of_descriptor_limit", of_limit.map(Value::Share))
            .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
        observation.over_threshold = waiting.stuck >= self.thresholds.connections;
        if of_limit.is_some_and(|share| share >= self.thresholds.critical_share) {
            observation.severity = Severity::Critical;
        }
        observation.reports_growth = true;
        observation.since_ns = Some(waiting.oldest_ns);
        observation.summary = format!("{who} has left {connections} in CLOSE-WAIT");
        observation.rest = format!(": {closed_by} closed first");
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
fn advice(subject: &Subject, activity: Option<Activity>, unread: u64) -> (&'static str, String) {
    let pid = subject.process().map(|named| named.key.pid);
    let of = pid.map_or_else(String::new, |pid| format!(" process {pid}"));
    if activity.is_some_and(Activity::is_stopped) {
        return ("stopped", phrases::stopped(pid.as_slice(), activity));
    }
    let meanwhile = format!(
        "Until the code is fixed, only a restart frees the file descriptors. `sockwatch kill state close-wait{of}` ends \
         the connections but leaves the descriptors open."
    );
    if unread > 0 {
        let why = "They hold unread data, so the process has not seen that the peer closed. Look for a thread or event \
                   loop that hangs";
        let how = pid.map_or_else(String::new, |pid| {
            format!(" (`gdb -p {pid}`, `strace -fp {pid}`)")
        });
        return ("not-read", format!("{why}{how}. {meanwhile}"));
    }
    let why = "It has read everything but has not called close(). Check connections that are returned to a pool or \
               forgotten on an error path.";
    ("not-closed", format!("{why} {meanwhile}"))
}
