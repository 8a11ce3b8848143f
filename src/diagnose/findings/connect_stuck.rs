//! Connection attempts get no answer.
//!
//! A reset in answer to a SYN ends the attempt at once: the connection was refused and counts as a failed attempt
//! (`Tcp.AttemptFails`). For one that stays in SYN-SENT, the SYN or its answer was dropped, or the host is down.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{add_processes, own_end, process, process_with_others};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::diagnose::subject::{Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::model::SeededMap;
use crate::model::{Endpoint, Protocol};

thresholds! {
    /// Thresholds for connection attempts without an answer.
    thresholds {
        /// Minimum number of attempts to one address and port. A single one that hangs can block its
        /// process for two minutes.
        requests: u32 = 1, ValueRule::COUNT;
        /// How often the SYN was retransmitted. One retransmission may be a single lost packet; two in a
        /// row, after two or three seconds, mean a firewall or a host that is down. Raise it on lossy
        /// links.
        retries: u8 = 2, ValueRule::RETRIES;
    }
}

/// Attempts to connect to one remote end.
#[derive(Debug, Default)]
struct Group {
    row: u32,
    requests: u32,
    retries: u8,
    sources: Vec<IpAddr>,
    processes: BTreeSet<u32>,
}

/// Detects remote ends that do not answer.
#[derive(Debug)]
pub(in crate::diagnose) struct ConnectStuck {
    thresholds: Thresholds,
    /// `Tcp.AttemptFails` of the previous Sample.
    failed: Option<u64>,
}

impl Detector for ConnectStuck {
    const ID: &'static str = "connect-stuck";
    const TITLE: &'static str = "Connection attempts get no answer.";
    const LOOK_ALIKES: &'static str = "No answer at all arrives. A refused connection fails at once and counts as a failed attempt \
         (failed_attempts_per_s). If a full accept queue on this machine is the reason, only that is reported.";
    const REMEDY: &'static str =
        "Look for a firewall that drops packets, a host that is down, or a missing return route.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ConnectStuck {
            thresholds: *thresholds,
            failed: None,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "At least {} to one address and port, with the SYN retransmitted at least {}.",
            phrases::plural(thresholds.requests.into(), "attempt", "attempts"),
            phrases::times(thresholds.retries.into())
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let failed = facts.counter("Tcp.AttemptFails");
        let before = std::mem::replace(&mut self.failed, failed);
        let failed_per_s = match (failed, before, facts.elapsed_s()) {
            (Some(now), Some(before), Some(seconds)) => {
                now.checked_sub(before).map(|new| new as f64 / seconds)
            }
            _ => None,
        };
        let mut groups: SeededMap<Endpoint, Group> = SeededMap::default();
        for &row in &facts.candidates.syn_sent {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            let Some(remote) = socket.socket.remote() else {
                continue;
            };
            let retries = socket.timer().map_or(0, |timer| timer.retries);
            if retries < self.thresholds.retries {
                continue;
            }
            let group = groups.entry(remote.canonical()).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            group.requests += 1;
            group.retries = group.retries.max(retries);
            add_processes(&mut group.processes, socket);
            if let Some(local) = socket.socket.local() {
                group.sources.push(local.address);
            }
        }
        for (remote, group) in groups {
            if group.requests >= self.thresholds.requests.max(1) {
                out.extend(observe(scan, remote, &group, failed_per_s));
            }
        }
    }
}

fn observe(
    scan: &Scan<'_>,
    remote: Endpoint,
    group: &Group,
    failed_per_s: Option<f64>,
) -> Option<Observation> {
    let facts = &scan.facts;
    let socket = facts.socket(group.row)?;
    let process = process(socket);
    let who = process_with_others(process.as_ref(), &group.processes);
    let requests = phrases::plural(
        group.requests.into(),
        "connection attempt",
        "connection attempts",
    );
    let subject = Subject::Remote {
        address: remote.address,
        port: Some(remote.port),
        process,
    };
    let count = Value::Count(group.requests.into());
    let mut observation = Observation::new(scan.kind, subject, "requests", count)
        .with("retries", Value::Count(group.retries.into()))
        .with_known("failed_attempts_per_s", failed_per_s.map(Value::Rate));
    observation.own_end = own_end(socket.socket);
    observation.reports_growth = true;
    observation.summary = format!(
        "{who} has received no answer to {requests} to {}",
        format_endpoint(remote)
    );
    let again = phrases::times(group.retries.into());
    observation.rest = match group.requests {
        1 => format!(": the SYN was retransmitted {again}"),
        _ => format!(": the SYNs were retransmitted up to {again}"),
    };
    observation.advice = format!(
        "Nothing comes back, not even a reset: a firewall may drop the SYNs, the host may be down, or a route may be \
         missing in either direction. Try `ip route get {0}`, `tracepath {0}`, and tcpdump at the other end.",
        remote.address
    );
    Some(observation)
}
