//! Columns of events of sockets.

use std::fmt::Write;
use std::sync::LazyLock;

use super::socket::row::connection;
use super::socket::{ends, owner_cell};
use super::sort_key::text_key;
use super::{Column, Kind, SocketColumn, SocketRow, SortKey, Total, format};
use crate::aggregate::{Event, EventKind, FinalTotals, Lifetime};
use crate::model::{SocketRef, TcpInfo};

/// Tables of events.
#[derive(Debug)]
pub struct Events;

type EventColumn = Column<Events>;

impl Kind for Events {
    type Row<'a> = EventLine<'a>;
}

/// An event with its socket.
#[derive(Debug, Clone, Copy)]
pub struct EventLine<'a> {
    /// Number of the event, counted from the start.
    pub number: u64,
    /// The event.
    pub event: &'a Event,
    /// The socket at the time of the event.
    pub socket: SocketRow<'a>,
    /// Time zone of its time of day.
    pub timezone: &'a jiff::tz::TimeZone,
}

impl<'a> EventLine<'a> {
    /// Makes a line of an event and its socket.
    pub fn new(
        number: u64,
        event: &'a Event,
        socket: SocketRef<'a>,
        timezone: &'a jiff::tz::TimeZone,
    ) -> EventLine<'a> {
        EventLine {
            number,
            event,
            socket: SocketRow::detached(socket),
            timezone,
        }
    }
}

/// Appends the time of day: `20:14:07.123`.
fn time(line: &EventLine<'_>, out: &mut String) -> Option<()> {
    let at = jiff::Timestamp::from_microsecond(line.event.at_us).ok()?;
    let at = at.to_zoned(line.timezone.clone());
    write!(out, "{}", at.strftime("%H:%M:%S%.3f")).ok()
}

/// Appends the change of state, `ESTAB → CLOSE-WAIT`, or the only state.
fn states(line: &EventLine<'_>, out: &mut String) -> Option<()> {
    match (line.event.from, line.event.to) {
        (Some(from), Some(to)) => write!(out, "{} → {}", from.short_name(), to.short_name()).ok(),
        // No Sample has seen the connection; only its TIME-WAIT.
        (None, Some(to)) if line.event.kind == EventKind::Closed => {
            write!(out, "→ {}", to.short_name()).ok()
        }
        (Some(state), None) | (None, Some(state)) => {
            out.push_str(state.short_name());
            Some(())
        }
        (None, None) => None,
    }
}

/// Appends the lifetime: `1.23 s`, `>12 min` if it existed at the start, `<1.00 s` if no sample has seen it.
fn lifetime(line: &EventLine<'_>, out: &mut String) -> Option<()> {
    let lifetime = line.event.lifetime?;
    match lifetime {
        Lifetime::Measured(_) => {}
        Lifetime::AtLeast(_) => out.push('>'),
        Lifetime::Below(_) => out.push('<'),
    }
    format::duration_us(out, lifetime.ns() as f64 / 1e3);
    Some(())
}

/// Returns the figures of a closed connection.
fn in_the_end<'a>(line: &EventLine<'a>, of: impl Fn(TcpInfo<'a>) -> Option<u64>) -> Option<f64> {
    let ended = line.event.kind == EventKind::Closed;
    let info = connection(&line.socket).filter(|_| ended)?;
    of(info).map(|value| value as f64)
}

/// Returns bytes that a closed connection transferred, and whether they are a lower bound.
fn total(line: &EventLine<'_>, of: impl Fn(FinalTotals) -> u64) -> Option<(f64, bool)> {
    let totals = line.event.totals?;
    Some((of(totals) as f64, totals.as_of_us.is_some()))
}

fn cell(id: &str, line: &EventLine<'_>, out: &mut String) -> Option<()> {
    SocketColumn::by_id(id)?
        .write_known(&line.socket, out)
        .then_some(())
}

fn key<'a>(id: &str, line: &EventLine<'a>) -> Option<SortKey<'a>> {
    Some(SocketColumn::by_id(id)?.sort_key(&line.socket))
}

/// A column of the socket's own.
macro_rules! of_socket {
    ($id:literal, $heading:literal, $width:literal, $about:literal) => {
        EventColumn::text(
            ($id, $heading, $width),
            $about,
            |line, out| cell($id, line, out),
            |line, _| key($id, line),
        )
    };
}

/// Every column, the most wanted first.
pub static EVENT_COLUMNS: LazyLock<Vec<EventColumn>> = LazyLock::new(|| {
    vec![
        EventColumn::text(
            ("at", "TIME", 12),
            "Time: of the kernel's event if closed, else of the sample that first shows it.",
            time,
            |line, _| Some(SortKey::Number(line.number as f64)),
        ),
        EventColumn::text(
            ("event", "EVENT", 6),
            "Kind of event: opened, state, closed.",
            |line, out| {
                out.push_str(line.event.kind.name());
                Some(())
            },
            |line, _| text_key(line.event.kind.name()),
        ),
        of_socket!(
            "netid",
            "NETID",
            5,
            "Family and protocol, as ss names them."
        ),
        EventColumn::text(
            ("states", "STATE", 22),
            "State, or the states before and after. A closed connection may leave a TIME-WAIT.",
            states,
            |line, _| text_key(line.event.to.or(line.event.from)?.short_name()),
        ),
        EventColumn::text(
            ("local", "LOCAL", 21),
            "Local address and port.",
            |line, out| ends::local(&line.socket, out),
            |line, _| ends::local_key(&line.socket),
        ),
        EventColumn::text(
            ("remote", "REMOTE", 21),
            "Remote address and port.",
            |line, out| ends::remote(&line.socket, out),
            |line, _| ends::remote_key(&line.socket),
        ),
        EventColumn::text(
            ("process", "PROCESS", 16),
            "Owner at the time.",
            |line, out| owner_cell::process(&line.socket, out),
            |line, _| owner_cell::process_key(&line.socket),
        ),
        EventColumn::text(
            ("lifetime", "LIFETIME", 9),
            "Lifetime: > if it existed at the start, < if no sample has seen it.",
            lifetime,
            |line, _| Some(SortKey::Number(line.event.lifetime?.ns() as f64)),
        )
        .right_aligned(),
        EventColumn::bounded(
            ("bytes_received", "RECEIVED", 8),
            "Payload received in total, without the peer's FIN; ≥ for the last known count of an aborted connection. Kernel: tcpi_bytes_received.",
            (format::BYTES, Total::Sum),
            |line| total(line, |totals| totals.received),
        ),
        EventColumn::bounded(
            ("bytes_acked", "ACKED", 8),
            "Payload acknowledged by the peer in total, without SYN and FIN; ≥ for the last known count of an aborted connection. Kernel: tcpi_bytes_acked.",
            (format::BYTES, Total::Sum),
            |line| total(line, |totals| totals.acked),
        ),
        EventColumn::figure(
            ("retransmitted", "RETRANS", 7),
            "Segments retransmitted in total. Kernel: tcpi_total_retrans.",
            (format::INTEGER, Total::Sum),
            |line| in_the_end(line, TcpInfo::total_retrans),
        ),
        EventColumn::figure(
            ("rtt", "RTT", 8),
            "Smoothed round-trip time at the end. Kernel: tcpi_rtt.",
            (format::TIME, Total::Highest),
            |line| in_the_end(line, |info| info.measured_rtt()),
        ),
        of_socket!("user", "USER", 8, "User of the socket."),
        of_socket!(
            "workload",
            "WORKLOAD",
            24,
            "Container with its pod, systemd unit, or name of the control group."
        ),
        of_socket!("cgroup", "CGROUP", 24, "Control group."),
        of_socket!(
            "cookie",
            "COOKIE",
            12,
            "Socket cookie of the kernel, hexadecimal as in ss."
        )
        .right_aligned(),
    ]
});
