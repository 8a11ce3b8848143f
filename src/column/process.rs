//! The columns of a process.

use std::borrow::Cow;
use std::fmt::Write;

use super::format::{self, MISSING};
use super::{Align, SortKey};
use crate::aggregate::ProcessTotals;
use crate::model::{ProcessRow, State};

/// Bars of the column of the last minute: one for each 6 samples.
const MINUTE_BARS: usize = 10;

/// A process with what it holds and moves: what a table of processes has in a row.
#[derive(Debug, Clone, Copy)]
pub struct ProcessLine<'a> {
    /// The process.
    pub process: &'a ProcessRow,
    /// Its totals.
    pub totals: &'a ProcessTotals,
}

/// A column of a table of processes.
#[derive(Clone, Copy)]
pub struct ProcessColumn {
    /// Its name in options and configuration.
    pub id: &'static str,
    /// Its heading in a table.
    pub heading: &'static str,
    /// What it tells and its unit.
    pub about: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The width at which a table on a screen shows it, in columns of the terminal.
    pub width: u16,
    text: fn(&ProcessLine<'_>, &mut String) -> Option<()>,
    key: for<'a> fn(&ProcessLine<'a>) -> Option<SortKey<'a>>,
}

impl std::fmt::Debug for ProcessColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessColumn")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl ProcessColumn {
    /// Appends the cell's text to `out`: `–` if the value is missing. The text is harmless in a terminal.
    pub fn write(&self, line: &ProcessLine<'_>, out: &mut String) {
        let before = out.len();
        if (self.text)(line, out).is_none() {
            out.truncate(before);
            out.push_str(MISSING);
        }
    }

    /// What rows are ordered by.
    pub fn sort_key<'a>(&self, line: &ProcessLine<'a>) -> SortKey<'a> {
        (self.key)(line).unwrap_or(SortKey::Missing)
    }
}

/// Columns whose cell is a number with a unit, written by a formatter.
macro_rules! figure {
    ($id:literal, $heading:literal, $width:literal, $about:literal, $format:path, $value:expr) => {
        ProcessColumn {
            id: $id,
            heading: $heading,
            about: $about,
            align: Align::Right,
            width: $width,
            text: |line, out| {
                let value: fn(&ProcessLine<'_>) -> Option<f64> = $value;
                $format(out, value(line)?);
                Some(())
            },
            key: |line| {
                let value: fn(&ProcessLine<'_>) -> Option<f64> = $value;
                Some(SortKey::Number(value(line)?))
            },
        }
    };
}

/// Columns whose cell is a count.
macro_rules! count {
    ($id:literal, $heading:literal, $width:literal, $about:literal, $value:expr) => {
        figure!($id, $heading, $width, $about, format::whole, |line| {
            let value: fn(&ProcessLine<'_>) -> Option<u32> = $value;
            value(line).map(f64::from)
        })
    };
}

/// Columns whose cell is text that another process chose.
macro_rules! text {
    ($id:literal, $heading:literal, $width:literal, $about:literal, $value:expr) => {
        ProcessColumn {
            id: $id,
            heading: $heading,
            about: $about,
            align: Align::Left,
            width: $width,
            text: |line, out| {
                let value: for<'a> fn(&ProcessLine<'a>) -> Option<&'a str> = $value;
                format::harmless(out, value(line)?.as_bytes());
                Some(())
            },
            key: |line| {
                let value: for<'a> fn(&ProcessLine<'a>) -> Option<&'a str> = $value;
                Some(SortKey::Text(Cow::Borrowed(value(line)?)))
            },
        }
    };
}

/// Every column, in the order in which a person would ask for them.
pub static PROCESS_COLUMNS: &[ProcessColumn] = &[
    ProcessColumn {
        id: "pid",
        heading: "PID",
        about: "Process id.",
        align: Align::Right,
        width: 7,
        text: |line, out| write!(out, "{}", line.process.process.key.pid).ok(),
        key: |line| Some(SortKey::Number(line.process.process.key.pid.into())),
    },
    text!(
        "process",
        "PROCESS",
        15,
        "The kernel's name for it. Kernel: /proc/PID/comm.",
        |line| Some(&line.process.process.comm)
    ),
    ProcessColumn {
        id: "user",
        heading: "USER",
        about: "Effective user.",
        align: Align::Left,
        width: 8,
        text: |line, out| match line.process.process.user.as_deref() {
            Some(name) => {
                format::harmless(out, name.as_bytes());
                Some(())
            }
            None => write!(out, "{}", line.process.process.uid).ok(),
        },
        key: |line| {
            Some(SortKey::Text(match line.process.process.user.as_deref() {
                Some(name) => Cow::Borrowed(name),
                None => Cow::Owned(line.process.process.uid.to_string()),
            }))
        },
    },
    count!(
        "sockets",
        "SOCKS",
        6,
        "Sockets of all kinds that it owns.",
        |line| Some(line.totals.sockets)
    ),
    count!(
        "established",
        "ESTAB",
        6,
        "Established TCP connections.",
        |line| Some(line.totals.tcp[State::Established as usize])
    ),
    count!(
        "time_wait",
        "TIME-W",
        7,
        "TCP connections in TIME-WAIT that it closed.",
        |line| Some(line.totals.tcp[State::TimeWait as usize])
    ),
    count!(
        "close_wait",
        "CLOSE-W",
        7,
        "TCP connections that the peer has closed and it has not.",
        |line| Some(line.totals.tcp[State::CloseWait as usize])
    ),
    count!(
        "listen",
        "LISTEN",
        6,
        "Listening TCP sockets.",
        |line| Some(line.totals.tcp[State::Listen as usize])
    ),
    count!("udp", "UDP", 5, "UDP sockets.", |line| Some(
        line.totals.udp
    )),
    count!("unix", "UNIX", 6, "Unix sockets.", |line| Some(
        line.totals.unix
    )),
    figure!(
        "received_rate",
        "↓/s",
        9,
        "TCP goodput in, bytes per second.",
        format::rate,
        |line| line.totals.throughput.received
    ),
    figure!(
        "sent_rate",
        "↑/s",
        9,
        "TCP goodput out, bytes per second.",
        format::rate,
        |line| line.totals.throughput.sent
    ),
    figure!(
        "rate",
        "↓+↑/s",
        9,
        "TCP goodput in and out together, bytes per second.",
        format::rate,
        |line| line.totals.throughput.total()
    ),
    ProcessColumn {
        id: "minute",
        heading: "LAST 60",
        about: "Goodput in and out together, the last 60 samples; a blank is not known. Sorts by its sum.",
        align: Align::Left,
        width: MINUTE_BARS as u16,
        text: |line, out| {
            let recent = &line.totals.recent;
            recent.values().flatten().next()?;
            format::minute(out, recent, MINUTE_BARS);
            Some(())
        },
        key: |line| {
            let known = line.totals.recent.values().flatten();
            known.reduce(|a, b| a + b).map(SortKey::Number)
        },
    },
    figure!(
        "retransmitted",
        "RETR%",
        6,
        "Share of the bytes sent that were retransmissions.",
        format::share,
        |line| line.totals.throughput.retransmitted_share()
    ),
    figure!(
        "opened",
        "OPEN/s",
        8,
        "TCP connections opened per second.",
        format::per_second,
        |line| Some(line.totals.changes?.opened)
    ),
    figure!(
        "closed",
        "CLOSE/s",
        8,
        "TCP connections closed per second.",
        format::per_second,
        |line| Some(line.totals.changes?.closed)
    ),
    figure!(
        "time_wait_rate",
        "TW/s",
        8,
        "TCP connections that entered TIME-WAIT per second.",
        format::per_second,
        |line| Some(line.totals.changes?.time_wait)
    ),
    count!(
        "descriptors",
        "FDS",
        6,
        "Descriptors that it has open, of all kinds. Kernel: /proc/PID/fd.",
        |line| line.process.descriptors
    ),
    text!(
        "cgroup",
        "CGROUP",
        24,
        "Its control group. Kernel: /proc/PID/cgroup.",
        |line| line.process.process.cgroup.as_deref()
    ),
    text!(
        "command",
        "COMMAND",
        24,
        "Its arguments. Kernel: /proc/PID/cmdline.",
        |line| Some(line.process.process.command_line.as_str()).filter(|text| !text.is_empty())
    ),
];
