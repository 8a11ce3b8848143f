//! The filter-by popup: the conditions that the selected row passes, to include or exclude such rows.
//!
//! ```text
//! ┌ Include only ────────────┐
//! │ process nginx            │
//! │ state established        │
//! └──────────────────────────┘
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw;
use super::interface::{Outcome, Popup};
use crate::tui::command::Command;
use crate::tui::hint::Hint;
use crate::tui::lists::filter_conditions;
use crate::tui::page::Page;
use crate::tui::scroll::scrolled;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// The conditions to choose from.
#[derive(Debug)]
pub struct FilterBy {
    /// Conditions that the row passes, in the filter language.
    conditions: Vec<String>,
    /// True to exclude such rows, false to include them.
    exclude: bool,
    /// The line of the cursor.
    line: usize,
}

/// Opens the popup, or sets a message if there are no conditions.
pub(in crate::tui) fn open(state: &mut State, exclude: bool) {
    state.arrange();
    let conditions = conditions(state);
    if conditions.is_empty() {
        state.message = Some("no row selected to filter by".to_owned());
    } else {
        state.open_popup(FilterBy {
            conditions,
            exclude,
            line: 0,
        });
    }
}

/// The conditions that the socket of the page passes, or the selected row.
fn conditions(state: &State) -> Vec<String> {
    let mut conditions = match (state.moment.as_deref(), state.page(), state.table()) {
        (Some(moment), Some(Page::Socket(page)), _) => {
            let row = page.row(moment);
            let found = row.map(|row| filter_conditions::of_socket(&row, row.socket.socket.state));
            let found = found.unwrap_or_default().into_iter();
            found.map(|(_, condition)| condition).collect()
        }
        (Some(moment), _, Some(table)) => table.conditions(moment),
        _ => Vec::new(),
    };
    conditions.retain(|condition| state.parse_filter(condition).is_ok());
    conditions
}

impl FilterBy {
    /// The conditions that are offered, in the filter language.
    pub fn conditions(&self) -> &[String] {
        &self.conditions
    }
}

impl Popup<State> for FilterBy {
    fn is_closed_by(&self, _command: Command) -> bool {
        false
    }

    fn handle(&mut self, state: &mut State, command: Command) -> Outcome {
        match command {
            Command::FilterBy => self.exclude = false,
            Command::Exclude => self.exclude = true,
            Command::Open => {
                if let Some(condition) = self.conditions.get(self.line) {
                    add_condition(state, condition, self.exclude);
                }
                return Outcome::Close;
            }
            _ => {
                let last = self.conditions.len().saturating_sub(1);
                self.line = scrolled(self.line, command).min(last);
            }
        }
        Outcome::Stay
    }

    fn click(&mut self, state: &mut State, line: usize) -> Outcome {
        self.line = line.min(self.conditions.len().saturating_sub(1));
        self.handle(state, Command::Open)
    }

    fn hints(&self) -> Vec<Hint> {
        vec![
            Hint::new(&[Command::Down, Command::Up], "select"),
            Hint::new(&[Command::Open], "apply"),
            Hint::new(&[Command::Exclude], "exclude"),
            Hint::new(&[Command::FilterBy], "include"),
            Hint::new(&[Command::Back], "cancel"),
        ]
    }

    fn render(&mut self, frame: &mut Frame<'_>, area: Rect, state: &mut State) {
        let not = if self.exclude { "not " } else { "" };
        let conditions = self.conditions.iter();
        let lines: Vec<Vec<Piece>> = conditions
            .map(|condition| {
                vec![
                    (not.to_owned(), Tone::Warning),
                    (text::sanitized(condition), Tone::Strong),
                ]
            })
            .collect();
        let title = if self.exclude {
            "Exclude"
        } else {
            "Include only"
        };
        draw::menu(frame, area, state, title, &lines, (0, self.line, false));
    }
}

/// Adds a condition to the filter in force, or its negation.
pub(in crate::tui) fn add_condition(state: &mut State, condition: &str, exclude: bool) {
    let condition = if exclude {
        format!("not {condition}")
    } else {
        condition.to_owned()
    };
    let filter = state.filter();
    let known = filter.as_term();
    if has_condition(&known, &condition) {
        state.message = Some(format!(
            "already in the filter: {}",
            text::sanitized(&condition)
        ));
        return;
    }
    let text = if filter.is_empty() {
        condition
    } else if filter.is_search() {
        format!("{known} and {condition}")
    } else if [" or ", "|"].iter().any(|or| known.contains(or)) && !known.starts_with("( ") {
        format!("( {known} ) and {condition}")
    } else {
        format!("{known} and {condition}")
    };
    match state.parse_filter(&text) {
        Ok(filter) => {
            state.filter_history.push(filter.text());
            state.set_filter(filter);
        }
        Err(error) => state.message = Some(error.to_string()),
    }
}

/// True if the filter as a whole requires the condition already.
fn has_condition(filter: &str, condition: &str) -> bool {
    let mut parts = filter.split(" and ");
    let last = filter.rsplit(" and ").next();
    // Operators are evaluated from left to right: with an `or`, only the last condition applies to the whole.
    let mixed = filter.contains(" or ") || filter.contains('|');
    last == Some(condition) || (!mixed && parts.any(|part| part == condition))
}
