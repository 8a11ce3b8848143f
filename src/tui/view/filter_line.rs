//! The line in which a filter is typed, with what it leaves, what is wrong with it and what could come next.
//!
//! ```text
//!  /state established rtt > 100█                                           12 of 12 431 sockets
//!                           ^ '100' has no unit; expected a time, for example 500us, 100ms
//!  Tab complete   ↑↓ earlier ones   Enter keep   Esc as it was
//! ```

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::column::format;
use crate::tui::filter_line::{FilterLine, FilterStatus};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::typing::Typing;

/// From which height on there is room for three lines.
const ROOMY: u16 = 14;

/// Columns in front of what is typed.
const INDENT: usize = 2;

/// Lines at the foot of the screen.
pub(super) fn lines(state: &State, height: u16) -> u16 {
    match state.typing {
        Some(Typing::Filter(_)) if height >= ROOMY => 3,
        Some(Typing::Filter(_)) => 2,
        _ => 1,
    }
}

/// Draws it.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State, line: &FilterLine) {
    let row = |at: u16| Rect {
        y: area.y + at,
        height: 1.min(area.height.saturating_sub(at)),
        ..area
    };
    let shown = render_text(frame, row(0), state, line);
    if area.height > 1 {
        render_hint(frame, row(1), state, line, &shown);
    }
    if area.height > 2 {
        let keys: [(&str, &str); 4] = [
            ("Tab", "complete"),
            ("↑↓", "earlier ones"),
            ("Enter", "keep"),
            ("Esc", "as it was"),
        ];
        let mut pieces: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
        for (key, about) in keys {
            pieces.push((key.to_owned(), Tone::Key));
            pieces.push((format!(" {about}  "), Tone::Plain));
        }
        if !line.is_wrong() {
            pieces.push((line.expected.clone(), Tone::Muted));
        }
        panel::write(frame.buffer_mut(), row(2), &state.look, &pieces);
    }
}

/// What stands for a character: each takes the columns that it has on a screen.
fn sanitize(text: &str) -> String {
    let mut out = String::new();
    format::sanitize(&mut out, text.as_bytes());
    out
}

/// How many sockets are left, and by which filter if it is not what is typed.
fn left(state: &State, line: &FilterLine) -> String {
    let mut left = String::new();
    if let Some(moment) = state.moment.as_deref() {
        let whole = moment.unfiltered().totals.sockets;
        let in_force = line.status == FilterStatus::InForce;
        if in_force || !state.filter().is_empty() {
            format::count(&mut left, moment.aggregate.totals.sockets.into());
            left.push_str(" of ");
        }
        format::count(&mut left, whole.into());
        left.push_str(match (in_force, state.filter().is_empty()) {
            (true, _) => " sockets ",
            (false, true) => " sockets, not filtered yet ",
            (false, false) => " with the filter before ",
        });
    }
    left
}

/// The text with its cursor, which stays in sight, and how many sockets are left. Answers the columns of the text that
/// are in sight.
fn render_text(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    line: &FilterLine,
) -> Range<usize> {
    let left = left(state, line);
    let room = usize::from(area.width);
    let told = text::width(&left);
    let told = if room > told + 24 { told } else { 0 };
    let room = room.saturating_sub(INDENT + told + 2);
    let (before, rest) = line.split();
    let before = sanitize(before);
    let mut rest = rest.chars();
    let under = rest
        .next()
        .map_or_else(|| " ".to_owned(), |c| sanitize(&c.to_string()));
    let behind = sanitize(rest.as_str());
    let shown = text::cut_start(&before, room.saturating_sub(1));
    let scrolled = text::width(&before).saturating_sub(text::width(&shown));
    let behind = text::cut_end(&behind, room.saturating_sub(text::width(&shown) + 1));
    let in_sight = scrolled..scrolled + room;
    let tone = if line.is_wrong() {
        Tone::Warning
    } else {
        Tone::Strong
    };
    let pieces = [
        (" /".to_owned(), Tone::Key),
        (shown.into_owned(), tone),
        (under, Tone::Selected),
        (behind.into_owned(), tone),
    ];
    panel::write(frame.buffer_mut(), area, &state.look, &pieces);
    if told > 0 {
        let told_tone = if line.status == FilterStatus::InForce {
            Tone::Key
        } else {
            Tone::Muted
        };
        let place = Rect {
            x: area.right() - told as u16,
            width: told as u16,
            ..area
        };
        panel::write(frame.buffer_mut(), place, &state.look, &[(left, told_tone)]);
    }
    in_sight
}

/// What is wrong, below the place of it; or what could come next.
fn render_hint(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    line: &FilterLine,
    in_sight: &Range<usize>,
) {
    let room = usize::from(area.width);
    // What can be completed is not wrong yet.
    if let Some((error, place)) = line.error.as_ref().filter(|_| line.is_wrong()) {
        let before: String = line.text().chars().take(*place).collect();
        let column = text::width(&sanitize(&before));
        // The start of a line that is scrolled is a sign that it is.
        let hidden = in_sight.start > 0 && column == in_sight.start;
        if hidden || !(in_sight.start..=in_sight.end).contains(&column) {
            let error = (format!("  {}", sanitize(error)), Tone::Warning);
            panel::write(frame.buffer_mut(), area, &state.look, &[error]);
            return;
        }
        let column = INDENT + column - in_sight.start;
        // The caret stays below its place as long as there is room for some words behind it.
        let error = sanitize(error);
        let length = text::width(&error);
        let column = column.min(room.saturating_sub(1));
        let pieces = if column + 2 + length <= room || column < room / 2 {
            vec![
                (" ".repeat(column), Tone::Plain),
                ("^ ".to_owned(), Tone::Warning),
                (error, Tone::Warning),
            ]
        } else {
            let cut = text::cut_end(&error, column.saturating_sub(2)).into_owned();
            let gap = " ".repeat(column.saturating_sub(1 + text::width(&cut)));
            vec![
                (format!("{gap}{cut} "), Tone::Warning),
                ("^".to_owned(), Tone::Warning),
            ]
        };
        panel::write(frame.buffer_mut(), area, &state.look, &pieces);
        return;
    }
    let waits = state.filter().unresolved_hosts();
    if let Some(host) = waits.first() {
        let text = format!("  {} is looked up with Enter", sanitize(host));
        panel::write(
            frame.buffer_mut(),
            area,
            &state.look,
            &[(text, Tone::Notice)],
        );
        return;
    }
    let mut pieces: Vec<Piece> = vec![("  ".to_owned(), Tone::Plain)];
    if state.filter().is_search()
        && line.status == FilterStatus::InForce
        && line.completions.is_empty()
    {
        let note = "looked for in all texts of a socket, and in its process's command".to_owned();
        pieces.push((note, Tone::Muted));
    }
    if state.filter().mixes_connectives() {
        let note = "and/or are taken from left to right, as in ss; parentheses make it plain   ";
        pieces.push((note.to_owned(), Tone::Notice));
    }
    let first = line.inserted.map_or(0, |at| at.saturating_sub(3));
    let mut used = panel::width(&pieces);
    for (at, completion) in line.completions.iter().enumerate().skip(first) {
        let word = sanitize(&completion.text);
        let width = text::width(&word) as u16 + 2;
        if used + width > area.width {
            break;
        }
        used += width;
        let tone = if line.inserted == Some(at) {
            Tone::Selected
        } else {
            Tone::Key
        };
        pieces.push((word, tone));
        pieces.push(("  ".to_owned(), Tone::Plain));
        // What the one that is meant asks for, as long as there are few.
        if line.completions.len() <= 3 && !completion.about.is_empty() {
            let about = format!("{}   ", sanitize(&completion.about));
            used += text::width(&about) as u16;
            pieces.push((about, Tone::Muted));
        }
    }
    panel::write(frame.buffer_mut(), area, &state.look, &pieces);
}
