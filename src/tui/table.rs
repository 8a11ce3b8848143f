//! The table used by all lists: headings, widths, order, filter and selection.
//!
//! ```text
//!  PID    PROCESS     USER   …   ↓+↑/s▼      headings; an arrow marks the sort column
//!  2211   nginx       www    …   38.9 MB/s   only the visible rows are written and sorted
//! ```
//!
//! A [`List`] has the rows; a [`Table`] has the view of them: order, selection, scrolling, columns. Rows are arranged
//! once for each moment and view, never for a redraw, and the selected row is known by its key. No frame is drawn here.

mod arrange;
mod column_layout;
mod control;
mod heading;
mod list;
mod render;
mod sorter;

use crate::aggregate::Moment;
use crate::model::SeededMap;

pub use column_layout::{ChosenColumn, ColumnPlace};
pub use control::TableControl;
pub use heading::Heading;
pub use list::{ColumnSet, List, OutlineContext, Row};
pub use sorter::{Sort, Sorter};

/// The moment and view for which rows were arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Arrangement {
    sequence: u64,
    sort: Sort,
    /// Grows with every other change of the view.
    version: u64,
}

/// A list with its view: order, selection, scrolling, columns.
#[derive(Debug)]
pub struct Table<L: List> {
    list: L,
    sort: Sort,
    selected: Option<L::Key>,
    /// The position of the selected row, or its last position if the row no longer exists.
    cursor: usize,
    /// The last known number of the selected row.
    last_number: Option<u32>,
    /// The row that was selected before a filter hid it, and the first visible row then.
    hidden_selection: Option<(L::Key, usize)>,
    /// The first visible row.
    offset: usize,
    /// Visible rows at the last draw.
    page: usize,
    /// Number of columns scrolled out at the left.
    scrolled_columns: usize,
    /// The columns that the user chose; `None` for the default ones.
    chosen: Option<Vec<ChosenColumn>>,
    /// The columns shown at the last draw.
    placed: Vec<ColumnPlace>,
    order: Vec<u32>,
    arranged: Option<Arrangement>,
    version: u64,
    /// True if only the visible rows are sorted.
    is_partly_sorted: bool,
    sorter: Sorter,
    /// The number of rows without the filter; `None` if there is no filter.
    unfiltered_len: Option<usize>,
    /// Totals of the filtered rows, by column.
    totals: Vec<(usize, f64)>,
    /// The position that each row keeps, while the order is held.
    held_positions: Option<SeededMap<L::Key, u32>>,
    /// True if the last rows are kept visible.
    follows: bool,
}

impl<L: List> Table<L> {
    /// A table ordered by the column `id`.
    pub fn new(list: L, id: &str, descending: bool) -> Table<L> {
        Table {
            list,
            sort: Sort {
                column: column_index::<L>(id).unwrap_or(0),
                descending,
            },
            selected: None,
            cursor: 0,
            last_number: None,
            hidden_selection: None,
            offset: 0,
            page: 1,
            scrolled_columns: 0,
            chosen: None,
            placed: Vec::new(),
            order: Vec::new(),
            arranged: None,
            version: 0,
            is_partly_sorted: false,
            sorter: Sorter::default(),
            unfiltered_len: None,
            totals: Vec::new(),
            held_positions: None,
            follows: L::follows_newest(),
        }
    }

    /// Shows only these columns.
    #[must_use]
    pub fn with_columns(mut self, ids: &[&str]) -> Table<L> {
        let chosen = |id: &&str| {
            Some(ChosenColumn {
                column: column_index::<L>(id)?,
                extra_width: 0,
            })
        };
        self.chosen = Some(ids.iter().filter_map(chosen).collect());
        self
    }

    /// The list.
    pub fn list(&self) -> &L {
        &self.list
    }

    /// The list, to be changed; its rows are arranged again.
    pub fn list_mut(&mut self) -> &mut L {
        self.invalidate();
        &mut self.list
    }

    /// The order of rows.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The heading of the column that rows are ordered by.
    pub fn sort_heading(&self) -> &'static Heading {
        &L::headings()[self.sort.column]
    }

    /// The number of rows at the moment for which they were arranged.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The key of the selected row; `None` if no row is selected.
    pub fn selected(&self) -> Option<L::Key> {
        self.selected
    }

    /// The position of the selected row, counted from 0.
    pub fn cursor(&self) -> Option<usize> {
        self.selected.map(|_| self.cursor)
    }

    /// Selects a row by its key.
    pub fn select(&mut self, key: L::Key) {
        self.selected = Some(key);
        self.follows = false;
        self.invalidate();
    }

    /// Clears the selection; a list that follows its newest rows follows them again.
    pub fn resume_following(&mut self) {
        self.selected = None;
        self.hidden_selection = None;
        self.follows = L::follows_newest();
        self.invalidate();
    }

    /// Releases the memory for the rows, which are arranged again when they are shown. The view is kept.
    pub(super) fn release(&mut self) {
        if self.arranged.take().is_some() {
            self.order = Vec::new();
            self.sorter = Sorter::default();
        }
    }

    /// Marks the arrangement as stale.
    fn invalidate(&mut self) {
        self.version += 1;
    }

    /// The number of the row that Enter opens: the selected one, or the first visible one.
    fn current_number(&self) -> Option<u32> {
        let position = match self.selected {
            Some(_) => self.cursor,
            None => self.offset,
        };
        self.order.get(position).copied()
    }

    /// The row that Enter opens; `None` for the heading of a group.
    pub fn current_row<'m>(&'m self, moment: &'m Moment) -> Option<Row<'m, L>> {
        self.list.row(moment, self.current_number()?)
    }
}

/// The index of a column.
fn column_index<L: List>(id: &str) -> Option<usize> {
    L::headings().iter().position(|heading| heading.id == id)
}
