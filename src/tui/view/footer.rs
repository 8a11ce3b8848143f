//! The last line: keys that do something here and now.
//!
//! ```text
//!  ↓↑ select  Enter open nginx/2211  s sort  I invert  <> column  Tab screen  ? help  q quit
//! ```

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::filter_line;
use super::panel::{self, Piece};
use crate::aggregate::Moment;
use crate::column::format;
use crate::tui::command::Command as C;
use crate::tui::keymap::label;
use crate::tui::line_editor::LineEditor;
use crate::tui::page::Page;
use crate::tui::state::{Display, Popup, State};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::typing::Typing;
use crate::tui::update::{does_something, owner, target_name};

/// Draws the line of keys, or what is being typed, or something to say.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
    match &state.typing {
        Some(Typing::Filter(line)) => return filter_line::render(frame, area, state, line),
        Some(Typing::Search { editor, .. }) => return render_search(frame, area, state, editor),
        Some(Typing::Time { editor, error }) => {
            return render_time(frame, area, state, editor, error.as_deref());
        }
        None => {}
    }
    if let Some(message) = &state.message {
        let line = [(format!(" {message}"), Tone::Notice)];
        panel::write(frame.buffer_mut(), area, &state.look, &line);
        return;
    }
    let mut last: Vec<Piece> = Vec::new();
    if state.popup.is_none() {
        last.extend(piece(label(C::Help), "help"));
    }
    last.extend(piece(label(C::Quit), "quit"));
    let mut room = area.width.saturating_sub(1 + panel::width(&last));
    let mut line: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
    let hints = hints(state).into_iter();
    let hints: Vec<(bool, Vec<[Piece; 2]>)> = hints
        .map(|(keys, about)| {
            let mut choices = vec![piece(&keys, &about)];
            // Where it leads to is seen in the row.
            if about.starts_with("open ") {
                choices.push(piece(&keys, "open"));
            }
            (is_kept(state, &keys), choices)
        })
        .collect();
    // What is kept is given its room first.
    let mut shown: Vec<Option<[Piece; 2]>> = vec![None; hints.len()];
    for kept in [true, false] {
        for ((is_kept, choices), shown) in hints.iter().zip(&mut shown) {
            let fits = |pieces: &&[Piece; 2]| *is_kept == kept && panel::width(*pieces) <= room;
            if let Some(pieces) = choices.iter().find(fits) {
                room -= panel::width(pieces);
                *shown = Some(pieces.clone());
            }
        }
    }
    line.extend(shown.into_iter().flatten().flatten());
    line.extend(last);
    panel::write(frame.buffer_mut(), area, &state.look, &line);
}

/// Whether a key is told of however little room there is: how to filter, and how to have it all again.
fn is_kept(state: &State, keys: &str) -> bool {
    state.popup.is_none() && (keys == label(C::Filter) || keys == label(C::ClearFilter))
}

/// Keys that do something here and now, the most useful first.
fn hints(state: &State) -> Vec<(String, String)> {
    let mut hints: Vec<(String, String)> = Vec::new();
    let mut hint = |commands: &[C], about: &str| {
        if commands
            .iter()
            .all(|&command| does_something(state, command))
        {
            let keys: Vec<&str> = commands.iter().map(|&command| label(command)).collect();
            hints.push((keys.concat(), about.to_owned()));
        }
    };
    match state.popup {
        Some(Popup::PickSort(_)) => {
            hint(&[C::Down, C::Up], "choose");
            hint(&[C::Open], "sort by it");
            hint(&[C::Back], "cancel");
            hint(&[C::Filter], "look for");
        }
        Some(Popup::PickColumns(_)) => {
            let keys = |commands: &[C]| -> String { commands.iter().map(|&c| label(c)).collect() };
            hint(&[C::Down, C::Up], "choose");
            hints.push((keys(&[C::Freeze]), "show or not".to_owned()));
            hints.push((keys(&[C::SortLeft, C::SortRight]), "move".to_owned()));
            hints.push((keys(&[C::Widen, C::Narrow]), "width".to_owned()));
            hints.push((keys(&[C::ResetColumns]), "as they come".to_owned()));
            hints.push((keys(&[C::Open]), "done".to_owned()));
            hints.push((keys(&[C::Filter]), "look for".to_owned()));
        }
        Some(Popup::FilterBy(..)) => {
            hint(&[C::Down, C::Up], "choose");
            hint(&[C::Open], "filter by it");
            let mut other = |command: C, about: &str| {
                hints.push((label(command).to_owned(), about.to_owned()));
            };
            other(C::Exclude, "leave it out");
            other(C::FilterBy, "include only");
            other(C::Back, "cancel");
        }
        Some(Popup::Findings(ref keys, ..)) => {
            let mut other = |commands: &[C], about: &str| {
                let keys: String = commands.iter().map(|&command| label(command)).collect();
                hints.push((keys, about.to_owned()));
            };
            if keys.len() > 1 {
                other(&[C::Down, C::Up], "choose");
                other(&[C::PageDown], "scroll");
            } else {
                other(&[C::Down, C::Up], "scroll");
            }
            other(&[C::Open], "what it is about");
            other(&[C::Back], "close");
        }
        Some(Popup::Save(_)) => {
            hint(&[C::Down, C::Up], "choose");
            hint(&[C::Open], "save");
            hint(&[C::Back], "cancel");
        }
        Some(Popup::Kill(_, _, asked)) => {
            let mut other = |command: C, about: &str| {
                hints.push((label(command).to_owned(), about.to_owned()));
            };
            if asked {
                other(C::CopyRow, "yes, do it");
            } else {
                other(C::Down, "choose");
                other(C::Open, "do it (asks)");
            }
            other(C::Back, "cancel");
        }
        Some(Popup::Help(_) | Popup::Faults(_)) => {
            hint(&[C::Down, C::Up], "scroll");
            hint(&[C::Back], "close");
            if matches!(state.popup, Some(Popup::Help(_))) {
                hint(&[C::Filter], "look for");
            }
        }
        None => {
            if state.goes_through_time() {
                hint(&[C::Freeze], space(state));
                hint(&[C::Earlier, C::Later], "sample");
                hint(&[C::Jump(-10), C::Jump(10)], "10 s");
                if state.has_marks() {
                    hint(&[C::NextMark, C::PreviousMark], "finding");
                }
            }
            if state.page().is_some() {
                hint(&[C::Back], "back");
            }
            match state.page() {
                Some(Page::Difference(page)) if page.by_process => {
                    hint(&[C::Difference], "sockets");
                }
                Some(Page::Difference(_)) => hint(&[C::Difference], "processes"),
                _ => hint(&[C::Difference], "difference"),
            }
            let on_text = state.table().is_none();
            hint(&[C::Down, C::Up], if on_text { "scroll" } else { "select" });
            if let Some(name) = target_name(state) {
                let mut open = String::new();
                format::sanitize(&mut open, name.as_bytes());
                hint(&[C::Open], &open);
            }
            if let Some(process) = owner(state) {
                let mut name = String::new();
                format::sanitize(&mut name, process.comm.as_bytes());
                hint(&[C::Owner], &format!("{name}/{}", process.key.pid));
            }
            hint(&[C::OtherEnd], "other end");
            let beside = if state.goes_through_time() {
                [C::Left, C::Right]
            } else {
                [C::Earlier, C::Later]
            };
            if state.has_panes() {
                hint(&beside, "table");
            }
            if !state.goes_through_time() {
                hint(&[C::NextMatch], "next");
            }
            hint(&[C::Filter], filter(state));
            hint(&[C::ClearFilter], no_filter(state));
            hint(&[C::PickSort], "sort");
            hint(&[C::Findings], "findings");
            hint(&[C::FilterBy], "include");
            hint(&[C::Kill], "kill");
            hint(&[C::Group], "group");
            hint(&[C::Fold], "fold");
            hint(&[C::PickColumns], "columns");
            if state.goes_through_time() {
                hint(&[C::Jump(-60), C::Jump(60)], "1 min");
                hint(&[C::GoToTime], "go to");
                hint(&[C::Faster(-1), C::Faster(1)], "speed");
            } else {
                hint(&[C::Freeze], "freeze");
            }
            hint(&[C::InvertSort], "invert");
            hint(&[C::CopyRow], "copy");
            if !state.has_panes() {
                hint(&beside, "scroll");
            }
            hint(&[C::NextScreen], "screen");
            hint(&[C::Record], recorded(state));
            hint(&[C::Mark], "mark");
            hint(&[C::Save], "save");
            hint(&[C::HoldOrder], "hold");
            let incomplete = |moment: &Arc<Moment>| !moment.sample.is_complete();
            let faults = if state.moment.as_ref().is_some_and(incomplete) {
                "faults"
            } else {
                "notes"
            };
            hint(&[C::Faults], faults);
        }
    }
    hints
}

/// What the key does that filters, or looks for a text.
fn filter(state: &State) -> &'static str {
    if state.looks_for() {
        "look for"
    } else {
        "filter"
    }
}

/// What the key does that takes it away.
fn no_filter(state: &State) -> &'static str {
    if state.looks_for() {
        "all"
    } else {
        "no filter"
    }
}

/// What the key does that freezes a live display.
fn space(state: &State) -> &'static str {
    let timeline = state.timeline.as_ref();
    let playing = timeline.is_some_and(|timeline| timeline.standing.playing);
    match (state.display, playing) {
        (Display::Replay, true) => "pause",
        (Display::Replay, false) => "play",
        _ => "now",
    }
}

/// What the key does that records.
fn recorded(state: &State) -> &'static str {
    match &state.recording {
        Some(recording) if recording.failed.is_none() => "stop",
        _ => "record",
    }
}

/// Draws the time that is being typed, with its error, or what can be typed.
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
        line.push((sanitize(error), Tone::Warning));
    } else {
        line.extend(piece("Enter", "go"));
        line.extend(piece("Esc", "cancel"));
        let about = "20:14:07, -5m from the end, +30s from the start";
        line.push((about.to_owned(), Tone::Muted));
    }
    panel::write(frame.buffer_mut(), area, &state.look, &line);
}

/// Draws the text that is searched for.
fn render_search(frame: &mut Frame<'_>, area: Rect, state: &State, editor: &LineEditor) {
    let what = "look for: ";
    let end = [
        ("  ".to_owned(), Tone::Plain),
        ("Enter".to_owned(), Tone::Key),
        (" keep  ".to_owned(), Tone::Plain),
        ("Esc".to_owned(), Tone::Key),
        (" cancel ".to_owned(), Tone::Plain),
    ];
    let room = usize::from(area.width.saturating_sub(panel::width(&end) + 2));
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
    panel::write(frame.buffer_mut(), area, &state.look, &line);
}

/// A text that is being typed, with its cursor, which stays in sight: a block behind the text, or the character that it
/// stands on.
fn typed(editor: &LineEditor, room: usize) -> Vec<Piece> {
    let (before, rest) = editor.split();
    let (before, mut rest) = (sanitize(before), rest.chars());
    let shown = text::cut_start(&before, room).into_owned();
    let Some(under) = rest.next() else {
        return vec![(shown, Tone::Strong), ("█".to_owned(), Tone::Plain)];
    };
    let behind = sanitize(rest.as_str());
    let room = room.saturating_sub(text::width(&shown));
    vec![
        (shown, Tone::Strong),
        (sanitize(&under.to_string()), Tone::Selected),
        (text::cut_end(&behind, room).into_owned(), Tone::Strong),
    ]
}

fn sanitize(text: &str) -> String {
    let mut out = String::new();
    format::sanitize(&mut out, text.as_bytes());
    out
}

fn piece(keys: &str, about: &str) -> [Piece; 2] {
    [
        (keys.to_owned(), Tone::Key),
        (format!(" {about}  "), Tone::Plain),
    ]
}
