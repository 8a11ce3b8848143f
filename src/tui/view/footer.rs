//! The last line: keys that do something here and now.
//!
//! ```text
//!  ↓↑ select  Enter open nginx/2211  s sort  I invert  <> column  Tab screen  ? help  q quit
//! ```

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::{self, Piece};
use crate::aggregate::Moment;
use crate::column::format;
use crate::tui::keymap::{Command as C, label};
use crate::tui::state::{Popup, State};
use crate::tui::theme::Tone;
use crate::tui::update::{does_something, target_name};

/// Draws the line of keys.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &State) {
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
    let incomplete = |moment: &Arc<Moment>| !moment.sample.is_complete();
    let faults = if state.moment.as_ref().is_some_and(incomplete) {
        "faults"
    } else {
        "notes"
    };
    match state.popup {
        Some(Popup::PickSort(_)) => {
            hint(&[C::Down, C::Up], "choose");
            hint(&[C::Open], "sort by it");
            hint(&[C::InvertSort], "invert");
            hint(&[C::Back], "cancel");
        }
        Some(Popup::Help(_) | Popup::Faults(_)) => {
            hint(&[C::Down, C::Up], "scroll");
            hint(&[C::Back], "close");
        }
        None => {
            hint(&[C::Back], "back");
            hint(&[C::Down, C::Up], "select");
            if let Some(name) = target_name(state) {
                let mut open = "open ".to_owned();
                format::harmless(&mut open, name.as_bytes());
                hint(&[C::Open], &open);
            }
            hint(&[C::PickSort], "sort");
            hint(&[C::InvertSort], "invert");
            hint(&[C::Left, C::Right], "columns");
            hint(&[C::NextScreen], "screen");
            hint(&[C::Faults], faults);
        }
    }
    let mut last: Vec<Piece> = Vec::new();
    if state.popup.is_none() {
        last.extend(piece(label(C::Help), "help"));
    }
    last.extend(piece(label(C::Quit), "quit"));
    let room = area.width.saturating_sub(1 + panel::width(&last));
    let mut line: Vec<Piece> = vec![(" ".to_owned(), Tone::Plain)];
    let mut used = 0;
    for (keys, about) in &hints {
        let pieces = piece(keys, about);
        let width = panel::width(&pieces);
        if used + width <= room {
            used += width;
            line.extend(pieces);
        }
    }
    line.extend(last);
    panel::write(frame.buffer_mut(), area, &state.look, &line);
}

fn piece(keys: &str, about: &str) -> [Piece; 2] {
    [
        (keys.to_owned(), Tone::Key),
        (format!(" {about}  "), Tone::Plain),
    ]
}
