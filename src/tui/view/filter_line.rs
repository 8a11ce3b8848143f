//! Draws the line in which a filter is typed, with the number of sockets that pass, its error or its completions.
//!
//! ```text
//!  /state established rtt > 100█                                           12 of 12 431 sockets
//!                           ^ '100' has no unit; expected a time, for example 500us, 100ms
//!  Tab complete   ↑↓ history   Enter apply   Esc cancel
//! ```

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::column::format;
use crate::tui::filter_line::{FilterLine, FilterStatus};
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::text_input::TextInput;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// Minimum height of a terminal with room for three lines.
const ROOMY: u16 = 14;

/// Columns in front of the typed text.
const INDENT: usize = 2;

/// The lines at the foot of the screen.
pub(super) fn lines(state: &State, height: u16) -> u16 {
    match state.text_input {
        Some(TextInput::Filter(_)) if height >= ROOMY => 3,
        Some(TextInput::Filter(_)) => 2,
        _ => 1,
    }
}

/// Draws the line.
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
            ("↑↓", "history"),
            ("Enter", "apply"),
            ("Esc", "cancel"),
        ];
        let expected = if line.shows_error() || line.expected.is_empty() {
            String::new()
        } else {
            format!("expected: {}", line.expected)
        };
        let width = |keys: &[(&str, &str)]| -> usize {
            let texts = keys
                .iter()
                .map(|(key, about)| key.width() + about.width() + 3);
            1 + texts.sum::<usize>() + expected.width()
        };
        // Where not all of it fits, the user needs the expected value and the last two keys.
        let fits = width(&keys) <= usize::from(area.width);
        let shown_keys = if fits { &keys[..] } else { &keys[2..] };
        let mut pieces: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
        for (key, about) in shown_keys {
            pieces.push(((*key).to_owned(), Tone::Key));
            pieces.push((format!(" {about}  "), Tone::Plain));
        }
        if !expected.is_empty() {
            pieces.push((expected, Tone::Muted));
        }
        pieces::write(frame.buffer_mut(), row(2), &state.appearance, &pieces);
    }
}

/// The number of sockets that pass the filter in force, and that filter if it is not the text.
fn remaining(state: &State, line: &FilterLine) -> String {
    let mut left = String::new();
    if let Some(moment) = state.moment.as_deref() {
        let whole = moment.unfiltered().totals.sockets;
        let in_force = line.status == FilterStatus::InForce;
        if (in_force || !state.filter().is_empty()) && !state.is_filtering() {
            format::count(&mut left, moment.aggregate.totals.sockets.into());
            left.push_str(" of ");
        }
        format::count(&mut left, whole.into());
        if state.is_filtering() {
            left.push_str(" sockets, filtering… ");
            return left;
        }
        left.push_str(match (in_force, state.filter().is_empty()) {
            (true, _) => " sockets ",
            (false, true) => " sockets, not filtered yet ",
            (false, false) => " with the previous filter ",
        });
    }
    left
}

/// Draws the text with its cursor, which stays visible, and the number of sockets that are left. Returns the columns of
/// the text that are visible.
fn render_text(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    line: &FilterLine,
) -> Range<usize> {
    let left = remaining(state, line);
    let room = usize::from(area.width);
    let left_width = text::width(&left);
    let left_width = if room > left_width + 24 {
        left_width
    } else {
        0
    };
    let room = room.saturating_sub(INDENT + left_width + 2);
    let (before, rest) = line.split();
    let before = text::sanitized(before);
    let mut rest = rest.chars();
    let under = rest
        .next()
        .map_or_else(|| " ".to_owned(), |c| text::sanitized(&c.to_string()));
    let behind = text::sanitized(rest.as_str());
    let shown = text::cut_start(&before, room.saturating_sub(1));
    let scrolled = text::width(&before).saturating_sub(text::width(&shown));
    let behind = text::cut_end(&behind, room.saturating_sub(text::width(&shown) + 1));
    let in_sight = scrolled..scrolled + room;
    let tone = if line.shows_error() {
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
    pieces::write(frame.buffer_mut(), area, &state.appearance, &pieces);
    if left_width > 0 {
        let left_tone = if line.status == FilterStatus::InForce {
            Tone::Key
        } else {
            Tone::Muted
        };
        let place = Rect {
            x: area.right() - left_width as u16,
            width: left_width as u16,
            ..area
        };
        pieces::write(
            frame.buffer_mut(),
            place,
            &state.appearance,
            &[(left, left_tone)],
        );
    }
    in_sight
}

/// Draws the error below its place, or the completions.
fn render_hint(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    line: &FilterLine,
    in_sight: &Range<usize>,
) {
    let room = usize::from(area.width);
    // A word that can be completed is not an error yet.
    if let Some((error, place)) = line.error.as_ref().filter(|_| line.shows_error()) {
        let before: String = line.text().chars().take(*place).collect();
        let column = text::width(&text::sanitized(&before));
        // A scrolled line starts with a mark.
        let hidden = in_sight.start > 0 && column == in_sight.start;
        if hidden || !(in_sight.start..=in_sight.end).contains(&column) {
            let error = (format!("  {}", text::sanitized(error)), Tone::Warning);
            pieces::write(frame.buffer_mut(), area, &state.appearance, &[error]);
            return;
        }
        let column = INDENT + column - in_sight.start;
        // The caret stays below its position while there is room for some words after it.
        let error = text::sanitized(error);
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
        pieces::write(frame.buffer_mut(), area, &state.appearance, &pieces);
        return;
    }
    let unresolved = state.filter().unresolved_hosts();
    if let Some(host) = unresolved.first() {
        let text = format!("  press Enter to resolve {}", text::sanitized(host));
        pieces::write(
            frame.buffer_mut(),
            area,
            &state.appearance,
            &[(text, Tone::Notice)],
        );
        return;
    }
    let mut pieces: Vec<Piece> = vec![("  ".to_owned(), Tone::Plain)];
    if state.filter().is_search()
        && line.status == FilterStatus::InForce
        && line.completions.is_empty()
    {
        let note = "searches all text of a socket and the command line of its process".to_owned();
        pieces.push((note, Tone::Muted));
    }
    if state.filter().mixes_connectives() {
        let note = "and/or are evaluated left to right, as in ss; use parentheses   ";
        pieces.push((note.to_owned(), Tone::Notice));
    }
    let first = line.inserted.map_or(0, |at| at.saturating_sub(3));
    let mut used = pieces::width(&pieces);
    for (at, completion) in line.completions.iter().enumerate().skip(first) {
        let word = text::sanitized(&completion.text);
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
        // With few completions, each has its meaning.
        if line.completions.len() <= 3 && !completion.about.is_empty() {
            let about = format!("{}   ", text::sanitized(&completion.about));
            used += text::width(&about) as u16;
            pieces.push((about, Tone::Muted));
        }
    }
    pieces::write(frame.buffer_mut(), area, &state.appearance, &pieces);
}
