//! A column of the file.

use super::leaf::Leaf;
use crate::export::row::Row;

/// A column of the file: its declaration, and the values of the rows that are not written yet.
pub(super) trait Column: Send {
    /// Appends its declaration in Parquet's schema language.
    fn declare(&self, schema: &mut String);

    /// Adds the value of a row.
    fn push(&mut self, row: &Row<'_>);

    /// Returns its buffers of plain values, in declaration order.
    fn leaves(&mut self) -> Vec<&mut dyn Leaf>;
}
