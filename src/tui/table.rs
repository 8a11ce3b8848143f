//! The one table of the house: headings, widths, order, filter and selection of every list.
//!
//! ```text
//!  PID    PROCESS     USER   …   ↓+↑/s▼      headings; the order's column carries an arrow
//!  2211   nginx       www    …   38.9 MB/s   only the rows in sight are written, and put into order
//! ```
//!
//! A [`List`] says what there is to show; a [`Table`] remembers how one looks at it. Rows are arranged once for each
//! moment and way of looking, never for a redraw, and the selected row is known by its key. No frame is drawn around it
//! here.

mod draw;
mod fit;
mod list;
mod order;
mod steer;

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::aggregate::Moment;
use crate::column::{Column, Kind, Total};

pub use fit::{Chosen, ColumnPlace};
pub use list::{Heading, List, Outlining, Row, Shape};
pub use order::Sorter;
pub use steer::Steer;

/// Rows that are gone and whose places are kept all the same, before they are forgotten.
const FORGOTTEN: usize = 4096;

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Index of the column.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// What rows were arranged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    sequence: u64,
    sort: Sort,
    /// Grows with every other change of what is to be seen.
    version: u64,
}

/// How one looks at a list: its order, the selected row, what is in sight.
#[derive(Debug)]
pub struct Table<L: List> {
    list: L,
    sort: Sort,
    selected: Option<L::Key>,
    /// Where the selected row is, or was before it went away.
    cursor: usize,
    /// The number that it had.
    last_number: Option<u32>,
    /// The row that was selected before a filter hid it, and the first row in sight then.
    hidden: Option<(L::Key, usize)>,
    /// First row in sight.
    offset: usize,
    /// Rows in sight when it was drawn last.
    page: usize,
    /// Columns that are scrolled out at the left.
    shift: usize,
    /// The columns that somebody chose; `None` as they come.
    layout: Option<Vec<Chosen>>,
    /// Columns shown when it was drawn last.
    shown: Vec<ColumnPlace>,
    order: Vec<u32>,
    arranged: Option<Stamp>,
    version: u64,
    /// Whether only the rows in sight are in order.
    partly: bool,
    sorter: Sorter,
    /// Whether a filter is in force, and how many rows there would be without.
    narrowed: Option<usize>,
    /// Totals of what the filter leaves, by column.
    totals: Vec<(usize, f64)>,
    /// Places that rows keep, whatever their order would be.
    held: Option<FxHashMap<L::Key, u32>>,
    /// Whether the last rows are kept in sight.
    follow: bool,
}

impl<L: List> Table<L> {
    /// A table ordered by the column `id`.
    pub fn new(list: L, id: &str, descending: bool) -> Table<L> {
        Table {
            list,
            sort: Sort {
                column: column_of::<L>(id).unwrap_or(0),
                descending,
            },
            selected: None,
            cursor: 0,
            last_number: None,
            hidden: None,
            offset: 0,
            page: 1,
            shift: 0,
            layout: None,
            shown: Vec::new(),
            order: Vec::new(),
            arranged: None,
            version: 0,
            partly: false,
            sorter: Sorter::default(),
            narrowed: None,
            totals: Vec::new(),
            held: None,
            follow: L::follows(),
        }
    }

    /// The same with just these columns.
    #[must_use]
    pub fn with_columns(mut self, ids: &[&str]) -> Table<L> {
        let chosen = |id: &&str| {
            Some(Chosen {
                column: column_of::<L>(id)?,
                wider: 0,
            })
        };
        self.layout = Some(ids.iter().filter_map(chosen).collect());
        self
    }

    /// What it lists.
    pub fn list(&self) -> &L {
        &self.list
    }

    /// The same, to be changed: its rows are others from now on.
    pub fn list_mut(&mut self) -> &mut L {
        self.touch();
        &mut self.list
    }

    /// How rows are ordered.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The heading of the column that rows are ordered by.
    pub fn sort_heading(&self) -> &'static Heading {
        &L::headings()[self.sort.column]
    }

    /// Rows at the moment for which it was arranged.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The selected row's identity; `None` until somebody selects one.
    pub fn selected(&self) -> Option<L::Key> {
        self.selected
    }

    /// Where the selected row stands, counted from 0.
    pub fn cursor(&self) -> Option<usize> {
        self.selected.map(|_| self.cursor)
    }

    /// Selects a row by its identity.
    pub fn select(&mut self, key: L::Key) {
        self.selected = Some(key);
        self.follow = false;
        self.touch();
    }

    /// Selects nothing; a list that follows, follows again.
    pub fn follow_again(&mut self) {
        self.selected = None;
        self.hidden = None;
        self.follow = L::follows();
        self.touch();
    }

    /// Something else is to be seen.
    fn touch(&mut self) {
        self.version += 1;
    }

    /// The number of the row that Enter means: the selected one, or the first in sight.
    fn meant(&self) -> Option<u32> {
        let place = match self.selected {
            Some(_) => self.cursor,
            None => self.offset,
        };
        self.order.get(place).copied()
    }

    /// The row that Enter means; `None` for a group of rows.
    pub fn meant_row<'m>(&'m self, moment: &'m Moment) -> Option<list::Row<'m, L>> {
        self.list.row(moment, self.meant()?)
    }

    /// Brings the rows up to the moment, once for each moment and way of looking, and finds the selected one again.
    /// `sequence` tells moments apart.
    pub fn arrange(&mut self, moment: &Moment, sequence: u64) {
        let stamp = Stamp {
            sequence,
            sort: self.sort,
            version: self.version,
        };
        if self.arranged == Some(stamp) {
            return;
        }
        self.arranged = Some(stamp);
        self.order.clear();
        self.list.rows(moment, &mut self.order);
        self.count_left(moment);
        self.put_in_order(moment);
        // What a filter hid is selected again once it shows.
        if let Some((key, offset)) = self.hidden
            && let Some(place) = self.find(moment, key)
        {
            (self.selected, self.cursor, self.offset) = (Some(key), place, offset);
            self.hidden = None;
            self.settle(offset);
            return;
        }
        let Some(key) = self.selected else { return };
        if let Some(place) = self.find(moment, key) {
            self.cursor = place;
            return;
        }
        if self.narrowed.is_some() && self.hidden.is_none() {
            self.hidden = Some((key, self.offset));
        }
        self.put_cursor(self.cursor, moment);
    }

    /// Where a row has its place.
    fn find(&mut self, moment: &Moment, key: L::Key) -> Option<usize> {
        let is_it = |number: u32| self.list.key(moment, number) == Some(key);
        if self.partly {
            // Rows mostly keep their numbers from one moment to the next.
            let number = self.last_number.filter(|&number| is_it(number));
            let number = number.or_else(|| self.order.iter().copied().find(|&n| is_it(n)));
            self.last_number = number;
            number.and_then(|number| self.sorter.place_of(number))
        } else {
            self.order.iter().position(|&number| is_it(number))
        }
    }

    /// Counts what a filter leaves.
    fn count_left(&mut self, moment: &Moment) {
        self.totals.clear();
        let narrowed = moment.filtered().filter(|_| L::heeds_filter());
        self.narrowed = narrowed.map(|_| self.list.whole(moment));
        if self.narrowed.is_none() {
            return;
        }
        let list = &self.list;
        for id in L::shape().totals {
            let Some(at) = column_of::<L>(id) else {
                continue;
            };
            let rows = self.order.iter().filter_map(|&n| list.row(moment, n));
            if let Some(total) = total(&L::columns()[at], rows) {
                self.totals.push((at, total));
            }
        }
    }

    /// Puts the rows into order, or at least those in sight.
    fn put_in_order(&mut self, moment: &Moment) {
        let sort = self.sort;
        self.partly = self.held.is_none() && !self.list.is_outlined();
        if self.partly {
            self.sorter.take(&self.list, moment, sort, &self.order);
            let wanted = self.window(self.offset);
            self.order.clear();
            self.sorter.settle(wanted, &mut self.order);
            return;
        }
        let held = self.held.take();
        let in_order = held.is_some();
        if let Some(held) = held {
            self.keep_places(moment, held);
        }
        if self.list.is_outlined() {
            let mut needed: Vec<usize> = self.shown.iter().map(|place| place.column).collect();
            needed.push(sort.column);
            let mut outlining = Outlining {
                moment,
                sort,
                needed: &needed,
                in_order,
                sorter: &mut self.sorter,
            };
            self.list.outline(&mut outlining, &mut self.order);
        }
    }

    /// Puts rows where they were; new ones come last, in their order.
    fn keep_places(&mut self, moment: &Moment, mut held: FxHashMap<L::Key, u32>) {
        let mut known: Vec<(u32, u32)> = Vec::with_capacity(self.order.len());
        let mut new = Vec::new();
        for &number in &self.order {
            let key = self.list.key(moment, number);
            match key.and_then(|key| held.get(&key).copied()) {
                Some(place) => known.push((place, number)),
                None => new.push(number),
            }
        }
        known.sort_unstable();
        self.sorter.sort(&self.list, moment, self.sort, &mut new);
        let next = known.last().map_or(0, |&(place, _)| place + 1);
        self.order.clear();
        self.order.extend(known.iter().map(|&(_, number)| number));
        self.order.extend_from_slice(&new);
        for (place, &number) in (next..).zip(&new) {
            if let Some(key) = self.list.key(moment, number) {
                held.insert(key, place);
            }
        }
        // Those that are gone are forgotten now and then.
        if held.len() > 2 * self.order.len() + FORGOTTEN {
            held = self.places(moment);
        }
        self.held = Some(held);
    }

    /// The places of all rows.
    fn places(&self, moment: &Moment) -> FxHashMap<L::Key, u32> {
        (0..)
            .zip(&self.order)
            .filter_map(|(place, &number)| Some((self.list.key(moment, number)?, place)))
            .collect()
    }

    /// The places around those in sight.
    fn window(&self, offset: usize) -> Range<usize> {
        let page = self.page.max(64);
        offset.saturating_sub(page)..offset.saturating_add(2 * page)
    }

    /// Makes sure that rows are in order around a place.
    fn settle(&mut self, place: usize) {
        if self.partly {
            let end = place.saturating_add(self.page.max(1));
            let near = place..end.min(self.order.len());
            // What is settled is left alone as long as it holds all in sight.
            if !self.sorter.has_settled(&near) {
                let wide = self.window(place);
                self.sorter.settle(wide, &mut self.order);
            }
        }
    }

    /// Selects the row at `place`, or the last one, because somebody wants it.
    fn go_to(&mut self, place: usize, moment: &Moment) {
        self.hidden = None;
        self.put_cursor(place, moment);
    }

    /// Selects the row at `place`, or the last one.
    fn put_cursor(&mut self, place: usize, moment: &Moment) {
        self.cursor = place.min(self.order.len().saturating_sub(1));
        self.settle(self.cursor);
        let number = self.order.get(self.cursor);
        self.selected = number.and_then(|&number| self.list.key(moment, number));
    }

    /// Scrolls so that the selected row is in sight and no empty space is shown below the last row.
    fn scroll(&mut self, page: usize) {
        self.page = page.max(1);
        if self.selected.is_some() {
            self.offset = self
                .offset
                .clamp((self.cursor + 1).saturating_sub(self.page), self.cursor);
        }
        let last = self.order.len().saturating_sub(self.page);
        self.offset = if self.follow && self.selected.is_none() {
            last
        } else {
            self.offset.min(last)
        };
        self.settle(self.offset);
    }
}

/// The index of a column.
fn column_of<L: List>(id: &str) -> Option<usize> {
    L::headings().iter().position(|heading| heading.id == id)
}

/// What the cells of some rows come to; `None` if none is known or they come to nothing.
fn total<'m, K: Kind>(column: &Column<K>, rows: impl Iterator<Item = K::Row<'m>>) -> Option<f64> {
    let numbers = rows.filter_map(|row| column.number(&row));
    match column.total() {
        Total::None => None,
        Total::Sum => numbers.reduce(|a, b| a + b),
        Total::Highest => numbers.reduce(f64::max),
    }
}
