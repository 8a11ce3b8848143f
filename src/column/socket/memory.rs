//! Columns of a socket's memory.

use super::row::{SocketColumn, SocketRow};
use crate::column::Align;
use crate::column::definition::Cell;
use crate::column::format;
use crate::model::MemoryInfo;

/// Width of a column, in terminal columns.
const WIDTH: u16 = 8;

/// Returns a column for each value, except for `drops`, which is a main column.
pub(super) fn columns() -> impl Iterator<Item = SocketColumn> {
    let fields = MemoryInfo::FIELDS.iter().enumerate();
    fields
        .filter(|(_, field)| field.name != "drops")
        .map(|(place, field)| SocketColumn {
            id: field.column,
            heading: field.heading,
            about: field.about,
            align: Align::Right,
            width: WIDTH,
            cell: Cell::Element {
                place,
                value: figure,
                format: format::BYTES,
                total: field.total,
            },
        })
}

fn figure(place: usize, row: &SocketRow<'_>) -> Option<f64> {
    row.socket.memory()?.get(place).map(f64::from)
}
