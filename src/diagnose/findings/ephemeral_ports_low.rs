//! One source, destination and port nears the end of its local ports.
//!
//! A connection that asks for no port of its own gets one of `net.ipv4.ip_local_port_range` without those reserved. Two
//! connections may have the same local port unless their addresses and the remote port are the same too, so ports run out
//! for each (source, destination, port) by itself: then `connect()` fails with EADDRNOTAVAIL. A TIME-WAIT still holds its
//! port.

use crate::diagnose::candidates::{Path, PortUse};
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::process;
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::port_reuse::PortReuse;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::LocalPorts;

thresholds! {
    /// When local ports are few.
    thresholds {
        /// Share of the local ports that are taken. The kernel looks for a free one from a random place on,
        /// and from here on takes noticeably longer to find it. Lower it where connections come in bursts
        /// of thousands.
        warning: f64 = 0.8, ValueRule::Share;
        /// Only one in twenty is left: the next burst fails with EADDRNOTAVAIL.
        critical: f64 = 0.95, ValueRule::Share;
    }
}

/// Distance below its threshold to which the share has to fall for a finding to clear.
const SLACK: f64 = 0.1;

/// Detects paths with few local ports left.
#[derive(Debug)]
pub(in crate::diagnose) struct EphemeralPortsLow {
    thresholds: Thresholds,
}

impl Detector for EphemeralPortsLow {
    const ID: &'static str = "ephemeral-ports-low";
    const TITLE: &'static str =
        "One source, destination and port nears the end of its local ports.";
    const LOOK_ALIKES: &'static str = "Ports run out for each path by itself: the same port serves connections to other destinations. \
         Cause time-wait: mostly TIME-WAITs of this side, which closes first. open: mostly open connections.";
    const REMEDY: &'static str =
        "A pool of connections; tcp_tw_reuse for time-wait; a wider range; more addresses.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        EphemeralPortsLow {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "{} of net.ipv4.ip_local_port_range (less net.ipv4.ip_local_reserved_ports) are taken for one source \
             address, destination address and port, TIME-WAITs included.",
            help_text::share(thresholds.warning)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "{} Not critical if they are TIME-WAITs that tcp_tw_reuse takes again.",
            help_text::severity_by_share(thresholds.warning, thresholds.critical)
        )
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        let Some(ports) = facts.settings().local_ports() else {
            return;
        };
        let pool = ports.count();
        for (path, taken) in &facts.candidates.paths {
            let share = f64::from(taken.ports) / f64::from(pool.max(1));
            if share >= self.thresholds.warning - SLACK {
                out.extend(self.observe(scan, path, taken, &ports, share));
            }
        }
    }
}

impl EphemeralPortsLow {
    fn observe(
        &self,
        scan: &Scan<'_>,
        path: &Path,
        taken: &PortUse,
        ports: &LocalPorts,
        share: f64,
    ) -> Option<Observation> {
        let facts = &scan.facts;
        let socket = facts.socket(taken.owned.unwrap_or(taken.row))?;
        let reuse = PortReuse::of(facts, socket.socket);
        let pool = ports.count();
        let process = process(socket).or_else(|| facts.candidates.owner_of(path));
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
        let mut observation =
            Observation::new(scan.kind, subject, "used", Value::Count(taken.ports.into()))
                .with("pool", Value::Count(pool.into()))
                .with("share", Value::Share(share))
                .with_cause(if waiting { "time-wait" } else { "open" })
                .with("time_wait", Value::Count(taken.time_wait.into()))
                .with("open", Value::Count((taken.ports - taken.time_wait).into()))
                .with("reserved", Value::Count(ports.reserved().into()))
                .with("range", Value::Text(range))
                .with("tcp_tw_reuse", Value::Text(reuse.name().to_owned()));
        observation.over_threshold = share >= self.thresholds.warning;
        // What can be taken again after a second is not lost.
        let is_lost = !waiting || reuse != PortReuse::Works;
        observation.severity = if share >= self.thresholds.critical && is_lost {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.reports_growth = true;
        observation.rest = match taken.time_wait {
            0 => String::new(),
            all if all == taken.ports => ": all of them by TIME-WAITs".to_owned(),
            some => format!(": {} of them by TIME-WAITs", phrases::count(some.into())),
        };
        observation.summary = format!(
            "{who} {} of {} local ports from {} to {} ({})",
            phrases::count(taken.ports.into()),
            phrases::count(pool.into()),
            path.source,
            format_endpoint(path.destination),
            phrases::share(share),
        );
        observation.advice = advice(waiting, reuse);
        Some(observation)
    }
}

fn advice(waiting: bool, reuse: PortReuse) -> String {
    let wider = "a wider net.ipv4.ip_local_port_range, or a second source or destination address, gives more ports";
    if !waiting {
        return format!(
            "Most are open connections: bound the pool, or look for connections that are never closed; {wider}."
        );
    }
    let close = "This side opens connections and closes them first, and each port then rests for 60 s: keep connections \
                 open and use them again (a pool, keep-alive)";
    match reuse {
        PortReuse::Works => format!(
            "{close}. tcp_tw_reuse is at work, so a port can be taken again after a second; beyond that rate connect() \
             fails. Also {wider}."
        ),
        PortReuse::Off => format!(
            "{close}. `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections take such ports after a second, if the \
             other end has timestamps too; {wider}."
        ),
        PortReuse::NoTimestamps => format!(
            "{close}. tcp_tw_reuse does not help without TCP timestamps (net.ipv4.tcp_timestamps); {wider}."
        ),
    }
}
