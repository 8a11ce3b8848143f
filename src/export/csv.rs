//! Sockets as CSV (RFC 4180): a header line and a row for each socket, with the same content as JSON.
//!
//! The columns are the exported fields (`export/socket_fields.rs`). The parts of an object have separate columns:
//! `local.address` is `local_address`. A missing value is an empty cell, as is an empty text. Cells with several values
//! are encoded so that they can be split again:
//!
//! - The elements of a list are separated by spaces: `recverr mc_loop`. A list of numbers within an element is
//!   separated by commas.
//! - In a text element, spaces, `"`, `\` and control characters are escaped as in a JSON string: `Web\u0020Content`. An
//!   empty text is `""`.
//! - Owners are parallel lists, one for each field of an owner: `owners_pid`, `owners_start_time`, `owners_comm`, `owners_name`,
//!   `owners_fds`. Without an owner, all are empty.
//! - A map is a list of `name=value`, with nothing after `=` if the value is missing.
//! - If a list or map can be missing, an empty one is written as `[]` or `{}`.
//!
//! A file or a pipe gets every text exactly as it is, quoted where it has a comma, quote or line break, so that a program
//! reads the name that the kernel reported. A terminal gets printable text, see [`printable`].

use std::fmt::Write as _;
use std::io::{self, Write};

use super::field::{ExportField, Shape, flat};
use super::owner::{OWNER_FIELDS, OwnerField, OwnerShape, owners};
use super::row::Row;
use super::socket_fields::{socket_fields, taken_at};
use super::timestamp::timestamp;
use crate::aggregate::Moment;
use crate::model::SocketRef;
use crate::printable;

/// Options of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvOptions {
    /// True to write the header line.
    pub heading: bool,
    /// True to write printable text only, because the output is a terminal.
    pub for_terminal: bool,
}

/// Writes the sockets in `rows`.
///
/// # Errors
/// If the writer fails.
pub fn write(
    moment: &Moment,
    rows: &[u32],
    options: CsvOptions,
    out: &mut impl Write,
) -> io::Result<()> {
    write_rows(moment, rows, options, None, out).map_err(io_error)
}

/// Writes the sockets in `rows` with the time of the moment in an additional first column, `taken_at`.
///
/// # Errors
/// If the writer fails.
pub fn write_with_time(
    moment: &Moment,
    rows: &[u32],
    options: CsvOptions,
    out: &mut impl Write,
) -> io::Result<()> {
    let taken_at = timestamp(moment.sample.taken_at_us);
    write_rows(moment, rows, options, Some(&taken_at), out).map_err(io_error)
}

/// Returns the error of the underlying writer, whose kind identifies a closed pipe.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn write_rows(
    moment: &Moment,
    rows: &[u32],
    options: CsvOptions,
    time: Option<&str>,
    out: &mut impl Write,
) -> csv::Result<()> {
    let mut writer = CellWriter {
        csv: csv::Writer::from_writer(out),
        for_terminal: options.for_terminal,
    };
    if options.heading {
        if time.is_some() {
            writer.write(taken_at().column())?;
        }
        for field in flat(socket_fields()) {
            write_heading(field, &mut writer)?;
        }
        writer.end_row()?;
    }
    let peers = moment.peers();
    let mut cell = String::new();
    for &row in rows {
        let Some(row) = Row::of_moment(moment, peers, row as usize) else {
            continue;
        };
        if let Some(time) = time {
            writer.write(time)?;
        }
        for field in flat(socket_fields()) {
            write_field(field, &row, &mut cell, &mut writer)?;
        }
        writer.end_row()?;
    }
    Ok(writer.csv.flush()?)
}

/// Writes cells.
struct CellWriter<W: Write> {
    csv: csv::Writer<W>,
    for_terminal: bool,
}

impl<W: Write> CellWriter<W> {
    /// Writes the next cell of the row.
    fn write(&mut self, cell: &str) -> csv::Result<()> {
        if self.for_terminal {
            self.csv.write_field(&*printable::sanitized(cell))
        } else {
            self.csv.write_field(cell)
        }
    }

    fn end_row(&mut self) -> csv::Result<()> {
        self.csv.write_record(None::<&[u8]>)
    }
}

/// Writes the names of a field's columns.
fn write_heading(field: &ExportField, writer: &mut CellWriter<impl Write>) -> csv::Result<()> {
    if matches!(field.shape, Shape::Owners(_)) {
        for part in &OWNER_FIELDS {
            writer.write(&format!("{}_{}", field.column(), part.name))?;
        }
        return Ok(());
    }
    writer.write(field.column())
}

/// Writes a field's columns of a row. `cell` is a buffer.
fn write_field(
    field: &ExportField,
    row: &Row<'_>,
    cell: &mut String,
    writer: &mut CellWriter<impl Write>,
) -> csv::Result<()> {
    cell.clear();
    match &field.shape {
        Shape::Flag(value) => {
            let value = value.read(row).map(|value| value != 0);
            push(cell, value);
        }
        Shape::Unsigned(_, value) => push(cell, value.read(row)),
        Shape::Float(value) => push(cell, value(row)),
        Shape::Text(value) => push(cell, value(row)),
        Shape::Name { value, .. } => push(cell, value(row)),
        Shape::Time(value) => cell.push_str(&timestamp(value(row))),
        // Its parts are written instead.
        Shape::Record { .. } => {}
        Shape::Bits { value, .. } => push_list(cell, value(row), "[]", push_element),
        Shape::Map(value) => {
            push_list(cell, value(row), "{}", |cell, (name, value)| {
                push_element(cell, name);
                cell.push('=');
                push(cell, value);
            });
        }
        Shape::Owners(value) => {
            let socket = value(row);
            for part in &OWNER_FIELDS {
                cell.clear();
                push_owners(cell, part, socket.as_ref());
                writer.write(cell)?;
            }
            return Ok(());
        }
    }
    writer.write(cell)
}

/// Appends a value, or nothing.
fn push(cell: &mut String, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        // Writing to a String cannot fail.
        let _ = write!(cell, "{value}");
    }
}

/// Appends the elements of a list, or `empty` if it has none.
fn push_list<T>(
    cell: &mut String,
    list: Option<impl IntoIterator<Item = T>>,
    empty: &str,
    push: impl Fn(&mut String, T),
) {
    let Some(list) = list else {
        return;
    };
    let mut is_empty = true;
    for element in list {
        if !is_empty {
            cell.push(' ');
        }
        push(cell, element);
        is_empty = false;
    }
    if is_empty {
        cell.push_str(empty);
    }
}

/// Appends one field of all owners.
fn push_owners(cell: &mut String, part: &OwnerField, socket: Option<&SocketRef<'_>>) {
    let owners = socket.into_iter().flat_map(owners);
    push_list(cell, Some(owners), "", |cell, owner| match part.shape {
        OwnerShape::U32(value) => push(cell, Some(value(&owner))),
        OwnerShape::U64(value) => push(cell, Some(value(&owner))),
        OwnerShape::Text(value) => push_element(cell, &value(&owner)),
        OwnerShape::List(value) => {
            for (at, number) in value(&owner).enumerate() {
                if at > 0 {
                    cell.push(',');
                }
                push(cell, Some(number));
            }
        }
    });
}

/// Appends a text to a list of texts separated by spaces.
fn push_element(cell: &mut String, text: &str) {
    if text.is_empty() {
        cell.push_str("\"\"");
    }
    for character in text.chars() {
        match character {
            '"' | '\\' => cell.extend(['\\', character]),
            ' ' | '\0'..='\x1f' | '\x7f' => {
                let _ = write!(cell, "\\u{:04x}", u32::from(character));
            }
            character => cell.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_a_list_stay_separate_whatever_they_contain() {
        let texts = ["Web Content", "", "\"\"", "a\\u0020b\\", "x,;=\n\x7f", "数"];
        let mut cell = String::new();
        push_list(&mut cell, Some(texts), "", push_element);
        let elements = cell.split(' ').map(|element| match element {
            "\"\"" => String::new(),
            element => serde_json::from_str(&format!("\"{element}\"")).unwrap(),
        });
        assert_eq!(elements.collect::<Vec<String>>(), texts);
    }

    #[test]
    fn a_list_that_is_missing_is_not_one_that_is_empty() {
        let (mut missing, mut empty) = (String::new(), String::new());
        push_list(&mut missing, None::<[&str; 0]>, "[]", push_element);
        push_list(&mut empty, Some([]), "[]", push_element);
        assert_eq!((missing.as_str(), empty.as_str()), ("", "[]"));
    }
}
