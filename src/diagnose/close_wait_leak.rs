//! `close-wait-leak`: a process does not close connections that its peers have closed.
//!
//! The kernel keeps a connection in CLOSE-WAIT until the process closes it; no timer ends that. Connections that no
//! `accept()` has taken are left to `not-accepted`.

use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::ages::Ages;
use super::diagnosis::Finder;
use super::facts::{Facts, Holder, activity, holder};
use super::finding::{Kind, Severity, Subject, Value};
use super::observation::Observation;
use super::words;
use crate::model::Activity;

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Connections of one process. A pool that closes late leaves one or two behind; a leak does not stop at these.
    pub connections: u32,
    /// Seconds in CLOSE-WAIT from which on a connection counts: whoever closes at all does so within a few.
    pub age_s: f64,
    /// Share of the process's descriptors from which on it is critical: half of them lost this way means that `accept()`
    /// and `open()` will fail before long.
    pub critical_share: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            connections: 5,
            age_s: 5.0,
            critical_share: 0.5,
        }
    }
}

/// One process's connections.
#[derive(Debug, Default)]
struct Group {
    row: u32,
    connections: u32,
    stuck: u32,
    unread: u64,
    oldest_ns: u64,
    peers: FxHashMap<IpAddr, u32>,
}

#[derive(Debug, Default)]
pub(super) struct CloseWaitLeak {
    thresholds: Thresholds,
    ages: Ages,
}

impl CloseWaitLeak {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        CloseWaitLeak {
            thresholds,
            ages: Ages::default(),
        }
    }
}

impl Finder for CloseWaitLeak {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let mut groups: FxHashMap<Holder, Group> = FxHashMap::default();
        self.ages.begin();
        for &row in &facts.lists.close_wait {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            // The peer's FIN was the last thing to acknowledge anything, unless a keepalive came after it.
            let earlier = facts.last_heard_ns(socket);
            let since = self
                .ages
                .since(socket.socket.key(), 0, earlier, facts.now_ns());
            let Some(holder) = holder(socket) else {
                continue;
            };
            let group = groups.entry(holder).or_insert_with(|| Group {
                row,
                oldest_ns: u64::MAX,
                ..Group::default()
            });
            group.connections += 1;
            if facts.age_s(since) >= self.thresholds.age_s {
                group.stuck += 1;
                group.oldest_ns = group.oldest_ns.min(since);
            }
            // The FIN counts as a byte.
            group.unread += u64::from(socket.socket.recv_queue.saturating_sub(1));
            if let Some(remote) = socket.socket.remote() {
                *group
                    .peers
                    .entry(remote.address.to_canonical())
                    .or_default() += 1;
            }
        }
        self.ages.end();
        for (holder, group) in groups {
            // Less than half of what it takes to be told is well again.
            if group.stuck > 0 && group.stuck * 2 >= self.thresholds.connections {
                out.extend(self.tell(facts, holder, &group));
            }
        }
    }
}

impl CloseWaitLeak {
    fn tell(&self, facts: &Facts<'_>, holder: Holder, group: &Group) -> Option<Observation> {
        let (subject, who) = facts.whose(holder)?;
        let process = match holder {
            Holder::Process(row) => facts.sample().processes.get(row as usize),
            Holder::User(_) => None,
        };
        let socket = facts.socket(group.row)?;
        let activity = activity(socket);
        let (peer, others) = top(&group.peers)?;
        let whom = match others {
            0 => peer.to_string(),
            1 => format!("{peer} and another host"),
            others => format!("{peer} and {others} other hosts"),
        };
        let connections = words::plural(group.connections.into(), "connection", "connections");
        let limit = process.and_then(|process| process.process.descriptor_limit);
        let of_limit = limit.map(|limit| f64::from(group.connections) / limit.max(1) as f64);
        let (cause, advice) = advice(&subject, activity, group.unread);
        let count = Value::Count(group.connections.into());
        let mut observation = Observation::new(Kind::CloseWaitLeak, subject, "connections", count)
            .with("stuck", Value::Count(group.stuck.into()))
            .with_cause(cause)
            .with("oldest_s", Value::Seconds(facts.age_s(group.oldest_ns)))
            .with("peer", Value::Text(peer.to_string()))
            .with("peers", Value::Count(group.peers.len() as u64))
            .with("unread_bytes", Value::Bytes(group.unread))
            .with_known("descriptor_limit", limit.map(Value::Count))
            .with_known("of_descriptor_limit", of_limit.map(Value::Share))
            .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
        observation.raises = group.stuck >= self.thresholds.connections;
        if of_limit.is_some_and(|share| share >= self.thresholds.critical_share) {
            observation.severity = Severity::Critical;
        }
        observation.grows = true;
        observation.since_ns = Some(group.oldest_ns);
        // Without the comma it would be since then that they were closed.
        observation.summary = format!("{who} has not closed {connections} that {whom} closed,");
        observation.advice = advice;
        Some(observation)
    }
}

/// Who closed the most, and how many others did.
fn top(peers: &FxHashMap<IpAddr, u32>) -> Option<(IpAddr, usize)> {
    let (peer, _) = peers.iter().max_by_key(|(peer, count)| (**count, **peer))?;
    Some((*peer, peers.len() - 1))
}

/// The cause, and what to do about it.
fn advice(subject: &Subject, activity: Option<Activity>, unread: u64) -> (&'static str, String) {
    let pid = subject.process().map(|named| named.key.pid);
    let of = pid.map_or_else(String::new, |pid| format!(" process {pid}"));
    if activity.is_some_and(Activity::is_stopped) {
        return ("stopped", words::stopped(pid, activity));
    }
    let meanwhile = format!(
        "Until it is mended, only a restart frees their descriptors; no kernel timeout does. `sockwatch kill state \
         close-wait{of}` ends the connections alone."
    );
    if unread > 0 {
        let why = "They still hold data that it has not read, so it has not seen that they ended: look for a thread or \
                   event loop that hangs";
        let how = pid.map_or_else(String::new, |pid| {
            format!(" (`gdb -p {pid}`, `strace -fp {pid}`)")
        });
        return ("not-read", format!("{why}{how}. {meanwhile}"));
    }
    let why = "Its code does not call close() once read() has returned 0: look at connections that go back to a pool or \
               are forgotten on an error path.";
    ("not-closed", format!("{why} {meanwhile}"))
}
