//! One side closes first so often that TIME-WAIT sockets pile up.
//!
//! The side that closes first keeps the address pair for 60 s. Where connections come in, that takes a little memory and no
//! port, and is harmless; where they go out, each takes one of the local ports towards that destination.

use rustc_hash::FxHashMap;

use crate::diagnose::candidates::Path;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{Facts, process, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::port_reuse::PortReuse;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{ProcessName, Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::Endpoint;

thresholds! {
    /// When TIME-WAIT sockets pile up.
    thresholds {
        /// TIME-WAIT sockets of one listener, or towards one destination. Each takes about 250 bytes, so
        /// that it is not memory which is looked at here, but a sign of connections that are opened and
        /// closed for each request.
        sockets: u32 = 2000, ValueRule::COUNT;
        /// How many of them begin in a second. Each stays for 60 s, so 150 a second are 9000 that stand. A
        /// busy server which now and then renews the connections that its clients keep alive has fewer.
        /// Raise it for a server that is meant to close first.
        per_s: f64 = 150.0, ValueRule::PerSecond;
        /// Share of the local ports towards one destination that they take, from which on it is a warning
        /// however few begin. Below it, connections find a port at once; {0} speaks when
        /// the end is near.
        ports_share: f64 = 0.4, ValueRule::Share;
    }
}

/// TIME-WAIT sockets below which none is examined, unless the threshold is lower.
const FEW: u32 = 100;

/// Lifetime of a TIME-WAIT, ms. Kernel: `TCP_TIMEWAIT_LEN`.
const LENGTH_MS: u32 = 60_000;

/// Age up to which a TIME-WAIT counts as new, ms.
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
    const TITLE: &'static str = "One side closes first so often that TIME-WAIT sockets pile up.";
    const LOOK_ALIKES: &'static str = "Cause server-closes-first: they came in, take some memory and no ports, and tcp_tw_reuse does \
         not help. client-closes-first: they went out, and each holds a local port for 60 s, unless tcp_tw_reuse with \
         timestamps takes it again after a second.";
    const REMEDY: &'static str =
        "Keep connections open and use them again; let the other side close first.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        TimeWaitBuildup {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "{} or more of one listener, or towards one destination, and {} begin; or they take {} of the local \
             ports towards that destination.",
            phrases::plural(thresholds.sockets.into(), "TIME-WAIT", "TIME-WAITs"),
            phrases::per_second(thresholds.per_s),
            help_text::share(thresholds.ports_share)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Info; warning if they eat ports.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let few = self.thresholds.sockets.min(FEW);
        if facts.candidates.time_wait.len() < few as usize {
            return;
        }
        let rows = &facts.sample().sockets.rows;
        let mut groups: FxHashMap<Side, Group> = FxHashMap::default();
        for &row in &facts.candidates.time_wait {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let side = match (facts.listener_of(socket), socket.remote()) {
                (Some(listener), _) => Side::Incoming(listener),
                (None, Some(remote)) => Side::Outgoing(remote.canonical()),
                (None, None) => continue,
            };
            let group = groups.entry(side).or_insert_with(|| Group {
                row,
                ..Group::default()
            });
            group.sockets += 1;
            let left = socket.timer.map_or(0, |timer| timer.expires_ms);
            group.new += u32::from(left > LENGTH_MS - NEW_MS);
            if socket.holders_len > 0 {
                group.owned.get_or_insert(row);
            }
        }
        for (side, group) in groups {
            out.extend(self.observe(scan, side, &group));
        }
    }
}

impl TimeWaitBuildup {
    fn observe(&self, scan: &Scan<'_>, side: Side, group: &Group) -> Option<Observation> {
        let facts = &scan.facts;
        let per_s = f64::from(group.new) * 1000.0 / f64::from(NEW_MS);
        let many = group.sockets >= self.thresholds.sockets;
        let ports = match side {
            Side::Incoming(_) => None,
            Side::Outgoing(destination) => ports_share(facts, destination),
        };
        let socket = facts.socket(group.owned.unwrap_or(group.row))?;
        let reuse = PortReuse::of(facts, socket.socket);
        let exhausts_ports = ports.is_some_and(|share| share >= self.thresholds.ports_share)
            && reuse != PortReuse::Works;
        // A finding stays until half the rate is left.
        let stays = many && per_s * 2.0 >= self.thresholds.per_s;
        if !exhausts_ports && !stays {
            return None;
        }
        let count = Value::Count(group.sockets.into());
        let new = phrases::per_second(per_s);
        let sockets = phrases::plural(group.sockets.into(), "TIME-WAIT", "TIME-WAITs");
        let (subject, cause, summary, rest, advice) = match side {
            Side::Incoming(listener) => {
                let subject = subject_of(facts.socket(listener)?);
                let who = match subject.process() {
                    Some(process) => format!("{process} on {subject}"),
                    None => format!("The server on {subject}"),
                };
                let summary = format!("{who} has {sockets}");
                let rest = format!(": it closes its clients' connections first, {new}");
                let advice = "It takes some memory and no ports: here they all use the one that is listened on. \
                              tcp_tw_reuse does not help, it is for connections that go out. To have fewer, keep \
                              connections alive for longer, or let the clients close first.";
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
                    process: process(socket).or_else(|| owner(facts, remote)),
                };
                let towards = format_endpoint(remote);
                let (whose, who) = match (subject.process(), group.sockets) {
                    (Some(process), _) => (format!("{process} has"), "it"),
                    (None, 1) => ("There is".to_owned(), "this side"),
                    (None, _) => ("There are".to_owned(), "this side"),
                };
                let summary = format!("{whose} {sockets} towards {towards}");
                let rest = format!(": {who} opens connections and closes them first, {new}");
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

/// The process that opens connections to a destination, from any address here.
fn owner(facts: &Facts<'_>, destination: Endpoint) -> Option<ProcessName> {
    let mut paths = facts.candidates.paths.keys();
    let towards = |path: &&Path| path.destination == destination;
    let path = paths.find(towards)?;
    facts.candidates.owner_of(path)
}

/// The largest share of the local ports that any address here takes towards a destination.
fn ports_share(facts: &Facts<'_>, destination: Endpoint) -> Option<f64> {
    let pool = facts.settings().local_ports()?.count().max(1);
    let paths = facts.candidates.paths.iter();
    let towards = paths.filter(|(path, _)| path.destination == destination);
    let most = towards.map(|(_, taken)| taken.ports).max()?;
    Some(f64::from(most) / f64::from(pool))
}

fn outgoing_advice(reuse: PortReuse) -> String {
    let keep = "Keep connections open and use them again (a pool, keep-alive)";
    match reuse {
        PortReuse::Works => format!(
            "The kernel takes their ports for new connections after a second (tcp_tw_reuse), so they cost little. {keep} \
             to save the handshakes."
        ),
        PortReuse::Off => format!(
            "Each takes a local port towards that destination for 60 s. {keep}, or let the other side close first; \
             `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second."
        ),
        PortReuse::NoTimestamps => format!(
            "Each takes a local port towards that destination for 60 s. {keep}, or let the other side close first; \
             tcp_tw_reuse does not help without TCP timestamps."
        ),
    }
}
