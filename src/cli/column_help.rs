//! `help columns`: the columns of sockets, generated from their definitions.

use super::page::Page;
use crate::column::{SOCKET_COLUMNS, VOCABULARY};
use crate::filter::FieldKind;

/// Writes every column with its unit.
pub fn write(page: &mut Page) {
    page.paragraph(
        "Columns for --columns, --sort and FILTER. The headings of tables and the kernel's names are accepted, too. The \
         unit of numbers is in brackets.",
    );
    let columns = SOCKET_COLUMNS.iter().zip(VOCABULARY.fields());
    let rows: Vec<(&str, String)> = columns
        .map(|(column, field)| match field.kind {
            FieldKind::Number(unit) => (column.id, format!("[{}] {}", unit.name(), column.about)),
            FieldKind::Text => (column.id, column.about.to_string()),
        })
        .collect();
    page.terms(rows.iter().map(|(id, about)| (*id, about.as_str())));
}
