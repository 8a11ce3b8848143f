//! The save popup: selects the part of the history to save to a file.
//!
//! ```text
//! ┌ Save history to a file ──┐
//! │ the last minute          │
//! │ the whole history        │
//! └──────────────────────────┘
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::hint::Hint;
use crate::tui::scroll::scrolled;
use crate::tui::state::{DisplayMode, State};
use crate::tui::theme::Tone;

/// Parts of the history that can be saved, with their names; `None` is all of it.
const PARTS: [(Option<Duration>, &str); 4] = [
    (Some(Duration::from_secs(60)), "the last minute"),
    (Some(Duration::from_secs(300)), "the last 5 minutes"),
    (Some(Duration::from_secs(600)), "the last 10 minutes"),
    (None, "the whole history"),
];

/// The parts of the history to choose from.
#[derive(Debug, Default)]
pub struct Save {
    /// The line of the cursor.
    line: usize,
}

/// The reason why a replay cannot be recorded, saved or rewound further.
pub(crate) const IS_RECORDING: &str = "not available in a replay";

/// The reason why there is nothing to record or to save, if so.
pub(in crate::tui) fn unsavable_reason(state: &State) -> Option<&'static str> {
    if state.display == DisplayMode::Replay {
        Some(IS_RECORDING)
    } else if state.moment.is_none() {
        Some("there is no sample yet")
    } else if state.preview().is_some() {
        Some("not available in a preview")
    } else {
        None
    }
}

/// Opens the popup, or sets a message with the reason why there is nothing to save.
pub(in crate::tui) fn open(state: &mut State) {
    match unsavable_reason(state) {
        Some(why) => state.message = Some(why.to_owned()),
        None => state.open_popup(Save::default()),
    }
}

impl Popup<State> for Save {
    fn is_closed_by(&self, command: Command) -> bool {
        command == Command::Save
    }

    fn handle(&mut self, _state: &mut State, command: Command) -> Outcome {
        if command == Command::Open {
            return Outcome::CloseWith(Effect::Save(PARTS[self.line].0));
        }
        self.line = scrolled(self.line, command).min(PARTS.len() - 1);
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.line = line.min(PARTS.len() - 1);
        self.handle(state, Command::Open)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], "save"),
            Hint::new(&[Command::Back], "cancel"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let lines = PARTS.map(|(_, name)| vec![(name.to_owned(), Tone::Plain)]);
        let title = "Save history to a file";
        draw::menu(frame, area, state, title, &lines, (0, self.line, false));
    }
}
