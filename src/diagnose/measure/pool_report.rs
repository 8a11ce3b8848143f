//! Observes pools of local ports that are nearly in use, whatever the destinations.

use crate::diagnose::detector::Scan;
use crate::diagnose::facts::{Facts, process};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::diagnose::port_pools::{ANY_IPV6, PoolKey, PoolUse, connection_in_pool};
use crate::diagnose::subject::{ProcessName, Subject};
use crate::model::SeededMap;
use crate::model::{LocalPorts, Protocol, Socket, State};

/// Why the ports of a pool are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Connections whose sockets called `bind()` first.
    Bound,
    /// The same, several to a port.
    Shared,
    /// Listeners, and sockets that are bound but not connected.
    Idle,
    /// UDP sockets.
    Datagram,
}

impl Cause {
    fn of(pool: &PoolKey, taken: &PoolUse) -> Cause {
        match pool.protocol {
            Protocol::Tcp if taken.is_idle() => Cause::Idle,
            Protocol::Tcp if taken.is_shared() => Cause::Shared,
            Protocol::Tcp => Cause::Bound,
            _ => Cause::Datagram,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Cause::Bound => "bound",
            Cause::Shared => "bound-shared",
            Cause::Idle => "not-connected",
            Cause::Datagram => "datagram",
        }
    }

    fn advice(self, wider: &str) -> String {
        match self {
            Cause::Bound => format!(
                "The sockets call bind() before connect(), which takes a port for all destinations and at every address. \
                 When none is left, bind() fails with EADDRINUSE, and connect() without bind() with EADDRNOTAVAIL. Set \
                 IP_BIND_ADDRESS_NO_PORT before bind(), so that connections to different destinations share ports. \
                 tcp_tw_reuse does not help; {wider}."
            ),
            Cause::Shared => format!(
                "bind() takes a port for all destinations: bind() with port 0 fails with EADDRINUSE, and connect() without \
                 bind() leaves these ports out. Set IP_BIND_ADDRESS_NO_PORT before bind(), and bind no port of the range; \
                 {wider}."
            ),
            Cause::Idle => format!(
                "Listeners and sockets that are bound but not connected hold them, and connect() leaves them out at every \
                 address. Close the sockets that are not needed, or let services listen below the range; {wider}."
            ),
            Cause::Datagram => format!(
                "A UDP socket that sends without bind() needs a port that no other UDP socket has. When none is left, \
                 connect() and sendto() fail with EAGAIN, and bind() with EADDRINUSE. Use one socket for many destinations, \
                 and close sockets after a query; {wider}."
            ),
        }
    }
}

/// Returns the observation of a pool.
pub(in crate::diagnose) fn observe_pool(
    scan: &Scan<'_>,
    (pool, taken): (&PoolKey, &PoolUse),
    ports: &LocalPorts,
    wider: &str,
) -> Observation {
    let facts = &scan.facts;
    let owner = largest_owner(facts, pool, ports);
    let all = ports.count();
    let share = f64::from(taken.ports) / f64::from(all.max(1));
    let protocol = pool.protocol.name();
    let (of, more) = match (pool.protocol, pool.address) {
        (Protocol::Tcp, Some(address)) => (
            format!("local ports of {address}"),
            ", over all destinations",
        ),
        (Protocol::Tcp, None) => (
            "local ports".to_owned(),
            ", over all addresses and destinations",
        ),
        (_, Some(ANY_IPV6)) => (
            format!("local {} ports of IPv6 sockets", protocol.to_uppercase()),
            "",
        ),
        _ => (format!("local {} ports", protocol.to_uppercase()), ""),
    };
    // A process that holds most of them is named as the one that uses them.
    let main = owner
        .as_ref()
        .filter(|(_, count)| count * 2 >= taken.sockets);
    let who = main.map_or_else(
        || "This host".to_owned(),
        |(process, _)| process.to_string(),
    );
    let cause = Cause::of(pool, taken);
    let subject = Subject::LocalPorts {
        protocol,
        address: pool.address,
        process: owner.as_ref().map(|(process, _)| process.clone()),
    };
    let range = format!("{}-{}", ports.range.start(), ports.range.end());
    let mut observation =
        Observation::new(scan.kind, subject, "used", Value::Count(taken.ports.into()))
            .with("pool", Value::Count(all.into()))
            .with("share", Value::Share(share))
            .with_cause(cause.name())
            .with("sockets", Value::Count(taken.sockets.into()))
            .with("time_wait", Value::Count(taken.time_wait.into()))
            .with("not_connected", Value::Count(taken.idle.into()))
            .with_known(
                "of_this_process",
                owner
                    .as_ref()
                    .map(|(_, count)| Value::Count((*count).into())),
            )
            .with("reserved", Value::Count(ports.reserved().into()))
            .with("range", Value::Text(range));
    observation.reports_growth = true;
    observation.rest = match (taken.time_wait, main.is_some(), &owner) {
        (some, ..) if some > 0 => {
            format!(
                "{more}: {} of the sockets are in TIME-WAIT",
                phrases::count(some.into())
            )
        }
        (_, false, Some((process, count))) => {
            format!("{more}: {process} has {}", phrases::count((*count).into()))
        }
        _ => more.to_owned(),
    };
    observation.summary = format!(
        "{who} has had {} of {} {of} in use ({})",
        phrases::count(taken.ports.into()),
        phrases::count(all.into()),
        phrases::share(share),
    );
    observation.advice = cause.advice(wider);
    observation
}

/// Returns the observation that the settings leave no port at all.
pub(in crate::diagnose) fn observe_empty_range(scan: &Scan<'_>, ports: &LocalPorts) -> Observation {
    let subject = Subject::LocalPorts {
        protocol: Protocol::Tcp.name(),
        address: None,
        process: None,
    };
    let range = format!("{}-{}", ports.range.start(), ports.range.end());
    let mut observation = Observation::new(scan.kind, subject, "pool", Value::Count(0))
        .with_cause("no-range")
        .with("reserved", Value::Count(ports.reserved().into()))
        .with("range", Value::Text(range));
    observation.severity = Severity::Critical;
    observation.summary = String::from("This host has had no local port to choose from");
    observation.advice = String::from(
        "connect() fails with EADDRNOTAVAIL, since net.ipv4.ip_local_reserved_ports covers all of \
                          net.ipv4.ip_local_port_range. Reserve fewer ports, or widen the range.",
    );
    observation
}

/// Returns the process with the most sockets in a pool, and their number.
fn largest_owner(
    facts: &Facts<'_>,
    pool: &PoolKey,
    ports: &LocalPorts,
) -> Option<(ProcessName, u32)> {
    let mut counts: SeededMap<u32, (u32, u32)> = SeededMap::default();
    for (row, socket) in (0u32..).zip(&facts.sample().sockets) {
        if !is_in_pool(&socket, pool, ports) {
            continue;
        }
        let first = facts
            .socket(row)
            .and_then(|socket| socket.holders().first());
        if let Some(holder) = first {
            counts.entry(holder.process).or_insert((0, row)).0 += 1;
        }
    }
    let most = counts
        .into_iter()
        .max_by_key(|(at, (count, _))| (*count, std::cmp::Reverse(*at)));
    let (_, (count, row)) = most?;
    Some((process(facts.socket(row)?)?, count))
}

fn is_in_pool(socket: &Socket, pool: &PoolKey, ports: &LocalPorts) -> bool {
    if socket.protocol != pool.protocol || socket.netns != pool.netns {
        return false;
    }
    if pool.protocol == Protocol::Tcp {
        if let Some((path, _)) = connection_in_pool(socket, ports) {
            return pool.address.is_none_or(|address| address == path.source);
        }
        if !matches!(socket.state, State::Listen | State::BoundInactive) {
            return false;
        }
    }
    socket
        .local()
        .is_some_and(|local| ports.contains(local.port))
}
