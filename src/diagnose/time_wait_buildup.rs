//! `time-wait-buildup`: one side closes first so often that TIME-WAIT sockets pile up.
//!
//! Whoever closes first keeps the address pair for 60 s. Where connections come in, that takes a little memory and no port,
//! and is harmless; where they go out, each takes one of the local ports towards that destination. `ephemeral-ports-low`
//! tells when these near their end, `time-wait-overflow` when the kernel keeps no more.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::ephemeral_ports_low::{Reuse, reuse};
use super::facts::{Facts, Path, process, subject_of};
use super::finding::{Kind, Named, Severity, Subject, Value, written};
use super::observation::Observation;
use super::words;
use crate::model::Endpoint;

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// TIME-WAIT sockets of one listener, or towards one destination.
    pub sockets: u32,
    /// How many of them begin per second: 150 come to 9000 within the minute that each stays. A busy server that renews
    /// its clients' kept-alive connections now and then has fewer.
    pub per_s: f64,
    /// Share of the local ports towards one destination from which on it is a warning, however few begin.
    pub ports_share: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            sockets: 2000,
            per_s: 150.0,
            ports_share: 0.4,
        }
    }
}

/// Fewer are not looked at, unless the threshold is lower.
const FEW: u32 = 100;

/// Milliseconds that the kernel keeps a TIME-WAIT. Kernel: `TCP_TIMEWAIT_LEN`.
const LENGTH_MS: u32 = 60_000;

/// Those that began in the last so many milliseconds count as new.
const NEW_MS: u32 = 5000;

/// Where connections came in, or went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    /// By the listener in this row.
    In(u32),
    Out(Endpoint),
}

#[derive(Debug, Default)]
struct Group {
    row: u32,
    owned: Option<u32>,
    sockets: u32,
    new: u32,
}

#[derive(Debug, Default)]
pub(super) struct TimeWaitBuildup {
    thresholds: Thresholds,
}

impl TimeWaitBuildup {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        TimeWaitBuildup { thresholds }
    }
}

impl Finder for TimeWaitBuildup {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let few = self.thresholds.sockets.min(FEW);
        if facts.lists.time_wait.len() < few as usize {
            return;
        }
        let rows = &facts.sample().sockets.rows;
        let mut groups: FxHashMap<Side, Group> = FxHashMap::default();
        for &row in &facts.lists.time_wait {
            let Some(socket) = rows.get(row as usize) else {
                continue;
            };
            let side = match (facts.listener_of(socket), socket.remote()) {
                (Some(listener), _) => Side::In(listener),
                (None, Some(remote)) => Side::Out(remote.canonical()),
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
            out.extend(self.tell(facts, side, &group));
        }
    }
}

impl TimeWaitBuildup {
    fn tell(&self, facts: &Facts<'_>, side: Side, group: &Group) -> Option<Observation> {
        let per_s = f64::from(group.new) * 1000.0 / f64::from(NEW_MS);
        let many = group.sockets >= self.thresholds.sockets;
        let ports = match side {
            Side::In(_) => None,
            Side::Out(destination) => ports_share(facts, destination),
        };
        let socket = facts.socket(group.owned.unwrap_or(group.row))?;
        let reuse = reuse(facts, socket.socket);
        let eats_ports = ports.is_some_and(|share| share >= self.thresholds.ports_share)
            && reuse != Reuse::Works;
        // Half the rate is well again.
        let stays = many && per_s * 2.0 >= self.thresholds.per_s;
        if !eats_ports && !stays {
            return None;
        }
        let count = Value::Count(group.sockets.into());
        let new = words::per_second(per_s);
        let sockets = words::plural(group.sockets.into(), "TIME-WAIT", "TIME-WAITs");
        let (subject, cause, summary, rest, advice) = match side {
            Side::In(listener) => {
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
            Side::Out(remote) => {
                let subject = Subject::Remote {
                    address: remote.address,
                    port: Some(remote.port),
                    process: process(socket).or_else(|| owner(facts, remote)),
                };
                let towards = written(remote);
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
                    advice_out(reuse),
                )
            }
        };
        let mut observation = Observation::new(Kind::TimeWaitBuildup, subject, "time_wait", count)
            .with_cause(cause)
            .with("new_per_s", Value::Rate(per_s))
            .with_known("of_local_ports", ports.map(Value::Share))
            .with("tcp_tw_reuse", Value::Text(reuse.name().to_owned()));
        observation.raises = eats_ports || (many && per_s >= self.thresholds.per_s);
        observation.severity = if eats_ports {
            Severity::Warning
        } else {
            Severity::Info
        };
        observation.grows = true;
        observation.summary = summary;
        observation.rest = rest;
        observation.advice = advice;
        Some(observation)
    }
}

/// Who opens connections to a destination, from any address here.
fn owner(facts: &Facts<'_>, destination: Endpoint) -> Option<Named> {
    let mut paths = facts.lists.paths.keys();
    let towards = |path: &&Path| path.destination == destination;
    let path = paths.find(towards)?;
    facts.lists.owner_of(path)
}

/// The largest share of the local ports that any address here takes towards a destination.
fn ports_share(facts: &Facts<'_>, destination: Endpoint) -> Option<f64> {
    let pool = facts.settings().local_ports()?.count().max(1);
    let paths = facts.lists.paths.iter();
    let towards = paths.filter(|(path, _)| path.destination == destination);
    let most = towards.map(|(_, taken)| taken.ports).max()?;
    Some(f64::from(most) / f64::from(pool))
}

fn advice_out(reuse: Reuse) -> String {
    let keep = "Keep connections open and use them again (a pool, keep-alive)";
    match reuse {
        Reuse::Works => format!(
            "The kernel takes their ports for new connections after a second (tcp_tw_reuse), so they cost little. {keep} \
             to save the handshakes."
        ),
        Reuse::Off => format!(
            "Each takes a local port towards that destination for 60 s. {keep}, or let the other side close first; \
             `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second."
        ),
        Reuse::NoTimestamps => format!(
            "Each takes a local port towards that destination for 60 s. {keep}, or let the other side close first; \
             tcp_tw_reuse does not help without TCP timestamps."
        ),
    }
}
