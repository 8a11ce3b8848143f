//! `not-accepted`: established connections wait that no `accept()` has taken.
//!
//! For the client they are open; it may have sent its request and waits for an answer that nobody works on. Where the
//! queue is filling or full, that finding tells of them.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::ages::Ages;
use super::diagnosis::Finder;
use super::facts::{Facts, activity, subject_of};
use super::finding::{Kind, Value};
use super::observation::Observation;
use super::words;
use crate::model::Activity;

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Connections of one listener: a client that is not served is one too many.
    pub connections: u32,
    /// Seconds from which on a connection waits too long: a process that is merely busy accepts within milliseconds.
    pub age_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            connections: 1,
            age_s: 5.0,
        }
    }
}

#[derive(Debug, Default)]
struct Group {
    connections: u32,
    stuck: u32,
    oldest_ns: u64,
    unread: u64,
}

#[derive(Debug, Default)]
pub(super) struct NotAccepted {
    thresholds: Thresholds,
    ages: Ages,
}

impl NotAccepted {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        NotAccepted {
            thresholds,
            ..NotAccepted::default()
        }
    }
}

impl Finder for NotAccepted {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let mut groups: FxHashMap<u32, Group> = FxHashMap::default();
        self.ages.begin();
        for &row in &facts.lists.unaccepted {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            // Nothing came since the client's last word.
            let earlier = facts.last_heard_ns(socket);
            let since = self
                .ages
                .since(socket.socket.key(), 0, earlier, facts.now_ns());
            // Of listeners that share the port the first stands for all.
            let Some(listener) = facts.listener_of(socket.socket) else {
                continue;
            };
            let group = groups.entry(listener).or_insert_with(|| Group {
                oldest_ns: u64::MAX,
                ..Group::default()
            });
            group.connections += 1;
            group.unread += u64::from(socket.socket.recv_queue);
            if facts.age_s(since) >= self.thresholds.age_s {
                group.stuck += 1;
                group.oldest_ns = group.oldest_ns.min(since);
            }
        }
        self.ages.end();
        for (listener, group) in groups {
            if group.stuck >= self.thresholds.connections.max(1) {
                out.extend(tell(facts, listener, &group));
            }
        }
    }
}

fn tell(facts: &Facts<'_>, listener: u32, group: &Group) -> Option<Observation> {
    let socket = facts.socket(listener)?;
    let activity = activity(socket);
    let subject = subject_of(socket);
    let pid = subject.process().map(|process| process.key.pid);
    let (name, process) = (subject.to_string(), subject.process());
    let connections = words::plural(group.connections.into(), "connection", "connections");
    let by = process.map_or_else(String::new, |process| format!(" by {process}"));
    let is_stopped = activity.is_some_and(Activity::is_stopped);
    let advice = if is_stopped {
        words::stopped(pid, activity)
    } else {
        let look = pid.map_or_else(String::new, |pid| {
            format!(": `strace -fp {pid}`, `gdb -p {pid}`")
        });
        format!(
            "It is not stopped; see what it does instead of calling accept(){look}. A pool of workers that are all busy, \
             or a listener that was inherited and forgotten, looks like this."
        )
    };
    let count = Value::Count(group.connections.into());
    let mut observation = Observation::new(Kind::NotAccepted, subject, "connections", count)
        .with("stuck", Value::Count(group.stuck.into()))
        .with_cause(if is_stopped {
            "stopped"
        } else {
            "not-accepting"
        })
        .with("oldest_s", Value::Seconds(facts.age_s(group.oldest_ns)))
        .with("unread_bytes", Value::Bytes(group.unread))
        .with("backlog", Value::Count(socket.socket.send_queue.into()))
        .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
    observation.grows = true;
    observation.since_ns = Some(group.oldest_ns);
    let verb = if group.connections == 1 {
        "has"
    } else {
        "have"
    };
    observation.summary = format!("{connections} to {name} {verb} not been accepted{by}");
    observation.advice = advice;
    Some(observation)
}
