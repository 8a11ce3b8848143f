//! Local ports from one address to one destination are running out.
//!
//! A connection that does not bind a port gets one of `net.ipv4.ip_local_port_range` without those reserved. Two
//! connections can share a local port unless both addresses and the remote port are equal, so ports run out for each
//! (source, destination, port) separately: then `connect()` fails with EADDRNOTAVAIL. A TIME-WAIT socket still occupies its
//! port.

use crate::diagnose::candidates::{Path, PortUse};
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::process;
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::port_reuse::PortReuse;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::subject::{Subject, format_endpoint};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::{LocalPorts, Protocol};

thresholds! {
    /// Thresholds for local ports in use, as shares of the port range.
    thresholds {
        /// Warning at this share of local ports in use. The kernel searches for a free port from a random
        /// position, and beyond this share the search takes noticeably longer. Lower it where connections
        /// are opened in bursts of thousands.
        warning: f64 = 0.8, ValueRule::Share;
        /// Critical at this share. One port in twenty is left: the next burst can fail with EADDRNOTAVAIL.
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
    const TITLE: &'static str = "Local ports from one address to one destination are running out.";
    const LOOK_ALIKES: &'static str = "Ports run out for each path separately: connections to other destinations can use the same ports. \
         Cause time-wait: most ports are in TIME-WAIT because this side closes first. Cause open: most belong to open \
         connections.";
    const REMEDY: &'static str = "Use a connection pool, tcp_tw_reuse (cause time-wait), a wider port range, or more addresses.";
    const NEEDS: &'static [Need] = &[
        Need::Sockets(Protocol::Tcp),
        Need::Sockets(Protocol::Udp),
        Need::Number("net.ipv4.ip_local_port_range", 1),
        Need::Setting("net.ipv4.ip_local_reserved_ports"),
    ];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        EphemeralPortsLow {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "One source address uses {} of its local ports (net.ipv4.ip_local_port_range minus \
             net.ipv4.ip_local_reserved_ports) for one destination address and port, TIME-WAIT included.",
            help_text::share(thresholds.warning)
        )
    }

    fn severity(thresholds: &Thresholds) -> String {
        format!(
            "{} Never critical if most are in TIME-WAIT and tcp_tw_reuse is active.",
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
        let who = process
            .as_ref()
            .map_or_else(|| "This host".to_owned(), ToString::to_string);
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
        // Ports that can be reused after a second are not lost.
        let is_lost = !waiting || reuse != PortReuse::Works;
        observation.severity = if share >= self.thresholds.critical && is_lost {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.reports_growth = true;
        observation.rest = match taken.time_wait {
            0 => String::new(),
            all if all == taken.ports => ": all of them in TIME-WAIT".to_owned(),
            some => format!(": {} of them in TIME-WAIT", phrases::count(some.into())),
        };
        observation.summary = format!(
            "{who} has had {} of {} local ports from {} to {} in use ({})",
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
    let wider = "a wider net.ipv4.ip_local_port_range, or a second source or destination address, adds ports";
    if !waiting {
        return format!(
            "Most are open connections. Limit the connection pool, or look for connections that are never closed; {wider}."
        );
    }
    let close = "This side opens connections and closes them first, which blocks each port for 60 s. Keep connections \
                 open and reuse them (a pool, keep-alive)";
    match reuse {
        PortReuse::Works => format!(
            "{close}. tcp_tw_reuse is active, so a port can be reused after 1 s; at higher rates connect() fails. Also, \
             {wider}."
        ),
        PortReuse::Off => format!(
            "{close}. `sysctl -w net.ipv4.tcp_tw_reuse=1` lets new connections reuse such ports after 1 s if the peer \
             also uses TCP timestamps; {wider}."
        ),
        PortReuse::NoTimestamps => format!(
            "{close}. tcp_tw_reuse does not help without TCP timestamps (net.ipv4.tcp_timestamps); {wider}."
        ),
    }
}
