//! The faults popup: sources that could not be read, each with the full error.
//!
//! ```text
//! ┌ Unreadable sources ──────────────────────────────────┐
//! │ sock_diag sctp                                       │
//! │   No such file or directory (os error 2)             │
//! └──────────────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::model::FaultSeverity;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// The list of faults.
#[derive(Debug, Default)]
pub struct Faults {
    /// The first line shown.
    line: usize,
}

/// Opens the list of faults.
pub(in crate::tui) fn open(state: &mut State) {
    state.open_popup(Faults::default());
}

impl Popup<State> for Faults {
    fn is_closed_by(&self, command: Command) -> bool {
        matches!(command, Command::Faults | Command::Open)
    }

    fn handle(&mut self, _state: &mut State, command: Command) -> Outcome {
        self.line = scrolled(self.line, command);
        Outcome::Stay
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "scroll"),
            Hint::new(&[Command::Back], "close"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let columns = usize::from(draw::WIDEST_TEXT.min(area.width.saturating_sub(4)));
        let lines = lines(state, columns);
        let title = "Unreadable sources";
        self.line = draw::scrolling_text(frame, area, &state.appearance, title, &lines, self.line);
    }
}

/// Each fault of the moment with its reason, wrapped to the columns.
fn lines(state: &State, columns: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let sample = state.moment.as_deref().map(|moment| &moment.sample);
    let omitted = sample.and_then(|sample| sample.omitted_namespaces);
    if let Some(omitted) = omitted.filter(|omitted| omitted.count() > 0) {
        lines.push(vec![("network namespaces".to_owned(), Tone::Strong)]);
        for part in text::wrap(&omitted.to_string(), columns.saturating_sub(2)) {
            lines.push(vec![(format!("  {part}"), Tone::Plain)]);
        }
    }
    let faults = sample.map(|sample| &sample.faults);
    for fault in faults.into_iter().flatten() {
        let mut pieces = vec![(text::sanitized(&fault.source), Tone::Strong)];
        match fault.severity {
            FaultSeverity::Note => {}
            FaultSeverity::Degraded => {
                pieces.push(("  some data is missing".to_owned(), Tone::Warning));
            }
            FaultSeverity::Incomplete => {
                pieces.push(("  sockets may be missing".to_owned(), Tone::Critical));
            }
        }
        lines.push(pieces);
        let error = text::sanitized(&fault.error);
        for part in text::wrap(&error, columns.saturating_sub(2)) {
            lines.push(vec![(format!("  {part}"), Tone::Plain)]);
        }
    }
    if lines.is_empty() {
        lines.push(vec![("all sources were read".to_owned(), Tone::Plain)]);
    }
    lines
}
