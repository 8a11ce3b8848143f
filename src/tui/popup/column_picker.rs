//! The column picker: the columns of the table, those that are shown first, in their order.
//!
//! ```text
//! ┌ Columns ─────────────────────────────────────┐
//! │ ■ STATE     State. Kernel: idiag_state.      │
//! │ · INODE     Inode in sockfs.                 │
//! └──────────────────────────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw::{self, Choice};
use super::interface::{Outcome, Popup};
use super::searchable_lines::SearchableLines;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// The columns to show.
#[derive(Debug, Default)]
pub struct ColumnPicker {
    /// The columns, and the line of the cursor.
    lines: SearchableLines,
}

/// Opens the column picker, if there is a table.
pub(in crate::tui) fn open(state: &mut State) {
    if state.table().is_some() {
        state.open_popup(ColumnPicker::default());
    }
}

impl ColumnPicker {
    /// The columns that match the search, by their indices, each with true if it is shown.
    fn columns(&self, state: &State) -> Vec<(usize, bool)> {
        let search = self.lines.search_text();
        let Some(table) = state.table() else {
            return Vec::new();
        };
        let headings = table.headings();
        let mut columns = table.column_choices();
        columns.retain(|&(column, _)| draw::matches(&search, &headings[column]));
        columns
    }
}

impl Popup<State> for ColumnPicker {
    fn is_closed_by(&self, command: Command) -> bool {
        matches!(command, Command::PickColumns | Command::Open)
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        let columns = self.columns(state);
        self.lines.scroll(command, columns.len());
        let (Some(&(column, _)), Some(table)) = (columns.get(self.lines.line), state.table_mut())
        else {
            return Outcome::Stay;
        };
        match command {
            Command::Freeze => table.toggle_column(column),
            Command::SortLeft | Command::Left => table.move_column(column, -1),
            Command::SortRight | Command::Right => table.move_column(column, 1),
            Command::Widen => table.widen_column(column, 2),
            Command::Narrow => table.widen_column(column, -2),
            Command::ResetColumns => table.reset_columns(),
            _ => {}
        }
        let is_move = matches!(
            command,
            Command::SortLeft | Command::SortRight | Command::Left | Command::Right
        );
        if is_move {
            // The cursor goes with the column.
            let mut columns = self.columns(state).into_iter();
            let place = columns.position(|(at, _)| at == column);
            self.lines.line = place.unwrap_or(self.lines.line);
        }
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.lines.line = line;
        self.handle(state, Command::Freeze)
    }

    fn search(&self) -> Option<&str> {
        Some(self.lines.search())
    }

    fn set_search(&mut self, text: String) {
        self.lines.set_search(text);
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Freeze], "show/hide"),
            Hint::new(&[Command::SortLeft, Command::SortRight], "move"),
            Hint::new(&[Command::Widen, Command::Narrow], "width"),
            Hint::new(&[Command::ResetColumns], "reset"),
            Hint::new(&[Command::Open], "close"),
            Hint::new(&[Command::Filter], "search"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let Some(table) = state.table() else { return };
        let headings = table.headings();
        let how = if table.has_chosen_columns() {
            "(customized)"
        } else {
            "(default)"
        };
        let choice = |(column, is_shown): (usize, bool)| {
            let mark = if is_shown { '■' } else { '·' };
            Choice {
                name: format!("{mark} {}", headings[column].heading),
                tone: if is_shown { Tone::Key } else { Tone::Strong },
                about: headings[column].about,
            }
        };
        let choices: Vec<Choice> = self.columns(state).into_iter().map(choice).collect();
        let title = draw::search_title(
            &format!("Columns {how}"),
            "/ to search",
            self.lines.search(),
        );
        draw::choices(frame, area, state, &title, &choices, self.lines.line);
    }
}
