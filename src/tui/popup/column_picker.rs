//! The column picker: the columns of the table, those that are shown first, in their order. Letters narrow the list.
//!
//! ```text
//! ┌ Columns ─────────────────────────────────────┐
//! │ ■ STATE     State. Kernel: idiag_state.      │
//! │ · INODE     Inode in sockfs.                 │
//! └──────────────────────────────────────────────┘
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

    /// Changes the column at the cursor.
    fn change(&mut self, state: &mut State, change: Change) {
        let columns = self.columns(state);
        let (Some(&(column, _)), Some(table)) = (columns.get(self.lines.line), state.table_mut())
        else {
            return;
        };
        match change {
            Change::Toggle => table.toggle_column(column),
            Change::Widen(by) => table.widen_column(column, by),
            Change::Reset => table.reset_columns(),
            Change::Move(places) => {
                table.move_column(column, places);
                // The cursor goes with the column.
                let mut columns = self.columns(state).into_iter();
                let place = columns.position(|(at, _)| at == column);
                self.lines.line = place.unwrap_or(self.lines.line);
            }
        }
    }
}

/// A change of the column at the cursor.
#[derive(Debug, Clone, Copy)]
enum Change {
    Toggle,
    Move(isize),
    Widen(i16),
    Reset,
}

impl Change {
    /// Returns the change that a character asks for; all others are text.
    fn of(character: char) -> Option<Change> {
        Some(match character {
            ' ' => Change::Toggle,
            '<' => Change::Move(-1),
            '>' => Change::Move(1),
            '+' => Change::Widen(2),
            '-' => Change::Widen(-2),
            '=' => Change::Reset,
            _ => return None,
        })
    }
}

impl Popup<State> for ColumnPicker {
    fn is_closed_by(&self, command: Command) -> bool {
        matches!(command, Command::PickColumns | Command::Open)
    }

    fn press(&mut self, state: &mut State, key: &KeyEvent) -> Option<Outcome> {
        let KeyCode::Char(character) = key.code else {
            return None;
        };
        self.change(state, Change::of(character)?);
        Some(Outcome::Stay)
    }

    fn is_typed(&self, character: char) -> bool {
        character != '?'
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        let columns = self.columns(state);
        self.lines.scroll(command, columns.len());
        match command {
            Command::Left => self.change(state, Change::Move(-1)),
            Command::Right => self.change(state, Change::Move(1)),
            _ => {}
        }
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.lines.line = line;
        self.change(state, Change::Toggle);
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
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::of_key("Space", "show/hide"),
            Hint::of_key("<>", "move"),
            Hint::of_key("+-", "width"),
            Hint::of_key("=", "reset"),
            Hint::new(&[Command::Open], "close"),
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
            draw::TYPE_TO_SEARCH,
            self.lines.search(),
        );
        draw::choices(frame, area, state, &title, &choices, self.lines.line);
    }
}
