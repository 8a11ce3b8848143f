//! Columns of a remote host and its ports.

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::sort_key::text_key;
use super::traffic::{COUNT, traffic_column};
use super::{Column, Kind, Note, SortKey, Total, format, note};
use crate::aggregate::{Moment, RemoteTotals};
use crate::model::State;

/// Tables of remote hosts.
#[derive(Debug)]
pub struct Remotes;

type RemoteColumn = Column<Remotes>;

impl Kind for Remotes {
    type Row<'a> = RemoteLine<'a>;
}

/// A server port of the connections between two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service {
    /// The port of the listening side.
    pub port: u16,
    /// True if the port is local: the remote host connects to it.
    pub here: bool,
}

/// A remote host, or one of its server ports.
#[derive(Debug, Clone, Copy)]
pub struct RemoteLine<'a> {
    /// Processes that own the connections.
    pub moment: &'a Moment,
    /// The figures.
    pub totals: &'a RemoteTotals,
    /// The port; `None` for the host as a whole.
    pub service: Option<Service>,
    /// True if the ports of the host are shown below it.
    pub unfolded: bool,
    /// Most severe finding about it, if findings are known.
    pub note: Option<Note>,
}

/// Appends `▸ 10.0.0.1` or `▾ 10.0.0.1`, and below it `    ← :443` (incoming) or `    → :443` (outgoing).
fn name(line: &RemoteLine<'_>, out: &mut String) -> Option<()> {
    match line.service {
        Some(Service { port, here: true }) => write!(out, "   ← :{port}").ok(),
        Some(Service { port, here: false }) => write!(out, "   → :{port}").ok(),
        None => {
            let mark = if line.unfolded { '▾' } else { '▸' };
            write!(out, "{mark} {}", line.totals.address).ok()
        }
    }
}

fn name_key<'a>(line: &RemoteLine<'a>) -> SortKey<'a> {
    let port = line.service.map_or(0, |service| service.port);
    match line.totals.address {
        IpAddr::V4(address) => SortKey::Address(4, u32::from(address).into(), port),
        IpAddr::V6(address) => SortKey::Address(6, address.into(), port),
    }
}

/// Appends the processes: `nginx/2211 redis/880 …`.
fn processes(line: &RemoteLine<'_>, out: &mut String) -> Option<()> {
    let mut gap = "";
    for &row in line.totals.processes.rows() {
        let process = &line.moment.sample.processes.get(row as usize)?.process;
        out.push_str(gap);
        format::sanitize(out, process.comm.as_bytes());
        write!(out, "/{}", process.key.pid).ok()?;
        gap = " ";
    }
    if line.totals.processes.more() {
        out.push_str(" …");
    }
    (!gap.is_empty()).then_some(())
}

fn tcp(line: &RemoteLine<'_>, state: State) -> f64 {
    line.totals.tcp[state as usize].into()
}

/// Every column, the most wanted first.
pub static REMOTE_COLUMNS: LazyLock<Vec<RemoteColumn>> = LazyLock::new(|| {
    vec![
        RemoteColumn::text(
            ("remote", "REMOTE", 20),
            "Remote host, and below it the ports: ← local port, → remote port.",
            name,
            |line, _| Some(name_key(line)),
        ),
        RemoteColumn::text(
            ("netns_name", "NETNS", 12),
            "Network namespace of the connections, `several` if they are in more than one. A loopback or link-local address is \
             another host in each.",
            |line, out| {
                match line.totals.netns {
                    None => out.push_str("several"),
                    Some(netns) => {
                        let name = line.moment.sample.namespace_name(netns)?;
                        format::sanitize(out, name.as_bytes());
                    }
                }
                Some(())
            },
            |line, _| {
                let name = |netns| line.moment.sample.namespace_name(netns);
                Some(SortKey::Text(match line.totals.netns {
                    None => "several".into(),
                    Some(netns) => name(netns)?.into(),
                }))
            },
        ),
        RemoteColumn::figure(
            ("sockets", "SOCKS", 6),
            "Connected sockets of all protocols.",
            COUNT,
            |line| Some(line.totals.sockets.into()),
        ),
        traffic_column!(RemoteColumn, established),
        RemoteColumn::figure(
            ("time_wait", "TIME-W", 7),
            "TCP connections in TIME-WAIT.",
            COUNT,
            |line| Some(tcp(line, State::TimeWait)),
        ),
        RemoteColumn::figure(
            ("close_wait", "CLOSE-W", 7),
            "TCP connections closed by the remote host, but not here.",
            COUNT,
            |line| Some(tcp(line, State::CloseWait)),
        ),
        RemoteColumn::figure(
            ("syn_sent", "SYN-SENT", 8),
            "TCP connection attempts that it has not answered.",
            COUNT,
            |line| Some(tcp(line, State::SynSent)),
        ),
        RemoteColumn::figure(
            ("syn_recv", "SYN-RECV", 8),
            "Half-open TCP connections from it.",
            COUNT,
            |line| Some(tcp(line, State::SynRecv)),
        ),
        RemoteColumn::figure(("udp", "UDP", 5), "Connected UDP sockets.", COUNT, |line| {
            Some(line.totals.udp.into())
        }),
        traffic_column!(RemoteColumn, received_rate),
        traffic_column!(RemoteColumn, sent_rate),
        traffic_column!(RemoteColumn, rate),
        traffic_column!(RemoteColumn, steady_rate),
        traffic_column!(RemoteColumn, rate_10s),
        traffic_column!(RemoteColumn, rate_60s),
        RemoteColumn::figure(
            ("rtt_low", "RTT MIN", 8),
            "Smallest smoothed round-trip time of its established connections. Kernel: tcpi_rtt.",
            (format::TIME, Total::None),
            |line| line.totals.rtt_us.map(|(low, _)| low.into()),
        ),
        RemoteColumn::figure(
            ("rtt_high", "RTT MAX", 8),
            "Largest smoothed round-trip time of its established connections. Kernel: tcpi_rtt.",
            (format::TIME, Total::Highest),
            |line| line.totals.rtt_us.map(|(_, high)| high.into()),
        ),
        traffic_column!(RemoteColumn, retransmitted),
        traffic_column!(RemoteColumn, opened),
        traffic_column!(RemoteColumn, closed),
        RemoteColumn::text(
            ("processes", "PROCESSES", 24),
            "Processes connected to it, up to four.",
            processes,
            |line, _| {
                let row = *line.totals.processes.rows().first()?;
                let process = line.moment.sample.processes.get(row as usize)?;
                text_key(&process.process.comm)
            },
        ),
        RemoteColumn::text(
            ("note", "NOTE", 4),
            note::ABOUT,
            |line, out| note::write(line.note, out),
            |line, _| note::key(line.note),
        ),
    ]
});
