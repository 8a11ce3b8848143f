//! The trait of criteria by which the rows of a list are grouped.

use std::fmt::Debug;
use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

use crate::aggregate::Moment;
use crate::column::{Column, Kind};
use crate::model::Seed;
use crate::tui::table::GroupingChoice;

/// A row of the lists that a criterion groups.
pub(super) type RowOf<'m, C> = <<C as Criterion>::Kind as Kind>::Row<'m>;

/// A criterion by which rows are grouped, or none.
pub(super) trait Criterion: Copy + Default + PartialEq + Debug + Send + 'static {
    /// The kind of the rows.
    type Kind: Kind;
    /// The identity of a group, which stays the same from moment to moment.
    type Key: Copy + Eq + Hash + Debug + Send + Sync + 'static;
    /// The part of a heading about the rows of a group, besides their number and totals.
    type Summary: Clone + Default + Debug + Send + 'static;

    /// All criteria, in the order in which the key cycles through them.
    const ALL: &'static [Self];

    /// The criterion as the picker offers it; not called for the default, which is none.
    fn choice(self) -> GroupingChoice;

    /// The columns of the rows.
    fn columns() -> &'static [Column<Self::Kind>];

    /// A row by its number.
    fn row(moment: &Moment, number: u32) -> Option<RowOf<'_, Self>>;

    /// The group of a row.
    fn key(self, row: &RowOf<'_, Self>) -> Self::Key;

    /// The label of a group, given one of its rows.
    fn label(key: Self::Key, row: &RowOf<'_, Self>) -> String;

    /// Adds a row to the summary of its group.
    fn add_to(_summary: &mut Self::Summary, _row: &RowOf<'_, Self>) {}

    /// The label with the number of rows in the group and their summary.
    fn heading(self, label: &str, rows: u32, summary: &Self::Summary) -> String;
}

/// Hashes a name with the seed of this run, to identify its group.
pub(super) fn hash(name: impl Hash) -> u64 {
    static SEED: LazyLock<Seed> = LazyLock::new(Seed::default);
    SEED.hash_one(name)
}
