//! The rows of a list arranged for one moment: collected, counted, sorted. This is the work that grows with the number of
//! sockets, so it is a value of its own, which can be made on another thread while the table shows the previous one.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use super::list::{List, OutlineContext, Row, column_index};
use super::sorter::{Sort, Sorter};
use crate::aggregate::{Cancellation, Moment};
use crate::column::{Column, Total};
use crate::model::SeededMap;

/// Maximum number of removed rows whose positions are kept.
const MAX_STALE_POSITIONS: usize = 4096;

/// The position that each row keeps while the order is held.
pub(super) type HeldPositions<L> = Arc<SeededMap<<L as List>::Key, u32>>;

/// The moment and view for which rows were arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Identifies the moment and its filter.
    pub(super) sequence: u64,
    pub(super) sort: Sort,
    /// Grows with every other change of the view.
    pub(super) version: u64,
    /// Grows with every change of what the list is about.
    pub(super) contents: u64,
}

/// The rows of a list, arranged for one moment and view.
#[derive(Debug)]
pub(super) struct Arrangement<L: List> {
    /// `None` if nothing is arranged.
    pub(super) stamp: Option<Stamp>,
    /// The list as it was then, with what it derived from the moment.
    pub(super) list: L,
    /// The numbers of the rows in their order. If only some are sorted, the others are in no order.
    pub(super) order: Vec<u32>,
    sorter: Sorter,
    /// True if only the visible rows are sorted.
    pub(super) is_partly_sorted: bool,
    /// The number of rows without the filter; `None` if there is no filter.
    pub(super) unfiltered_len: Option<usize>,
    /// Totals of the filtered rows, by column.
    pub(super) totals: Vec<(usize, f64)>,
    /// The number of rows that pass the filter, without the headings of groups.
    pub(super) matching_rows: usize,
}

impl<L: List> Arrangement<L> {
    /// An arrangement without rows.
    pub(super) fn empty(list: L) -> Arrangement<L> {
        Arrangement {
            stamp: None,
            list,
            order: Vec::new(),
            sorter: Sorter::default(),
            is_partly_sorted: false,
            unfiltered_len: None,
            totals: Vec::new(),
            matching_rows: 0,
        }
    }

    /// The position of a row. Looks at all rows. `last_number` is the last known number of the row.
    pub(super) fn position_of(
        &self,
        moment: &Moment,
        key: L::Key,
        last_number: Option<u32>,
    ) -> Option<usize> {
        let is_it = |number: u32| self.list.key(moment, number) == Some(key);
        if self.is_partly_sorted {
            // Rows mostly keep their numbers from one moment to the next.
            let number = last_number.filter(|&number| is_it(number));
            let position = number.and_then(|number| self.sorter.position_of(number));
            if position.is_some() {
                return position;
            }
            let number = self.order.iter().copied().find(|&number| is_it(number))?;
            self.sorter.position_of(number)
        } else {
            self.order.iter().position(|&number| is_it(number))
        }
    }

    /// Sorts the visible rows from a position on, unless they are sorted already.
    pub(super) fn sort_around(&mut self, position: usize, page: usize) {
        if self.is_partly_sorted {
            let end = position.saturating_add(page.max(1));
            let near = position..end.min(self.order.len());
            if !self.sorter.is_sorted(&near) {
                let wide = sort_window(position, page);
                self.sorter.sort_range(wide, &mut self.order);
            }
        }
    }
}

/// Returns the range of positions to sort around the visible rows.
fn sort_window(offset: usize, page: usize) -> Range<usize> {
    let page = page.max(64);
    offset.saturating_sub(page)..offset.saturating_add(2 * page)
}

/// The arranging of a table's rows, to be done on any thread.
pub trait TableWork: Any + Debug + Send {
    /// The table that it is for.
    fn table(&self) -> u64;
    /// Arranges the rows of a moment. Gives up if it is cancelled.
    fn run(&mut self, moment: &Moment, cancellation: &Cancellation);
}

/// The arranging of a list's rows, and its result.
#[derive(Debug)]
pub(super) struct ArrangeWork<L: List> {
    pub(super) table: u64,
    pub(super) stamp: Stamp,
    /// The result. Before the work is done it only has the list, as the user has set it.
    pub(super) rows: Arrangement<L>,
    /// The first visible row, and the number of visible rows.
    pub(super) offset: usize,
    pub(super) page: usize,
    /// The columns whose totals are shown.
    pub(super) total_columns: Vec<usize>,
    /// Set while the order is held; has no positions at first.
    pub(super) held: Option<HeldPositions<L>>,
    /// The rows to find: the selected one, and one hidden by a filter.
    pub(super) wanted: [Option<L::Key>; 2],
    pub(super) last_number: Option<u32>,
    /// The positions of the wanted rows.
    pub(super) found: [Option<usize>; 2],
}

impl<L: List> TableWork for ArrangeWork<L> {
    fn table(&self) -> u64 {
        self.table
    }

    fn run(&mut self, moment: &Moment, cancellation: &Cancellation) {
        let rows = &mut self.rows;
        rows.list
            .collect_rows(moment, cancellation, &mut rows.order);
        if cancellation.is_cancelled() {
            return;
        }
        self.count_filtered(moment);
        self.sort(moment, cancellation);
        if cancellation.is_cancelled() {
            return;
        }
        self.rows.matching_rows = (self.rows.list.leaf_count()).unwrap_or(self.rows.order.len());
        self.rows.stamp = Some(self.stamp);
        self.found = self.wanted.map(|key| {
            let key = key?;
            self.rows.position_of(moment, key, self.last_number)
        });
    }
}

impl<L: List> ArrangeWork<L> {
    /// Counts the rows without the filter, and sums up the rows that pass the filter.
    fn count_filtered(&mut self, moment: &Moment) {
        let Arrangement {
            list,
            order,
            unfiltered_len,
            totals,
            ..
        } = &mut self.rows;
        let is_filtered = moment.filtered().is_some() && L::is_filtered();
        *unfiltered_len = is_filtered.then(|| list.unfiltered_len(moment));
        if !is_filtered {
            return;
        }
        for id in L::column_set().totals {
            let Some(at) = column_index::<L>(id) else {
                continue;
            };
            let rows = order.iter().filter_map(|&number| list.row(moment, number));
            if let Some(total) = total::<L>(&L::columns()[at], rows) {
                totals.push((at, total));
            }
        }
    }

    /// Sorts the rows, or at least the visible ones.
    fn sort(&mut self, moment: &Moment, cancellation: &Cancellation) {
        let sort = self.stamp.sort;
        let rows = &mut self.rows;
        rows.is_partly_sorted = self.held.is_none() && !rows.list.is_outlined();
        if rows.is_partly_sorted {
            let is_loaded = (rows.sorter).load(&rows.list, moment, sort, &rows.order, cancellation);
            if is_loaded {
                let visible = sort_window(self.offset, self.page);
                rows.sorter.sort_range(visible, &mut rows.order);
            }
            return;
        }
        let in_order = self.held.is_some();
        if in_order {
            self.apply_held_positions(moment, cancellation);
        }
        let rows = &mut self.rows;
        if rows.list.is_outlined() {
            let mut total_columns = std::mem::take(&mut self.total_columns);
            total_columns.push(sort.column);
            let mut context = OutlineContext {
                moment,
                sort,
                total_columns: &total_columns,
                in_order,
                sorter: &mut rows.sorter,
                cancellation,
            };
            rows.list.outline(&mut context, &mut rows.order);
        }
        // These rows are all in their order: the keys are not needed again.
        rows.sorter = Sorter::default();
    }

    /// Puts rows at the positions that they had; new ones come last, in their order.
    fn apply_held_positions(&mut self, moment: &Moment, cancellation: &Cancellation) {
        let mut held = self.held.take().unwrap_or_default();
        let rows = &mut self.rows;
        let mut known: Vec<(u32, u32)> = Vec::with_capacity(rows.order.len());
        let mut new = Vec::new();
        for (at, &number) in rows.order.iter().enumerate() {
            if cancellation.is_cancelled_at(at) {
                return;
            }
            let key = rows.list.key(moment, number);
            match key.and_then(|key| held.get(&key).copied()) {
                Some(position) => known.push((position, number)),
                None => new.push(number),
            }
        }
        known.sort_unstable();
        let sort = self.stamp.sort;
        (rows.sorter).sort_rows(&rows.list, moment, sort, &mut new, cancellation);
        let next = known.last().map_or(0, |&(position, _)| position + 1);
        rows.order.clear();
        rows.order.extend(known.iter().map(|&(_, number)| number));
        rows.order.extend_from_slice(&new);
        if !new.is_empty() {
            let held = Arc::make_mut(&mut held);
            for (position, &number) in (next..).zip(&new) {
                if let Some(key) = rows.list.key(moment, number) {
                    held.insert(key, position);
                }
            }
        }
        // Positions of removed rows are discarded now and then.
        if held.len() > 2 * rows.order.len() + MAX_STALE_POSITIONS {
            let numbers = (0..).zip(&rows.order);
            let keys = numbers
                .filter_map(|(position, &number)| Some((rows.list.key(moment, number)?, position)));
            held = Arc::new(keys.collect());
        }
        self.held = Some(held);
    }
}

/// The total of a column over rows; `None` if no cell is known, or the column has no total.
fn total<'m, L: List + 'm>(
    column: &Column<L::Kind>,
    rows: impl Iterator<Item = Row<'m, L>>,
) -> Option<f64> {
    let numbers = rows.filter_map(|row| column.number(&row));
    match column.total() {
        Total::None => None,
        Total::Sum => numbers.reduce(|a, b| a + b),
        Total::Highest => numbers.reduce(f64::max),
    }
}
