//! What tables list: sockets and processes. Cells come from [`column`](crate::column); here is which of them a screen
//! shows first.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::table::{Heading, List};
use super::text;
use super::theme::{Tone, state_tone};
use crate::aggregate::Moment;
use crate::column::format::MISSING;
use crate::column::{Align, PROCESS_COLUMNS, ProcessLine, SOCKET_COLUMNS, SocketRow, SortKey};
use crate::model::{ProcessKey, SocketKey};

/// The column by which lists are ordered until somebody asks for another: both directions' rate.
pub const DEFAULT_SORT: &str = "rate";

/// Sockets.
#[derive(Debug)]
pub struct Sockets;

/// Which sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketScope {
    /// All of them.
    All,
    /// Those that one process owns.
    OwnedBy(ProcessKey),
}

/// Processes.
#[derive(Debug)]
pub struct Processes;

/// Room and importance of a column: least width, most width, priority.
type Fit = (&'static str, u16, u16, u8);

/// What a narrow screen cannot do without comes first; numbers have one width, texts a range.
const SOCKET_FIT: [Fit; 25] = [
    ("state", 10, 10, 0),
    ("local", 15, 47, 0),
    ("remote", 15, 47, 0),
    ("process", 13, 32, 0),
    ("rate", 9, 9, 1),
    ("netid", 5, 5, 2),
    ("recv_queue", 7, 7, 4),
    ("send_queue", 7, 7, 4),
    ("received_rate", 9, 9, 3),
    ("sent_rate", 9, 9, 3),
    ("rtt", 8, 8, 5),
    ("user", 8, 12, 6),
    ("limit", 6, 6, 7),
    ("retransmitted", 7, 7, 8),
    ("timer", 16, 16, 9),
    ("bytes_received", 8, 8, 10),
    ("bytes_acked", 8, 8, 10),
    ("cwnd", 6, 6, 11),
    ("congestion", 6, 6, 12),
    ("drops", 6, 6, 13),
    ("pid", 7, 7, 20),
    ("interface", 8, 15, 17),
    ("cgroup", 16, 60, 16),
    ("inode", 10, 10, 18),
    ("cookie", 12, 16, 19),
];

const PROCESS_FIT: [Fit; 21] = [
    ("pid", 7, 7, 0),
    ("process", 12, 24, 0),
    ("sockets", 6, 7, 0),
    ("rate", 9, 9, 6),
    ("received_rate", 9, 9, 1),
    ("sent_rate", 9, 9, 1),
    ("established", 6, 7, 2),
    ("time_wait", 7, 7, 2),
    ("close_wait", 7, 7, 3),
    ("user", 8, 12, 4),
    ("minute", 10, 10, 5),
    ("listen", 6, 6, 7),
    ("udp", 5, 5, 12),
    ("unix", 6, 6, 12),
    ("retransmitted", 6, 6, 8),
    ("opened", 8, 8, 9),
    ("closed", 8, 8, 9),
    ("time_wait_rate", 8, 8, 10),
    ("descriptors", 6, 6, 13),
    ("command", 24, 80, 14),
    ("cgroup", 24, 50, 15),
];

/// A column that has no entry of its own: shown last, at its own width.
const UNKNOWN_PRIORITY: u8 = 30;

fn heading(
    fits: &[Fit],
    id: &'static str,
    heading: &'static str,
    about: &'static str,
    align: Align,
    width: u16,
) -> Heading {
    let fit = fits.iter().find(|fit| fit.0 == id);
    let &(_, least, most, priority) = fit.unwrap_or(&(id, width, width, UNKNOWN_PRIORITY));
    Heading {
        id,
        heading,
        about,
        align,
        width,
        least,
        most,
        priority,
    }
}

static SOCKET_HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| {
    SOCKET_COLUMNS
        .iter()
        .map(|c| heading(&SOCKET_FIT, c.id, c.heading, c.about, c.align, c.width))
        .collect()
});

static PROCESS_HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| {
    PROCESS_COLUMNS
        .iter()
        .map(|c| heading(&PROCESS_FIT, c.id, c.heading, c.about, c.align, c.width))
        .collect()
});

impl List for Sockets {
    type Key = SocketKey;
    type Row<'m> = SocketRow<'m>;
    type Scope = SocketScope;

    fn headings() -> &'static [Heading] {
        &SOCKET_HEADINGS
    }

    fn rows(moment: &Moment, scope: SocketScope, out: &mut Vec<u32>) {
        let sample = &moment.sample;
        match scope {
            SocketScope::All => out.extend(0..sample.sockets.rows.len() as u32),
            SocketScope::OwnedBy(key) => {
                let Some(process) = process_index(moment, key) else {
                    return;
                };
                out.extend((0..).zip(sample.iter()).filter_map(|(number, socket)| {
                    let holds = socket
                        .holders()
                        .iter()
                        .any(|holder| holder.process == process);
                    holds.then_some(number)
                }));
            }
        }
    }

    fn row(moment: &Moment, number: u32) -> Option<SocketRow<'_>> {
        Some(SocketRow {
            socket: moment.sample.socket(number as usize)?,
            rates: moment.aggregate.sockets.get(number as usize),
        })
    }

    fn key(row: &SocketRow<'_>) -> SocketKey {
        row.socket.socket.key()
    }

    fn tie(row: &SocketRow<'_>) -> u64 {
        row.socket.socket.cookie
    }

    fn write(column: usize, row: &SocketRow<'_>, out: &mut String) {
        SOCKET_COLUMNS[column].write(row, out);
    }

    fn sort_key<'m>(column: usize, row: &Self::Row<'m>) -> SortKey<'m> {
        SOCKET_COLUMNS[column].sort_key(row)
    }

    fn cut<'t>(column: usize, row: &SocketRow<'_>, text: &'t str, columns: usize) -> Cow<'t, str> {
        match SOCKET_COLUMNS[column].id {
            "process" => cut_owner(row, text, columns),
            _ => text::cut_middle(text, columns),
        }
    }

    fn tone(column: usize, row: &SocketRow<'_>, text: &str) -> Tone {
        match SOCKET_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "state" => state_tone(row.socket.socket.state),
            "process" if row.socket.socket.attribution.unowned().is_some() => Tone::Muted,
            "limit" if text == "loss" => Tone::Warning,
            "drops" if text != "0" => Tone::Warning,
            "recv_queue" => {
                let socket = row.socket.socket;
                match (socket.accept_queue(), socket.backlog()) {
                    (Some(queue), Some(backlog)) => queue_tone(queue, backlog),
                    _ => Tone::Plain,
                }
            }
            _ => Tone::Plain,
        }
    }
}

impl List for Processes {
    type Key = ProcessKey;
    type Row<'m> = ProcessLine<'m>;
    type Scope = ();

    fn headings() -> &'static [Heading] {
        &PROCESS_HEADINGS
    }

    fn rows(moment: &Moment, (): (), out: &mut Vec<u32>) {
        out.extend(0..moment.aggregate.processes.len() as u32);
    }

    fn row(moment: &Moment, number: u32) -> Option<ProcessLine<'_>> {
        let totals = moment.aggregate.processes.get(number as usize)?;
        let process = moment.sample.processes.get(totals.process as usize)?;
        Some(ProcessLine { process, totals })
    }

    fn key(row: &ProcessLine<'_>) -> ProcessKey {
        row.process.process.key
    }

    fn tie(row: &ProcessLine<'_>) -> u64 {
        row.process.process.key.pid.into()
    }

    fn write(column: usize, row: &ProcessLine<'_>, out: &mut String) {
        PROCESS_COLUMNS[column].write(row, out);
    }

    fn sort_key<'m>(column: usize, row: &Self::Row<'m>) -> SortKey<'m> {
        PROCESS_COLUMNS[column].sort_key(row)
    }

    fn tone(column: usize, row: &ProcessLine<'_>, text: &str) -> Tone {
        match PROCESS_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "process" => Tone::Strong,
            "close_wait" if text != "0" => Tone::Warning,
            "retransmitted" => retransmitted_tone(row.totals.throughput.retransmitted_share()),
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}

/// The least of a process's name that is worth its columns.
const NAME: usize = 3;

/// A socket's owner in so many columns: the pid stays whole, a reason has a shorter name.
pub fn cut_owner<'t>(row: &SocketRow<'_>, text: &'t str, columns: usize) -> Cow<'t, str> {
    if text::width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if let Some(why) = row.socket.socket.attribution.unowned() {
        let short = format!("[{}]", why.short_name());
        return Cow::Owned(text::cut_end(&short, columns).into_owned());
    }
    // A name may have a slash in it; the one before the pid is the last.
    let (name, rest) = text.split_at(text.rfind('/').unwrap_or(text.len()));
    match columns.checked_sub(text::width(rest)) {
        Some(room) if room >= NAME => Cow::Owned(text::cut_end(name, room).into_owned() + rest),
        _ => text::cut_middle(text, columns),
    }
}

/// The process's place in the Sample.
pub fn process_index(moment: &Moment, key: ProcessKey) -> Option<u32> {
    let rows = &moment.sample.processes;
    let place = rows.iter().position(|row| row.process.key == key)?;
    Some(place as u32)
}

/// Share of its limit at which an accept queue is worth a look.
const QUEUE_WARNING: f64 = 0.5;

/// What the fill of an accept queue means. It can hold one more than its limit.
pub fn queue_tone(queue: u32, backlog: u32) -> Tone {
    if queue == 0 {
        Tone::Plain
    } else if queue >= backlog {
        Tone::Critical
    } else if f64::from(queue) >= QUEUE_WARNING * f64::from(backlog) {
        Tone::Warning
    } else {
        Tone::Plain
    }
}

/// Share of the bytes sent from which on retransmissions are worth a look, as for a socket's limit.
const RETRANSMITTED_WARNING: f64 = 0.01;

/// What a share of retransmissions means.
pub fn retransmitted_tone(share: Option<f64>) -> Tone {
    match share {
        None => Tone::Muted,
        Some(share) if share >= RETRANSMITTED_WARNING => Tone::Warning,
        Some(_) => Tone::Plain,
    }
}
