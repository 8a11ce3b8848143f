//! The order of the rows.

use super::column_names::find_column;
use crate::aggregate::Moment;
use crate::column::{Align, SocketColumn, SocketRow, SortKey};
use crate::command::shared::selection::Selection;
use crate::command::shared::usage_error::UsageError;

/// A column to sort by, with a direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortOrder {
    pub(super) column: &'static SocketColumn,
    descending: bool,
}

impl SortOrder {
    /// Parses `COLUMN`, `COLUMN:asc` or `COLUMN:desc`; numbers are descending by default.
    ///
    /// # Errors
    /// If the column or the direction is unknown.
    pub(super) fn parse(text: &str) -> anyhow::Result<SortOrder> {
        let (name, direction) = match text.split_once(':') {
            Some((name, direction)) => (name, Some(direction)),
            None => (text, None),
        };
        let column = find_column(name)?;
        let descending = match direction {
            None => column.align == Align::Right,
            Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(UsageError::new(format!(
                    "--sort {text}: invalid direction '{other}'; use {name}:asc or {name}:desc"
                ))
                .into());
            }
        };
        Ok(SortOrder { column, descending })
    }

    /// Sorts rows; the sort is stable.
    pub(super) fn apply(self, moment: &Moment, rows: &mut [u32]) {
        let key = |row: &u32| {
            let row = SocketRow::of(moment, *row as usize);
            row.map_or(SortKey::Missing, |row| self.column.sort_key(&row))
        };
        let mut keyed: Vec<_> = rows.iter().map(|row| (key(row), *row)).collect();
        keyed.sort_by(|a, b| a.0.compare(&b.0, self.descending));
        for (place, (_, row)) in rows.iter_mut().zip(&keyed) {
            *place = *row;
        }
    }
}

/// Returns the selected rows of a moment, sorted and limited.
pub(super) fn selected_rows(
    moment: &Moment,
    selection: &Selection,
    order: Option<SortOrder>,
    limit: Option<usize>,
) -> Vec<u32> {
    let mut rows = selection.matching_rows(moment);
    if let Some(order) = order {
        order.apply(moment, &mut rows);
    }
    rows.truncate(limit.unwrap_or(usize::MAX));
    rows
}
