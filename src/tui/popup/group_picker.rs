//! The group picker: the criteria by which rows can be grouped. The letter of a criterion chooses it.
//!
//! ```text
//! ┌ Group by ────────────────────────────────────────────────┐
//! │ n  network namespace   sockets of the same network …     │
//! │ p  pod                 sockets of the same pod in …      │
//! └──────────────────────────────────────────────────────────┘
//! ```

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::navigation;
use crate::tui::screen::Screen;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::table::GroupingChoice;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// The letter for no groups.
const UNGROUP: char = '-';

/// Columns of a name.
const NAME: usize = 19;

/// The criteria to choose from.
#[derive(Debug)]
pub struct GroupPicker {
    /// The criteria, without the line for none.
    choices: Vec<GroupingChoice>,
    /// The criterion in force, counted from 1; 0 if rows are not grouped.
    current: usize,
    /// The line of the cursor.
    line: usize,
    /// True if all sockets are to be grouped: the table shown cannot be.
    of_all_sockets: bool,
}

/// Opens the picker for the table with the focus; for all sockets if that cannot be grouped.
pub(in crate::tui) fn open(state: &mut State) {
    let shown = state.table().filter(|_| !state.has_panes());
    let shown = shown.filter(|table| !table.groupings().is_empty());
    let table = shown.unwrap_or(&state.sockets);
    let (choices, current) = (table.groupings(), table.grouping_place());
    let picker = GroupPicker {
        of_all_sockets: shown.is_none(),
        line: current.saturating_sub(1),
        choices,
        current,
    };
    state.open_popup(picker);
}

impl GroupPicker {
    /// The place of a line among the criteria, counted from 1; 0 for the last line, which is for none.
    fn place(&self, line: usize) -> usize {
        if line < self.choices.len() {
            line + 1
        } else {
            0
        }
    }

    fn choose(&self, state: &mut State, line: usize) -> Outcome {
        if self.of_all_sockets {
            navigation::go_to(state, Screen::Sockets);
            while state.close_page() {}
        }
        if let Some(table) = state.table_mut() {
            table.group_by(self.place(line));
        }
        Outcome::Close
    }
}

impl Popup<State> for GroupPicker {
    fn is_closed_by(&self, command: Command) -> bool {
        command == Command::PickGroup
    }

    fn press(&mut self, state: &mut State, key: &KeyEvent) -> Option<Outcome> {
        let KeyCode::Char(letter) = key.code else {
            return None;
        };
        if !(key.modifiers - KeyModifiers::SHIFT).is_empty() {
            return None;
        }
        let mut choices = self.choices.iter();
        let line = match letter {
            UNGROUP => Some(self.choices.len()),
            letter => choices.position(|choice| choice.key == letter),
        };
        Some(self.choose(state, line?))
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        match command {
            Command::Open => return self.choose(state, self.line),
            // The key that cycles through the criteria moves on here.
            Command::Group => self.line = (self.line + 1) % (self.choices.len() + 1),
            _ => self.line = scrolled(self.line, command).min(self.choices.len()),
        }
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.choose(state, line)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], "group"),
            Hint::new(&[Command::Back], "cancel"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let none = GroupingChoice {
            name: "none",
            key: UNGROUP,
            about: "all rows, one by one",
        };
        let lines: Vec<Vec<Piece>> = (self.choices.iter().chain([&none]).enumerate())
            .map(|(line, choice)| {
                let is_current = self.place(line) == self.current;
                let tone = if is_current { Tone::Key } else { Tone::Strong };
                vec![
                    (format!("{}  ", choice.key), Tone::Key),
                    (format!("{:<NAME$}", choice.name), tone),
                    (choice.about.to_owned(), Tone::Plain),
                ]
            })
            .collect();
        let title = if self.of_all_sockets {
            "Group all sockets by"
        } else {
            "Group by"
        };
        draw::menu(frame, area, state, title, &lines, (0, self.line, false));
    }
}
