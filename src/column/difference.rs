//! The columns of what differs between two instants: of sockets, and of processes.

use std::fmt::Write;
use std::sync::LazyLock;

use super::format::Format;
use super::sort_key::text_key;
use super::{Column, Kind, SocketColumn, SocketRow, SortKey, Total, format};
use crate::aggregate::{DifferenceKind, ProcessDifference, SocketDifference};
use crate::filter::Unit;

/// Tables of sockets that differ.
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
    /// The socket as it was last there.
    pub fn socket(&self) -> Option<&SocketRow<'a>> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// By how much a number of it has grown; `None` if it is not known on both sides.
    fn growth(&self, of: impl Fn(&SocketRow<'a>) -> Option<u32>) -> Option<f64> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        Some(f64::from(of(after)?) - f64::from(of(before)?))
    }
}

type SocketChangeColumn = Column<SocketDifferences>;

/// `+1.23 MB`, `-300 B`, `0 B`.
fn signed_bytes(out: &mut String, value: f64) {
    sign(out, value);
    format::bytes(out, value.abs());
}

/// `+12`, `-3`, `0`.
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

/// A cell of the socket's own.
fn cell(id: &str, line: &SocketChange<'_>, out: &mut String) -> Option<()> {
    let column = SocketColumn::by_id(id)?;
    column.write_known(line.socket()?, out).then_some(())
}

fn key<'a>(id: &str, line: &SocketChange<'a>) -> Option<SortKey<'a>> {
    let socket = line.after.as_ref().or(line.before.as_ref())?;
    Some(SocketColumn::by_id(id)?.sort_key(socket))
}

/// A column of the socket's own.
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

/// `ESTAB → CLOSE-WAIT`; the state alone if it is the same, or if there is only one.
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

/// `nginx/2211`; `nginx/2211 → php/2300` if it has changed hands.
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

/// Every column of sockets that differ, in the order in which a person would ask for them.
pub static SOCKET_DIFFERENCE_COLUMNS: LazyLock<Vec<SocketChangeColumn>> = LazyLock::new(|| {
    vec![
        SocketChangeColumn::text(
            ("fate", "WHAT", 8),
            "What became of it: appeared, gone, changed.",
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
            "The state; before and after, where it changed.",
            states,
            |line, _| text_key(line.socket()?.socket.socket.state.short_name()),
        ),
        of_socket!("local", "LOCAL", 21, "This end."),
        of_socket!("remote", "REMOTE", 21, "The other end."),
        SocketChangeColumn::text(
            ("process", "PROCESS", 16),
            "The process that owns it; before and after, where it changed.",
            owners,
            |line, _| key("process", line),
        ),
        SocketChangeColumn::figure(
            ("received", "↓", 9),
            "Bytes received between the instants; of one that appeared, in its life.",
            BYTES,
            |line| line.difference.received.map(|bytes| bytes as f64),
        ),
        SocketChangeColumn::figure(
            ("sent", "↑", 9),
            "Bytes sent and acknowledged between the instants; of one that appeared, in its life.",
            BYTES,
            |line| line.difference.sent.map(|bytes| bytes as f64),
        ),
        SocketChangeColumn::figure(
            ("recv_queue", "RECV-Q", 9),
            "By how much the unread bytes have grown; on listeners, the connections that wait.",
            GROWTH,
            |line| line.growth(|row| Some(row.socket.socket.recv_queue)),
        ),
        SocketChangeColumn::figure(
            ("send_queue", "SEND-Q", 9),
            "By how much the bytes not acknowledged have grown; on listeners, the backlog.",
            GROWTH,
            |line| line.growth(|row| Some(row.socket.socket.send_queue)),
        ),
        of_socket!("user", "USER", 8, "Its user."),
        of_socket!("cgroup", "CGROUP", 24, "Its control group."),
    ]
});

/// Tables of processes of whose sockets some differ.
#[derive(Debug)]
pub struct ProcessDifferences;

impl Kind for ProcessDifferences {
    type Row<'a> = &'a ProcessDifference;
}

type ProcessChangeColumn = Column<ProcessDifferences>;

/// Every column of processes that differ, in the order in which a person would ask for them.
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
            "The kernel's name for it. Kernel: /proc/PID/comm.",
            |line, out| {
                format::sanitize(out, line.process.comm.as_bytes());
                Some(())
            },
            |line, _| text_key(&line.process.comm),
        ),
        ProcessChangeColumn::figure(
            ("growth", "CHANGE", 8),
            "By how many sockets it has more, or fewer.",
            GROWTH,
            |line| Some(f64::from(line.after) - f64::from(line.before)),
        ),
        ProcessChangeColumn::figure(
            ("before", "BEFORE", 7),
            "Sockets that it had.",
            COUNT,
            |line| Some(line.before.into()),
        ),
        ProcessChangeColumn::figure(
            ("after", "AFTER", 7),
            "Sockets that it has later.",
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
            "Bytes that its sockets received between the instants, without those that are gone.",
            BYTES,
            |line| Some(line.received as f64),
        ),
        ProcessChangeColumn::figure(
            ("sent", "↑", 9),
            "Bytes that its sockets sent between the instants, without those that are gone.",
            BYTES,
            |line| Some(line.sent as f64),
        ),
    ]
});
