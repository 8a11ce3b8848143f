//! Moving about in a table and changing its order.

use super::{Heading, List, Sort, Table};
use crate::aggregate::Moment;
use crate::column::Align;

/// What the keys do to a table, whatever it lists.
pub trait Steer {
    /// Moves the selection by rows.
    fn step(&mut self, moment: &Moment, rows: isize);
    /// Moves the selection by pages.
    fn page(&mut self, moment: &Moment, pages: isize);
    /// Selects the first row.
    fn first(&mut self, moment: &Moment);
    /// Selects the last row.
    fn last(&mut self, moment: &Moment);
    /// Turns the order around.
    fn invert(&mut self);
    /// Orders by the column that many places further among those shown.
    fn sort_beside(&mut self, columns: isize);
    /// Orders by a column: numbers start with the largest, texts with the first.
    fn sort_by(&mut self, column: usize);
    /// Scrolls the columns.
    fn shift(&mut self, columns: isize);
    /// Its columns.
    fn headings(&self) -> &'static [Heading];
    /// The order.
    fn order(&self) -> Sort;
    /// Whether there are rows.
    fn has_rows(&self) -> bool;
    /// Brings the order up to the moment.
    fn bring_up(&mut self, moment: &Moment, sequence: u64);
}

impl<L: List> Steer for Table<L> {
    fn step(&mut self, moment: &Moment, rows: isize) {
        let place = match self.selected {
            Some(_) => self.cursor.saturating_add_signed(rows),
            // The first press selects what is at the edge of sight.
            None if rows > 0 => self.offset + (rows as usize - 1),
            None => self.offset,
        };
        self.put_cursor(place, moment);
    }

    fn page(&mut self, moment: &Moment, pages: isize) {
        let rows = self.page.max(1).cast_signed() * pages;
        let before = self.offset;
        self.step(moment, rows);
        // The page moves with the selection, so that it keeps its line on the screen.
        let last = self.order.len().saturating_sub(self.page);
        self.offset = before.saturating_add_signed(rows).min(last);
    }

    fn first(&mut self, moment: &Moment) {
        self.put_cursor(0, moment);
    }

    fn last(&mut self, moment: &Moment) {
        self.put_cursor(usize::MAX, moment);
    }

    fn invert(&mut self) {
        self.sort.descending = !self.sort.descending;
    }

    fn sort_beside(&mut self, columns: isize) {
        let at = self
            .shown
            .iter()
            .position(|place| place.column == self.sort.column)
            .unwrap_or(0);
        let beside = at.saturating_add_signed(columns);
        if let Some(place) = self.shown.get(beside)
            && place.column != self.sort.column
        {
            self.sort_by(place.column);
        }
    }

    fn sort_by(&mut self, column: usize) {
        if column == self.sort.column {
            self.invert();
            return;
        }
        if let Some(heading) = L::headings().get(column) {
            self.sort = Sort {
                column,
                descending: heading.align == Align::Right || heading.id == "minute",
            };
        }
    }

    fn shift(&mut self, columns: isize) {
        self.shift = self.shift.saturating_add_signed(columns);
    }

    fn headings(&self) -> &'static [Heading] {
        L::headings()
    }

    fn order(&self) -> Sort {
        self.sort
    }

    fn has_rows(&self) -> bool {
        !self.order.is_empty()
    }

    fn bring_up(&mut self, moment: &Moment, sequence: u64) {
        self.arrange(moment, sequence);
    }
}
