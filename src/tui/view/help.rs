//! Every key, from the key map itself.
//!
//! ```text
//! ┌ Keys ─ / looks for one ─────────────────────┐
//! │ 1            Overview: states, throughput … │
//! │ ↓ j          select the row below           │
//! └─────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::Piece;
use super::popup;
use crate::filter::SearchText;
use crate::tui::keymap::BINDINGS;
use crate::tui::state::{Popup, State};
use crate::tui::theme::Tone;

/// Columns of the keys.
const KEYS: usize = 13;

/// Draws the help from `line` on.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State, line: usize) {
    let search = SearchText::new(&state.search);
    let lines: Vec<Vec<Piece>> = BINDINGS
        .iter()
        .filter(|binding| search.matches(binding.label) || search.matches(binding.about))
        .map(|binding| {
            vec![
                (format!("{:<KEYS$}", binding.label), Tone::Key),
                (binding.about.to_owned(), Tone::Plain),
            ]
        })
        .collect();
    let title = popup::title(state, "Keys", "/ looks for one");
    let line = popup::render_lines(frame, area, &state.look, &title, &lines, line);
    state.popup = Some(Popup::Help(line));
}
