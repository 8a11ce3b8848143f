//! TIME-WAIT sockets pile up at the side that closes connections first.
//!
//! The side that closes first keeps the address pair for 60 s. For incoming connections that uses a little memory and no
//! port, and is harmless. For outgoing connections each uses one of the local ports to that destination.

use std::collections::BTreeSet;

use crate::diagnose::candidates::Path;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, add_processes, listener_name, process, process_with_others};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::port_reuse::PortReuse;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{ProcessName, Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Endpoint, Protocol};

thresholds! {
    /// Thresholds for TIME-WAIT sockets.
    thresholds {
        /// Minimum number of TIME-WAIT sockets of one listener, or to one destination. Each uses only about
        /// 250 bytes: many are a sign of connections that are opened and closed for each request.
        sockets: u32 = 2000, ValueRule::COUNT;
        /// Minimum number of new ones per second. Each lasts for 60 s, so 150/s keep 9000 of them. A busy
        /// server that occasionally renews keep-alive connections has fewer. Raise it for a server that is
        /// meant to close first.
        per_s: f64 = 150.0, ValueRule::PerSecond;
        /// Warning if they use this share of the local ports to one destination, at any rate. Below it,
        /// connections find a port immediately; {0} reports when ports run out.
        ports_share: f64 = 0.4, ValueRule::Share;
    }
}

/// Number of TIME-WAIT sockets below which none is examined, unless the threshold is lower.
const FEW: u32 = 100;

/// Lifetime of a TIME-WAIT socket, ms. Kernel: `TCP_TIMEWAIT_LEN`.
const LENGTH_MS: u32 = 60_000;

/// Age up to which a TIME-WAIT socket counts as new, ms.
const NEW_MS: u32 = 5000;

/// The side that opened the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    /// Clients of the listener in this row.
    Incoming(u32),
    /// This machine, to a destination.
    Outgoing(Endpoint),
}

#[derive(Debug, Default)]
struct Group {
    row: u32,
    owned: Option<u32>,
    processes: BTreeSet<u32>,
    sockets: u32,
    new: u32,
}

/// Detects listeners and destinations with many TIME-WAIT sockets.
#[derive(Debug)]
pub(in crate::diagnose) struct TimeWaitBuildup {
    thresholds: Thresholds,
}

impl Detector for TimeWaitBuildup {
    const ID: &'static str = "time-wait-buildup";
    const TITLE: &'static str = "TIME-WAIT sockets pile up at the side that closes first.";
    const LOOK_ALIKES: &'static str = "Cause server-closes-first: the connections were incoming. They use little memory and no ports, and \
         tcp_tw_reuse does not help. Cause client-closes-first: they were outgoing, and each blocks a local port for 60 s \
         unless tcp_tw_reuse with TCP timestamps frees it after 1 s.";
    const REMEDY: &'static str =
        "Keep connections open and reuse them, or let the other side close first.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TimeWaitBuildup {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "One listener or destination has at least {}, and {} are added; or they use {} of the local ports to \
             that destination.",
            phrases::plural(
                thresholds.sockets.into(),
                "TIME-WAIT socket",
                "TIME-WAIT sockets"
            ),
            phrases::per_second(thresholds.per_s),
            help_text::share(thresholds.ports_share)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Info. Warning if they exhaust local ports.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let few = self.thresholds.sockets.min(FEW);
        if facts.candidates.time_wait.len() < few as usize {
            return;
        }
        let rows = &facts.sample().sockets;
        let mut groups: SeededMap<Side, Group> = SeededMap::default();
        for &row in &facts.candidates.time_wait {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let side = match (facts.listener_of(&socket), socket.remote()) {
                (Some(listener), _) => Side::Incoming(listener),
                (None, Some(remote)) => Side::Outgoing(remote.canonical()),
                (None, None) => continue,
            };
            let group = groups.entry(side).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            group.sockets += 1;
            let left = socket.timer().map_or(0, |timer| timer.expires_ms);
            group.new += u32::from(left > LENGTH_MS - NEW_MS);
            if socket.holders_len > 0 {
                group.owned.get_or_insert(row);
                if let Some(socket) = facts.socket(row) {
                    add_processes(&mut group.processes, socket);
                }
            }
        }
        let destinations = Destinations::of(facts);
        for (side, group) in groups {
            out.extend(self.observe(scan, side, &group, &destinations));
        }
    }
}

impl TimeWaitBuildup {
    fn observe(
        &self,
        scan: &Scan<'_>,
        side: Side,
        group: &Group,
        destinations: &Destinations,
    ) -> Option<Observation> {
        let facts = &scan.facts;
        let per_s = f64::from(group.new) * 1000.0 / f64::from(NEW_MS);
        let many = group.sockets >= self.thresholds.sockets;
        let ports = match side {
            Side::Incoming(_) => None,
            Side::Outgoing(destination) => destinations.ports_share(destination),
        };
        let socket = facts.socket(group.owned.unwrap_or(group.row))?;
        let reuse = PortReuse::of(facts, socket.socket);
        let exhausts_ports = ports.is_some_and(|share| share >= self.thresholds.ports_share)
            && reuse != PortReuse::Works;
        // A finding stays active until less than half the rate is left.
        let stays = many && per_s * 2.0 >= self.thresholds.per_s;
        if !exhausts_ports && !stays {
            return None;
        }
        let count = Value::Count(group.sockets.into());
        let new = phrases::per_second(per_s);
        let sockets = phrases::plural(
            group.sockets.into(),
            "TIME-WAIT socket",
            "TIME-WAIT sockets",
        );
        let (subject, cause, summary, rest, advice) = match side {
            Side::Incoming(listener) => {
                let subject = facts.subject_of_listeners(listener)?;
                let summary = format!("{} has had {sockets}", listener_name(&subject));
                let rest = format!(": it closes client connections first ({new})");
                let advice = "They use little memory and no ports: all of them share the listener's port. \
                              tcp_tw_reuse does not help, because it applies to outgoing connections only. To have \
                              fewer, keep connections alive longer, or let the clients close first.";
                (
                    subject,
                    "server-closes-first",
                    summary,
                    rest,
                    advice.to_owned(),
                )
            }
            Side::Outgoing(remote) => {
                let subject = Subject::Remote {
                    address: remote.address,
                    port: Some(remote.port),
                    process: process(socket).or_else(|| destinations.owner(facts, remote)),
                };
                let towards = format_endpoint(remote);
                let who = process_with_others(subject.process(), &group.processes);
                let summary = format!("{who} has had {sockets} to {towards}");
                let rest = format!(": it opens connections and closes them first ({new})");
                (
                    subject,
                    "client-closes-first",
                    summary,
                    rest,
                    outgoing_advice(reuse),
                )
            }
        };
        let mut observation = Observation::new(scan.kind, subject, "time_wait", count)
            .with_cause(cause)
            .with("new_per_s", Value::Rate(per_s))
            .with_known("of_local_ports", ports.map(Value::Share))
            .with("tcp_tw_reuse", Value::Text(reuse.name().to_owned()));
        observation.over_threshold = exhausts_ports || (many && per_s >= self.thresholds.per_s);
        observation.severity = if exhausts_ports {
            Severity::Warning
        } else {
            Severity::Info
        };
        observation.reports_growth = true;
        observation.summary = summary;
        observation.rest = rest;
        observation.advice = advice;
        Some(observation)
    }
}

/// For each destination the path that uses the most local ports to it.
struct Destinations {
    largest: SeededMap<Endpoint, (u32, Path)>,
    /// Number of local ports to choose from; `None` if unknown.
    pool: Option<u32>,
}

impl Destinations {
    fn of(facts: &Facts<'_>) -> Destinations {
        let mut largest: SeededMap<Endpoint, (u32, Path)> = SeededMap::default();
        for (path, taken) in &facts.candidates.paths {
            let of_path = (taken.ports, *path);
            let known = largest.entry(path.destination).or_insert(of_path);
            *known = of_path.max(*known);
        }
        let ports = facts.candidates.local_ports();
        Destinations {
            largest,
            pool: ports.map(|ports| ports.count().max(1)),
        }
    }

    /// Returns the process that opens connections to a destination.
    fn owner(&self, facts: &Facts<'_>, destination: Endpoint) -> Option<ProcessName> {
        let (_, path) = self.largest.get(&destination)?;
        facts.candidates.owner_of(path)
    }

    /// Returns the largest share of local ports that any local address uses to a destination.
    fn ports_share(&self, destination: Endpoint) -> Option<f64> {
        let (most, _) = self.largest.get(&destination)?;
        Some(f64::from(*most) / f64::from(self.pool?))
    }
}

fn outgoing_advice(reuse: PortReuse) -> String {
    let keep = "Keep connections open and reuse them (a pool, keep-alive)";
    match reuse {
        PortReuse::Works => format!(
            "New connections can reuse their ports after 1 s (tcp_tw_reuse), so they cost little. {keep} to save the \
             handshakes."
        ),
        PortReuse::Off => format!(
            "Each blocks a local port to that destination for 60 s. {keep}, or let the other side close first. \
             `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections reuse such ports after 1 s."
        ),
        PortReuse::NoTimestamps => format!(
            "Each blocks a local port to that destination for 60 s. {keep}, or let the other side close first. \
             tcp_tw_reuse does not help without TCP timestamps."
        ),
    }
}
