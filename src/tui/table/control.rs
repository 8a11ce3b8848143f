//! The interface of a table to keys, mouse and state, whatever it lists.

use super::arrangement::TableWork;
use super::grouping::GroupingChoice;
use super::heading::Heading;
use super::sorter::Sort;
use crate::aggregate::Moment;
use crate::tui::kill_target::KillTarget;
use crate::tui::open_target::OpenTarget;

/// The operations of keys and mouse on a table, whatever it lists. The *current* row is the selected one, or the first
/// visible one if none is selected.
pub trait TableControl {
    /// Moves the selection by rows.
    fn step(&mut self, moment: &Moment, rows: isize);
    /// Moves the selection by pages.
    fn page(&mut self, moment: &Moment, pages: isize);
    /// Selects the first row.
    fn first(&mut self, moment: &Moment);
    /// Selects the last row; a list that follows its newest rows follows them again.
    fn last(&mut self, moment: &Moment);
    /// Selects the row at a position, if there is one.
    fn click(&mut self, moment: &Moment, position: usize);
    /// Scrolls by rows; the selection stays on its row while that is visible.
    fn scroll_by(&mut self, moment: &Moment, rows: isize);
    /// Selects the next row that is not the heading of a group, or the previous one; wraps around.
    fn next_match(&mut self, moment: &Moment, forward: bool);
    /// Reverses the order.
    fn invert_sort(&mut self);
    /// Sorts by the column a number of places to the right among the shown ones.
    fn sort_by_neighbor(&mut self, columns: isize);
    /// Sorts by a column: numbers start with the largest, texts with the first.
    fn sort_by(&mut self, column: usize);
    /// Scrolls the columns.
    fn scroll_columns(&mut self, columns: isize);
    /// The headings of all columns.
    fn headings(&self) -> &'static [Heading];
    /// The sort column and direction.
    fn sort_order(&self) -> Sort;
    /// True if there are rows.
    fn has_rows(&self) -> bool;
    /// True if the rows are arranged for the view and for the moment that `sequence` identifies.
    fn is_arranged(&self, sequence: u64) -> bool;
    /// The order, and a number that changes with the rest of the view.
    fn view_version(&self) -> (Sort, u64);
    /// Creates the work that arranges the rows of the moment that `sequence` identifies.
    fn work(&self, sequence: u64) -> Box<dyn TableWork>;
    /// Shows the rows that `work` has arranged.
    fn install(&mut self, work: Box<dyn TableWork>, moment: &Moment);
    /// Discards the rows if they are of another moment than the one that `sequence` identifies.
    fn discard_stale(&mut self, sequence: u64);
    /// Sets the text in the title about rows that are still being arranged.
    fn set_progress(&mut self, progress: Option<String>);
    /// True if the rows shown are not in the view that the user has set.
    fn is_behind(&self) -> bool;
    /// A number that no other table has.
    fn id(&self) -> u64;
    /// Releases the memory for the rows, which are arranged again when they are shown.
    fn release_rows(&mut self);
    /// True if it shows peers of sockets, or if the keys lead to the peer of the selected one.
    fn shows_peers(&self) -> bool;
    /// The row of the Sample with the socket of the current row, if that is known without a search.
    fn socket_row(&self, moment: &Moment) -> Option<u32>;
    /// The target that Enter opens on the current row.
    fn target(&self, moment: &Moment) -> Option<OpenTarget>;
    /// Selects the current row, so that the user comes back to it.
    fn select_current(&mut self, moment: &Moment);
    /// Filter conditions that the current row passes, those about the sort column first.
    fn conditions(&self, moment: &Moment) -> Vec<String>;
    /// The socket or process that can be killed from the current row.
    fn kill_target(&self, moment: &Moment) -> Option<KillTarget>;
    /// Holds rows at their positions, or releases them.
    fn toggle_held_order(&mut self);
    /// True if rows are held at their positions.
    fn is_order_held(&self) -> bool;
    /// The criteria by which rows can be grouped.
    fn groupings(&self) -> Vec<GroupingChoice>;
    /// The criterion by which rows are grouped, counted from 1; 0 if they are not grouped.
    fn grouping_place(&self) -> usize;
    /// Groups rows by a criterion, counted from 1, or not for 0, and selects the first row.
    fn group_by(&mut self, place: usize);
    /// Groups rows by the next criterion; returns true if there is any.
    fn next_grouping(&mut self) -> bool;
    /// The label of the current row, if it is the heading of a group, without fold mark and figures.
    fn group_name(&self) -> Option<String>;
    /// Folds or unfolds the current row; returns true if there was anything to fold.
    fn toggle_fold(&mut self, moment: &Moment) -> bool;
    /// Unfolds all rows, or folds all if all are unfolded; returns true if there was anything to fold.
    fn toggle_all_folds(&mut self) -> bool;
    /// True if the user has chosen the columns.
    fn has_chosen_columns(&self) -> bool;
    /// All columns for a picker, true with those that are shown: these first, in their order, then the others.
    fn column_choices(&self) -> Vec<(usize, bool)>;
    /// Shows or hides a column. The last one shown stays.
    fn toggle_column(&mut self, column: usize);
    /// Moves a shown column by places.
    fn move_column(&mut self, column: usize, places: isize);
    /// Makes a shown column wider by terminal columns, or narrower if negative.
    fn widen_column(&mut self, column: usize, by: i16);
    /// Makes these columns the default ones, in this order; none restores those that fit.
    fn configure_columns(&mut self, columns: &[usize]);
    /// Shows the default columns again.
    fn reset_columns(&mut self);
    /// The shown cells of the current row in full, separated by tabs.
    fn row_text(&self, moment: &Moment) -> Option<String>;
    /// The cell of the current row in the sort column, in full.
    fn cell_text(&self, moment: &Moment) -> Option<String>;
}
