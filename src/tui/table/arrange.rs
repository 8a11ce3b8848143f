//! Arranges the rows of a table: collects and sorts them, keeps held positions and the selection, scrolls.

use std::ops::Range;

use super::list::{List, OutlineContext};
use super::{Arrangement, Table, column_index};
use crate::aggregate::Moment;
use crate::column::{Column, Kind, Total};
use crate::model::SeededMap;

/// Maximum number of removed rows whose positions are kept.
const MAX_STALE_POSITIONS: usize = 4096;

impl<L: List> Table<L> {
    /// Collects and sorts the rows of a moment, once for each moment and view, and finds the selected one again.
    /// `sequence` identifies the moment.
    pub fn arrange(&mut self, moment: &Moment, sequence: u64) {
        let stamp = Arrangement {
            sequence,
            sort: self.sort,
            version: self.version,
        };
        if self.arranged == Some(stamp) {
            return;
        }
        self.arranged = Some(stamp);
        self.order.clear();
        self.list.collect_rows(moment, &mut self.order);
        self.count_filtered(moment);
        self.sort_rows(moment);
        // A row hidden by a filter is selected again once it is visible.
        if let Some((key, offset)) = self.hidden_selection
            && let Some(position) = self.position_of(moment, key)
        {
            (self.selected, self.cursor, self.offset) = (Some(key), position, offset);
            self.hidden_selection = None;
            self.sort_around(offset);
            return;
        }
        let Some(key) = self.selected else { return };
        if let Some(position) = self.position_of(moment, key) {
            self.cursor = position;
            return;
        }
        if self.unfiltered_len.is_some() && self.hidden_selection.is_none() {
            self.hidden_selection = Some((key, self.offset));
        }
        self.set_cursor(self.cursor, moment);
    }

    /// The position of a row.
    fn position_of(&mut self, moment: &Moment, key: L::Key) -> Option<usize> {
        let is_it = |number: u32| self.list.key(moment, number) == Some(key);
        if self.is_partly_sorted {
            // Rows mostly keep their numbers from one moment to the next.
            let number = self.last_number.filter(|&number| is_it(number));
            let number = number.or_else(|| self.order.iter().copied().find(|&n| is_it(n)));
            self.last_number = number;
            number.and_then(|number| self.sorter.position_of(number))
        } else {
            self.order.iter().position(|&number| is_it(number))
        }
    }

    /// Counts the rows without the filter, and sums up the rows that pass the filter.
    fn count_filtered(&mut self, moment: &Moment) {
        self.totals.clear();
        let narrowed = moment.filtered().filter(|_| L::is_filtered());
        self.unfiltered_len = narrowed.map(|_| self.list.unfiltered_len(moment));
        if self.unfiltered_len.is_none() {
            return;
        }
        let list = &self.list;
        for id in L::column_set().totals {
            let Some(at) = column_index::<L>(id) else {
                continue;
            };
            let rows = self.order.iter().filter_map(|&n| list.row(moment, n));
            if let Some(total) = total(&L::columns()[at], rows) {
                self.totals.push((at, total));
            }
        }
    }

    /// Sorts the rows, or at least the visible ones.
    fn sort_rows(&mut self, moment: &Moment) {
        let sort = self.sort;
        self.is_partly_sorted = self.held_positions.is_none() && !self.list.is_outlined();
        if self.is_partly_sorted {
            self.sorter.load(&self.list, moment, sort, &self.order);
            let wanted = self.sort_window(self.offset);
            self.order.clear();
            self.sorter.sort_range(wanted, &mut self.order);
            return;
        }
        let held = self.held_positions.take();
        let in_order = held.is_some();
        if let Some(held) = held {
            self.apply_held_positions(moment, held);
        }
        if self.list.is_outlined() {
            let mut total_columns: Vec<usize> =
                self.placed.iter().map(|place| place.column).collect();
            total_columns.push(sort.column);
            let mut context = OutlineContext {
                moment,
                sort,
                total_columns: &total_columns,
                in_order,
                sorter: &mut self.sorter,
            };
            self.list.outline(&mut context, &mut self.order);
        }
    }

    /// Puts rows at the positions that they had; new ones come last, in their order.
    fn apply_held_positions(&mut self, moment: &Moment, mut held: SeededMap<L::Key, u32>) {
        let mut known: Vec<(u32, u32)> = Vec::with_capacity(self.order.len());
        let mut new = Vec::new();
        for &number in &self.order {
            let key = self.list.key(moment, number);
            match key.and_then(|key| held.get(&key).copied()) {
                Some(position) => known.push((position, number)),
                None => new.push(number),
            }
        }
        known.sort_unstable();
        self.sorter.sort(&self.list, moment, self.sort, &mut new);
        let next = known.last().map_or(0, |&(position, _)| position + 1);
        self.order.clear();
        self.order.extend(known.iter().map(|&(_, number)| number));
        self.order.extend_from_slice(&new);
        for (position, &number) in (next..).zip(&new) {
            if let Some(key) = self.list.key(moment, number) {
                held.insert(key, position);
            }
        }
        // Positions of removed rows are discarded now and then.
        if held.len() > 2 * self.order.len() + MAX_STALE_POSITIONS {
            held = self.positions(moment);
        }
        self.held_positions = Some(held);
    }

    /// The positions of all rows.
    fn positions(&self, moment: &Moment) -> SeededMap<L::Key, u32> {
        (0..)
            .zip(&self.order)
            .filter_map(|(position, &number)| Some((self.list.key(moment, number)?, position)))
            .collect()
    }

    /// Returns the range of positions to sort around the visible rows.
    fn sort_window(&self, offset: usize) -> Range<usize> {
        let page = self.page.max(64);
        offset.saturating_sub(page)..offset.saturating_add(2 * page)
    }

    /// Sorts the visible rows from a position on, unless they are sorted already.
    pub(super) fn sort_around(&mut self, position: usize) {
        if self.is_partly_sorted {
            let end = position.saturating_add(self.page.max(1));
            let near = position..end.min(self.order.len());
            // Nothing is sorted while the sorted range covers all visible rows.
            if !self.sorter.is_sorted(&near) {
                let wide = self.sort_window(position);
                self.sorter.sort_range(wide, &mut self.order);
            }
        }
    }

    /// Selects the row at `position`, or the last one, at the request of the user.
    pub(super) fn select_position(&mut self, position: usize, moment: &Moment) {
        self.hidden_selection = None;
        self.set_cursor(position, moment);
    }

    /// Moves the cursor to the row at `position`, or to the last one.
    fn set_cursor(&mut self, position: usize, moment: &Moment) {
        self.cursor = position.min(self.order.len().saturating_sub(1));
        self.sort_around(self.cursor);
        let number = self.order.get(self.cursor);
        self.selected = number.and_then(|&number| self.list.key(moment, number));
    }

    /// Scrolls so that the selected row is visible and no empty space is shown below the last row.
    pub(super) fn scroll_to_cursor(&mut self, page: usize) {
        self.page = page.max(1);
        if self.selected.is_some() {
            self.offset = self
                .offset
                .clamp((self.cursor + 1).saturating_sub(self.page), self.cursor);
        }
        let last = self.order.len().saturating_sub(self.page);
        self.offset = if self.follows && self.selected.is_none() {
            last
        } else {
            self.offset.min(last)
        };
        self.sort_around(self.offset);
    }
}

/// The total of a column over rows; `None` if no cell is known, or the column has no total.
fn total<'m, K: Kind>(column: &Column<K>, rows: impl Iterator<Item = K::Row<'m>>) -> Option<f64> {
    let numbers = rows.filter_map(|row| column.number(&row));
    match column.total() {
        Total::None => None,
        Total::Sum => numbers.reduce(|a, b| a + b),
        Total::Highest => numbers.reduce(f64::max),
    }
}
