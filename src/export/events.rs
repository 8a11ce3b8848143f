//! Socket events as a table that is written line by line, so that widths do not depend on later lines.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::column::{Align, Column, EVENT_COLUMNS, EventLine, Events, ascii};

/// The columns, in order.
const COLUMNS: [&str; 11] = [
    "at",
    "event",
    "netid",
    "states",
    "local",
    "remote",
    "process",
    "lifetime",
    "bytes_received",
    "bytes_acked",
    "retransmitted",
];

fn columns() -> impl Iterator<Item = &'static Column<Events>> {
    COLUMNS
        .iter()
        .filter_map(|id| EVENT_COLUMNS.iter().find(|column| column.id == *id))
}

/// Appends a cell in the width of its column. A wider one shifts the rest of the line.
fn write_cell(line: &mut String, text: &str, column: &Column<Events>) {
    let padding = usize::from(column.width).saturating_sub(text.width());
    let spaces = std::iter::repeat_n(' ', padding);
    if !line.is_empty() {
        line.push_str("  ");
    }
    match column.align {
        Align::Left => {
            line.push_str(text);
            line.extend(spaces);
        }
        Align::Right => {
            line.extend(spaces);
            line.push_str(text);
        }
    }
}

/// Writes the headings.
///
/// # Errors
/// If the writer fails.
pub fn write_heading(out: &mut impl Write) -> io::Result<()> {
    let mut line = String::new();
    for column in columns() {
        write_cell(&mut line, column.heading, column);
    }
    writeln!(out, "{}", line.trim_end())
}

/// Writes one event; with `ascii` in ASCII, for a locale that is not UTF-8.
///
/// # Errors
/// If the writer fails.
pub fn write_line(event: &EventLine<'_>, ascii: bool, out: &mut impl Write) -> io::Result<()> {
    let (mut line, mut text, mut cell) = (String::new(), String::new(), String::new());
    for column in columns() {
        text.clear();
        column.write(event, &mut text);
        if ascii {
            cell.clear();
            ascii::write_cell(&mut cell, &text);
            std::mem::swap(&mut cell, &mut text);
        }
        write_cell(&mut line, &text, column);
    }
    writeln!(out, "{}", line.trim_end())
}
