//! The table used by all lists: headings, widths, order, filter and selection.
//!
//! ```text
//!  PID    PROCESS     USER   …   ↓+↑/s▼      headings; an arrow marks the sort column
//!  2211   nginx       www    …   38.9 MB/s   only the visible rows are written and sorted
//! ```
//!
//! A [`List`] has the rows; a [`Table`] has the view of them: order, selection, scrolling, columns. Rows are arranged
//! once for each moment and view, never for a redraw, and the selected row is known by its key. No frame is drawn here.
//!
//! Arranging rows takes time that grows with their number, so it is [`TableWork`], which any thread can do. Until the
//! result is installed the table shows the rows that it has, if they are of the moment shown.

mod arrange;
mod arrangement;
mod column_layout;
mod control;
mod grouping;
mod heading;
mod list;
mod operations;
mod render;
mod sorter;

use std::sync::atomic::{AtomicU64, Ordering};

use self::arrangement::{Arrangement, HeldPositions};
use self::list::column_index;
use crate::aggregate::Moment;

pub use arrangement::TableWork;
pub use column_layout::{ChosenColumn, ColumnPlace};
pub use control::TableControl;
pub use grouping::GroupingChoice;
pub use heading::Heading;
pub use list::{ColumnSet, List, OutlineContext, Row};
pub use sorter::{Sort, Sorter};

/// A list with its view: order, selection, scrolling, columns.
#[derive(Debug)]
pub struct Table<L: List> {
    /// A number that no other table has.
    id: u64,
    /// The list as the user has set it. The list that is shown is in `rows`.
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
    /// The columns that the configuration makes the default ones, if any.
    configured: Option<Vec<ChosenColumn>>,
    /// The columns shown at the last draw.
    placed: Vec<ColumnPlace>,
    /// The rows shown.
    rows: Arrangement<L>,
    /// Grows with every change of the view but the order.
    version: u64,
    /// Grows with every change of what the list is about.
    contents: u64,
    /// The columns shown for which the totals of groups were missing last.
    columns_without_total: Vec<usize>,
    /// What is being done for the rows that are wanted, for the title.
    progress: Option<String>,
    /// The position that each row keeps, while the order is held.
    held_positions: Option<HeldPositions<L>>,
    /// True if the last rows are kept visible.
    follows: bool,
    /// True if the first row is to be selected once the rows are arranged.
    selects_first: bool,
}

impl<L: List> Table<L> {
    /// A table ordered by the column `id`.
    pub fn new(list: L, id: &str, descending: bool) -> Table<L> {
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        Table {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed),
            rows: Arrangement::empty(list.clone()),
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
            configured: None,
            placed: Vec::new(),
            version: 0,
            contents: 0,
            columns_without_total: Vec::new(),
            progress: None,
            held_positions: None,
            follows: L::follows_newest(),
            selects_first: false,
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

    /// The list as the user has set it.
    pub fn list(&self) -> &L {
        &self.list
    }

    /// The list that is shown.
    pub fn shown_list(&self) -> &L {
        &self.rows.list
    }

    /// The list, to be changed; its rows are arranged again.
    pub fn list_mut(&mut self) -> &mut L {
        self.contents += 1;
        &mut self.list
    }

    /// The list, to keep in it what was derived for it; its rows stay.
    pub(super) fn derived_mut(&mut self) -> &mut L {
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
        self.rows.order.len()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.order.is_empty()
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
        if self.rows.stamp.is_some() {
            self.rows = Arrangement::empty(self.list.clone());
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
        self.rows.order.get(position).copied()
    }

    /// The row that Enter opens; `None` for the heading of a group.
    pub fn current_row<'m>(&'m self, moment: &'m Moment) -> Option<Row<'m, L>> {
        self.rows.list.row(moment, self.current_number()?)
    }
}
