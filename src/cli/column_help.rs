//! Help on the columns of sockets, generated from their definitions.

use std::fmt::Write;

use crate::column::{SOCKET_COLUMNS, VOCABULARY};
use crate::filter::FieldKind;

/// Returns a list of every column with its unit.
pub fn full_text() -> String {
    let mut out = String::from(
        "Columns, as --columns, --sort and FILTER name them; headings and the kernel's names are understood too.\n\n",
    );
    for (column, field) in SOCKET_COLUMNS.iter().zip(VOCABULARY.fields()) {
        let kind = match field.kind {
            FieldKind::Number(unit) => unit.name(),
            FieldKind::Text => "text",
        };
        let _ = writeln!(out, "  {:<26} {kind:<8} {}", column.id, column.about);
    }
    out
}
