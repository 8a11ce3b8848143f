//! The sort picker: the columns that the table can be sorted by, with their documentation. Letters narrow the list.
//!
//! ```text
//! ┌ Sort by ─────────────────────────────────┐
//! │ STATE     State. Kernel: idiag_state.    │
//! │ ↓+↑/s ▼   Goodput in and out together …  │
//! └──────────────────────────────────────────┘
//! ```

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw::{self, Choice};
use super::interface::{Outcome, Popup};
use super::searchable_lines::SearchableLines;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// The key that reverses the order.
const REVERSE: char = ' ';

/// The columns to sort by.
#[derive(Debug)]
pub struct SortPicker {
    /// The columns, and the line of the cursor.
    lines: SearchableLines,
}

/// Opens the sort picker with the cursor on the sort column, if there is a table.
pub(in crate::tui) fn open(state: &mut State) {
    if let Some(table) = state.table() {
        let lines = SearchableLines::at(table.sort_order().column);
        state.open_popup(SortPicker { lines });
    }
}

impl SortPicker {
    /// The columns that the search leaves, by their indices.
    fn columns(&self, state: &State) -> Vec<usize> {
        let search = self.lines.search_text();
        let headings = state.table().map_or(&[][..], |table| table.headings());
        (0..headings.len())
            .filter(|&column| draw::matches(&search, &headings[column]))
            .collect()
    }
}

impl Popup<State> for SortPicker {
    fn is_closed_by(&self, command: Command) -> bool {
        command == Command::PickSort
    }

    fn press(&mut self, state: &mut State, key: &KeyEvent) -> Option<Outcome> {
        if key.code != KeyCode::Char(REVERSE) {
            return None;
        }
        state.table_mut()?.invert_sort();
        Some(Outcome::Stay)
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        let columns = self.columns(state);
        self.lines.scroll(command, columns.len());
        match (command, columns.get(self.lines.line), state.table_mut()) {
            (Command::Open, Some(&column), Some(table)) => {
                if table.sort_order().column != column {
                    table.sort_by(column);
                }
                Outcome::Close
            }
            _ => Outcome::Stay,
        }
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.lines.line = line;
        self.handle(state, Command::Open)
    }

    fn search(&self) -> Option<&str> {
        Some(self.lines.search())
    }

    fn set_search(&mut self, text: String) {
        self.lines.set_search(text);
    }

    fn is_typed(&self, character: char) -> bool {
        !matches!(character, REVERSE | '?')
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], "sort"),
            Hint::of_key("Space", "reverse"),
            Hint::new(&[Command::Back], "cancel"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let Some(table) = state.table() else { return };
        let order = table.sort_order();
        let headings = table.headings();
        let choice = |column: usize| {
            let is_sorted = column == order.column;
            let arrow = match (is_sorted, order.descending) {
                (false, _) => "",
                (true, true) => " ▼",
                (true, false) => " ▲",
            };
            Choice {
                name: format!("{}{arrow}", headings[column].heading),
                tone: if is_sorted { Tone::Key } else { Tone::Strong },
                about: headings[column].about,
            }
        };
        let choices: Vec<Choice> = self.columns(state).into_iter().map(choice).collect();
        let title = draw::search_title("Sort by", draw::TYPE_TO_SEARCH, self.lines.search());
        draw::choices(frame, area, state, &title, &choices, self.lines.line);
    }
}
