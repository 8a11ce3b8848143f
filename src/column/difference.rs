//! Columns of the differences between two instants, by socket and by process.

use std::fmt::Write;
use std::sync::LazyLock;

use super::format::Format;
use super::sort_key::text_key;
use super::{Column, Kind, SocketColumn, SocketRow, SortKey, Total, format};
use crate::aggregate::{DifferenceKind, ProcessDifference, SocketDifference};
use crate::filter::Unit;

/// Tables of changed sockets.
#[derive(Debug)]
pub struct SocketDifferences;

impl Kind for SocketDifferences {
    type Row<'a> = SocketChange<'a>;
}

/// A socket that differs between two Samples.
#[derive(Debug, Clone, Copy)]
pub struct SocketChange<'a> {
    /// The difference.
    pub difference: &'a SocketDifference,
    /// The socket in the earlier Sample; `None` if it was not in it.
    pub before: Option<SocketRow<'a>>,
    /// The socket in the later Sample; `None` if it is not in it.
    pub after: Option<SocketRow<'a>>,
}

impl<'a> SocketChange<'a> {
    /// Returns the socket as last seen.
    pub fn socket(&self) -> Option<&SocketRow<'a>> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Returns the growth of a number; `None` unless both values are known.
    fn growth(&self, of: impl Fn(&SocketRow<'a>) -> Option<u32>) -> Option<f64> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        Some(f64::from(of(after)?) - f64::from(of(before)?))
    }
}

type SocketChangeColumn = Column<SocketDifferences>;

/// Appends a signed number of bytes: `+1.23 MB`, `-300 B`, `0 B`.
fn signed_bytes(out: &mut String, value: f64) {
    sign(out, value);
    format::bytes(out, value.abs());
}

/// Appends a signed number: `+12`, `-3`, `0`.
fn signed(out: &mut String, value: f64) {
    sign(out, value);
    format::grouped_count(out, value.abs());
}

fn sign(out: &mut String, value: f64) {
    if value > 0.0 {
        out.push('+');
    } else if value < 0.0 {
        out.push('-');
    }
}

const BYTES: (Format, Total) = (Format::new(signed_bytes, Unit::Bytes), Total::Sum);
const GROWTH: (Format, Total) = (Format::new(signed, Unit::Count), Total::Sum);
const COUNT: (Format, Total) = (format::GROUPED_COUNT, Total::Sum);

/// Appends a cell of a column of sockets.
fn cell(id: &str, line: &SocketChange<'_>, out: &mut String) -> Option<()> {
    let column = SocketColumn::by_id(id)?;
    column.write_known(line.socket()?, out).then_some(())
}

fn key<'a>(id: &str, line: &SocketChange<'a>) -> Option<SortKey<'a>> {
    let socket = line.after.as_ref().or(line.before.as_ref())?;
    Some(SocketColumn::by_id(id)?.sort_key(socket))
}

/// Makes a column of sockets.
macro_rules! of_socket {
    ($id:literal, $heading:literal, $width:literal, $about:literal) => {
        SocketChangeColumn::text(
            ($id, $heading, $width),
            $about,
            |line, out| cell($id, line, out),
            |line, _| key($id, line),
        )
    };
}

/// Appends the change of state, `ESTAB → CLOSE-WAIT`, or the only state.
fn states(line: &SocketChange<'_>, out: &mut String) -> Option<()> {
    let name = |row: &SocketRow<'_>| row.socket.socket.state.short_name();
    match (&line.before, &line.after) {
        (Some(before), Some(after)) if name(before) != name(after) => {
            write!(out, "{} → {}", name(before), name(after)).ok()
        }
        _ => {
            out.push_str(name(line.socket()?));
            Some(())
        }
    }
}

/// Appends the owner, `nginx/2211`, or both owners, `nginx/2211 → php/2300`.
fn owners(line: &SocketChange<'_>, out: &mut String) -> Option<()> {
    let owner = |row: &SocketRow<'_>| row.socket.owner().map(|owner| owner.process.key);
    let column = SocketColumn::by_id("process")?;
    if let (Some(before), Some(after)) = (&line.before, &line.after)
        && owner(before) != owner(after)
    {
        column.write(before, out);
        out.push_str(" → ");
        column.write(after, out);
        return Some(());
    }
    cell("process", line, out)
}

/// Every column of changed sockets, the most wanted first.
pub static SOCKET_DIFFERENCE_COLUMNS: LazyLock<Vec<SocketChangeColumn>> = LazyLock::new(|| {
    vec![
        SocketChangeColumn::text(
            ("fate", "CHANGE", 8),
            "Kind of change: appeared, gone, changed.",
            |line, out| {
                out.push_str(line.difference.kind.name());
                Some(())
            },
            |line, _| {
                Some(SortKey::Number(match line.difference.kind {
                    DifferenceKind::Appeared => 0.0,
                    DifferenceKind::Gone => 1.0,
                    DifferenceKind::Changed => 2.0,
                }))
            },
        ),
        of_socket!(
            "netid",
            "NETID",
            5,
            "Family and protocol, as ss names them."
        ),
        SocketChangeColumn::text(
            ("states", "STATE", 22),
            "State, or the states before and after.",
            states,
            |line, _| text_key(line.socket()?.socket.socket.state.short_name()),
        ),
        of_socket!("local", "LOCAL", 21, "Local address and port."),
        of_socket!("remote", "REMOTE", 21, "Remote address and port."),
        SocketChangeColumn::text(
            ("process", "PROCESS", 16),
            "Owner, or the owners before and after.",
            owners,
            |line, _| key("process", line),
        ),
        SocketChangeColumn::figure(
            ("received", "↓", 9),
            "Bytes received between the instants; the total of a socket that appeared.",
            BYTES,
            |line| line.difference.received.map(|bytes| bytes as f64),
        ),
        SocketChangeColumn::figure(
            ("sent", "↑", 9),
            "Bytes sent and acknowledged between the instants; the total of a socket that appeared.",
            BYTES,
            |line| line.difference.sent.map(|bytes| bytes as f64),
        ),
        SocketChangeColumn::figure(
            ("recv_queue", "RECV-Q", 9),
            "Growth of unread bytes; on listeners, of waiting connections.",
            GROWTH,
            |line| line.growth(|row| Some(row.socket.socket.recv_queue)),
        ),
        SocketChangeColumn::figure(
            ("send_queue", "SEND-Q", 9),
            "Growth of unacknowledged bytes; on listeners, of the backlog.",
            GROWTH,
            |line| line.growth(|row| Some(row.socket.socket.send_queue)),
        ),
        of_socket!("user", "USER", 8, "User."),
        of_socket!(
            "workload",
            "WORKLOAD",
            24,
            "Container with its pod, systemd unit, or name of the control group."
        ),
        of_socket!("cgroup", "CGROUP", 24, "Control group."),
    ]
});

/// Tables of processes with changed sockets.
#[derive(Debug)]
pub struct ProcessDifferences;

impl Kind for ProcessDifferences {
    type Row<'a> = &'a ProcessDifference;
}

type ProcessChangeColumn = Column<ProcessDifferences>;

/// Every column of processes with changed sockets, the most wanted first.
pub static PROCESS_DIFFERENCE_COLUMNS: LazyLock<Vec<ProcessChangeColumn>> = LazyLock::new(|| {
    vec![
        ProcessChangeColumn::figure(
            ("pid", "PID", 7),
            "Process id.",
            (format::INTEGER, Total::None),
            |line| Some(line.process.key.pid.into()),
        ),
        ProcessChangeColumn::text(
            ("process", "PROCESS", 15),
            "Name. Kernel: /proc/PID/comm.",
            |line, out| {
                format::sanitize(out, line.process.comm.as_bytes());
                Some(())
            },
            |line, _| text_key(&line.process.comm),
        ),
        ProcessChangeColumn::figure(
            ("growth", "CHANGE", 8),
            "Change in the number of sockets.",
            GROWTH,
            |line| Some(f64::from(line.after) - f64::from(line.before)),
        ),
        ProcessChangeColumn::figure(
            ("before", "BEFORE", 7),
            "Sockets at the first instant.",
            COUNT,
            |line| Some(line.before.into()),
        ),
        ProcessChangeColumn::figure(
            ("after", "AFTER", 7),
            "Sockets at the second instant.",
            COUNT,
            |line| Some(line.after.into()),
        ),
        ProcessChangeColumn::figure(
            ("appeared", "APPEARED", 8),
            "Sockets that appeared.",
            COUNT,
            |line| Some(line.appeared.into()),
        ),
        ProcessChangeColumn::figure(
            ("gone", "GONE", 7),
            "Sockets that are gone.",
            COUNT,
            |line| Some(line.gone.into()),
        ),
        ProcessChangeColumn::figure(
            ("received", "↓", 9),
            "Bytes received between the instants, without sockets that are gone.",
            BYTES,
            |line| Some(line.received as f64),
        ),
        ProcessChangeColumn::figure(
            ("sent", "↑", 9),
            "Bytes sent between the instants, without sockets that are gone.",
            BYTES,
            |line| Some(line.sent as f64),
        ),
    ]
});
