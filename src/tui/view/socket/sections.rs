//! The fields of a socket in sections: queues, history, TCP, options, identity, memory.

use std::fmt::Write;

use super::charts::curves;
use crate::aggregate::Moment;
use crate::column::braille::{self, Shape};
use crate::column::format::MISSING;
use crate::column::sparkline;
use crate::column::{
    LISTENER_COLUMNS, ListenerLine, SocketColumn, SocketRow, TCP_FIELDS, format, gauge,
};
use crate::model::{
    Family, FieldGroup, KernelBytes, KernelField, MemoryInfo, MptcpInfo, SctpInfo, SctpOptions,
    Socket, State as Tcp,
};
use crate::tui::appearance::Appearance;
use crate::tui::page::SocketPage;
use crate::tui::theme::Tone;
use crate::tui::value_tones::queue_tone;

/// A name, a value and its tone.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) tone: Tone,
}

/// A section of fields.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Field>,
}

/// The width of a gauge.
const GAUGE_WIDTH: usize = 6;

/// Width of a sparkline.
const TREND_COLUMNS: usize = 12;

/// All sections with at least one field, the most important first. Curves that the first `charts` charts show are left
/// out.
pub(super) fn all(
    row: &SocketRow<'_>,
    page: &SocketPage,
    (moment, charts): (&Moment, usize),
    appearance: &Appearance,
) -> Vec<Section> {
    let mut sections = vec![queues(row), over_time(page, charts)];
    if row.socket.socket.is_listener() {
        sections.push(clients(row, moment));
    }
    let info = row.socket.tcp_info().or_else(|| page.last_info());
    if let Some(info) = info.filter(|_| !row.socket.socket.is_listener()) {
        for group in FieldGroup::ALL {
            let fields = TCP_FIELDS
                .iter()
                .filter(|field| field.presentation.group == group);
            let lines = fields.map(|field| {
                let mut value = String::new();
                let known = field.write(info, &mut value);
                if !known {
                    value.push_str(MISSING);
                }
                Field {
                    name: field.field.name.to_owned(),
                    tone: field_tone(field.field.name, &value),
                    value,
                }
            });
            sections.push(Section {
                title: group.title(),
                lines: lines.collect(),
            });
        }
    }
    let structure = |title, fields: &'static [KernelField], bytes: KernelBytes<'_>| Section {
        title,
        lines: fields
            .iter()
            .filter_map(|field| Some(plain(field.name, field.read(bytes)?.to_string())))
            .collect(),
    };
    if let Some(info) = row.socket.mptcp_info() {
        sections.push(structure("MPTCP", MptcpInfo::FIELDS, info.bytes()));
    }
    if let Some(info) = row.socket.sctp_info() {
        sections.push(structure("SCTP", SctpInfo::FIELDS, info.bytes()));
    }
    if let Some(options) = row.socket.sctp_options() {
        sections.push(structure("SCTP", SctpOptions::FIELDS, options.bytes()));
    }
    sections.push(congestion(row));
    sections.push(identity(row));
    sections.push(memory(row));
    sections.push(options(row));
    sections.insert(1, history(page, appearance));
    sections.retain(|section| !section.lines.is_empty());
    sections
}

fn plain(name: &str, value: String) -> Field {
    Field {
        name: name.to_owned(),
        value,
        tone: Tone::Plain,
    }
}

/// The tone of a field.
fn field_tone(name: &str, value: &str) -> Tone {
    let troubled = matches!(
        name,
        "retransmits" | "backoff" | "probes" | "lost" | "retrans" | "total_rto"
    );
    match value {
        _ if value == MISSING => Tone::Muted,
        "Recovery" | "Loss" => Tone::Warning,
        "0" | "0 B" | "0 µs" => Tone::Muted,
        _ if troubled => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// A usage with its limit, and a gauge of the share in use.
fn filled(
    name: &str,
    (used, limit, share): (u32, u32, f64),
    write: fn(&mut String, f64),
    tone: Tone,
) -> Field {
    let mut value = String::new();
    write(&mut value, used.into());
    value.push_str(" of ");
    write(&mut value, limit.into());
    value.push(' ');
    gauge(&mut value, share, GAUGE_WIDTH);
    Field {
        name: name.to_owned(),
        value,
        tone,
    }
}

/// The share of a buffer from which its usage is a warning.
const BUFFER_WARNING: f64 = 0.9;

fn buffer(name: &str, used: Option<u32>, limit: Option<u32>) -> Option<Field> {
    let (used, limit) = (used?, limit?);
    let full = f64::from(used) >= BUFFER_WARNING * f64::from(limit.max(1));
    let tone = if full && used > 0 {
        Tone::Warning
    } else {
        Tone::Plain
    };
    let share = f64::from(used) / f64::from(limit.max(1));
    Some(filled(name, (used, limit, share), format::bytes, tone))
}

/// Queues against their limits, drops, the timer.
fn queues(row: &SocketRow<'_>) -> Section {
    let socket = row.socket.socket;
    let mut lines = Vec::new();
    if let Some(queue) = socket.accept_queue() {
        let usage = (queue.waiting, queue.backlog, queue.fill());
        let tone = queue_tone(queue);
        lines.push(filled("accept queue", usage, format::grouped_count, tone));
    } else {
        let figure = match socket.family {
            Family::Tipc => format::grouped_count,
            _ => format::bytes,
        };
        let bytes = |value: u32| format::format_or_missing(Some(value.into()), figure);
        lines.push(plain("unread (Recv-Q)", bytes(socket.recv_queue)));
        lines.push(plain("unacknowledged (Send-Q)", bytes(socket.send_queue)));
    }
    if let Some(memory) = row.socket.memory() {
        lines.extend(buffer(
            "receive buffer",
            memory.rmem_alloc(),
            memory.rcvbuf(),
        ));
        lines.extend(buffer("send buffer", memory.wmem_queued(), memory.sndbuf()));
        if let Some(drops) = memory.drops() {
            let tone = if drops == 0 {
                Tone::Muted
            } else {
                Tone::Warning
            };
            lines.push(Field {
                name: "dropped".to_owned(),
                value: format::format_or_missing(Some(drops.into()), format::grouped_count),
                tone,
            });
        }
    }
    lines.extend(cell(row, "timer", "timer"));
    Section {
        title: "Queues and buffers",
        lines,
    }
}

/// Measures over time, since the page was opened.
fn over_time(page: &SocketPage, charts: usize) -> Section {
    let lines = curves(page).skip(charts).map(|((name, _, write), values)| {
        let highest = sparkline::highest(&values).unwrap_or(0.0);
        let mut value = String::new();
        let values_shown = sparkline::spread(&values, TREND_COLUMNS * braille::VALUES);
        sparkline::sparkline(&mut value, &values_shown, highest, Shape::Rising);
        let now = format::format_or_missing(values.last().copied().flatten(), write);
        let _ = write!(value, " {now:>9}");
        plain(name, value)
    });
    Section {
        title: "Since opened here",
        lines: lines.collect(),
    }
}

/// The connections of a listener and the rate at which they are accepted.
fn clients(row: &SocketRow<'_>, moment: &Moment) -> Section {
    let mut lines = Vec::new();
    let is_it = |at: &usize| {
        let totals = &moment.unfiltered().listeners[*at];
        let socket = moment.sample.sockets.get(totals.row as usize);
        socket.is_some_and(|socket| socket.key() == row.socket.socket.key())
    };
    // The page shows the listener even if the filter hides it.
    let found = (0..moment.unfiltered().listeners.len()).find(is_it);
    if let Some(line) = found.and_then(|at| ListenerLine::of_unfiltered(moment, at)) {
        for column in LISTENER_COLUMNS.iter() {
            let name = match column.id {
                "syn_recv" => "half-open (SYN-RECV)",
                "established" => "established",
                "accepted" => "accept rate",
                "drops_rate" => "drop rate",
                "sharing" => "sockets on this address",
                "minute" => "accept queue, last 60",
                _ => continue,
            };
            let mut value = String::new();
            if column.write_known(&line, &mut value) {
                lines.push(plain(name, value));
            }
        }
    }
    Section {
        title: "Clients",
        lines,
    }
}

/// State changes, the oldest first.
fn history(page: &SocketPage, appearance: &Appearance) -> Section {
    let mut lines = Vec::new();
    if let Some((at, state)) = page.first_seen {
        lines.push(plain(
            &appearance.time_of_day(at),
            format!("opened here, {}", state.short_name()),
        ));
    }
    for change in &page.changes {
        let name = |state: Option<Tcp>| state.map_or("", Tcp::short_name);
        let states = match (change.from, change.to) {
            (Some(from), Some(to)) => format!("{} → {}", from.short_name(), to.short_name()),
            (from, to) => name(from.or(to)).to_owned(),
        };
        let value = match change.kind {
            crate::aggregate::EventKind::State => states,
            kind => format!("{} {states}", kind.name()).trim_end().to_owned(),
        };
        let at = appearance.time_of_day(change.at_us);
        lines.push(plain(&at, value));
    }
    // By time: events from before the page was opened come first.
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    Section {
        title: "Timeline",
        lines,
    }
}

/// A field from a column of the table of sockets, if it is known.
fn cell(row: &SocketRow<'_>, id: &str, name: &str) -> Option<Field> {
    let mut value = String::new();
    let known = SocketColumn::by_id(id)?.write_known(row, &mut value);
    known.then(|| plain(name, value))
}

fn congestion(row: &SocketRow<'_>) -> Section {
    let mut lines: Vec<Field> = cell(row, "congestion", "algorithm").into_iter().collect();
    for (name, value) in row.socket.congestion_fields() {
        let value = value.map_or_else(|| MISSING.to_owned(), |value| value.to_string());
        lines.push(plain(name, value));
    }
    Section {
        title: "Congestion control",
        lines,
    }
}

fn identity(row: &SocketRow<'_>) -> Section {
    let lines = [
        ("cookie", "cookie"),
        ("inode", "inode"),
        ("netns_name", "network namespace"),
        ("netns", "its inode"),
        ("uid", "uid"),
        ("interface", "interface"),
        ("container", "container"),
        ("image", "image"),
        ("runtime", "container runtime"),
        ("pod", "pod"),
        ("namespace", "pod namespace"),
        ("unit", "unit"),
        ("cgroup", "cgroup"),
        ("attribution", "owner source"),
        ("local_addresses", "local addresses"),
        ("remote_addresses", "remote addresses"),
    ];
    Section {
        title: "Identity",
        lines: lines
            .into_iter()
            .filter_map(|(id, name)| cell(row, id, name))
            .collect(),
    }
}

fn memory(row: &SocketRow<'_>) -> Section {
    let fields = MemoryInfo::FIELDS.iter();
    let lines: Vec<Field> = fields
        // The drops are shown with the queues.
        .filter(|field| field.name != "drops")
        .filter_map(|field| cell(row, field.column, field.name))
        .collect();
    Section {
        title: "Memory",
        lines,
    }
}

fn options(row: &SocketRow<'_>) -> Section {
    let scalars = Socket::SCALARS.iter().map(|scalar| scalar.field.id);
    let ids = ["options"].into_iter().chain(scalars).chain(["ulp"]);
    Section {
        title: "Options",
        lines: ids.filter_map(|id| cell(row, id, id)).collect(),
    }
}
