//! Local ports that the kernel chooses are running out.
//!
//! A connection that does not bind a port gets one of `net.ipv4.ip_local_port_range` without those reserved. Two
//! connections can share a local port unless both addresses and the remote port are equal, so ports run out for each
//! (source, destination, port) separately: then `connect()` fails with EADDRNOTAVAIL. A TIME-WAIT socket still occupies its
//! port. A port that a listener or another call of `bind()` has taken is left out for all destinations; see
//! [`port_pools`](crate::diagnose::port_pools), also for UDP.

use std::net::IpAddr;

use crate::diagnose::candidates::{Path, PortUse};
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::process;
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::measure::pool_report::{observe_empty_range, observe_pool};
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
    const TITLE: &'static str = "Local ports for outgoing connections are running out.";
    const LOOK_ALIKES: &'static str = "Connections without bind() share ports: they run out for each destination separately (causes open and \
         time-wait), and many ports in use over all destinations are no problem. Sockets that call bind() with port 0 do \
         not share: theirs run out for all destinations (cause bound), as the ports show, since the kernel gives odd ones \
         to bind() and even ones to connect() first. Cause not-connected: listeners and bound sockets. Cause datagram: a \
         UDP socket that binds no port shares with none. A socket with a range of its own (IP_LOCAL_PORT_RANGE) can run \
         out of it unnoticed, because the kernel does not report that range.";
    const REMEDY: &'static str = "Use a connection pool, tcp_tw_reuse (cause time-wait), IP_BIND_ADDRESS_NO_PORT (cause bound), fewer UDP \
         sockets (cause datagram), a wider port range, or more addresses.";
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
             net.ipv4.ip_local_reserved_ports) for one destination address and port, TIME-WAIT included. Ports of \
             listeners and bound sockets are not available. Also reported for all destinations if sockets call bind() \
             before connect(), and for all UDP sockets.",
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
        let Some(ports) = facts.candidates.local_ports() else {
            return;
        };
        let Thresholds { warning, critical } = self.thresholds;
        let pool = ports.count();
        if pool == 0 {
            out.push(observe_empty_range(scan, ports));
            return;
        }
        let near = warning - SLACK;
        // Ports of listeners and bound sockets are not available for any destination.
        let available = pool.saturating_sub(facts.candidates.idle_count).max(1);
        let share_of = |taken: &PortUse| (f64::from(taken.ports) / f64::from(available)).min(1.0);
        let mut paths = facts.candidates.paths.values();
        let has_low_path = paths.any(|taken| share_of(taken) >= near);
        let mut exhausted: Vec<IpAddr> = Vec::new();
        for (key, taken) in &facts.candidates.pools {
            let share = f64::from(taken.ports) / f64::from(pool);
            // Ports with several sockets may be shared by more, as long as there are any.
            let is_low = share >= near && (share >= critical || !taken.is_shared());
            // The finding about the path counts these ports as well.
            let is_explained = has_low_path && taken.is_idle();
            if !is_low || is_explained {
                continue;
            }
            let mut observation = observe_pool(scan, (key, taken), ports, &more_ports(ports));
            observation.over_threshold = share >= warning;
            observation.severity = severity(share, critical);
            out.push(observation);
            exhausted.extend(key.address);
        }
        for (path, taken) in &facts.candidates.paths {
            let share = share_of(taken);
            if share >= near && !exhausted.contains(&path.source) {
                out.extend(self.observe(scan, (path, taken), ports, available, share));
            }
        }
    }
}

/// Returns the severity of a share of ports in use.
fn severity(share: f64, critical: f64) -> Severity {
    if share >= critical {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

/// Returns what adds ports.
fn more_ports(ports: &LocalPorts) -> String {
    let reserved = ports.reserved();
    if reserved > ports.count() {
        return format!(
            "a wider net.ipv4.ip_local_port_range, fewer net.ipv4.ip_local_reserved_ports ({}), or more addresses \
             add ports",
            phrases::count(reserved.into())
        );
    }
    "a wider net.ipv4.ip_local_port_range, or a second source or destination address, adds ports"
        .to_owned()
}

impl EphemeralPortsLow {
    fn observe(
        &self,
        scan: &Scan<'_>,
        (path, taken): (&Path, &PortUse),
        ports: &LocalPorts,
        pool: u32,
        share: f64,
    ) -> Option<Observation> {
        let facts = &scan.facts;
        let socket = facts.socket(taken.owned.unwrap_or(taken.row))?;
        let reuse = PortReuse::of(facts, socket.socket);
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
                .with(
                    "not_connected",
                    Value::Count(facts.candidates.idle_count.into()),
                )
                .with("reserved", Value::Count(ports.reserved().into()))
                .with("range", Value::Text(range))
                .with("tcp_tw_reuse", Value::Text(reuse.name().to_owned()));
        observation.over_threshold = share >= self.thresholds.warning;
        // Ports that can be reused after a second are not lost.
        let is_lost = !waiting || reuse != PortReuse::Works;
        observation.severity = if is_lost {
            severity(share, self.thresholds.critical)
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
            phrases::count(taken.ports.min(pool).into()),
            phrases::count(pool.into()),
            path.source,
            format_endpoint(path.destination),
            phrases::share(share),
        );
        observation.advice = advice(waiting, reuse, &more_ports(ports));
        Some(observation)
    }
}

fn advice(waiting: bool, reuse: PortReuse, wider: &str) -> String {
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
