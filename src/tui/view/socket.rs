//! The page of a socket: both ends, the limit of its throughput, charts, and every field that the kernel reports.
//!
//! ```text
//! ┌ tcp ESTAB 10.0.0.1:443 → 198.51.100.9:50002 ─────────────────────────────────┐
//! │ process    nginx/2211 fd 17   user www                                        │
//! │ other end  not a socket on this machine                                       │
//! │ limited by the receiver's window: the peer does not read fast enough          │
//! │ path       RTT 250 ms is 20 times its minimum 12.0 ms: queueing here or on …  │
//! └───────────────────────────────────────────────────────────────────────────────┘
//! ─ received ──────────  ─ sent ──────────────  ─ rtt ───────  ─ window, in flight ─
//!  charts, if they fit
//! ─ Queues and buffers ────────────  ─ Path ───────────────────  ─ Sending ─────────
//!  unread        0 B of 128 kB ····   rtt              250 ms     snd_cwnd        10
//! ```

mod charts;
mod explanation;
mod section_grid;
mod sections;

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};

use self::sections::Section;
use super::finding_text;
use crate::aggregate::Moment;
use crate::column::{SocketColumn, SocketRow};
use crate::diagnose::{Concern, Findings};
use crate::model::Endpoint;
use crate::tui::appearance::Appearance;
use crate::tui::command::Command;
use crate::tui::concern::socket_concern;
use crate::tui::keymap::KeyMap;
use crate::tui::page::{Page, Presence, SocketPage};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::border;
use crate::tui::widget::pieces::{self, Piece};

/// Below this height all texts scroll together.
const MIN_FRAMED_HEIGHT: u16 = 13;

/// Minimum height at which charts are shown.
const MIN_HEIGHT_WITH_CHARTS: u16 = 30;

/// The height of the charts.
const CHART_LINES: u16 = 7;

/// The width of a title that is kept for the filter, with the corners.
const FILTER_WIDTH: usize = 30;

/// The title with the filter, which also applies to the counts above the page.
fn with_filter(title: String, filter: &str, columns: usize) -> String {
    if filter.is_empty() {
        return title;
    }
    let title = text::cut_middle(&title, columns.saturating_sub(FILTER_WIDTH));
    format!("{title} ─ filter: {filter}")
}

/// Draws the page.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let appearance = state.appearance.clone();
    let Some(moment) = state.moment.clone() else {
        return;
    };
    let filter = text::sanitized(state.filter().text());
    let found = Arc::clone(&state.findings);
    let Some(Page::Socket(page)) = state.page_mut() else {
        return;
    };
    let Some(row) = page.row(&moment) else { return };
    let mut lines = finding_lines(
        &found,
        &row,
        &moment,
        area.width.saturating_sub(4),
        &appearance,
    );
    lines.extend(head(&row, page, &appearance, area.width.saturating_sub(4)));
    let title = title(&row);
    if area.height < MIN_FRAMED_HEIGHT {
        let sections = sections::all(&row, page, (&moment, 0), &appearance);
        let text = single_column(title, lines, &sections, area.width);
        let last = text.len().saturating_sub(usize::from(area.height));
        page.line = page.line.min(last);
        pieces::write_lines(frame, area, &appearance, &text[page.line..]);
        section_grid::write_hidden_lines(frame, area, &appearance, last - page.line);
        return;
    }
    let has_curves = charts::curves(page).next().is_some();
    let chart_lines = if area.height >= MIN_HEIGHT_WITH_CHARTS && has_curves {
        CHART_LINES
    } else {
        0
    };
    let shown = if chart_lines > 0 {
        charts::chart_capacity(area)
    } else {
        0
    };
    let sections = sections::all(&row, page, (&moment, shown), &appearance);
    let room = usize::from(area.width.saturating_sub(4));
    let lines: Vec<Vec<Piece>> = lines
        .into_iter()
        .flat_map(|line| wrapped(line, room))
        .collect();
    let [upper, middle, lower] = Layout::vertical([
        Constraint::Length(lines.len() as u16 + 2),
        Constraint::Length(chart_lines),
        Constraint::Min(0),
    ])
    .areas(area);
    let title = with_filter(title, &filter, usize::from(area.width));
    let inner = border::framed(frame, upper, &appearance, &title);
    pieces::write_lines(frame, inner.inner(Margin::new(1, 0)), &appearance, &lines);
    if chart_lines > 0 {
        charts::render(frame, middle, &appearance, page);
    }
    let line = section_grid::render(frame, lower, &appearance, &sections, page.line);
    if let Some(Page::Socket(page)) = state.page_mut() {
        page.line = line;
    }
}

/// The findings about the socket, its process, its listener, its remote host.
fn finding_lines(
    found: &Findings,
    row: &SocketRow<'_>,
    moment: &Moment,
    room: u16,
    appearance: &Appearance,
) -> Vec<Vec<Piece>> {
    if found.active.is_empty() {
        return Vec::new();
    }
    let concern = Concern::Socket(socket_concern(row.socket, moment));
    finding_text::lines(
        found,
        &concern,
        room,
        appearance.keys.label(Command::Findings),
    )
}

/// All texts below each other, for a very low terminal.
fn single_column(
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

/// Wraps a line that is a name and a sentence.
fn wrapped(mut line: Vec<Piece>, room: usize) -> Vec<Vec<Piece>> {
    if usize::from(pieces::width(&line)) <= room || line.len() > 2 {
        return vec![line];
    }
    let Some((last, tone)) = line.pop() else {
        return vec![line];
    };
    let before = usize::from(pieces::width(&line));
    let mut parts = text::wrap(&last, room.saturating_sub(before).max(1)).into_iter();
    line.push((parts.next().unwrap_or_default(), tone));
    let mut lines = vec![line];
    let indent = " ".repeat(before.min(room));
    lines.extend(parts.map(|part| vec![(indent.clone(), Tone::Plain), (part, tone)]));
    lines
}

/// The title, such as `tcp ESTAB 10.0.0.1:443 → 198.51.100.9:50002`.
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

/// Appends a cell of the table of sockets; returns true if it is known.
fn write_cell(row: &SocketRow<'_>, id: &str, out: &mut String) -> bool {
    SocketColumn::by_id(id).is_some_and(|column| column.write_known(row, out))
}

/// The width of names in the upper frame.
const NAME_WIDTH: usize = 11;

/// The lines of the upper frame: presence, both ends, limits.
fn head(
    row: &SocketRow<'_>,
    page: &SocketPage,
    appearance: &Appearance,
    room: u16,
) -> Vec<Vec<Piece>> {
    let name = |name: &str| (format!("{name:<NAME_WIDTH$}"), Tone::Muted);
    let mut lines = Vec::new();
    if let Presence::Closed(at) = page.presence {
        let at = appearance.time_of_day(at);
        lines.push(vec![
            name("closed"),
            (format!("at {at}; "), Tone::Warning),
            ("showing its final values".to_owned(), Tone::Plain),
        ]);
    }
    if page.presence == Presence::Absent {
        lines.push(vec![
            name("absent"),
            ("not in this sample; ".to_owned(), Tone::Warning),
            ("showing its values at another time".to_owned(), Tone::Plain),
        ]);
    }
    lines.push(owner_line(row, name("process"), &appearance.keys, room));
    lines.push(other_end_line(
        row,
        page,
        name("other end"),
        &appearance.keys,
        room,
    ));
    lines.extend(translation_line(row, name("translated")));
    for (what, sentence, tone) in explanation::sentences(row, page) {
        lines.push(vec![name(what), (sentence, tone)]);
    }
    lines
}

/// The process that owns the socket with its descriptors, or the reason why there is none.
fn owner_line(row: &SocketRow<'_>, name: Piece, map: &KeyMap, room: u16) -> Vec<Piece> {
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
        add_hint(&mut line, &[(Command::Owner, " opens it")], map, room);
    }
    line
}

/// Adds keys and their effects, if they fit; the footer has them anyway.
fn add_hint(line: &mut Vec<Piece>, keys: &[(Command, &str)], map: &KeyMap, room: u16) {
    let mut hint = vec![("   ".to_owned(), Tone::Plain)];
    for (command, about) in keys {
        hint.push((map.label(*command).to_owned(), Tone::Key));
        hint.push(((*about).to_owned(), Tone::Muted));
    }
    if pieces::width(line) + pieces::width(&hint) <= room {
        line.extend(hint);
    }
}

/// The ends of the connection that connection tracking puts in the place of its own.
fn translation_line(row: &SocketRow<'_>, name: Piece) -> Option<Vec<Piece>> {
    let translation = row.socket.translation()?;
    let mut parts = Vec::new();
    let ends = [
        (
            "remote",
            "real_peer",
            row.socket.socket.remote(),
            translation.peer,
        ),
        (
            "local",
            "seen_as",
            row.socket.socket.local(),
            translation.seen_as,
        ),
    ];
    for (own, seen, end, translated) in ends {
        if end.map(Endpoint::canonical) != Some(translated) {
            let mut part = String::new();
            write_cell(row, own, &mut part);
            part.push_str(" is translated to ");
            write_cell(row, seen, &mut part);
            parts.push(part);
        }
    }
    let mut sentence = parts.join("; ");
    if let Some(translator) = row.socket.sample.namespace_name(translation.netns) {
        sentence.push_str(" (in network namespace ");
        sentence.push_str(&text::sanitized(translator));
        sentence.push(')');
    }
    Some(vec![name, (sentence, Tone::Plain)])
}

/// The process at the other end, if that is on this machine.
fn other_end_line(
    row: &SocketRow<'_>,
    page: &SocketPage,
    name: Piece,
    map: &KeyMap,
    room: u16,
) -> Vec<Piece> {
    let mut line = vec![name];
    if let Some(peer) = row.peer() {
        let mut owner = String::new();
        write_cell(&peer, "process", &mut owner);
        line.push((owner, Tone::Strong));
        let mut end = String::new();
        let is_elsewhere = peer.socket.socket.netns != row.socket.socket.netns;
        if let Some(name) = peer.socket.namespace_name().filter(|_| is_elsewhere) {
            end.push_str(" in ");
            end.push_str(&text::sanitized(name));
        }
        end.push_str(" on this machine: ");
        for (gap, id) in [("", "state"), (" ", "local")] {
            end.push_str(gap);
            write_cell(&peer, id, &mut end);
        }
        line.push((end, Tone::Plain));
        let keys = [
            (Command::OtherEnd, " opens it, "),
            (Command::OtherProcess, " its process"),
        ];
        add_hint(&mut line, &keys, map, room);
        return line;
    }
    let mut remote = String::new();
    let text = if row.socket.socket.is_listener() {
        "none: this is a listener"
    } else if !write_cell(row, "remote", &mut remote) {
        "none: not connected"
    } else if row.socket.sample.preview.is_some() {
        "not read yet"
    } else if page.presence == Presence::Present {
        "not a socket on this machine"
    } else {
        "no longer known"
    };
    line.push((text.to_owned(), Tone::Plain));
    line
}
