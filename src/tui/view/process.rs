//! One process: who it is, its states and rates over the last minute, its sockets.
//!
//! ```text
//! ┌ nginx/2211 ─────────────────────────────────────────────────────────────────┐
//! │ user www   parent 1   sockets 812   descriptors 823   cgroup /system.slice…  │
//! │ command nginx: worker process                                                │
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

use super::chart;
use super::panel::{self, Piece};
use crate::aggregate::{Moment, ProcessTotals, RECENT_POINTS, Recent};
use crate::column::format::{self, MISSING};
use crate::model::{Process, ProcessRow, State as Tcp};
use crate::tui::Look;
use crate::tui::lists::{process_index, retransmitted_tone};
use crate::tui::state::State;
use crate::tui::theme::{Tone, state_tone};

/// The least lines of text in the upper frame: who it is, then its figures.
const TEXT_LINES: u16 = 5;

/// Lines of the charts, the line of their headings included.
const CHART_LINES: u16 = 7;

/// From which height on there is room for charts.
const ROOM_FOR_CHARTS: u16 = 34;

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let (moment, interval) = (state.moment.clone(), state.interval);
    let Some(page) = state.page_mut() else { return };
    let charts = if area.height >= ROOM_FOR_CHARTS {
        CHART_LINES
    } else {
        0
    };
    let present = moment
        .as_deref()
        .and_then(|moment| present(moment, page.key));
    let mut lines = identity(&page.known, present);
    match present {
        Some((_, totals)) => {
            let groups = states(totals)
                .into_iter()
                .chain(rates(totals))
                .chain(kinds(totals));
            lines.extend(flow(groups, area.width.saturating_sub(4)));
        }
        None => lines.push(vec![(
            "holds no sockets any more, or has exited; what is known of it is from before"
                .to_owned(),
            Tone::Warning,
        )]),
    }
    let text_lines = TEXT_LINES.max(lines.len() as u16);
    let [upper, lower] = Layout::vertical([
        Constraint::Length(text_lines + 2 + charts),
        Constraint::Min(4),
    ])
    .areas(area);
    let mut title = String::new();
    format::harmless(&mut title, page.known.comm.as_bytes());
    let _ = write!(title, "/{}", page.key.pid);
    let inner = panel::framed(frame, upper, &look, &title).inner(Margin::new(1, 0));
    for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
        let place = Rect {
            y,
            height: 1,
            ..inner
        };
        panel::write(frame.buffer_mut(), place, &look, line);
    }
    if let Some((_, totals)) = present.filter(|_| charts > 0) {
        let below = Rect {
            y: inner.y + text_lines,
            height: inner.height.saturating_sub(text_lines),
            ..inner
        };
        render_charts(frame, below, &look, totals, interval);
    }
    let table = &mut page.sockets;
    panel::framed_table(frame, lower, &look, "Its sockets", table, moment.as_deref());
}

/// The process at this moment, if it is there.
fn present(
    moment: &Moment,
    key: crate::model::ProcessKey,
) -> Option<(&ProcessRow, &ProcessTotals)> {
    let at = process_index(moment, key)? as usize;
    Some((
        moment.sample.processes.get(at)?,
        moment.aggregate.processes.get(at)?,
    ))
}

/// Who it is, in two lines.
fn identity(process: &Process, present: Option<(&ProcessRow, &ProcessTotals)>) -> Vec<Vec<Piece>> {
    let mut user = String::new();
    match process.user.as_deref() {
        Some(name) => format::harmless(&mut user, name.as_bytes()),
        None => user = process.uid.to_string(),
    }
    let counted = |count: Option<u32>| format::known(count.map(f64::from), format::whole);
    let sockets = counted(present.map(|(_, totals)| totals.sockets));
    let descriptors = counted(present.and_then(|(row, _)| row.descriptors));
    let mut cgroup = String::new();
    match process.cgroup.as_deref() {
        Some(path) => format::harmless(&mut cgroup, path.as_bytes()),
        None => cgroup.push_str(MISSING),
    }
    let mut command = String::new();
    format::harmless(&mut command, process.command_line.as_bytes());
    if command.is_empty() {
        command.push_str(MISSING);
    }
    let mut first = Vec::new();
    for (what, value) in [
        ("user ", user),
        ("parent ", process.parent.to_string()),
        ("sockets ", sockets),
        ("descriptors ", descriptors),
        ("cgroup ", cgroup),
    ] {
        first.push((what.to_owned(), Tone::Muted));
        first.push((format!("{value}   "), Tone::Plain));
    }
    let second = vec![("command ".to_owned(), Tone::Muted), (command, Tone::Plain)];
    vec![first, second]
}

/// Bars in the lines of text.
const BARS: usize = 6;

fn minute(recent: &Recent, width: usize) -> String {
    let mut out = String::new();
    format::minute(&mut out, recent, width);
    out
}

/// Lays groups out in lines; none is broken.
fn flow(groups: impl Iterator<Item = Vec<Piece>>, width: u16) -> Vec<Vec<Piece>> {
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
