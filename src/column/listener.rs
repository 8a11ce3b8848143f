//! Columns of a listening socket.

use std::sync::LazyLock;

use super::socket::{ends, owner_cell};
use super::sparkline::{MINUTE_WIDTH, minute_sparkline};
use super::{Column, Kind, Note, SocketColumn, SocketRow, SortKey, Total, format, gauge, note};
use crate::aggregate::{ListenerTotals, Moment};

/// Tables of listening sockets.
#[derive(Debug)]
pub struct Listeners;

type ListenerColumn = Column<Listeners>;

impl Kind for Listeners {
    type Row<'a> = ListenerLine<'a>;
}

/// A listening socket with its queue and the connections that it accepted.
#[derive(Debug, Clone, Copy)]
pub struct ListenerLine<'a> {
    /// The socket.
    pub socket: SocketRow<'a>,
    /// Totals of the listener.
    pub totals: &'a ListenerTotals,
    /// Most severe finding about it, if findings are known.
    pub note: Option<Note>,
}

impl<'a> ListenerLine<'a> {
    /// Returns the listener with the totals at index `at` of a moment.
    pub fn of(moment: &'a Moment, at: usize) -> Option<ListenerLine<'a>> {
        ListenerLine::with(moment, moment.aggregate.listeners.get(at)?)
    }

    /// Returns the listener with the totals at index `at` of all listeners, unfiltered.
    pub fn of_unfiltered(moment: &'a Moment, at: usize) -> Option<ListenerLine<'a>> {
        ListenerLine::with(moment, moment.unfiltered().listeners.get(at)?)
    }

    fn with(moment: &'a Moment, totals: &'a ListenerTotals) -> Option<ListenerLine<'a>> {
        Some(ListenerLine {
            socket: SocketRow::of(moment, totals.row as usize)?,
            totals,
            note: None,
        })
    }
}

/// Cells of a gauge.
const GAUGE: usize = 8;

/// Appends the text of a column of sockets.
fn cell(id: &str, line: &ListenerLine<'_>, out: &mut String) -> Option<()> {
    SocketColumn::by_id(id)?
        .write_known(&line.socket, out)
        .then_some(())
}

/// Returns the sort key of a column of sockets.
fn key<'a>(id: &str, line: &ListenerLine<'a>) -> Option<SortKey<'a>> {
    Some(SocketColumn::by_id(id)?.sort_key(&line.socket))
}

/// Returns the id, heading, width and description of a column of sockets.
fn heading(id: &'static str) -> ((&'static str, &'static str, u16), &'static str) {
    SocketColumn::by_id(id).map_or(((id, "", 0), ""), |column| {
        ((id, column.heading, column.width), column.about)
    })
}

/// Makes a column of sockets by its id, with its own description where the meaning differs for listeners.
macro_rules! of_socket {
    ($id:literal) => {
        of_socket!($id, heading($id).1)
    };
    ($id:literal, $about:expr) => {
        ListenerColumn::text(
            heading($id).0,
            $about,
            |line, out| cell($id, line, out),
            |line, _| key($id, line),
        )
    };
}

/// Every column, the most wanted first.
pub static LISTENER_COLUMNS: LazyLock<Vec<ListenerColumn>> = LazyLock::new(|| {
    vec![
        of_socket!("netid"),
        ListenerColumn::text(
            ("local", "LISTENS ON", 20),
            "Address and port, or a unix socket's path.",
            |line, out| ends::local(&line.socket, out),
            |line, _| ends::local_key(&line.socket),
        ),
        ListenerColumn::text(
            ("process", "PROCESS", 18),
            "Owner, with its pid.",
            |line, out| owner_cell::process(&line.socket, out),
            |line, _| owner_cell::process_key(&line.socket),
        ),
        ListenerColumn::figure(
            ("accept_queue", "QUEUE", 6),
            "Connections that wait for accept(). Kernel: idiag_rqueue.",
            (format::GROUPED_COUNT, Total::Sum),
            |line| Some(line.totals.accept_queue.into()),
        ),
        ListenerColumn::figure(
            ("backlog", "LIMIT", 6),
            "Limit of the accept queue: the backlog of listen(), capped by net.core.somaxconn. It can hold one more. Kernel: idiag_wqueue.",
            (format::GROUPED_COUNT, Total::None),
            |line| Some(line.totals.backlog.into()),
        ),
        ListenerColumn::figure(
            ("fill", "FILL%", 7),
            "Fill of the accept queue: 100 % at one connection more than its limit, when the next one is dropped.",
            (format::SHARE, Total::Highest),
            |line| Some(line.totals.queue().fill()),
        ),
        ListenerColumn::text(
            ("gauge", "ACCEPT Q", GAUGE as u16),
            "Fill of the accept queue, as a gauge.",
            |line, out| {
                gauge(out, line.totals.queue().fill(), GAUGE);
                Some(())
            },
            |line, _| Some(SortKey::Number(line.totals.queue().fill())),
        ),
        ListenerColumn::text(
            ("minute", "LAST 60", MINUTE_WIDTH as u16),
            "Accept queue over the last 60 samples, scaled to the highest. Sorts by the sum.",
            |line, out| {
                minute_sparkline(out, &line.totals.recent, MINUTE_WIDTH);
                Some(())
            },
            |line, _| {
                let known = line.totals.recent.values().flatten();
                known.reduce(|a, b| a + b).map(SortKey::Number)
            },
        ),
        ListenerColumn::figure(
            ("syn_recv", "SYN-RECV", 8),
            "Half-open connections. Sockets that listen on the same address show the same number.",
            (format::GROUPED_COUNT, Total::Sum),
            |line| line.totals.syn_recv.map(f64::from),
        ),
        ListenerColumn::figure(
            ("established", "ESTAB", 7),
            "Established connections, including those that wait for accept(). Of sockets on the same address, each has those of its own process and queue.",
            (format::GROUPED_COUNT, Total::Sum),
            |line| line.totals.established.map(f64::from),
        ),
        ListenerColumn::figure(
            ("accepted", "ACCEPT/s", 8),
            "Accepted connections per second. Sockets that listen on the same address show their common rate.",
            (format::PER_SECOND, Total::Sum),
            |line| line.totals.accepted_per_s,
        ),
        ListenerColumn::figure(
            ("drops", "DROPS", 7),
            "Connections dropped since it began to listen. Kernel: SK_MEMINFO_DROPS.",
            (format::GROUPED_COUNT, Total::Sum),
            |line| line.totals.drops.map(f64::from),
        ),
        ListenerColumn::figure(
            ("drops_rate", "DROPS/s", 8),
            "Connections dropped per second.",
            (format::PER_SECOND, Total::Sum),
            |line| line.totals.drops_per_s,
        ),
        ListenerColumn::figure(
            ("sharing", "SHARED", 6),
            "Number of sockets that listen on the same address and port (SO_REUSEPORT), including this one.",
            (format::GROUPED_COUNT, Total::None),
            |line| Some(line.totals.sharing.into()),
        ),
        of_socket!("user"),
        of_socket!("interface"),
        of_socket!(
            "congestion",
            "Initial congestion control of connections. Kernel: INET_DIAG_CONG."
        ),
        of_socket!("netns_name"),
        of_socket!("workload"),
        of_socket!("container"),
        of_socket!("image"),
        of_socket!("pod"),
        of_socket!("namespace"),
        of_socket!("unit"),
        of_socket!("runtime"),
        of_socket!("cgroup"),
        of_socket!("cookie").right_aligned(),
        ListenerColumn::text(
            ("note", "NOTE", 4),
            note::ABOUT,
            |line, out| note::write(line.note, out),
            |line, _| note::key(line.note),
        ),
    ]
});
