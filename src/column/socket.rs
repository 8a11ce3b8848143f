//! The columns of a socket.

mod ends;

use std::borrow::Cow;
use std::fmt::Write;

use super::format::{self, MISSING};
use super::{Align, SortKey};
use crate::aggregate::SocketRates;
use crate::model::{Attribution, SocketRef, State, TcpInfo};
use ends::{local, local_key, remote, remote_key};

/// A socket with its rates: what a table of sockets has in a row.
#[derive(Debug, Clone, Copy)]
pub struct SocketRow<'a> {
    /// The socket.
    pub socket: SocketRef<'a>,
    /// Its rates; `None` without a Sample before.
    pub rates: Option<&'a SocketRates>,
}

/// A column of a table of sockets.
#[derive(Clone, Copy)]
pub struct SocketColumn {
    /// Its name in options, CSV and JSON.
    pub id: &'static str,
    /// Its heading in a table.
    pub heading: &'static str,
    /// What it tells, its unit and where the kernel has it.
    pub about: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The width at which a table on a screen shows it, in columns of the terminal.
    pub width: u16,
    /// Appends the cell's text; nothing is appended if the value is missing.
    text: fn(&SocketRow<'_>, &mut String) -> Option<()>,
    key: for<'a> fn(&SocketRow<'a>) -> Option<SortKey<'a>>,
}

impl std::fmt::Debug for SocketColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketColumn")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SocketColumn {
    /// The column of that name.
    pub fn by_id(id: &str) -> Option<&'static SocketColumn> {
        SOCKET_COLUMNS.iter().find(|column| column.id == id)
    }

    /// Appends the cell's text to `out`: `–` if the value is missing. The text is harmless in a terminal.
    pub fn write(&self, row: &SocketRow<'_>, out: &mut String) {
        if !self.write_known(row, out) {
            out.push_str(MISSING);
        }
    }

    /// Appends the cell's text to `out` if the value is known; answers whether it is.
    pub fn write_known(&self, row: &SocketRow<'_>, out: &mut String) -> bool {
        let before = out.len();
        if (self.text)(row, out).is_none() {
            out.truncate(before);
            return false;
        }
        true
    }

    /// What rows are ordered by.
    pub fn sort_key<'a>(&self, row: &SocketRow<'a>) -> SortKey<'a> {
        (self.key)(row).unwrap_or(SortKey::Missing)
    }
}

/// The columns of `list` and, while there is room, of the dashboard.
pub const DEFAULT_COLUMNS: [&str; 8] = [
    "netid",
    "state",
    "recv_queue",
    "send_queue",
    "local",
    "remote",
    "process",
    "user",
];

macro_rules! columns {
    ($( $id:literal, $heading:literal, $align:ident, $width:literal, $text:expr, $key:expr, $about:literal; )+) => {
        /// Every column, in the order in which a person would ask for them.
        pub static SOCKET_COLUMNS: &[SocketColumn] = &[
            $( SocketColumn {
                id: $id,
                heading: $heading,
                about: $about,
                align: Align::$align,
                width: $width,
                text: $text,
                key: $key,
            } ),+
        ];
    };
}

/// A column whose cell is a plain number and whose order is that number.
macro_rules! number {
    ($value:expr) => {
        |row, out| {
            let value: fn(&SocketRow<'_>) -> Option<u64> = $value;
            write!(out, "{}", value(row)?).ok()
        }
    };
}

macro_rules! number_key {
    ($value:expr) => {
        |row| {
            let value: fn(&SocketRow<'_>) -> Option<u64> = $value;
            Some(SortKey::Number(value(row)? as f64))
        }
    };
}

/// A column of what TCP knows of a connection, written by a formatter.
macro_rules! info {
    ($field:ident, $format:path) => {
        |row, out| {
            $format(out, connection(row)?.$field()? as f64);
            Some(())
        }
    };
}

macro_rules! info_key {
    ($field:ident) => {
        |row| Some(SortKey::Number(connection(row)?.$field()? as f64))
    };
}

macro_rules! rate {
    ($field:ident) => {
        |row, out| {
            format::rate(out, f64::from(row.rates?.$field?));
            Some(())
        }
    };
}

macro_rules! rate_key {
    ($field:ident) => {
        |row| Some(SortKey::Number(f64::from(row.rates?.$field?)))
    };
}

columns! {
    "netid", "NETID", Left, 5,
        |row, out| { out.push_str(netid(row)); Some(()) },
        |row| Some(SortKey::Text(Cow::Borrowed(netid(row)))),
        "Family and protocol, as ss names them.";
    "state", "STATE", Left, 10,
        |row, out| { out.push_str(row.socket.socket.state.short_name()); Some(()) },
        |row| Some(SortKey::Text(Cow::Borrowed(row.socket.socket.state.short_name()))),
        "State. Kernel: idiag_state.";
    "recv_queue", "RECV-Q", Right, 7,
        number!(|row| Some(row.socket.socket.recv_queue.into())),
        number_key!(|row| Some(row.socket.socket.recv_queue.into())),
        "Unread bytes; on listeners the connections that wait for accept(); on UDP the memory of unread datagrams. Kernel: idiag_rqueue.";
    "send_queue", "SEND-Q", Right, 7,
        number!(|row| Some(row.socket.socket.send_queue.into())),
        number_key!(|row| Some(row.socket.socket.send_queue.into())),
        "Unacknowledged and unsent bytes; on listeners the accept queue's limit. Kernel: idiag_wqueue.";
    "local", "LOCAL", Left, 24,
        |row, out| local(row, out),
        local_key,
        "This end: address and port, or a unix socket's path (abstract names begin with @).";
    "remote", "REMOTE", Left, 24,
        |row, out| remote(row, out),
        remote_key,
        "The other end.";
    "process", "PROCESS", Left, 18,
        |row, out| process(row, out),
        |row| Some(match row.socket.owner() {
            Some(owner) => SortKey::Text(Cow::Borrowed(&owner.process.comm)),
            None => return None,
        }),
        "The process that owns it, with its pid; (was) if it has let go, (inf) if inferred from its listener. In brackets why there is none.";
    "pid", "PID", Right, 7,
        number!(|row| Some(row.socket.owner()?.process.key.pid.into())),
        number_key!(|row| Some(row.socket.owner()?.process.key.pid.into())),
        "Process id of the first owner.";
    "user", "USER", Left, 8,
        |row, out| match row.socket.user_name() {
            Some(name) => { format::harmless(out, name.as_bytes()); Some(()) }
            None => write!(out, "{}", row.socket.socket.uid?).ok(),
        },
        |row| Some(match row.socket.user_name() {
            Some(name) => SortKey::Text(Cow::Borrowed(name)),
            None => SortKey::Text(Cow::Owned(row.socket.socket.uid?.to_string())),
        }),
        "User of the socket. Kernel: idiag_uid.";
    "received_rate", "↓/s", Right, 9, rate!(received), rate_key!(received),
        "Goodput in, bytes per second: what bytes_received grew by.";
    "sent_rate", "↑/s", Right, 9, rate!(sent), rate_key!(sent),
        "Goodput out, bytes per second: what bytes_acked grew by.";
    "rate", "↓+↑/s", Right, 9,
        |row, out| { format::rate(out, f64::from(total_rate(row)?)); Some(()) },
        |row| Some(SortKey::Number(f64::from(total_rate(row)?))),
        "Goodput in and out together, bytes per second.";
    "rtt", "RTT", Right, 8, info!(measured_rtt, format::duration_us), info_key!(measured_rtt),
        "Smoothed round-trip time. Kernel: tcpi_rtt.";
    "limit", "LIMIT", Left, 6,
        |row, out| { out.push_str(row.rates?.limit?.name()); Some(()) },
        |row| Some(SortKey::Text(Cow::Borrowed(row.rates?.limit?.name()))),
        "What holds the sender back: app, rwnd, sndbuf, cwnd or loss.";
    "retransmitted", "RETRANS", Right, 7,
        number!(|row| connection(row)?.total_retrans()),
        number_key!(|row| connection(row)?.total_retrans()),
        "Segments retransmitted in the connection's life. Kernel: tcpi_total_retrans.";
    "bytes_received", "RECEIVED", Right, 8, info!(bytes_received, format::bytes), info_key!(bytes_received),
        "Bytes received. Kernel: tcpi_bytes_received.";
    "bytes_acked", "ACKED", Right, 8, info!(bytes_acked, format::bytes), info_key!(bytes_acked),
        "Bytes acknowledged by the peer. Kernel: tcpi_bytes_acked.";
    "cwnd", "CWND", Right, 6,
        number!(|row| connection(row)?.snd_cwnd()),
        number_key!(|row| connection(row)?.snd_cwnd()),
        "Congestion window, segments. Kernel: tcpi_snd_cwnd.";
    "congestion", "CC", Left, 6,
        |row, out| { format::harmless(out, row.socket.congestion()?.as_bytes()); Some(()) },
        |row| Some(SortKey::Text(Cow::Borrowed(row.socket.congestion()?))),
        "Congestion control algorithm. Kernel: INET_DIAG_CONG.";
    "timer", "TIMER", Left, 16,
        |row, out| {
            let timer = row.socket.socket.timer?;
            out.push_str(timer.kind.ss_name());
            out.push(' ');
            format::duration_us(out, f64::from(timer.expires_ms) * 1000.0);
            if timer.retries > 0 {
                write!(out, " ×{}", timer.retries).ok()?;
            }
            Some(())
        },
        |row| Some(SortKey::Number(f64::from(row.socket.socket.timer?.expires_ms))),
        "Running timer, time until it fires, times it has fired. Kernel: idiag_timer, idiag_expires, idiag_retrans.";
    "drops", "DROPS", Right, 6,
        number!(|row| Some(row.socket.memory()?.drops()?.into())),
        number_key!(|row| Some(row.socket.memory()?.drops()?.into())),
        "Datagrams or connections dropped by this socket. Kernel: SK_MEMINFO_DROPS.";
    "interface", "DEV", Left, 8,
        |row, out| { format::harmless(out, row.socket.interface_name()?.as_bytes()); Some(()) },
        |row| Some(SortKey::Text(Cow::Borrowed(row.socket.interface_name()?))),
        "Bound device. Kernel: idiag_if.";
    "cgroup", "CGROUP", Left, 24,
        |row, out| {
            let id = row.socket.socket.cgroup_id;
            match row.socket.sample.cgroup_path(id) {
                Some(path) => { format::harmless(out, path.as_bytes()); Some(()) }
                None if id != 0 => write!(out, "{id}").ok(),
                None => None,
            }
        },
        |row| row.socket.sample.cgroup_path(row.socket.socket.cgroup_id).map(|path| SortKey::Text(Cow::Borrowed(path))),
        "Control group. Kernel: INET_DIAG_CGROUP_ID.";
    "inode", "INODE", Right, 10,
        number!(|row| Some(u64::from(row.socket.socket.inode)).filter(|&inode| inode != 0)),
        number_key!(|row| Some(u64::from(row.socket.socket.inode)).filter(|&inode| inode != 0)),
        "Inode in sockfs. Kernel: idiag_inode.";
    "cookie", "COOKIE", Right, 12,
        |row, out| write!(out, "{:x}", row.socket.socket.known_cookie()?).ok(),
        |row| Some(SortKey::Number(row.socket.socket.known_cookie()? as f64)),
        "The kernel's socket cookie, hexadecimal as in ss. Kernel: idiag_cookie.";
}

/// Both directions together; `None` if neither was measured.
fn total_rate(row: &SocketRow<'_>) -> Option<f32> {
    let rates = row.rates?;
    match (rates.received, rates.sent) {
        (None, None) => None,
        (received, sent) => Some(received.unwrap_or(0.0) + sent.unwrap_or(0.0)),
    }
}

/// What TCP knows of a connection. A listener is none: the kernel writes zeros, and initial values.
fn connection<'a>(row: &SocketRow<'a>) -> Option<TcpInfo<'a>> {
    match row.socket.socket.state {
        State::Listen => None,
        _ => row.socket.tcp_info(),
    }
}

fn netid(row: &SocketRow<'_>) -> &'static str {
    row.socket.socket.protocol.netid(row.socket.socket.family)
}

/// `nginx/812`, `nginx/812 +3` for several, `nginx/812 (was)`, `nginx/812 (inf)`, `[time-wait]`.
fn process(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    let attribution = row.socket.socket.attribution;
    if let Attribution::Unowned(why) = attribution {
        return write!(out, "[{}]", why.name()).ok();
    }
    let mut owners = row.socket.owners();
    let (first, _) = owners.next()?;
    format::harmless(out, first.process.comm.as_bytes());
    write!(out, "/{}", first.process.key.pid).ok()?;
    let others = owners.count();
    if others > 0 {
        write!(out, " +{others}").ok()?;
    }
    match attribution {
        Attribution::Remembered => out.push_str(" (was)"),
        Attribution::Inferred => out.push_str(" (inf)"),
        Attribution::Observed | Attribution::Unowned(_) => {}
    }
    Some(())
}
