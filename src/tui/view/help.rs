//! Every key, from the key map itself.
//!
//! ```text
//! ┌ Keys ───────────────────────────────────────┐
//! │ 1            Overview: states, throughput … │
//! │ ↓ j          select the row below           │
//! └─────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::panel::Piece;
use super::popup;
use crate::tui::keymap::BINDINGS;
use crate::tui::state::{Popup, State};
use crate::tui::theme::Tone;

/// Columns of the keys.
const KEYS: usize = 13;

/// Draws the help from `line` on.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State, line: usize) {
    let lines: Vec<Vec<Piece>> = BINDINGS
        .iter()
        .map(|binding| {
            vec![
                (format!("{:<KEYS$}", binding.label), Tone::Key),
                (binding.about.to_owned(), Tone::Plain),
            ]
        })
        .collect();
    let line = popup::render_lines(frame, area, &state.look, "Keys", &lines, line);
    state.popup = Some(Popup::Help(line));
}
