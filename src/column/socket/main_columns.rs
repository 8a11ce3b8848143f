//! The most wanted columns of a socket.

use std::borrow::Cow;
use std::fmt::Write;

use super::ends::{local, local_key, remote, remote_key};
use super::figure::{BYTES, COUNT, NUMBER, RATE, TIME};
use super::owner_cell::{process, process_key};
use super::row::{SocketColumn, SocketRow, connection};
use crate::column::sort_key::text_key;
use crate::column::traffic;
use crate::column::{SortKey, Total, format};
use crate::model::field;

/// Description of `congestion`, which exports share.
pub(crate) const CONGESTION_ABOUT: &str = "Congestion control algorithm. Kernel: INET_DIAG_CONG.";

/// Id of the root of the cgroup-2 hierarchy. Kernel: `kernfs_create_root`.
const ROOT_CGROUP: u64 = 1;

/// Returns the most wanted columns.
pub(super) fn columns() -> Vec<SocketColumn> {
    vec![
        SocketColumn::text(
            ("netid", "NETID", 5),
            "Family and protocol, as ss names them.",
            |row, out| {
                out.push_str(netid(row));
                Some(())
            },
            |row, _| text_key(netid(row)),
        ),
        SocketColumn::text(
            ("state", "STATE", 10),
            field::state.about,
            |row, out| {
                // As ss, which lists associations below their socket.
                if row.socket.socket.is_association() {
                    out.push_str("`- ");
                }
                out.push_str(row.socket.socket.state.short_name());
                Some(())
            },
            |row, _| text_key(row.socket.socket.state.short_name()),
        ),
        SocketColumn::figure(
            ("recv_queue", "RECV-Q", 7),
            field::recv_queue.about,
            COUNT,
            |row| Some(row.socket.socket.recv_queue.into()),
        ),
        SocketColumn::figure(
            ("send_queue", "SEND-Q", 7),
            field::send_queue.about,
            COUNT,
            |row| Some(row.socket.socket.send_queue.into()),
        ),
        SocketColumn::text(
            ("local", "LOCAL", 21),
            "Local address and port, or a unix socket's path (abstract names begin with @).",
            local,
            |row, _| local_key(row),
        ),
        SocketColumn::text(
            ("remote", "REMOTE", 21),
            "Remote address and port.",
            remote,
            |row, _| remote_key(row),
        ),
        SocketColumn::text(
            ("process", "PROCESS", 16),
            "Owner with its pid; (was) for a former owner, (inf) if inferred from the listener, (one of) if several processes share that. Without an owner, the reason in brackets.",
            process,
            |row, _| process_key(row),
        ),
        SocketColumn::text(
            ("name", "NAME", 20),
            "Name of the first owner, with the script, module or jar that an interpreter runs. Kernel: /proc/PID/comm and cmdline.",
            |row, out| {
                let owner = row.socket.owner()?;
                format::sanitize(out, owner.process.program_name().as_bytes());
                Some(())
            },
            |row, _| Some(SortKey::Text(row.socket.owner()?.process.program_name())),
        ),
        SocketColumn::figure(
            ("pid", "PID", 7),
            "Process id of the first owner.",
            NUMBER,
            |row| Some(row.socket.owner()?.process.key.pid.into()),
        ),
        SocketColumn::text(
            ("user", "USER", 8),
            "User of the socket. Kernel: idiag_uid.",
            user,
            |row, _| {
                Some(match row.socket.user_name() {
                    Some(name) => SortKey::Text(Cow::Borrowed(name)),
                    None => SortKey::Text(Cow::Owned(row.socket.socket.uid?.to_string())),
                })
            },
        ),
        SocketColumn::figure(
            ("received_rate", "↓/s", 9),
            "Payload received, bytes per second.",
            RATE,
            |row| row.rates?.received.map(f64::from),
        ),
        SocketColumn::figure(
            ("sent_rate", "↑/s", 9),
            "Payload acknowledged by the peer, bytes per second.",
            RATE,
            |row| row.rates?.sent.map(f64::from),
        ),
        SocketColumn::figure(
            ("rate", "↓+↑/s", 9),
            "Goodput in and out together, bytes per second.",
            RATE,
            |row| total_rate(row).map(f64::from),
        ),
        SocketColumn::figure(
            ("steady_rate", "≈↓+↑/s", 10),
            traffic::STEADY_RATE_ABOUT,
            traffic::STEADY_RATE,
            |row| Some(row.rates?.average?.steady.into()),
        ),
        SocketColumn::figure(
            ("rate_10s", "↓+↑ 10s", 9),
            "Goodput in and out together, average of the last 10 s, bytes per second.",
            RATE,
            |row| Some(row.rates?.average?.ten_seconds.into()),
        ),
        SocketColumn::figure(
            ("rate_60s", "↓+↑ 60s", 9),
            "Goodput in and out together, average of the last minute, bytes per second.",
            RATE,
            |row| Some(row.rates?.average?.minute.into()),
        ),
        SocketColumn::figure(
            ("rtt", "RTT", 8),
            "Smoothed round-trip time. Kernel: tcpi_rtt.",
            TIME,
            |row| connection(row)?.measured_rtt().map(|rtt| rtt as f64),
        ),
        SocketColumn::text(
            ("limit", "LIMIT", 6),
            "What limits the sender: app, rwnd, sndbuf, cwnd or loss.",
            |row, out| {
                out.push_str(row.rates?.limit?.name());
                Some(())
            },
            |row, _| text_key(row.rates?.limit?.name()),
        ),
        SocketColumn::figure(
            ("retransmitted", "RETRANS", 7),
            "Segments retransmitted in total. Kernel: tcpi_total_retrans.",
            COUNT,
            |row| connection(row)?.total_retrans().map(|count| count as f64),
        ),
        SocketColumn::figure(
            ("retransmitted_share", "RETR%", 7),
            "Share of the sent bytes that were retransmissions. Kernel: tcpi_bytes_retrans, tcpi_bytes_sent.",
            (format::SHARE, Total::Highest),
            |row| {
                let info = connection(row)?;
                let (again, all) = (info.bytes_retrans()?, info.bytes_sent()?);
                (all > 0).then(|| again as f64 / all as f64)
            },
        ),
        SocketColumn::figure(
            ("age", "AGE", 8),
            "Time since it was first seen; unknown if it existed at the start.",
            TIME,
            |row| Some(f64::from(row.rates?.age?) * 1e6),
        ),
        SocketColumn::figure(
            ("bytes_received", "RECEIVED", 8),
            "Payload received, without the peer's FIN. Kernel: tcpi_bytes_received.",
            BYTES,
            |row| Some(row.socket.payload()?.received as f64),
        ),
        SocketColumn::figure(
            ("bytes_acked", "ACKED", 8),
            "Payload acknowledged by the peer, without SYN and FIN. Kernel: tcpi_bytes_acked.",
            BYTES,
            |row| Some(row.socket.payload()?.acked as f64),
        ),
        SocketColumn::figure(
            ("cwnd", "CWND", 6),
            "Congestion window, segments. Kernel: tcpi_snd_cwnd.",
            (format::INTEGER, Total::None),
            |row| connection(row)?.snd_cwnd().map(|segments| segments as f64),
        ),
        SocketColumn::text(
            ("congestion", "CC", 6),
            CONGESTION_ABOUT,
            |row, out| {
                format::sanitize(out, row.socket.congestion()?.as_bytes());
                Some(())
            },
            |row, _| text_key(row.socket.congestion()?),
        ),
        SocketColumn::text(
            ("timer", "TIMER", 16),
            field::timer.about,
            |row, out| {
                let timer = row.socket.timer()?;
                out.push_str(timer.kind.ss_name());
                out.push(' ');
                format::duration_us(out, f64::from(timer.expires_ms) * 1000.0);
                if timer.retries > 0 {
                    write!(out, " ×{}", timer.retries).ok()?;
                }
                Some(())
            },
            |row, _| Some(SortKey::Number(row.socket.timer()?.expires_ms.into())),
        ),
        SocketColumn::figure(
            ("drops", "DROPS", 6),
            "Datagrams or connections dropped by this socket. Kernel: SK_MEMINFO_DROPS.",
            COUNT,
            |row| row.socket.memory()?.drops().map(f64::from),
        ),
        SocketColumn::text(
            ("peer", "PEER", 18),
            "Process at the other end of a loopback connection or unix pair.",
            |row, out| process(&row.indexed_peer()?, out),
            |row, _| process_key(&row.indexed_peer()?),
        ),
        SocketColumn::text(
            ("interface", "DEV", 8),
            field::interface.about,
            |row, out| {
                format::sanitize(out, row.socket.device()?.to_string().as_bytes());
                Some(())
            },
            |row, _| Some(SortKey::Text(Cow::Owned(row.socket.device()?.to_string()))),
        ),
        SocketColumn::text(
            ("cgroup", "CGROUP", 24),
            field::cgroup_id.about,
            |row, out| {
                let id = row.socket.socket.cgroup_id;
                match row.socket.sample.cgroup_path(id) {
                    Some(path) => {
                        format::sanitize(out, path.as_bytes());
                        Some(())
                    }
                    // On a host of cgroup 1, every socket is in the root of a hierarchy that has no other groups.
                    None if id > ROOT_CGROUP => write!(out, "{id}").ok(),
                    None => None,
                }
            },
            |row, _| text_key(row.socket.sample.cgroup_path(row.socket.socket.cgroup_id)?),
        ),
    ]
}

fn user(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    match row.socket.user_name() {
        Some(name) => {
            format::sanitize(out, name.as_bytes());
            Some(())
        }
        None => write!(out, "{}", row.socket.socket.uid?).ok(),
    }
}

/// Returns the sum of both directions; `None` if neither was measured.
fn total_rate(row: &SocketRow<'_>) -> Option<f32> {
    let rates = row.rates?;
    match (rates.received, rates.sent) {
        (None, None) => None,
        (received, sent) => Some(received.unwrap_or(0.0) + sent.unwrap_or(0.0)),
    }
}

fn netid(row: &SocketRow<'_>) -> &'static str {
    row.socket.socket.protocol.netid(row.socket.socket.family)
}
