//! The help: every key, from the key map.
//!
//! ```text
//! ┌ Keys ─ / to search ─────────────────────────┐
//! │ 1            Go to Overview: states, …      │
//! │ ↓ j          Select the row below           │
//! └─────────────────────────────────────────────┘
//! ```

use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use super::searchable_lines::SearchableLines;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// Columns of the keys.
const KEYS: usize = 13;

/// The list of keys.
#[derive(Debug, Default)]
pub struct Help {
    /// The keys, and the first line shown.
    lines: SearchableLines,
}

/// Opens the help.
pub(in crate::tui) fn open(state: &mut State) {
    state.open_popup(Help::default());
}

impl Popup<State> for Help {
    fn is_closed_by(&self, command: Command) -> bool {
        matches!(command, Command::Help | Command::Open)
    }

    fn handle(&mut self, _state: &mut State, command: Command) -> Outcome {
        self.lines.line = scrolled(self.lines.line, command);
        Outcome::Stay
    }

    fn search(&self) -> Option<&str> {
        Some(self.lines.search())
    }

    fn set_search(&mut self, text: String) {
        self.lines.set_search(text);
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "scroll"),
            Hint::new(&[Command::Back], "close"),
            Hint::new(&[Command::Filter], "search"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let search = self.lines.search_text();
        let keys = Arc::clone(&state.appearance.keys);
        let lines: Vec<Vec<Piece>> = keys
            .commands()
            .iter()
            .filter(|bound| search.matches(&bound.label) || search.matches(bound.binding.about))
            .map(|bound| {
                let label = text::cut_end(&bound.label, KEYS - 1);
                let pad = " ".repeat(KEYS.saturating_sub(text::width(&label)));
                vec![
                    (format!("{label}{pad}"), Tone::Key),
                    (bound.binding.about.to_owned(), Tone::Plain),
                ]
            })
            .collect();
        let title = draw::search_title("Keys", "/ to search", self.lines.search());
        self.lines.line = draw::scrolling_text(
            frame,
            area,
            &state.appearance,
            &title,
            &lines,
            self.lines.line,
        );
    }
}
