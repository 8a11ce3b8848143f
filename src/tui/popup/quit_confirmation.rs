//! The question before the program ends while a recording runs.
//!
//! ```text
//! ┌ Quit ───────────────────────────────────┐
//! │ A recording is running: host.swr        │
//! │ Quitting stops it and closes the file.  │
//! │                                         │
//! │ y or Enter quits, any other key stays   │
//! └─────────────────────────────────────────┘
//! ```

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::tui::command::Command;
use crate::tui::effect::Effect;
use crate::tui::hint::Hint;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;

/// The question whether to quit.
#[derive(Debug)]
pub struct QuitConfirmation;

/// True if a recording would end with the program.
pub(in crate::tui) fn is_needed(state: &State) -> bool {
    let recording = state.recording.as_ref();
    recording.is_some_and(|recording| recording.failed.is_none())
}

/// Opens the question.
pub(in crate::tui) fn open(state: &mut State) {
    state.open_popup(QuitConfirmation);
}

impl Popup<State> for QuitConfirmation {
    fn is_closed_by(&self, _command: Command) -> bool {
        true
    }

    fn press(&mut self, _state: &mut State, key: &KeyEvent) -> Option<Outcome> {
        match (key.code, key.modifiers) {
            (KeyCode::Char('y') | KeyCode::Enter, KeyModifiers::NONE) => {
                Some(Outcome::CloseWith(Effect::Quit))
            }
            // Keys that mean the same everywhere.
            (_, modifiers) if modifiers.contains(KeyModifiers::CONTROL) => None,
            _ => Some(Outcome::Close),
        }
    }

    fn handle(&mut self, _state: &mut State, _command: Command) -> Outcome {
        Outcome::Close
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::of_key("y Enter", "quit"),
            Hint::new(&[Command::Back], "stay"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let file = state.recording.as_ref();
        let file = file.map_or_else(String::new, |recording| text::sanitized(&recording.file));
        let lines = [
            vec![
                ("A recording is running: ".to_owned(), Tone::Plain),
                (file, Tone::Strong),
            ],
            vec![(
                "Quitting stops it and closes the file.".to_owned(),
                Tone::Plain,
            )],
            Vec::new(),
            vec![
                ("y".to_owned(), Tone::Key),
                (" or ".to_owned(), Tone::Plain),
                ("Enter".to_owned(), Tone::Key),
                (" quits, any other key stays".to_owned(), Tone::Plain),
            ],
        ];
        draw::scrolling_text(frame, area, &state.appearance, "Quit", &lines, 0);
    }
}
