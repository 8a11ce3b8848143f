//! Socket counts by protocol and state, and the host's limits with their present use: the content of `sockwatch summary`.

use super::Moment;
use crate::model::{Family, Protocol, Protocols, Settings, State};

/// Sockets of one protocol over one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryRow {
    /// Family.
    pub family: Family,
    /// Protocol; `netlink` for all of netlink, `sctp-assoc` for the associations of SCTP sockets.
    pub protocol: &'static str,
    /// Sockets in all states.
    pub total: u32,
    /// Sockets by `State as usize`.
    pub states: [u32; State::SLOTS],
}

/// The unit of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    /// Sockets.
    Sockets,
    /// Bytes.
    Bytes,
    /// File descriptors, or open files.
    Files,
    /// Connections: waiting in a queue, or tracked by netfilter.
    Connections,
    /// Local ports.
    Ports,
}

impl LimitUnit {
    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            LimitUnit::Sockets => "sockets",
            LimitUnit::Bytes => "bytes",
            LimitUnit::Files => "files",
            LimitUnit::Connections => "connections",
            LimitUnit::Ports => "ports",
        }
    }
}

/// A limited resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLimit {
    /// Name of the limit in JSON.
    pub id: &'static str,
    /// Title of the limit on screens.
    pub title: &'static str,
    /// Present use; `None` if the kernel does not report it.
    pub value: Option<u64>,
    /// Maximum; `None` if the kernel does not report it.
    pub limit: Option<u64>,
    /// Unit of both.
    pub unit: LimitUnit,
    /// True if it counts the whole host and not this network namespace alone.
    pub of_host: bool,
}

impl SummaryLimit {
    /// Returns the used share of the limit; may exceed 1.
    pub fn share(&self) -> Option<f64> {
        let limit = self.limit.filter(|&limit| limit > 0)?;
        Some(self.value? as f64 / limit as f64)
    }
}

/// Socket counts, limits and counters of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sockets of all families that are in use. Kernel: `sockets: used` of sockstat.
    pub used: Option<u64>,
    /// By protocol and family.
    pub protocols: Vec<SummaryRow>,
    /// Limited resources.
    pub limits: Vec<SummaryLimit>,
    /// Counters that indicate problems, since boot.
    pub counters: Vec<(&'static str, i64)>,
}

/// Counters that indicate problems, by their kernel names.
const COUNTERS: [&str; 14] = [
    "Tcp.ActiveOpens",
    "Tcp.PassiveOpens",
    "Tcp.AttemptFails",
    "Tcp.EstabResets",
    "Tcp.RetransSegs",
    "Tcp.OutRsts",
    "TcpExt.ListenOverflows",
    "TcpExt.ListenDrops",
    "TcpExt.TCPReqQFullDrop",
    "TcpExt.TCPReqQFullDoCookies",
    "TcpExt.TCPTimeWaitOverflow",
    "TcpExt.TCPAbortOnMemory",
    "Udp.RcvbufErrors",
    "Udp.NoPorts",
];

impl Summary {
    /// Summarizes a moment.
    pub fn new(moment: &Moment) -> Summary {
        let counters = &moment.sample.counters.protocols;
        Summary {
            used: known(counters, "sockstat.sockets.used"),
            protocols: rows(moment),
            limits: limits(moment),
            counters: COUNTERS
                .into_iter()
                .filter_map(|name| Some((name, counters.get(name)?)))
                .collect(),
        }
    }
}

fn known(counters: &Protocols, name: &str) -> Option<u64> {
    counters
        .get(name)
        .and_then(|value| u64::try_from(value).ok())
}

fn rows(moment: &Moment) -> Vec<SummaryRow> {
    let mut rows: Vec<SummaryRow> = Vec::new();
    for counted in &moment.aggregate.totals.protocols {
        let protocol = match counted.protocol {
            Protocol::Netlink(_) => "netlink",
            _ if counted.of_associations => "sctp-assoc",
            protocol => protocol.name(),
        };
        let same = |row: &SummaryRow| row.family == counted.family && row.protocol == protocol;
        let at = rows.iter().position(same).unwrap_or_else(|| {
            rows.push(SummaryRow {
                family: counted.family,
                protocol,
                total: 0,
                states: [0; State::SLOTS],
            });
            rows.len() - 1
        });
        let row = &mut rows[at];
        row.total += counted.total();
        for (sum, count) in row.states.iter_mut().zip(counted.states) {
            *sum += count;
        }
    }
    rows
}

pub(super) fn limits(moment: &Moment) -> Vec<SummaryLimit> {
    let settings = &moment.sample.settings;
    let counters = &moment.sample.counters.protocols;
    let value = |name: &str| known(counters, name);
    let pages = |pages: Option<u64>| pages?.checked_mul(settings.number(Settings::PAGE_SIZE, 0)?);
    let limit = |id, title, value, limit, unit, of_host| SummaryLimit {
        id,
        title,
        value,
        limit,
        unit,
        of_host,
    };
    vec![
        limit(
            "time_wait",
            "TIME-WAIT",
            value("sockstat.TCP.tw"),
            settings.number("net.ipv4.tcp_max_tw_buckets", 0),
            LimitUnit::Sockets,
            false,
        ),
        limit(
            "orphans",
            "orphans",
            value("sockstat.TCP.orphan"),
            settings.number("net.ipv4.tcp_max_orphans", 0),
            LimitUnit::Sockets,
            true,
        ),
        limit(
            "tcp_memory",
            "TCP memory",
            pages(value("sockstat.TCP.mem")),
            settings.pages("net.ipv4.tcp_mem", 2),
            LimitUnit::Bytes,
            true,
        ),
        limit(
            "udp_memory",
            "UDP memory",
            pages(value("sockstat.UDP.mem")),
            settings.pages("net.ipv4.udp_mem", 2),
            LimitUnit::Bytes,
            true,
        ),
        limit(
            "fragment_memory",
            "fragment memory",
            value("sockstat.FRAG.memory"),
            settings.number("net.ipv4.ipfrag_high_thresh", 0),
            LimitUnit::Bytes,
            false,
        ),
        limit(
            "tcp_allocated",
            "TCP sockets allocated",
            value("sockstat.TCP.alloc"),
            None,
            LimitUnit::Sockets,
            true,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn memory_limits_are_in_bytes() {
        let mut moment = Moment::default();
        let protocols = &mut moment.sample.counters.protocols;
        protocols.names = Arc::new(vec!["sockstat.TCP.mem".into(), "sockstat.TCP.tw".into()]);
        protocols.values = vec![3, 50];
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        moment.sample.settings = Arc::new(Settings {
            values: vec![
                setting(Settings::PAGE_SIZE, "4096"),
                setting("net.ipv4.tcp_mem", "4 8 12"),
                setting("net.ipv4.tcp_max_tw_buckets", "100"),
            ],
        });
        let summary = Summary::new(&moment);
        let of = |id: &str| summary.limits.iter().find(|limit| limit.id == id).unwrap();
        assert_eq!(of("tcp_memory").value, Some(12_288));
        assert_eq!(of("tcp_memory").share(), Some(0.25));
        assert_eq!(of("time_wait").share(), Some(0.5));
        assert_eq!(of("orphans").share(), None);
    }
}
