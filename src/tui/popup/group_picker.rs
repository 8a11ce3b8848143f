//! The group picker: the criteria by which rows can be grouped. The letter of a criterion chooses it;
//! after `/`, letters narrow the list.
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
use super::searchable_lines::SearchableLines;
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::navigation;
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::table::GroupingChoice;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// The choice of no groups.
const NONE: GroupingChoice = GroupingChoice {
    name: "none",
    key: '-',
    about: "all rows, one by one",
};

/// The key that starts a search.
const SEARCH: char = '/';

/// Columns of a name.
const NAME: usize = 19;

/// The criteria to choose from.
#[derive(Debug)]
pub struct GroupPicker {
    /// The criteria, without the line for none.
    choices: Vec<GroupingChoice>,
    /// The criterion in force, counted from 1; 0 if rows are not grouped.
    current: usize,
    /// The line of the cursor among those that the search leaves.
    lines: SearchableLines,
    /// True if letters are typed to search; otherwise they choose.
    is_searching: bool,
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
        lines: SearchableLines::at(current.saturating_sub(1)),
        is_searching: false,
        choices,
        current,
    };
    state.open_popup(picker);
}

impl GroupPicker {
    /// The criteria that the search leaves, each with its place counted from 1; the last one is none, at place 0.
    fn found(&self) -> Vec<(usize, &GroupingChoice)> {
        let search = self.lines.search_text();
        let places = (1..).zip(&self.choices).chain([(0, &NONE)]);
        places
            .filter(|(_, choice)| search.matches(choice.name) || search.matches(choice.about))
            .collect()
    }

    fn choose_line(&self, state: &mut State, line: usize) -> Outcome {
        match self.found().get(line) {
            Some(&(place, _)) => self.choose(state, place),
            None => Outcome::Stay,
        }
    }

    fn choose(&self, state: &mut State, place: usize) -> Outcome {
        if self.of_all_sockets {
            navigation::go_to(state, Screen::Sockets);
            while state.close_page() {}
        }
        if let Some(table) = state.table_mut() {
            table.group_by(place);
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
        if self.is_searching || !(key.modifiers - KeyModifiers::SHIFT).is_empty() {
            return None;
        }
        if letter == SEARCH {
            self.is_searching = true;
            return Some(Outcome::Stay);
        }
        let found = self.found();
        let chosen = found.iter().find(|(_, choice)| choice.key == letter)?;
        Some(self.choose(state, chosen.0))
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        match command {
            Command::Open => return self.choose_line(state, self.lines.line),
            // The key that cycles through the criteria moves on here.
            Command::Group => self.lines.line = (self.lines.line + 1) % self.found().len().max(1),
            _ => {
                let count = self.found().len();
                self.lines.scroll(command, count);
            }
        }
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.choose_line(state, line)
    }

    fn search(&self) -> Option<&str> {
        Some(self.lines.search())
    }

    fn set_search(&mut self, text: String) {
        self.lines.set_search(text);
    }

    fn is_typed(&self, character: char) -> bool {
        self.is_searching && character != '?'
    }

    fn cancel_search(&mut self) -> bool {
        self.lines.set_search(String::new());
        std::mem::take(&mut self.is_searching)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], "group"),
            Hint::new(&[Command::Back], "cancel"),
            Hint::of_key("/", "search"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let found = self.found();
        let mut lines: Vec<Vec<Piece>> = found
            .into_iter()
            .map(|(place, choice)| {
                let is_current = place == self.current;
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
        let title = if self.is_searching {
            draw::search_title(title, draw::TYPE_TO_SEARCH, self.lines.search())
        } else {
            title.to_owned()
        };
        let is_empty = lines.is_empty();
        if is_empty {
            lines.push(vec![("no match".to_owned(), Tone::Muted)]);
        }
        let place = (usize::from(is_empty), self.lines.line, false);
        draw::menu(frame, area, state, &title, &lines, place);
    }
}
