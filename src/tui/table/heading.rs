//! A table's column as a screen shows it: its heading, the range of its width, its priority.

use crate::column::Align;
use crate::tui::text;

/// A column's heading and widths.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// The column's id.
    pub id: &'static str,
    /// The text above the column.
    pub heading: &'static str,
    /// The column's documentation, a sentence or two.
    pub about: &'static str,
    /// The side at which its cells are aligned.
    pub align: Align,
    /// The preferred width, terminal columns.
    pub width: u16,
    /// The minimum useful width.
    pub min_width: u16,
    /// The maximum useful width.
    pub max_width: u16,
    /// Columns with a lower number are shown first; those with 0 always.
    pub priority: u8,
}

impl Heading {
    /// The priority of a column that is shown only if the user chooses it, or sorts by it.
    pub(in crate::tui) const NEVER: u8 = u8::MAX;

    fn at_least_its_text(&self, width: u16) -> u16 {
        width.max(text::width(self.heading) as u16)
    }

    /// Minimum width, with room for the heading itself.
    pub(super) fn narrowest(&self) -> u16 {
        self.at_least_its_text(self.min_width)
    }

    /// The preferred width, with room for the heading itself.
    pub(super) fn preferred(&self) -> u16 {
        self.at_least_its_text(self.width)
    }

    /// Maximum width, with room for the heading itself.
    pub(super) fn widest(&self) -> u16 {
        self.at_least_its_text(self.max_width.max(self.width))
    }

    /// The same column with room for the arrow that marks the sort column, if it is that one.
    pub(super) fn with_sort_arrow(mut self, sorted: bool) -> Heading {
        if sorted {
            let width = text::width(self.heading) as u16 + 1;
            self.min_width = self.min_width.max(width);
            self.width = self.width.max(width);
        }
        self
    }

    /// True if sorting by the column starts with the largest: numbers, and texts that stand for numbers.
    pub(super) fn sorts_descending(&self) -> bool {
        self.align == Align::Right
            || matches!(
                self.id,
                "minute" | "time_wait_minute" | "gauge" | "severity" | "note" | "since"
            )
    }
}
