//! Sockets as JSON Lines: `list --jsonl`, `list --watch`, `record --jsonl`, `export --format jsonl`.

use std::io::{self, Write};

use super::rows::write_rows;
use crate::aggregate::Moment;
use crate::export::json_schema::JsonSchema;
use crate::export::socket_schema;
use crate::export::timestamp::timestamp;

/// Writes one object per line.
///
/// # Errors
/// If the writer fails.
pub fn write_lines(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    write_all(moment, rows, None, out)
}

/// Writes one object per line, each with the time of the moment in `taken_at`.
///
/// # Errors
/// If the writer fails.
pub fn write_lines_with_time(
    moment: &Moment,
    rows: &[u32],
    out: &mut impl Write,
) -> io::Result<()> {
    let taken_at = timestamp(moment.sample.taken_at_us);
    write_all(moment, rows, Some(&taken_at), out)
}

fn write_all(
    moment: &Moment,
    rows: &[u32],
    taken_at: Option<&str>,
    out: &mut impl Write,
) -> io::Result<()> {
    write_rows(moment, rows, taken_at, b"\n", out)?;
    if rows.is_empty() {
        Ok(())
    } else {
        out.write_all(b"\n")
    }
}

/// Describes one line.
pub fn line_schema() -> JsonSchema {
    socket_schema::with_time().with_description(
        "A socket: one line of list --jsonl, list --watch, record --jsonl and export --format jsonl. \
         The line has taken_at wherever more than one sample is written.",
    )
}
