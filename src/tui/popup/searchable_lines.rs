//! The search and the selected line of a popup whose lines can be searched.

use crate::filter::SearchText;
use crate::tui::command::Command;
use crate::tui::scroll::scrolled;

/// A selected line, among those that a search leaves.
#[derive(Debug, Default)]
pub(super) struct SearchableLines {
    /// The selected line.
    pub(super) line: usize,
    search: String,
}

impl SearchableLines {
    /// Selects a line of all.
    pub(super) fn at(line: usize) -> SearchableLines {
        SearchableLines {
            line,
            search: String::new(),
        }
    }

    /// Moves the selection as a command asks, within `count` lines.
    pub(super) fn scroll(&mut self, command: Command, count: usize) {
        self.line = scrolled(self.line, command).min(count.saturating_sub(1));
    }

    /// The text of the search as it was entered.
    pub(super) fn search(&self) -> &str {
        &self.search
    }

    /// The search, to match lines with.
    pub(super) fn search_text(&self) -> SearchText {
        SearchText::new(&self.search)
    }

    /// Searches for another text, from the first line on.
    pub(super) fn set_search(&mut self, text: String) {
        if text != self.search {
            (self.search, self.line) = (text, 0);
        }
    }
}
