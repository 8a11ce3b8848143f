//! What a table can show: rows with numbers, their cells, their order.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::LazyLock;

use super::{Sort, Sorter};
use crate::aggregate::Moment;
use crate::column::{Align, Column, Kind, SortKey};
use crate::tui::kill_target::KillTarget;
use crate::tui::target::Target;
use crate::tui::text;
use crate::tui::theme::Tone;

/// How a column behaves in a table on a screen.
#[derive(Debug, Clone, Copy)]
pub struct Heading {
    /// Its name.
    pub id: &'static str,
    /// What stands above it.
    pub heading: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The width that it would like.
    pub width: u16,
    /// The least width at which it is of use.
    pub least: u16,
    /// The most that it can use.
    pub most: u16,
    /// Which columns are shown first; 0 always.
    pub priority: u8,
}

/// A list's rows at one moment.
pub type Row<'m, L> = <<L as List>::Kind as Kind>::Row<'m>;

/// The columns of a list and what is done with them.
#[derive(Debug)]
pub struct Shape<K: Kind> {
    /// The columns.
    pub columns: &'static LazyLock<Vec<Column<K>>>,
    /// How they behave on a screen, in the same order.
    pub headings: &'static LazyLock<Vec<Heading>>,
    /// The columns whose total is told of what a filter leaves.
    pub totals: &'static [&'static str],
}

/// What rows are put into groups for.
#[derive(Debug)]
pub struct Outlining<'a> {
    /// The moment.
    pub moment: &'a Moment,
    /// How rows are ordered.
    pub sort: Sort,
    /// The columns whose totals are shown.
    pub needed: &'a [usize],
    /// Whether the rows stand as they are to stand.
    pub in_order: bool,
    /// Puts rows into order.
    pub sorter: &'a mut Sorter,
}

/// Something that a table can show. Rows have numbers, which hold for one moment.
pub trait List: Debug + Sized {
    /// What rows it has.
    type Kind: Kind;
    /// Identity of a row.
    type Key: Copy + Eq + Hash + Debug;

    /// Its columns and what is done with them.
    fn shape() -> &'static Shape<Self::Kind>;
    /// How many rows there would be without a filter.
    fn whole(&self, moment: &Moment) -> usize;
    /// Appends the numbers of its rows.
    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>);
    /// One row by its number; `None` for a group of rows.
    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<Row<'m, Self>>;
    /// Its identity.
    fn key(&self, moment: &Moment, number: u32) -> Option<Self::Key>;
    /// Decides between rows that are equal otherwise, so that they never change places for no reason.
    fn tie(&self, moment: &Moment, number: u32) -> u64;
    /// What Enter leads to.
    fn target(&self, moment: &Moment, number: u32) -> Option<Target>;
    /// Filters that the row would pass, each with the column that it is about; one of the number in a column, if it is one.
    fn conditions(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
    ) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// What could be ended of the row.
    fn kill_target(&self, _moment: &Moment, _number: u32) -> Option<KillTarget> {
        None
    }
    /// What a cell means.
    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone;

    /// Its columns.
    fn columns() -> &'static [Column<Self::Kind>] {
        Self::shape().columns
    }

    /// How they behave on a screen, in the same order.
    fn headings() -> &'static [Heading] {
        Self::shape().headings
    }

    /// Appends a cell's text.
    fn write(&self, moment: &Moment, number: u32, column: usize, out: &mut String) {
        if let Some(row) = self.row(moment, number) {
            Self::columns()[column].write(&row, out);
        }
    }

    /// What rows are ordered by.
    fn sort_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        let row = self.row(moment, number);
        row.map_or(SortKey::Missing, |row| {
            Self::columns()[column].sort_key(&row)
        })
    }

    /// A cell's text in so many columns.
    fn cut<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        text::cut_middle(text, columns)
    }

    /// What is new about a row, as a tint.
    fn tint(&self, _moment: &Moment, _number: u32) -> Option<Tone> {
        None
    }

    /// What stands in place of a group's texts.
    fn label(&self, _number: u32) -> Option<String> {
        None
    }

    /// Whether rows are in groups or below each other.
    fn is_outlined(&self) -> bool {
        false
    }

    /// Puts rows into groups or below each other: takes rows, and gives those to be shown.
    fn outline(&mut self, _outlining: &mut Outlining<'_>, _order: &mut Vec<u32>) {}

    /// Whether groups know what a column comes to.
    fn knows_total(&self, _column: usize) -> bool {
        true
    }

    /// Rows without the headings of groups, if there are groups.
    fn leaves(&self) -> Option<usize> {
        None
    }

    /// Folds or unfolds a row; answers whether there was anything to do.
    fn fold(&mut self, _moment: &Moment, _number: u32) -> bool {
        false
    }

    /// Folds all, or unfolds all if all are; answers whether there was anything to do.
    fn fold_all(&mut self, _moment: &Moment) -> bool {
        false
    }

    /// Groups rows by the next thing there is; answers whether there is any.
    fn group_by_next(&mut self) -> bool {
        false
    }

    /// What rows are grouped by.
    fn grouped_by(&self) -> Option<&'static str> {
        None
    }

    /// Whether a filter leaves some of its rows only.
    fn heeds_filter() -> bool {
        true
    }

    /// Whether the last rows are kept in sight until somebody scrolls.
    fn follows() -> bool {
        false
    }
}
