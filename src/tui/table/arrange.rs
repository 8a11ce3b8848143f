//! Requests and installs arranged rows; keeps the selection and the visible rows in place.

use std::any::Any;
use std::sync::Arc;

use super::Table;
use super::arrangement::{ArrangeWork, Arrangement, Stamp, TableWork};
use super::list::List;
use crate::aggregate::Moment;

impl<L: List> Table<L> {
    /// The moment and view for which rows should be arranged.
    fn wanted_stamp(&self, sequence: u64) -> Stamp {
        Stamp {
            sequence,
            sort: self.sort,
            version: self.version,
            contents: self.contents,
        }
    }

    /// True if the rows are arranged for the view and for the moment that `sequence` identifies.
    pub(super) fn is_arranged_for(&self, sequence: u64) -> bool {
        self.rows.stamp == Some(self.wanted_stamp(sequence))
    }

    /// Creates the work that arranges the rows of the moment that `sequence` identifies.
    pub(super) fn new_work(&self, sequence: u64) -> Box<dyn TableWork> {
        let hidden = self.hidden_selection.map(|(key, _)| key);
        Box::new(ArrangeWork {
            table: self.id,
            stamp: self.wanted_stamp(sequence),
            rows: Arrangement::empty(self.list.clone()),
            offset: self
                .hidden_selection
                .map_or(self.offset, |(_, offset)| offset),
            page: self.page,
            total_columns: self.placed.iter().map(|place| place.column).collect(),
            held: self.held_positions.clone(),
            wanted: [self.selected, hidden],
            last_number: self.last_number,
            found: [None; 2],
        })
    }

    /// Shows the rows that `work` has arranged, if it is of this table, and finds the selected row again.
    pub(super) fn install_work(&mut self, work: Box<dyn TableWork>, moment: &Moment) {
        let work: Box<dyn Any> = work;
        let Ok(work) = work.downcast::<ArrangeWork<L>>() else {
            return;
        };
        let ArrangeWork {
            rows,
            held,
            wanted,
            found,
            ..
        } = *work;
        self.rows = rows;
        self.progress = None;
        // Released in the meantime, or held again, it stays as it is.
        if self.held_positions.is_some() && held.is_some() {
            self.held_positions = held;
        }
        let position = |table: &Self, key: L::Key| match wanted.iter().position(|w| *w == Some(key))
        {
            Some(at) => found[at],
            // It was selected in the meantime.
            None => table.rows.position_of(moment, key, table.last_number),
        };
        // A row hidden by a filter is selected again once it is visible.
        if let Some((key, offset)) = self.hidden_selection
            && let Some(position) = position(self, key)
        {
            (self.selected, self.cursor, self.offset) = (Some(key), position, offset);
            self.hidden_selection = None;
            self.sort_around(offset);
            self.sort_around(position);
            self.remember_number();
            return;
        }
        if std::mem::take(&mut self.selects_first) && self.selected.is_none() {
            self.set_cursor(0, moment);
            return;
        }
        let Some(key) = self.selected else { return };
        if let Some(position) = position(self, key) {
            self.cursor = position;
            self.sort_around(position);
            self.remember_number();
            return;
        }
        if self.rows.unfiltered_len.is_some() && self.hidden_selection.is_none() {
            self.hidden_selection = Some((key, self.offset));
        }
        self.set_cursor(self.cursor, moment);
    }

    /// Discards rows of another moment than the one that `sequence` identifies: their numbers are not valid for it.
    pub(super) fn discard_other_rows(&mut self, sequence: u64) {
        if (self.rows.stamp).is_some_and(|stamp| stamp.sequence != sequence) {
            self.rows = Arrangement::empty(self.list.clone());
        }
    }

    /// Keeps the number of the selected row, which it mostly has in the next moment too.
    fn remember_number(&mut self) {
        self.last_number = self.rows.order.get(self.cursor).copied();
    }

    /// Sorts the visible rows from a position on, unless they are sorted already.
    pub(super) fn sort_around(&mut self, position: usize) {
        self.rows.sort_around(position, self.page);
    }

    /// Selects the row at `position`, or the last one, at the request of the user.
    pub(super) fn select_position(&mut self, position: usize, moment: &Moment) {
        self.hidden_selection = None;
        self.set_cursor(position, moment);
    }

    /// Moves the cursor to the row at `position`, or to the last one.
    fn set_cursor(&mut self, position: usize, moment: &Moment) {
        self.cursor = position.min(self.rows.order.len().saturating_sub(1));
        self.sort_around(self.cursor);
        self.remember_number();
        let number = self.last_number;
        self.selected = number.and_then(|number| self.rows.list.key(moment, number));
    }

    /// Scrolls so that the selected row is visible and no empty space is shown below the last row.
    pub(super) fn scroll_to_cursor(&mut self, page: usize) {
        self.page = page.max(1);
        if self.rows.stamp.is_none() {
            // The rows are not known yet: the view stays where it is.
            return;
        }
        if self.selected.is_some() {
            self.offset = self
                .offset
                .clamp((self.cursor + 1).saturating_sub(self.page), self.cursor);
        }
        let last = self.rows.order.len().saturating_sub(self.page);
        self.offset = if self.follows && self.selected.is_none() {
            last
        } else {
            self.offset.min(last)
        };
        self.sort_around(self.offset);
    }

    /// Holds rows at their positions, or releases them.
    pub(super) fn toggle_held_positions(&mut self) {
        self.held_positions = match self.held_positions {
            // Without positions yet: arranging records the order.
            None => Some(Arc::default()),
            Some(_) => None,
        };
        self.invalidate();
    }
}
