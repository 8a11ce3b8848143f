//! Limits of the host, of processes and of listeners, with their present use.

mod missing;

use std::cmp::Reverse;
use std::net::IpAddr;

use crate::model::{Endpoint, Protocol, Sample, SocketKey};

pub use self::missing::MissingReason;
use super::summary::limits;
use super::{LimitUnit, ListenerTotals, Moment, SummaryLimit};

/// The owner of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// The host, all network namespaces together.
    Host,
    /// The network namespace.
    Namespace,
    /// The process in this row of the Sample.
    Process(u32),
    /// The listener in this row of the Sample.
    Listener(u32),
    /// All connections from one local address to one remote address and port.
    Path(IpAddr, Endpoint),
    /// All connections from one local address, to any destination.
    Address(IpAddr),
    /// All sockets of a protocol.
    Protocol(Protocol),
}

/// Use of local ports where the fewest are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortUsage {
    /// The connections or sockets that compete for the ports: a path, an address or a protocol; `None` if there are none.
    pub scope: Option<LimitScope>,
    /// Ports in use, TIME-WAIT included.
    pub used: u32,
}

/// A limit and its present use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headroom {
    /// The limited resource with its present use and its maximum.
    pub limit: SummaryLimit,
    /// Subject of the limit; the process or listener closest to its limit.
    pub scope: LimitScope,
    /// Reason why the limit or its use is unknown; `None` if both are known.
    pub missing: Option<MissingReason>,
    /// Describes the effect of the limit, and the setting behind it.
    pub about: &'static str,
}

/// Id of the limit of accept queues.
const ACCEPT_QUEUE: &str = "accept_queue";

impl Headroom {
    /// Returns the maximum in use at once: the limit, and one more in an accept queue.
    fn capacity(&self) -> Option<u64> {
        let beyond = u64::from(self.limit.id == ACCEPT_QUEUE);
        Some(self.limit.limit?.saturating_add(beyond))
    }

    /// Returns the share in use. It is 1 once the limit takes effect.
    pub fn share(&self) -> Option<f64> {
        let capacity = self.capacity().filter(|&capacity| capacity > 0)?;
        Some(self.limit.value? as f64 / capacity as f64)
    }

    /// Returns the number left until the limit takes effect.
    pub fn left(&self) -> Option<u64> {
        Some(self.capacity()?.saturating_sub(self.limit.value?))
    }
}

/// Limits from [`limits`]: id, short title, and effect.
const SUMMARY_LIMITS: [(&str, &str, &str); 5] = [
    (
        "time_wait",
        "TIME-WAIT",
        "At the limit, connections close without TIME-WAIT. Set by net.ipv4.tcp_max_tw_buckets.",
    ),
    (
        "orphans",
        "orphans",
        "Connections closed by their process with data unsent. At the limit they are reset. Set by net.ipv4.tcp_max_orphans.",
    ),
    (
        "tcp_memory",
        "TCP memory",
        "Memory of all TCP sockets. Above the second number of net.ipv4.tcp_mem, buffers shrink; at the third, data is dropped and connections are reset.",
    ),
    (
        "udp_memory",
        "UDP memory",
        "Memory of all UDP sockets. At the third number of net.ipv4.udp_mem, datagrams are dropped (MemErrors).",
    ),
    (
        "fragment_memory",
        "fragments",
        "Memory of IPv4 packets being reassembled. At the limit, fragments are dropped (ReasmFails). Set by net.ipv4.ipfrag_high_thresh.",
    ),
];

/// Value at which `fs.file-max` has no effect: systemd sets it to the maximum.
const NO_LIMIT: u64 = 1 << 53;

/// Lists all limits, the more important first. Ignores the filter for listeners and processes. The caller counts `ports`,
/// since that takes a pass over all sockets.
pub fn headroom(moment: &Moment, ports: Option<PortUsage>) -> Vec<Headroom> {
    let place = Place {
        moment,
        system: moment,
        netns: moment.sample.own_netns,
    };
    limits_of(&place, None, ports)
}

/// Lists the limits of another network namespace, whose counters and settings are those of `system`. Limits of the whole
/// host have the values of the moment itself: the kernel reports some of them in the initial network namespace only.
pub fn headroom_in(
    moment: &Moment,
    system: &Moment,
    netns: u32,
    ports: Option<PortUsage>,
) -> Vec<Headroom> {
    let place = Place {
        moment,
        system,
        netns,
    };
    limits_of(&place, Some(netns), ports)
}

/// Lists the limits of a place, with those of the processes in one network namespace or in all.
fn limits_of(
    place: &Place<'_>,
    processes_in: Option<u32>,
    ports: Option<PortUsage>,
) -> Vec<Headroom> {
    let mut all = vec![
        accept_queue(place),
        half_open(place),
        descriptors(&place.moment.sample, processes_in),
        local_ports(&place.system.sample, ports),
    ];
    all.extend(kernel_limits(place));
    all
}

/// A network namespace of a moment.
struct Place<'a> {
    /// The moment with its listeners.
    moment: &'a Moment,
    /// The moment with its counters and settings.
    system: &'a Moment,
    netns: u32,
}

impl<'a> Place<'a> {
    /// Iterates over its listeners.
    fn listeners(&self) -> impl Iterator<Item = &'a ListenerTotals> {
        let (sample, netns) = (&self.moment.sample, self.netns);
        let is_only = sample.namespaces.is_empty();
        let all = self.moment.unfiltered().listeners.iter();
        all.filter(move |listener| {
            let socket = || sample.sockets.get(listener.row as usize);
            is_only || socket().is_some_and(|socket| socket.netns == netns)
        })
    }
}

/// Lists the limits that the kernel counts itself.
fn kernel_limits(place: &Place<'_>) -> Vec<Headroom> {
    let mut all = Vec::new();
    for (limit, of_host) in limits(place.system).into_iter().zip(limits(place.moment)) {
        let mut limit = if limit.of_host { of_host } else { limit };
        let Some((_, title, about)) = SUMMARY_LIMITS.iter().find(|(id, ..)| *id == limit.id) else {
            continue;
        };
        limit.title = title;
        let is_known = limit.value.is_some() && limit.limit.is_some();
        all.push(Headroom {
            scope: if limit.of_host {
                LimitScope::Host
            } else {
                LimitScope::Namespace
            },
            missing: (!is_known).then_some(MissingReason::NotReported),
            about,
            limit,
        });
    }
    all.push(open_files(&place.moment.sample));
    all.push(conntrack(&place.system.sample));
    all
}

fn limit(
    (id, title): (&'static str, &'static str),
    value: Option<u64>,
    limit: Option<u64>,
    unit: LimitUnit,
) -> SummaryLimit {
    SummaryLimit {
        id,
        title,
        value,
        limit,
        unit,
        of_host: false,
    }
}

/// Finds the listener with the fullest accept queue.
fn accept_queue(place: &Place<'_>) -> Headroom {
    let key = |row: u32| row_key(&place.moment.sample, row);
    let worst = place.listeners().max_by_key(|listener| {
        // Shares as integers; of two equal ones, the smaller queue fills sooner.
        let capacity = listener.queue().capacity();
        let fill = (u64::from(listener.accept_queue) << 24) / capacity;
        (fill, Reverse(capacity), Reverse(key(listener.row)))
    });
    Headroom {
        limit: limit(
            (ACCEPT_QUEUE, "accept queue"),
            worst.map(|listener| listener.accept_queue.into()),
            worst.map(|listener| listener.backlog.into()),
            LimitUnit::Connections,
        ),
        scope: worst.map_or(LimitScope::Namespace, |listener| {
            LimitScope::Listener(listener.row)
        }),
        missing: worst.is_none().then_some(MissingReason::NoListener),
        about: "Connections that wait for accept() at the fullest listener. It holds one more than its limit; then new ones are dropped (ListenOverflows). Set by listen(), capped by net.core.somaxconn.",
    }
}

/// Finds the listener with the most half-open connections.
fn half_open(place: &Place<'_>) -> Headroom {
    let key = |row: u32| row_key(&place.moment.sample, row);
    let worst = place
        .listeners()
        .filter(|listener| listener.syn_recv.is_some())
        .max_by_key(|listener| (listener.syn_recv, Reverse(key(listener.row))));
    let settings = &place.system.sample.settings;
    let most = settings.number("net.ipv4.tcp_max_syn_backlog", 0);
    let missing = match (worst, most) {
        (None, _) => Some(MissingReason::NoListener),
        (_, None) => Some(MissingReason::NotReported),
        _ => None,
    };
    Headroom {
        limit: limit(
            ("half_open", "half-open"),
            worst.and_then(|listener| listener.syn_recv).map(u64::from),
            most,
            LimitUnit::Connections,
        ),
        scope: worst.map_or(LimitScope::Namespace, |listener| {
            LimitScope::Listener(listener.row)
        }),
        missing,
        about: "Half-open connections (SYN-RECV) of the listener with the most. Without SYN cookies, new clients are dropped near net.ipv4.tcp_max_syn_backlog, or at the listener's own backlog.",
    }
}

/// Finds the process with the largest share of its file descriptor limit in use, among those in a network namespace.
fn descriptors(sample: &Sample, netns: Option<u32>) -> Headroom {
    let share = |(open, most): (u32, u64)| (u64::from(open) << 24) / most.max(1);
    let worst = (0..)
        .zip(&sample.processes)
        .filter(|(_, row)| netns.is_none() || row.process.namespaces.net == netns)
        .filter_map(|(at, row)| {
            let figures = (row.descriptors?, row.process.descriptor_limit?);
            Some((at, row.process.key, figures))
        })
        .max_by_key(|(_, key, figures)| (share(*figures), Reverse((key.pid, key.start_time))));
    let figures = worst.map(|(_, _, figures)| figures);
    Headroom {
        limit: limit(
            ("descriptors", "descriptors"),
            figures.map(|(open, _)| open.into()),
            figures.map(|(_, most)| most),
            LimitUnit::Files,
        ),
        scope: worst.map_or(LimitScope::Namespace, |(at, _, _)| LimitScope::Process(at)),
        missing: worst.is_none().then_some(match netns {
            None => MissingReason::Hidden,
            Some(_) => MissingReason::NoProcess,
        }),
        about: "Open file descriptors of the process closest to its limit. At the limit, accept() and open() fail (EMFILE). Set by ulimit -n, or LimitNOFILE= in a unit.",
    }
}

/// Compares the local ports in use to one destination with the ephemeral port range.
fn local_ports(sample: &Sample, usage: Option<PortUsage>) -> Headroom {
    let ports = sample.settings.local_ports();
    let missing = match (&ports, usage) {
        (None, _) => Some(MissingReason::NotReported),
        (_, None) => Some(MissingReason::NotCounted),
        _ => None,
    };
    Headroom {
        limit: limit(
            ("local_ports", "local ports"),
            usage.map(|usage| usage.used.into()),
            ports.map(|ports| ports.count().into()),
            LimitUnit::Ports,
        ),
        scope: usage
            .and_then(|usage| usage.scope)
            .unwrap_or(LimitScope::Namespace),
        missing,
        about: "Local ports in use where the fewest are left, including TIME-WAIT: to one destination, or to all if sockets bind before they connect. Set by net.ipv4.ip_local_port_range, minus ip_local_reserved_ports.",
    }
}

/// Compares the open files of the whole host with `fs.file-max`.
fn open_files(sample: &Sample) -> Headroom {
    let open = sample.counters.protocols.get("fs.file-nr.allocated");
    let set = sample.settings.number("fs.file-max", 0);
    let most = set.filter(|&most| most < NO_LIMIT);
    let missing = match (open, set, most) {
        (_, Some(_), None) => Some(MissingReason::NoLimit),
        (_, None, _) | (None, ..) => Some(MissingReason::NotReported),
        _ => None,
    };
    Headroom {
        limit: SummaryLimit {
            of_host: true,
            ..limit(
                ("open_files", "open files"),
                open.and_then(|open| u64::try_from(open).ok()),
                most,
                LimitUnit::Files,
            )
        },
        scope: LimitScope::Host,
        missing,
        about: "Open files and sockets of all processes. At the limit, open() and socket() fail (ENFILE). Set by fs.file-max.",
    }
}

/// Compares the connections that netfilter tracks with its maximum.
fn conntrack(sample: &Sample) -> Headroom {
    let count = sample
        .counters
        .protocols
        .get("net.netfilter.nf_conntrack_count");
    let most = sample.settings.number("net.netfilter.nf_conntrack_max", 0);
    Headroom {
        limit: limit(
            ("conntrack", "conntrack"),
            count.and_then(|count| u64::try_from(count).ok()),
            most,
            LimitUnit::Connections,
        ),
        scope: LimitScope::Namespace,
        missing: (count.is_none() || most.is_none()).then_some(MissingReason::NoConntrack),
        about: "Connections tracked by netfilter. At the limit, packets of new ones are dropped. Set by net.netfilter.nf_conntrack_max.",
    }
}

fn row_key(sample: &Sample, row: u32) -> Option<(u32, u64)> {
    let key: SocketKey = sample.sockets.get(row as usize)?.key();
    Some((key.netns, key.cookie))
}

#[cfg(test)]
mod tests;
