//! The last line: the hints, the message, or the text being typed.
//!
//! ```text
//!  ↓↑ select  Enter open nginx/2211  s sort  I invert  <> column  Tab screen  ? help  q quit
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::filter_line;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::line_editor::LineEditor;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::text_input::TextInput;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece};

/// Draws the text being typed, or else the message, or else the hints.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    hints: fn(&State) -> Vec<Hint>,
) {
    match (&state.text_input, &state.message) {
        (Some(TextInput::Filter(line)), _) => filter_line::render(frame, area, state, line),
        (Some(TextInput::Search { editor, .. }), _) => render_search(frame, area, state, editor),
        (Some(TextInput::Time { editor, error }), _) => {
            render_time(frame, area, state, editor, error.as_deref());
        }
        (None, Some(message)) => {
            let line = [(format!(" {message}"), Tone::Notice)];
            pieces::write(frame.buffer_mut(), area, &state.appearance, &line);
        }
        (None, None) => render_hints(frame, area, state, &hints(state)),
    }
}

/// Draws as many hints as fit, the pinned ones first, then in their order; help and quit come last.
fn render_hints(frame: &mut Frame<'_>, area: Rect, state: &State, hints: &[Hint]) {
    let map = &state.appearance.keys;
    let mut last: Vec<Piece> = Vec::new();
    if state.popup.is_none() {
        last.extend(hinted(map.label(Command::Help), "help"));
    }
    let (leave, about) = match (&state.popup, state.page()) {
        // Where one types, a letter is text.
        (Some(popup), _) if popup.is_typed('q') => (Command::Quit, "quit"),
        (Some(_), _) | (None, Some(_)) => (Command::Close, "close"),
        (None, None) => (Command::Close, "quit"),
    };
    last.extend(hinted(map.label(leave), about));
    let mut room = area.width.saturating_sub(1 + pieces::width(&last));
    let mut shown: Vec<Option<[Piece; 2]>> = vec![None; hints.len()];
    for pinned in [true, false] {
        for (hint, shown) in hints.iter().zip(&mut shown) {
            let keys = hint.keys(map);
            if hint.is_pinned != pinned || keys.is_empty() {
                continue;
            }
            let texts = [Some(&*hint.text), hint.short].into_iter().flatten();
            let mut choices = texts.map(|text| piece(&keys, text));
            *shown = choices.find(|pieces| pieces::width(pieces) <= room);
            room -= shown.as_ref().map_or(0, |pieces| pieces::width(pieces));
        }
    }
    let mut line: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
    line.extend(shown.into_iter().flatten().flatten());
    line.extend(last);
    pieces::write(frame.buffer_mut(), area, &state.appearance, &line);
}

/// Draws the time being typed, with its error, or with the accepted forms.
fn render_time(
    frame: &mut Frame<'_>,
    area: Rect,
    state: &State,
    editor: &LineEditor,
    error: Option<&str>,
) {
    let room = usize::from(area.width).saturating_sub(16);
    let mut line: Vec<Piece> = vec![
        (" @".to_owned(), Tone::Key),
        ("go to: ".to_owned(), Tone::Muted),
    ];
    line.extend(typed(editor, room));
    line.push(("  ".to_owned(), Tone::Plain));
    if let Some(error) = error {
        line.push((text::sanitized(error), Tone::Warning));
    } else {
        line.extend(piece("Enter", "go"));
        line.extend(piece("Esc", "cancel"));
        let about = "20:14:07, -5m from end, +30s from start";
        line.push((about.to_owned(), Tone::Muted));
    }
    pieces::write(frame.buffer_mut(), area, &state.appearance, &line);
}

/// Draws the search text being typed.
fn render_search(frame: &mut Frame<'_>, area: Rect, state: &State, editor: &LineEditor) {
    let what = "search: ";
    let end = [
        ("  ".to_owned(), Tone::Plain),
        ("Enter".to_owned(), Tone::Key),
        (" apply  ".to_owned(), Tone::Plain),
        ("Esc".to_owned(), Tone::Key),
        (" cancel ".to_owned(), Tone::Plain),
    ];
    let room = usize::from(area.width.saturating_sub(pieces::width(&end) + 2));
    let start = if room > text::width(what) + 12 {
        what
    } else {
        ""
    };
    let mut line: Vec<Piece> = vec![
        (" /".to_owned(), Tone::Key),
        (start.to_owned(), Tone::Muted),
    ];
    line.extend(typed(editor, room.saturating_sub(text::width(start) + 1)));
    line.extend(end);
    pieces::write(frame.buffer_mut(), area, &state.appearance, &line);
}

/// Text being typed, with its cursor, which stays visible: a block after the text, or the character under it.
fn typed(editor: &LineEditor, room: usize) -> Vec<Piece> {
    let (before, rest) = editor.split();
    let (before, mut rest) = (text::sanitized(before), rest.chars());
    let shown = text::cut_start(&before, room).into_owned();
    let Some(under) = rest.next() else {
        return vec![(shown, Tone::Strong), ("█".to_owned(), Tone::Plain)];
    };
    let behind = text::sanitized(rest.as_str());
    let room = room.saturating_sub(text::width(&shown));
    vec![
        (shown, Tone::Strong),
        (text::sanitized(&under.to_string()), Tone::Selected),
        (text::cut_end(&behind, room).into_owned(), Tone::Strong),
    ]
}

/// A hint; nothing if there is no key.
fn hinted(keys: &str, about: &str) -> Vec<Piece> {
    match keys {
        "" => Vec::new(),
        keys => piece(keys, about).into(),
    }
}

fn piece(keys: &str, about: &str) -> [Piece; 2] {
    [
        (keys.to_owned(), Tone::Key),
        (format!(" {about}  "), Tone::Plain),
    ]
}
