//! `ephemeral-ports-low`: one source, destination and port nears the end of its local ports.
//!
//! A connection that asks for no port of its own gets one of `net.ipv4.ip_local_port_range` without those reserved. Two
//! connections may have the same local port unless their addresses and the remote port are the same too, so ports run out
//! for each (source, destination, port) by itself: then `connect()` fails with EADDRNOTAVAIL. A TIME-WAIT still holds its
//! port.

use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, Path, Taken, own_end, process};
use super::finding::{Kind, Severity, Subject, Value, written};
use super::observation::Observation;
use super::words;
use crate::model::{LocalPorts, Socket};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Share of the ports from which on it is a warning: looking for a free one takes longer and longer from about here.
    pub warning: f64,
    /// Share from which on it is critical.
    pub critical: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            warning: 0.8,
            critical: 0.95,
        }
    }
}

/// How much below its threshold is well again.
const SLACK: f64 = 0.1;

#[derive(Debug)]
pub(super) struct EphemeralPortsLow {
    thresholds: Thresholds,
}

impl EphemeralPortsLow {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        EphemeralPortsLow { thresholds }
    }
}

impl Finder for EphemeralPortsLow {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        let Some(ports) = facts.settings().local_ports() else {
            return;
        };
        let pool = ports.count();
        for (path, taken) in &facts.lists.paths {
            let share = f64::from(taken.ports) / f64::from(pool.max(1));
            if share >= self.thresholds.warning - SLACK {
                out.extend(self.tell(facts, path, taken, &ports, share));
            }
        }
    }
}

impl EphemeralPortsLow {
    fn tell(
        &self,
        facts: &Facts<'_>,
        path: &Path,
        taken: &Taken,
        ports: &LocalPorts,
        share: f64,
    ) -> Option<Observation> {
        let socket = facts.socket(taken.owned.unwrap_or(taken.row))?;
        let reuse = reuse(facts, socket.socket);
        let pool = ports.count();
        let process = process(socket).or_else(|| facts.lists.owner_of(path));
        let who = process.as_ref().map_or_else(
            || "Connections take".to_owned(),
            |process| format!("{process} takes"),
        );
        let subject = Subject::Path {
            source: path.source,
            destination: path.destination,
            process,
        };
        let waiting = taken.time_wait * 2 >= taken.ports;
        let range = format!("{}-{}", ports.range.start(), ports.range.end());
        let mut observation = Observation::new(
            Kind::EphemeralPortsLow,
            subject,
            "used",
            Value::Count(taken.ports.into()),
        )
        .with("pool", Value::Count(pool.into()))
        .with("share", Value::Share(share))
        .with_cause(if waiting { "time-wait" } else { "open" })
        .with("time_wait", Value::Count(taken.time_wait.into()))
        .with("open", Value::Count((taken.ports - taken.time_wait).into()))
        .with("reserved", Value::Count(ports.reserved().into()))
        .with("range", Value::Text(range))
        .with("tcp_tw_reuse", Value::Text(reuse.name().to_owned()));
        observation.raises = share >= self.thresholds.warning;
        // What can be taken again after a second is not lost.
        let is_lost = !waiting || reuse != Reuse::Works;
        observation.severity = if share >= self.thresholds.critical && is_lost {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.grows = true;
        observation.rest = match taken.time_wait {
            0 => String::new(),
            all if all == taken.ports => ": all of them by TIME-WAITs".to_owned(),
            some => format!(": {} of them by TIME-WAITs", words::count(some.into())),
        };
        observation.summary = format!(
            "{who} {} of {} local ports from {} to {} ({})",
            words::count(taken.ports.into()),
            words::count(pool.into()),
            path.source,
            written(path.destination),
            words::share(share),
        );
        observation.advice = advice(waiting, reuse);
        Some(observation)
    }
}

fn advice(waiting: bool, reuse: Reuse) -> String {
    let wider = "a wider net.ipv4.ip_local_port_range, or a second source or destination address, gives more ports";
    if !waiting {
        return format!(
            "Most are open connections: bound the pool, or look for connections that are never closed; {wider}."
        );
    }
    let close = "This side opens connections and closes them first, and each port then rests for 60 s: keep connections \
                 open and use them again (a pool, keep-alive)";
    match reuse {
        Reuse::Works => format!(
            "{close}. tcp_tw_reuse is at work, so a port can be taken again after a second; beyond that rate connect() \
             fails. Also {wider}."
        ),
        Reuse::Off => format!(
            "{close}. `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second, if the \
             other end has timestamps too; {wider}."
        ),
        Reuse::NoTimestamps => format!(
            "{close}. tcp_tw_reuse does not help without TCP timestamps (net.ipv4.tcp_timestamps); {wider}."
        ),
    }
}

/// Whether the kernel takes the port of a TIME-WAIT again for a new connection that goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// After a second (`net.ipv4.tcp_tw_reuse_delay`).
    Works,
    /// It is switched off, or off for this connection: 2 means for loopback alone.
    Off,
    /// It needs timestamps.
    NoTimestamps,
}

impl Reuse {
    pub(super) fn name(self) -> &'static str {
        match self {
            Reuse::Works => "works",
            Reuse::Off => "off",
            Reuse::NoTimestamps => "no-timestamps",
        }
    }
}

/// Whether TIME-WAITs of connections like this one can be taken again. Kernel: `tcp_twsk_unique`.
pub(super) fn reuse(facts: &Facts<'_>, socket: &Socket) -> Reuse {
    let settings = facts.settings();
    if settings.number("net.ipv4.tcp_timestamps", 0) == Some(0) {
        return Reuse::NoTimestamps;
    }
    let is_loopback = own_end(socket).is_some_and(|end| end.address.is_loopback());
    match settings.number("net.ipv4.tcp_tw_reuse", 0) {
        Some(1) => Reuse::Works,
        Some(2) if is_loopback => Reuse::Works,
        _ => Reuse::Off,
    }
}
