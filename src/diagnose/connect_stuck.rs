//! `connect-stuck`: connection requests get no answer.
//!
//! A SYN that is answered by a reset ends at once: the connection was refused, and counts as a failed attempt
//! (`Tcp.AttemptFails`). One that stays in SYN-SENT was dropped on the way, or nobody is there.

use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, own_end, process};
use super::finding::{Kind, Subject, Value, written};
use super::observation::Observation;
use super::words;
use crate::model::Endpoint;

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Requests to one address and port.
    pub requests: u32,
    /// How often the SYN was sent again without an answer: the first time after a second, which a single lost packet
    /// may cost.
    pub retries: u8,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            requests: 1,
            retries: 2,
        }
    }
}

#[derive(Debug, Default)]
struct Group {
    row: u32,
    requests: u32,
    retries: u8,
    sources: Vec<IpAddr>,
}

#[derive(Debug, Default)]
pub(super) struct ConnectStuck {
    thresholds: Thresholds,
    failed: Option<u64>,
}

impl ConnectStuck {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        ConnectStuck {
            thresholds,
            failed: None,
        }
    }
}

impl Finder for ConnectStuck {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let failed = facts.counter("Tcp.AttemptFails");
        let before = std::mem::replace(&mut self.failed, failed);
        let failed_per_s = match (failed, before, facts.elapsed_s()) {
            (Some(now), Some(before), Some(seconds)) => {
                now.checked_sub(before).map(|new| new as f64 / seconds)
            }
            _ => None,
        };
        let mut groups: FxHashMap<Endpoint, Group> = FxHashMap::default();
        for &row in &facts.lists.syn_sent {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let Some(remote) = socket.socket.remote() else {
                continue;
            };
            let retries = socket.socket.timer.map_or(0, |timer| timer.retries);
            if retries < self.thresholds.retries {
                continue;
            }
            let group = groups.entry(remote.canonical()).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            group.requests += 1;
            group.retries = group.retries.max(retries);
            if let Some(local) = socket.socket.local() {
                group.sources.push(local.address);
            }
        }
        for (remote, group) in groups {
            if group.requests >= self.thresholds.requests.max(1) {
                out.extend(tell(facts, remote, &group, failed_per_s));
            }
        }
    }
}

fn tell(
    facts: &Facts<'_>,
    remote: Endpoint,
    group: &Group,
    failed_per_s: Option<f64>,
) -> Option<Observation> {
    let socket = facts.socket(group.row)?;
    let process = process(socket);
    let who = process
        .as_ref()
        .map_or_else(|| "Somebody".to_owned(), ToString::to_string);
    let requests = words::plural(group.requests.into(), "request", "requests");
    let subject = Subject::Remote {
        address: remote.address,
        port: Some(remote.port),
        process,
    };
    let count = Value::Count(group.requests.into());
    let mut observation = Observation::new(Kind::ConnectStuck, subject, "requests", count)
        .with("retries", Value::Count(group.retries.into()))
        .with_known("failed_attempts_per_s", failed_per_s.map(Value::Rate));
    observation.towards_own = own_end(socket.socket);
    observation.grows = true;
    observation.summary = format!(
        "{who} gets no answer to {requests} to connect to {}",
        written(remote)
    );
    let again = words::times(group.retries.into());
    observation.rest = match group.requests {
        1 => format!(": the SYN was sent again {again}"),
        _ => format!(": the SYNs were sent again, up to {again}"),
    };
    observation.advice = format!(
        "Nothing comes back, not even a refusal: a firewall drops it, the host is down, or the way there or back is \
         missing. Try `ip route get {0}`, `tracepath {0}`, and tcpdump at the other end. A refused connection would \
         fail at once and count as a failed attempt.",
        remote.address
    );
    Some(observation)
}
