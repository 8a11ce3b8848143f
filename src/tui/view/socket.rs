//! One socket: both ends, what limits it, its queues, and everything the kernel tells of it.
//!
//! ```text
//! ┌ tcp ESTAB 10.0.0.1:443 → 198.51.100.9:50002 ─────────────────────────────────┐
//! │ process    nginx/2211 fd 17   user www                                        │
//! │ other end  not a socket of this machine                                       │
//! │ limited by the receiver's window: the peer does not read fast enough          │
//! │ rtt 250 ms, 20 times its lowest 12.0 ms: it waits in queues on the path       │
//! └───────────────────────────────────────────────────────────────────────────────┘
//! ─ received ──────────  ─ sent ──────────────  ─ rtt ───────  ─ window, in flight ─
//!  charts, where there is room
//! ─ Queues and buffers ────────────  ─ Path ───────────────────  ─ Sending ─────────
//!  unread        0 B of 128 kB ····   rtt              250 ms     snd_cwnd        10
//! ```

mod sections;
mod sentence;

use std::fmt::Write;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use self::sections::Section;
use super::panel::{self, Piece};
use super::{chart, findings};
use crate::aggregate::Moment;
use crate::column::{SocketColumn, SocketRow, format};
use crate::diagnose::{Concern, Findings};
use crate::tui::command::Command;
use crate::tui::concern::socket_concern;
use crate::tui::keymap;
use crate::tui::look::Look;
use crate::tui::page::{Page, Point, Presence, SocketPage};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The least width of a column of sections, and the room between two.
const COLUMN: (u16, u16) = (37, 2);

/// Below this height everything scrolls, what is in the frame elsewhere included.
const LOW: u16 = 13;

/// From which height on there is room for charts, and how many lines they take.
const CHARTS: (u16, u16) = (30, 7);

/// Columns of a title that are kept for a filter, with the corners.
const FILTER: usize = 30;

/// The title with the filter in force: what is counted above is what it leaves.
fn with_filter(title: String, filter: &str, columns: usize) -> String {
    if filter.is_empty() {
        return title;
    }
    let title = text::cut_middle(&title, columns.saturating_sub(FILTER));
    format!("{title} ─ filter: {filter}")
}

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let look = state.look.clone();
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let mut filter = String::new();
    format::harmless(&mut filter, state.filter().text().as_bytes());
    let found = Arc::clone(&state.findings);
    let Some(Page::Socket(page)) = state.page_mut() else {
        return;
    };
    let Some(row) = page.row(&moment) else { return };
    let mut lines = wrong(&found, &row, &moment, area.width.saturating_sub(4));
    lines.extend(head(&row, page, &look, area.width.saturating_sub(4)));
    let title = title(&row);
    if area.height < LOW {
        let sections = sections::all(&row, page, (&moment, 0), &look);
        let text = low_text(title, lines, &sections, area.width);
        let last = text.len().saturating_sub(usize::from(area.height));
        page.line = page.line.min(last);
        panel::write_lines(frame, area, &look, &text[page.line..]);
        tell_below(frame, area, &look, last - page.line);
        return;
    }
    let has_curves = curves(page).next().is_some();
    let charts = if area.height >= CHARTS.0 && has_curves {
        CHARTS.1
    } else {
        0
    };
    let shown = if charts > 0 { chart_room(area) } else { 0 };
    let sections = sections::all(&row, page, (&moment, shown), &look);
    let room = usize::from(area.width.saturating_sub(4));
    let lines: Vec<Vec<Piece>> = lines
        .into_iter()
        .flat_map(|line| wrapped(line, room))
        .collect();
    let [upper, middle, lower] = Layout::vertical([
        Constraint::Length(lines.len() as u16 + 2),
        Constraint::Length(charts),
        Constraint::Min(0),
    ])
    .areas(area);
    let title = with_filter(title, &filter, usize::from(area.width));
    let inner = panel::framed(frame, upper, &look, &title);
    panel::write_lines(frame, inner.inner(Margin::new(1, 0)), &look, &lines);
    if charts > 0 {
        render_charts(frame, middle, &look, page);
    }
    let line = render_sections(frame, lower, &look, &sections, page.line);
    if let Some(Page::Socket(page)) = state.page_mut() {
        page.line = line;
    }
}

/// What is wrong with it, with its process, its listener, its remote host.
fn wrong(found: &Findings, row: &SocketRow<'_>, moment: &Moment, room: u16) -> Vec<Vec<Piece>> {
    if found.now.is_empty() {
        return Vec::new();
    }
    let concern = Concern::Socket(socket_concern(row.socket, moment));
    findings::lines(found, &concern, room)
}

/// Everything below each other, for a screen that has room for a few lines only.
fn low_text(
    title: String,
    head: Vec<Vec<Piece>>,
    sections: &[Section],
    width: u16,
) -> Vec<Vec<Piece>> {
    let room = usize::from(width.saturating_sub(2));
    let indented = |mut line: Vec<Piece>| {
        line.insert(0, (" ".to_owned(), Tone::Plain));
        line
    };
    let mut text = vec![indented(vec![(title, Tone::Strong)])];
    let head = head.into_iter().flat_map(|line| wrapped(line, room));
    text.extend(head.map(indented));
    for section in sections {
        text.push(vec![(format!("─ {} ", section.title), Tone::Strong)]);
        for field in &section.lines {
            let used = text::width(&field.name) + text::width(&field.value);
            let gap = " ".repeat(room.saturating_sub(used).max(1));
            text.push(indented(vec![
                (field.name.clone(), Tone::Muted),
                (gap, Tone::Plain),
                (field.value.clone(), field.tone),
            ]));
        }
    }
    text
}

/// Breaks a line that is a name and a sentence which does not fit.
fn wrapped(mut line: Vec<Piece>, room: usize) -> Vec<Vec<Piece>> {
    if usize::from(panel::width(&line)) <= room || line.len() > 2 {
        return vec![line];
    }
    let Some((last, tone)) = line.pop() else {
        return vec![line];
    };
    let before = usize::from(panel::width(&line));
    let mut parts = text::wrap(&last, room.saturating_sub(before).max(1)).into_iter();
    line.push((parts.next().unwrap_or_default(), tone));
    let mut lines = vec![line];
    let indent = " ".repeat(before.min(room));
    lines.extend(parts.map(|part| vec![(indent.clone(), Tone::Plain), (part, tone)]));
    lines
}

/// `tcp ESTAB 10.0.0.1:443 → 198.51.100.9:50002`.
fn title(row: &SocketRow<'_>) -> String {
    let mut title = String::new();
    for (gap, id) in [("", "netid"), (" ", "state"), (" ", "local")] {
        title.push_str(gap);
        write_cell(row, id, &mut title);
    }
    let before = title.len();
    title.push_str(" → ");
    if !write_cell(row, "remote", &mut title) {
        title.truncate(before);
    }
    title
}

/// Appends a cell of a socket; answers whether there is one.
fn write_cell(row: &SocketRow<'_>, id: &str, out: &mut String) -> bool {
    SocketColumn::by_id(id).is_some_and(|column| column.write_known(row, out))
}

/// Columns of the names in the upper frame.
const NAME: usize = 11;

/// Who is at each end, and what limits it.
fn head(row: &SocketRow<'_>, page: &SocketPage, look: &Look, room: u16) -> Vec<Vec<Piece>> {
    let name = |name: &str| (format!("{name:<NAME$}"), Tone::Muted);
    let mut lines = Vec::new();
    if let Presence::Gone(at) = page.presence {
        let at = look.time_of_day(at);
        lines.push(vec![
            name("closed"),
            (format!("at {at}; "), Tone::Warning),
            ("these are its final figures".to_owned(), Tone::Plain),
        ]);
    }
    if page.presence == Presence::Absent {
        lines.push(vec![
            name("absent"),
            ("it is not there at this time; ".to_owned(), Tone::Warning),
            ("these are its figures of another".to_owned(), Tone::Plain),
        ]);
    }
    lines.push(owner_line(row, name("process"), room));
    lines.push(other_end_line(row, page, name("other end"), room));
    for (what, sentence, tone) in sentence::sentences(row, page) {
        lines.push(vec![name(what), (sentence, tone)]);
    }
    lines
}

/// The process that owns it, with its descriptors; or why there is none.
fn owner_line(row: &SocketRow<'_>, name: Piece, room: u16) -> Vec<Piece> {
    let mut owner = String::new();
    write_cell(row, "process", &mut owner);
    let mut line = vec![name, (owner, Tone::Strong)];
    if let Some((_, holders)) = row.socket.owners().next() {
        let fds: Vec<String> = holders.iter().map(|h| h.fd.to_string()).collect();
        line.push((format!(" fd {}", fds.join(",")), Tone::Plain));
    }
    if let Some(why) = row.socket.socket.attribution.unowned() {
        line.push((format!("  {}", why.sentence()), Tone::Muted));
    }
    let mut user = String::new();
    if write_cell(row, "user", &mut user) {
        line.push(("   user ".to_owned(), Tone::Muted));
        line.push((user, Tone::Plain));
    }
    if row.socket.owner().is_some() {
        add_hint(&mut line, &[(Command::Owner, " leads to it")], room);
    }
    line
}

/// Adds keys and what they do, if there is room; the footer has them anyway.
fn add_hint(line: &mut Vec<Piece>, keys: &[(Command, &str)], room: u16) {
    let mut hint = vec![("   ".to_owned(), Tone::Plain)];
    for (command, about) in keys {
        hint.push((keymap::label(*command).to_owned(), Tone::Key));
        hint.push(((*about).to_owned(), Tone::Muted));
    }
    if panel::width(line) + panel::width(&hint) <= room {
        line.extend(hint);
    }
}

/// The process at the other end, if that is on this machine.
fn other_end_line(row: &SocketRow<'_>, page: &SocketPage, name: Piece, room: u16) -> Vec<Piece> {
    let mut line = vec![name];
    if let Some(peer) = row.peer() {
        let mut owner = String::new();
        write_cell(&peer, "process", &mut owner);
        line.push((owner, Tone::Strong));
        let mut end = " on this machine: ".to_owned();
        for (gap, id) in [("", "state"), (" ", "local")] {
            end.push_str(gap);
            write_cell(&peer, id, &mut end);
        }
        line.push((end, Tone::Plain));
        let keys = [
            (Command::OtherEnd, " leads to it, "),
            (Command::OtherProcess, " to its process"),
        ];
        add_hint(&mut line, &keys, room);
        return line;
    }
    let mut remote = String::new();
    let text = if row.socket.socket.is_listener() {
        "nobody: it listens"
    } else if !write_cell(row, "remote", &mut remote) {
        "nobody: it is not connected"
    } else if page.presence == Presence::Here {
        "not a socket of this machine"
    } else {
        "not known any more"
    };
    line.push((text.to_owned(), Tone::Plain));
    line
}

/// What a chart shows of a point.
type Curve = (
    &'static str,
    fn(&Point) -> Option<f64>,
    fn(&mut String, f64),
);

/// What there is to show over time, the most telling first.
const CURVES: [Curve; 9] = [
    ("received", |point| point.received, format::rate),
    ("sent", |point| point.sent, format::rate),
    ("rtt", |point| point.rtt, format::duration_us),
    ("cwnd", |point| point.cwnd, format::bytes),
    ("in flight", |point| point.in_flight, format::bytes),
    ("accept queue", |point| point.accept_queue, format::whole),
    ("unread", |point| point.unread, format::bytes),
    (
        "unacknowledged",
        |point| point.unacknowledged,
        format::bytes,
    ),
    ("dropped", |point| point.drops, format::whole),
];

/// Least columns of a chart.
const CHART: usize = 24;

/// How many charts there is room for.
fn chart_room(area: Rect) -> usize {
    (usize::from(area.width) / CHART).max(1)
}

/// The curves of which something is known, each with its values.
fn curves(page: &SocketPage) -> impl Iterator<Item = (Curve, Vec<Option<f64>>)> {
    CURVES.into_iter().filter_map(|curve| {
        let values: Vec<Option<f64>> = page.points.iter().map(curve.1).collect();
        values
            .iter()
            .any(Option::is_some)
            .then_some((curve, values))
    })
}

/// The first curves side by side: as many as there is room for.
fn render_charts(frame: &mut Frame<'_>, area: Rect, look: &Look, page: &SocketPage) {
    let shown: Vec<_> = curves(page).take(chart_room(area)).collect();
    let places = Layout::horizontal(vec![Constraint::Fill(1); shown.len()])
        .spacing(1)
        .split(area);
    for (((what, _, write), values), place) in shown.into_iter().zip(places.iter()) {
        let now = format::known(values.last().copied().flatten(), write);
        let mut title = format!("{what} {now}");
        if let Some(highest) = format::highest(&values) {
            let before = title.len();
            let _ = write!(title, ", highest {}", format::known(Some(highest), write));
            if text::width(&title) + 4 > usize::from(place.width) {
                title.truncate(before);
            }
        }
        let inner = panel::section(frame, *place, look, &title);
        // As wide as it is: a value takes several columns while there are few.
        let wide = (usize::from(inner.width) / values.len().max(1)).clamp(1, 4);
        let values: Vec<Option<f64>> = values
            .into_iter()
            .flat_map(|value| std::iter::repeat_n(value, wide))
            .collect();
        chart::render(frame, inner, look, &values, Tone::Plain);
    }
}

/// Lays sections out in columns, each below the shortest, and draws what is in sight from `first` on; answers from which
/// line on they are really shown.
fn render_sections(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    sections: &[Section],
    first: usize,
) -> usize {
    if area.is_empty() {
        return first;
    }
    let columns = usize::from((area.width + COLUMN.1) / (COLUMN.0 + COLUMN.1)).max(1);
    let places = Layout::horizontal(vec![Constraint::Fill(1); columns])
        .spacing(COLUMN.1)
        .split(area);
    let mut heights = vec![0_usize; columns];
    let mut placed: Vec<(usize, usize, &Section)> = Vec::new();
    for section in sections {
        let shortest = (0..columns).min_by_key(|&at| heights[at]).unwrap_or(0);
        placed.push((shortest, heights[shortest], section));
        heights[shortest] += section.lines.len() + 1;
    }
    let all = heights.into_iter().max().unwrap_or(0);
    let first = first.min(all.saturating_sub(usize::from(area.height)));
    for (column, top, section) in placed {
        let place = places[column];
        let line_at = |line: usize| {
            let y = (top + line).checked_sub(first)?;
            (y < usize::from(area.height)).then(|| Rect {
                y: area.y + y as u16,
                height: 1,
                ..place
            })
        };
        if let Some(at) = line_at(0) {
            panel::section(frame, at, look, section.title);
        }
        for (number, line) in (1..).zip(&section.lines) {
            if let Some(at) = line_at(number) {
                write_field(frame, at, look, line);
            }
        }
    }
    let below = all.saturating_sub(first + usize::from(area.height));
    tell_below(frame, area, look, below);
    first
}

/// Says in the last line how many are below it.
fn tell_below(frame: &mut Frame<'_>, area: Rect, look: &Look, below: usize) {
    if below > 0 {
        let more = format!(" {below} more {} ", keymap::label(Command::Down));
        let width = (text::width(&more) as u16).min(area.width);
        let place = Rect {
            x: area.right() - width,
            y: area.bottom() - 1,
            width,
            height: 1,
        };
        panel::write_over(frame.buffer_mut(), place, look, &[(more, Tone::Key)]);
    }
}

/// A name at the left and a value at the right; a value that does not fit beside the name is cut.
fn write_field(frame: &mut Frame<'_>, at: Rect, look: &Look, line: &sections::Field) {
    let buffer = frame.buffer_mut();
    let name = [(format!(" {}", line.name), Tone::Muted)];
    let used = panel::write(buffer, at, look, &name);
    let room = usize::from(at.width.saturating_sub(used + 2));
    let value = text::cut_middle(&line.value, room);
    let width = (text::width(&value) as u16).min(at.width);
    let place = Rect {
        x: at.right() - width,
        width,
        ..at
    };
    panel::write(buffer, place, look, &[(value.into_owned(), line.tone)]);
}
