//! One process: who it is, what it may open, whom it serves, its states and rates over the last minute, its sockets.
//!
//! ```text
//! ┌ nginx/2211 ─────────────────────────────────────────────────────────────────┐
//! │ user www   parent nginx/2210   started 20:01:02 (13 min ago)                 │
//! │ command nginx: worker process                                                │
//! │ cgroup /system.slice/nginx.service   namespaces net 4026531840 pid …         │
//! │ descriptors 823 of 1024 ████████·· 80.4 %   sockets 812  files 8  pipes 3    │
//! │ listens on 10.0.0.1:443 (119/128)   0.0.0.0:80 (0/511)                       │
//! │ unix with postgres/1404 ×2                                                   │
//! │ ESTAB    640 ▁▂▃▅  TIME-WAIT    170 ▁▁▂▂  CLOSE-WAIT      0 ▁▁▁▁             │
//! │ ↓ 31.0 MB/s  ▁▂▅▇  ↑ 7.90 MB/s  ▁▂▅▇  retransmitted 0.02 %                   │
//! │ opened 12/s  closed 11/s  TIME-WAIT 10/s  LISTEN 2  UDP 0  …                 │
//! │ charts of both directions where there is room                                │
//! └──────────────────────────────────────────────────────────────────────────────┘
//! ┌ Its sockets ─ sorted by ↓+↑/s ▼ ─────────────────────────────────────────────┐
//! ```

use std::fmt::Write;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use rustc_hash::FxHashMap;

use super::chart;
use super::panel::{self, Piece};
use crate::aggregate::{Moment, ProcessTotals, RECENT_POINTS, Recent};
use crate::column::format::{self, MISSING};
use crate::column::{ListenerLine, ProcessLine, gauge};
use crate::model::{
    DescriptorKind, Ends, Process, ProcessKey, ProcessRow, SocketRef, State as Tcp,
};
use crate::tui::Look;
use crate::tui::lists::{descriptors_tone, process_index, retransmitted_tone};
use crate::tui::page::Page;
use crate::tui::state::{Pane, State};
use crate::tui::text;
use crate::tui::theme::{Tone, state_tone};

/// Lines of the charts, the line of their headings included.
const CHART_LINES: u16 = 7;

/// From which height on there is room for charts.
const ROOM_FOR_CHARTS: u16 = 34;

/// Lines that the table of its sockets keeps, whatever there is to tell above.
const TABLE_LINES: u16 = 6;

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let (moment, interval) = (state.moment.clone(), state.interval);
    let mut hits = std::mem::take(&mut state.hits);
    if let Some(Page::Process(page)) = state.page_mut() {
        let charts = if area.height >= ROOM_FOR_CHARTS {
            CHART_LINES
        } else {
            0
        };
        let present = moment
            .as_deref()
            .and_then(|moment| present(moment, page.key));
        let room = area.width.saturating_sub(4);
        let lines = lines(&page.known, moment.as_deref(), present, &look, room);
        let most = area.height.saturating_sub(TABLE_LINES + 2 + charts);
        let text_lines = (lines.len() as u16).min(most);
        let mut title = String::new();
        format::harmless(&mut title, page.known.comm.as_bytes());
        let _ = write!(title, "/{}", page.key.pid);
        // Where there is no room for text there is none for its frame either.
        let frame_lines = if text_lines > 0 { 2 } else { 0 };
        let [upper, lower] = Layout::vertical([
            Constraint::Length(text_lines + frame_lines + charts),
            Constraint::Min(4),
        ])
        .areas(area);
        let inner = if frame_lines > 0 {
            panel::framed(frame, upper, &look, &title).inner(Margin::new(1, 0))
        } else {
            upper
        };
        let text = Rect {
            height: text_lines.min(inner.height),
            ..inner
        };
        panel::write_lines(frame, text, &look, &lines);
        if let Some((_, totals)) = present.filter(|_| charts > 0) {
            let below = Rect {
                y: inner.y + text_lines,
                height: inner.height.saturating_sub(text_lines),
                ..inner
            };
            render_charts(frame, below, &look, totals, interval);
        }
        let at = (&mut hits, Pane::Main);
        let table = &mut page.sockets;
        let moment = moment.as_deref();
        panel::framed_table(frame, lower, &look, "Its sockets", table, moment, at);
    }
    state.hits = hits;
}

/// Everything that is told above the table, the most important first.
fn lines(
    process: &Process,
    moment: Option<&Moment>,
    present: Option<(&ProcessRow, &ProcessTotals)>,
    look: &Look,
    room: u16,
) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    lines.extend(flow(identity(process, moment, look).into_iter(), room));
    lines.push(named("command ", &process.command_line));
    let (Some(moment), Some((row, totals))) = (moment, present) else {
        lines.push(vec![(
            "holds no sockets any more, or has exited; what is known of it is from before"
                .to_owned(),
            Tone::Warning,
        )]);
        return lines;
    };
    lines.extend(flow(descriptors(row, totals, moment).into_iter(), room));
    let groups = states(totals)
        .into_iter()
        .chain(rates(totals))
        .chain(kinds(totals));
    lines.extend(flow(groups, room));
    let listens = listeners(moment, totals.process);
    if !listens.is_empty() {
        lines.push(listed("listens on ", &listens, room));
    }
    if totals.unix > 0 {
        let peers = unix_peers(moment, totals.process);
        if !peers.is_empty() {
            lines.push(listed("unix with ", &peers, room));
        }
    }
    let cgroup = process.cgroup.as_deref().unwrap_or_default();
    let mut groups = vec![named("cgroup ", cgroup)];
    groups.extend(namespaces(process));
    for group in &mut groups {
        group.push(("   ".to_owned(), Tone::Plain));
    }
    lines.extend(flow(groups.into_iter(), room));
    lines
}

/// A name and a text that others chose.
fn named(name: &str, text: &str) -> Vec<Piece> {
    let mut harmless = String::new();
    format::harmless(&mut harmless, text.as_bytes());
    if harmless.is_empty() {
        harmless.push_str(MISSING);
    }
    vec![(name.to_owned(), Tone::Muted), (harmless, Tone::Plain)]
}

/// As many items as there is room for, and how many more there are.
fn listed(name: &str, items: &[Vec<Piece>], room: u16) -> Vec<Piece> {
    let mut line = vec![(name.to_owned(), Tone::Muted)];
    for (at, item) in items.iter().enumerate() {
        let rest = items.len() - at;
        let more = format!("+{rest} more");
        let spare = if rest > 1 {
            text::width(&more) as u16
        } else {
            0
        };
        if at > 0 && panel::width(&line) + panel::width(item) + spare > room {
            line.push((more, Tone::Muted));
            break;
        }
        line.extend(item.iter().cloned());
    }
    line
}

/// What it listens on, with the accept queues.
fn listeners(moment: &Moment, process: u32) -> Vec<Vec<Piece>> {
    let mut lines: Vec<(f64, Vec<Piece>)> = Vec::new();
    for at in 0..moment.aggregate.listeners.len() {
        let Some(line) = ListenerLine::of(moment, at) else {
            continue;
        };
        let holders = line.socket.socket.holders();
        if !holders.iter().any(|holder| holder.process == process) {
            continue;
        }
        let mut local = String::new();
        if let Some(column) = crate::column::SocketColumn::by_id("local") {
            column.write(&line.socket, &mut local);
        }
        let (queue, backlog) = (line.totals.accept_queue, line.totals.backlog);
        let tone = crate::tui::lists::queue_tone(queue, backlog);
        let pieces = vec![
            (text::cut_middle(&local, 40).into_owned(), Tone::Strong),
            (format!(" {queue}/{backlog}   "), tone),
        ];
        lines.push((line.fill(), pieces));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.into_iter().map(|(_, pieces)| pieces).collect()
}

/// The processes at the other ends of its unix sockets, with how many there are, the most first.
fn unix_peers(moment: &Moment, process: u32) -> Vec<Vec<Piece>> {
    let mut counts: Vec<(ProcessKey, String, u32)> = Vec::new();
    let is_ours = |socket: &SocketRef<'_>| {
        let mut holders = socket.holders().iter();
        matches!(socket.socket.ends, Ends::Unix { .. })
            && holders.any(|holder| holder.process == process)
    };
    let by_inode: FxHashMap<u32, SocketRef<'_>> = moment
        .sample
        .iter()
        .filter(|socket| matches!(socket.socket.ends, Ends::Unix { .. }))
        .map(|socket| (socket.socket.inode, socket))
        .collect();
    for socket in moment.sample.iter().filter(is_ours) {
        let Ends::Unix {
            peer_inode: Some(inode),
            ..
        } = socket.socket.ends
        else {
            continue;
        };
        let peer = by_inode.get(&inode);
        let Some(owner) = peer.and_then(SocketRef::owner) else {
            continue;
        };
        let key = owner.process.key;
        match counts.iter_mut().find(|(known, ..)| *known == key) {
            Some((_, _, count)) => *count += 1,
            None => counts.push((key, owner.process.comm.clone(), 1)),
        }
    }
    counts.sort_by_key(|(key, _, count)| (std::cmp::Reverse(*count), *key));
    let item = |(key, comm, count): &(ProcessKey, String, u32)| {
        let mut name = String::new();
        format::harmless(&mut name, comm.as_bytes());
        vec![
            (format!("{name}/{}", key.pid), Tone::Strong),
            (format!(" ×{count}   "), Tone::Plain),
        ]
    };
    counts.iter().map(item).collect()
}

/// The process at this moment, if it is there.
fn present(moment: &Moment, key: ProcessKey) -> Option<(&ProcessRow, &ProcessTotals)> {
    let at = process_index(moment, key)? as usize;
    Some((
        moment.sample.processes.get(at)?,
        moment.aggregate.processes.get(at)?,
    ))
}

/// Who it is: user, parent, since when.
fn identity(process: &Process, moment: Option<&Moment>, look: &Look) -> Vec<Vec<Piece>> {
    let mut user = String::new();
    match process.user.as_deref() {
        Some(name) => format::harmless(&mut user, name.as_bytes()),
        None => user = process.uid.to_string(),
    }
    let mut parent = String::new();
    let known = moment.and_then(|moment| {
        let mut rows = moment.sample.processes.iter();
        rows.find(|row| row.process.key.pid == process.parent)
    });
    if let Some(known) = known {
        format::harmless(&mut parent, known.process.comm.as_bytes());
        parent.push('/');
    }
    let _ = write!(parent, "{}", process.parent);
    let mut started = MISSING.to_owned();
    if let Some(at) = process.started_at_us {
        started = super::header::time_of_day(look, at);
        if let Some(moment) = moment {
            started.push_str(" (");
            format::short_duration_us(&mut started, (moment.sample.taken_at_us - at) as f64);
            started.push_str(" ago)");
        }
    }
    [("user ", user), ("parent ", parent), ("started ", started)]
        .into_iter()
        .map(|(what, value)| {
            vec![
                (what.to_owned(), Tone::Muted),
                (format!("{value}   "), Tone::Plain),
            ]
        })
        .collect()
}

/// Bars of the gauge of descriptors.
const GAUGE: usize = 10;

/// Its descriptors against their limit, by kind.
fn descriptors(row: &ProcessRow, totals: &ProcessTotals, moment: &Moment) -> Vec<Vec<Piece>> {
    let line = ProcessLine {
        process: row,
        totals,
        taken_at_us: moment.sample.taken_at_us,
    };
    let whole = |count: Option<f64>| format::known(count, format::whole);
    let mut first = vec![
        ("descriptors ".to_owned(), Tone::Muted),
        (whole(row.descriptors.map(f64::from)), Tone::Strong),
    ];
    if let (Some(share), Some(limit)) = (line.descriptors_share(), row.process.descriptor_limit) {
        let mut bars = String::new();
        gauge(&mut bars, share, GAUGE);
        first.push((format!(" of {} ", whole(Some(limit as f64))), Tone::Plain));
        first.push((
            format!("{bars} {}", format::known(Some(share), format::share)),
            descriptors_tone(Some(share)),
        ));
    }
    first.push(("   ".to_owned(), Tone::Plain));
    let mut groups = vec![first];
    if let Some(kinds) = row.kinds {
        for kind in DescriptorKind::ALL {
            groups.push(vec![
                (format!("{} ", kind.name()), Tone::Muted),
                (
                    format!("{}  ", whole(Some(kinds[kind as usize].into()))),
                    Tone::Plain,
                ),
            ]);
        }
    }
    groups
}

/// Its namespaces by their inodes.
fn namespaces(process: &Process) -> Vec<Vec<Piece>> {
    let spaces = process.namespaces;
    let known = [
        ("net", spaces.net),
        ("pid", spaces.pid),
        ("mnt", spaces.mnt),
        ("user", spaces.user),
    ];
    let mut line = vec![("namespaces".to_owned(), Tone::Muted)];
    for (name, inode) in known {
        let inode = inode.map_or_else(|| MISSING.to_owned(), |inode| inode.to_string());
        line.push((format!(" {name} "), Tone::Muted));
        line.push((inode, Tone::Plain));
    }
    vec![line]
}

/// Bars in the lines of text.
const BARS: usize = 6;

fn minute(recent: &Recent, width: usize) -> String {
    let mut out = String::new();
    format::minute(&mut out, recent, width);
    out
}

/// Lays groups out in lines; none is broken.
pub(super) fn flow(groups: impl Iterator<Item = Vec<Piece>>, width: u16) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for group in groups {
        let needed = panel::width(&group);
        if used + needed > width && used > 0 {
            lines.push(Vec::new());
            used = 0;
        }
        used += needed;
        if let Some(line) = lines.last_mut() {
            line.extend(group);
        }
    }
    lines
}

/// How many sockets in which state.
fn states(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    let trend = &totals.trend;
    for (tcp, recent) in [
        (Tcp::Established, &trend.established),
        (Tcp::TimeWait, &trend.time_wait),
        (Tcp::CloseWait, &trend.close_wait),
    ] {
        let count = totals.tcp[tcp as usize];
        let tone = if count == 0 {
            Tone::Muted
        } else {
            state_tone(tcp)
        };
        let mut text = String::new();
        format::count(&mut text, count.into());
        line.push(vec![
            (format!("{} ", tcp.short_name()), tone),
            (format!("{text:>6} "), Tone::Strong),
            (format!("{}  ", minute(recent, BARS)), Tone::Plain),
        ]);
    }
    line
}

/// How many of which other kind.
fn kinds(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    for (name, count) in [
        ("LISTEN", totals.tcp[Tcp::Listen as usize]),
        ("UDP", totals.udp),
        ("UNIX", totals.unix),
    ] {
        let mut text = String::new();
        format::count(&mut text, count.into());
        line.push(vec![
            (format!("{name} "), Tone::Muted),
            (format!("{text:<6} "), Tone::Strong),
        ]);
    }
    line
}

/// How much it moves and how often it connects.
fn rates(totals: &ProcessTotals) -> Vec<Vec<Piece>> {
    let mut line = Vec::new();
    let throughput = &totals.throughput;
    for (arrow, rate, recent) in [
        ("↓", throughput.received, &totals.trend.received),
        ("↑", throughput.sent, &totals.trend.sent),
    ] {
        let text = format::known(rate, format::rate);
        line.push(vec![
            (format!("{arrow} {text:>9} "), Tone::Strong),
            (format!("{}  ", minute(recent, BARS)), Tone::Plain),
        ]);
    }
    let share = throughput.retransmitted_share();
    line.push(vec![
        ("retransmitted ".to_owned(), Tone::Muted),
        (
            format!("{:<7}", format::known(share, format::share)),
            retransmitted_tone(share),
        ),
    ]);
    let changes = totals.changes;
    for (what, rate) in [
        ("opened", changes.map(|changes| changes.opened)),
        ("closed", changes.map(|changes| changes.closed)),
        ("TIME-WAIT", changes.map(|changes| changes.time_wait)),
    ] {
        let text = format::known(rate, format::per_second);
        line.push(vec![
            (format!("{what} "), Tone::Muted),
            (format!("{text:<8} "), Tone::Plain),
        ]);
    }
    line
}

/// Both directions and the established connections, side by side.
fn render_charts(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    totals: &ProcessTotals,
    interval: Duration,
) {
    let mut span = String::new();
    let span_us = interval.as_micros() as f64 * RECENT_POINTS as f64;
    format::short_duration_us(&mut span, span_us);
    let trend = &totals.trend;
    let areas: [Rect; 3] = Layout::horizontal([Constraint::Ratio(1, 3); 3])
        .spacing(2)
        .areas(area);
    for (area, (what, recent, write)) in areas.into_iter().zip([
        (
            "received",
            &trend.received,
            format::rate as fn(&mut String, f64),
        ),
        ("sent", &trend.sent, format::rate),
        ("established", &trend.established, format::whole),
    ]) {
        if area.height < 2 {
            continue;
        }
        // The minute fills the width: a value takes several columns, or a column stands for several values.
        let width = usize::from(area.width);
        let wide = (width / RECENT_POINTS).max(1);
        let narrow = RECENT_POINTS.div_ceil(width).max(1);
        let values: Vec<Option<f64>> = recent.values().collect();
        let values: Vec<Option<f64>> = values
            .rchunks(narrow)
            .rev()
            .flat_map(|values| std::iter::repeat_n(format::highest(values), wide))
            .collect();
        let highest = format::known(format::highest(&values), write);
        let heading = [
            (format!("{what}, {span}  "), Tone::Muted),
            (format!("highest {highest}"), Tone::Plain),
        ];
        panel::write(frame.buffer_mut(), area, look, &heading);
        let below = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        chart::render(frame, below, look, &values, Tone::Plain);
    }
}
