//! The trait of lists that a table can show: numbered rows, their cells and their order.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::LazyLock;

use super::grouping::GroupingChoice;
use super::heading::Heading;
use super::sorter::{Sort, SortRows, Sorter};
use crate::aggregate::{Cancellation, Moment};
use crate::column::{Column, Kind, SortKey};
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Id of the column with the processes at the other ends of sockets.
pub(super) const PEER_COLUMN: &str = "peer";

/// A row of a list at one moment.
pub type Row<'m, L> = <<L as List>::Kind as Kind>::Row<'m>;

/// The columns of a list, as a screen shows them.
#[derive(Debug)]
pub struct ColumnSet<K: Kind> {
    /// The columns.
    pub columns: &'static LazyLock<Vec<Column<K>>>,
    /// Headings and widths of the columns, in the same order.
    pub headings: &'static LazyLock<Vec<Heading>>,
    /// Ids of the columns whose totals over a filter are shown.
    pub totals: &'static [&'static str],
}

/// The moment, order and columns for which rows are put into groups or below each other.
#[derive(Debug)]
pub struct OutlineContext<'a> {
    /// The moment.
    pub moment: &'a Moment,
    /// The order of rows.
    pub sort: Sort,
    /// The columns whose totals are shown.
    pub total_columns: &'a [usize],
    /// True if the rows are in their order already.
    pub in_order: bool,
    /// Sorts rows.
    pub(super) sorter: &'a mut Sorter,
    /// Set if the result is no longer needed.
    pub cancellation: &'a Cancellation,
}

impl OutlineContext<'_> {
    /// Sorts all of `rows`, unless that is cancelled.
    pub fn sort<R: SortRows>(&mut self, list: &R, rows: &mut [u32]) {
        (self.sorter).sort_rows(list, self.moment, self.sort, rows, self.cancellation);
    }
}

/// A list of rows that a table can show. Rows have numbers, which are valid for one moment. A clone of a list that has
/// collected no rows is cheap.
pub trait List: Debug + Clone + Send + Sized + 'static {
    /// The kind of its rows.
    type Kind: Kind;
    /// The identity of a row, which stays the same from moment to moment.
    type Key: Copy + Eq + Hash + Debug + Send + Sync + 'static;

    /// Returns the columns of the list with their headings.
    fn column_set() -> &'static ColumnSet<Self::Kind>;
    /// The sentence shown in place of rows if there are none and no filter is in force.
    fn empty_text(&self) -> &'static str {
        "none"
    }
    /// The number of rows without a filter.
    fn unfiltered_len(&self, moment: &Moment) -> usize;
    /// Appends the numbers of its rows. Gives up if it is cancelled.
    fn collect_rows(&mut self, moment: &Moment, cancellation: &Cancellation, out: &mut Vec<u32>);
    /// A row by its number; `None` for the heading of a group.
    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<Row<'m, Self>>;
    /// The identity of a row.
    fn key(&self, moment: &Moment, number: u32) -> Option<Self::Key>;
    /// Decides between otherwise equal rows, so that they never swap places without a reason.
    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64;
    /// The target that Enter opens on a row.
    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget>;
    /// Filter conditions that a row passes, each with the id of the column that it is about; one about the number in
    /// `column` included.
    fn conditions(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
    ) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// The socket or process that can be killed from a row.
    fn kill_target(&self, _moment: &Moment, _number: u32) -> Option<KillTarget> {
        None
    }
    /// True if its rows are sockets with peers.
    fn has_peers() -> bool {
        false
    }
    /// The row of the Sample with the socket of a row, if that is known without a search.
    fn socket_row(&self, _moment: &Moment, _number: u32) -> Option<u32> {
        None
    }
    /// The tone of a cell with this text.
    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone;

    /// Returns the columns of the list.
    fn columns() -> &'static [Column<Self::Kind>] {
        Self::column_set().columns
    }

    /// The headings of its columns, in the same order.
    fn headings() -> &'static [Heading] {
        Self::column_set().headings
    }

    /// Appends the text of a cell.
    fn write_cell(&self, moment: &Moment, number: u32, column: usize, out: &mut String) {
        if let Some(row) = self.row(moment, number) {
            Self::columns()[column].write(&row, out);
        }
    }

    /// The key by which a row is sorted in a column.
    fn sort_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        let row = self.row(moment, number);
        row.map_or(SortKey::Missing, |row| {
            Self::columns()[column].sort_key(&row)
        })
    }

    /// Shortens the text of a cell to a width, terminal columns.
    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        text::cut_middle(text, width)
    }

    /// The tint of a row that is new or has changed.
    fn row_tint(&self, _moment: &Moment, _number: u32) -> Option<Tone> {
        None
    }

    /// The label of a group, which covers its text columns.
    fn group_label(&self, _number: u32) -> Option<String> {
        None
    }

    /// The name of a group, without fold mark and figures.
    fn group_name(&self, _number: u32) -> Option<String> {
        None
    }

    /// True if rows are in groups or below each other.
    fn is_outlined(&self) -> bool {
        false
    }

    /// Puts rows into groups or below each other: replaces the rows in `order` by those to be shown.
    fn outline(&mut self, _context: &mut OutlineContext<'_>, _order: &mut Vec<u32>) {}

    /// True if the total of a column is known for every group.
    fn has_total(&self, _column: usize) -> bool {
        true
    }

    /// The number of rows without the headings of groups, if there are groups.
    fn leaf_count(&self) -> Option<usize> {
        None
    }

    /// Folds or unfolds a row of `shown`, this list as it is on the screen; returns true if there was anything to fold.
    fn toggle_fold(&mut self, _shown: &Self, _moment: &Moment, _number: u32) -> bool {
        false
    }

    /// Unfolds all rows, or folds all if all of `shown` are unfolded; returns true if there was anything to fold.
    fn toggle_all_folds(&mut self, _shown: &Self) -> bool {
        false
    }

    /// The criteria by which its rows can be grouped.
    fn groupings(&self) -> Vec<GroupingChoice> {
        Vec::new()
    }

    /// The criterion by which its rows are grouped, counted from 1; 0 if they are not grouped.
    fn grouping_place(&self) -> usize {
        0
    }

    /// Groups its rows by a criterion, counted from 1, or not for 0.
    fn group_by(&mut self, _place: usize) {}

    /// The name of the criterion by which rows are grouped.
    fn grouping_name(&self) -> Option<&'static str> {
        let at = self.grouping_place().checked_sub(1)?;
        Some(self.groupings().get(at)?.name)
    }

    /// True if the filter applies to its rows.
    fn is_filtered() -> bool {
        true
    }

    /// True if the last rows are kept visible until the user scrolls.
    fn follows_newest() -> bool {
        false
    }
}

/// The index of a column.
pub(super) fn column_index<L: List>(id: &str) -> Option<usize> {
    L::headings().iter().position(|heading| heading.id == id)
}

impl<L: List> SortRows for L {
    fn row_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        self.sort_key(moment, number, column)
    }

    fn row_tie(&self, moment: &Moment, number: u32) -> u64 {
        self.tie_breaker(moment, number)
    }
}
