//! The trait of criteria by which the rows of a list are grouped.

use std::fmt::Debug;
use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

use crate::aggregate::Moment;
use crate::column::{Column, Kind};
use crate::model::Seed;

/// A row of the lists that a criterion groups.
pub(super) type RowOf<'m, C> = <<C as Criterion>::Kind as Kind>::Row<'m>;

/// A criterion by which rows are grouped, or none.
pub(super) trait Criterion: Copy + Default + PartialEq + Debug + Send + 'static {
    /// The kind of the rows.
    type Kind: Kind;
    /// The identity of a group, which stays the same from moment to moment.
    type Key: Copy + Eq + Hash + Debug + Send + Sync + 'static;

    /// The columns of the rows.
    fn columns() -> &'static [Column<Self::Kind>];

    /// A row by its number.
    fn row(moment: &Moment, number: u32) -> Option<RowOf<'_, Self>>;

    /// The group of a row.
    fn key(self, row: &RowOf<'_, Self>) -> Self::Key;

    /// The label of a group, given one of its rows.
    fn label(key: Self::Key, row: &RowOf<'_, Self>) -> String;

    /// The label with the number of rows in the group.
    fn heading(label: &str, rows: u32) -> String;
}

/// Hashes a name with the seed of this run, to identify its group.
pub(super) fn hash(name: impl Hash) -> u64 {
    static SEED: LazyLock<Seed> = LazyLock::new(Seed::default);
    SEED.hash_one(name)
}
