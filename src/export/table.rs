//! Writes sockets as a table for reading: aligned, with headings, fitted to a terminal and never truncated in a pipe.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::aggregate::Moment;
use crate::column::format::MISSING;
use crate::column::{Align, SocketColumn, SocketRow, TCP_FIELDS, ascii};

/// Space between two columns.
const GAP: &str = "  ";

/// Minimum width to which a column is shrunk.
const MIN_WIDTH: usize = 9;

/// Placement of the `tcp_info` details of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailPlacement {
    /// Not shown.
    None,
    /// On a separate line below the row.
    Below,
    /// At the end of the row.
    Inline,
}

/// Replaces the text of cells with names.
pub trait CellNames: Sync {
    /// Appends the name for a cell; returns false without appending if there is none.
    fn write(&self, row: &SocketRow<'_>, column: &SocketColumn, out: &mut String) -> bool;
}

/// Layout of a table.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    /// Columns from left to right.
    pub columns: &'a [&'static SocketColumn],
    /// True to write headings.
    pub heading: bool,
    /// Width to which lines are fitted, in terminal columns; `None` for no limit.
    pub max_width: Option<usize>,
    /// Placement of TCP details.
    pub details: DetailPlacement,
    /// Names for cells.
    pub names: Option<&'a dyn CellNames>,
    /// True if owners were attributed; otherwise their cells are empty.
    pub has_owners: bool,
    /// True to write ASCII only, for a locale that is not UTF-8.
    pub ascii: bool,
}

impl std::fmt::Debug for Layout<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layout")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Appends every `tcp_info` field of a connection as `name:value`, with units.
fn write_details(row: &SocketRow<'_>, out: &mut String) {
    let Some(info) = row
        .socket
        .tcp_info()
        .filter(|_| !row.socket.socket.is_listener())
    else {
        return;
    };
    let mut value = String::new();
    for field in TCP_FIELDS.iter() {
        value.clear();
        if field.write(info, &mut value) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(field.field.name);
            out.push(':');
            // A space would separate two fields.
            out.extend(value.chars().map(|c| if c == ' ' { '_' } else { c }));
        }
    }
}

/// Number of rows above which a second thread formats half of them.
const PARALLEL_ROWS: usize = 4096;

/// The formatted cells of some rows.
#[derive(Debug, Default)]
struct FormattedRows {
    /// All cells in one string.
    text: String,
    /// End of each cell in `text`.
    ends: Vec<usize>,
    /// Width of the widest cell of each column.
    widths: Vec<usize>,
}

/// Writes `rows` in columns. With `max_width`, the widest text columns are shrunk until a line fits; `…` marks the
/// omitted middle of a cell.
///
/// # Errors
/// If the writer fails.
pub fn write(
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let columns = layout.columns;
    let (first, second) = rows.split_at(if rows.len() < PARALLEL_ROWS {
        rows.len()
    } else {
        rows.len() / 2
    });
    // The widths are known only after the last row.
    let (one, two) = in_parallel(
        || format_rows(moment, first, layout),
        || format_rows(moment, second, layout),
    );
    let heading = |column: &&SocketColumn| {
        if layout.heading {
            column.heading.width()
        } else {
            0
        }
    };
    let mut widths: Vec<usize> = columns.iter().map(heading).collect();
    for part in [&one, &two] {
        for (width, own) in widths.iter_mut().zip(&part.widths) {
            *width = (*width).max(*own);
        }
    }
    if let Some(max_width) = layout.max_width {
        shrink_to_fit(&mut widths, columns, max_width);
    }
    if layout.heading {
        let mut line = String::new();
        for (at, (column, &width)) in columns.iter().zip(&widths).enumerate() {
            let last = at + 1 == columns.len();
            write_cell(&mut line, column.heading, width, column.align, last);
        }
        end_line(&mut line, 0);
        to_ascii(&mut line, layout);
        out.write_all(line.as_bytes())?;
    }
    let (one, two) = in_parallel(
        || align_rows(moment, first, layout, &widths, &one),
        || align_rows(moment, second, layout, &widths, &two),
    );
    out.write_all(one.as_bytes())?;
    out.write_all(two.as_bytes())
}

/// Runs two closures in parallel; one after the other if no thread can be started.
fn in_parallel<T: Send + Default>(one: impl FnOnce() -> T, two: impl Fn() -> T + Sync) -> (T, T) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("format".into());
        let second = thread.spawn_scoped(scope, &two).ok();
        let one = one();
        let two = second
            .and_then(|thread| thread.join().ok())
            .unwrap_or_else(&two);
        (one, two)
    })
}

/// Formats the cells of some rows.
fn format_rows(moment: &Moment, rows: &[u32], layout: &Layout<'_>) -> FormattedRows {
    let mut part = FormattedRows {
        widths: vec![0; layout.columns.len()],
        ..FormattedRows::default()
    };
    part.ends.reserve(rows.len() * layout.columns.len());
    let mut unicode = String::new();
    let text = &mut part.text;
    for row in sockets(moment, rows) {
        for (column, width) in layout.columns.iter().zip(&mut part.widths) {
            let start = text.len();
            let named = layout
                .names
                .is_some_and(|names| names.write(&row, column, text));
            if !named && !layout.has_owners && column.id == "process" {
                text.push_str(MISSING);
            } else if !named {
                column.write(&row, text);
            }
            if layout.ascii && !text[start..].is_ascii() {
                unicode.clear();
                unicode.push_str(&text[start..]);
                text.truncate(start);
                ascii::write_cell(text, &unicode);
            }
            *width = (*width).max(text[start..].width());
            part.ends.push(text.len());
        }
    }
    part
}

fn sockets<'m>(moment: &'m Moment, rows: &'m [u32]) -> impl Iterator<Item = SocketRow<'m>> {
    rows.iter()
        .filter_map(|&row| SocketRow::of(moment, row as usize))
}

/// Aligns formatted rows to the widths of the table.
fn align_rows(
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    widths: &[usize],
    part: &FormattedRows,
) -> String {
    let columns = layout.columns;
    let length = widths.iter().sum::<usize>() + GAP.len() * widths.len() + 8;
    let mut out = String::with_capacity(length * rows.len());
    let (mut start, mut details) = (0, String::new());
    let cells = part.ends.chunks_exact(columns.len().max(1));
    for (row, socket) in cells.zip(sockets(moment, rows)) {
        let mut line_start = out.len();
        for (at, ((column, &width), &end)) in columns.iter().zip(widths).zip(row).enumerate() {
            let last = at + 1 == columns.len();
            write_cell(&mut out, &part.text[start..end], width, column.align, last);
            start = end;
        }
        if layout.details != DetailPlacement::None {
            details.clear();
            write_details(&socket, &mut details);
        }
        match layout.details {
            DetailPlacement::Below if !details.is_empty() => {
                end_line(&mut out, line_start);
                line_start = out.len();
                out.push('\t');
                out.push_str(&details);
            }
            DetailPlacement::Inline if !details.is_empty() => {
                out.push_str(GAP);
                out.push_str(&details);
            }
            _ => {}
        }
        end_line(&mut out, line_start);
    }
    to_ascii(&mut out, layout);
    out
}

/// Converts finished lines to ASCII if so requested: headings, the mark of truncated cells, and units of details.
fn to_ascii(lines: &mut String, layout: &Layout<'_>) {
    if layout.ascii && !lines.is_ascii() {
        let unicode = std::mem::take(lines);
        ascii::write_cell(lines, &unicode);
    }
}

/// Removes trailing spaces of the line that starts at an offset, and ends it.
fn end_line(out: &mut String, line_start: usize) {
    let length = out[line_start..].trim_end().len();
    out.truncate(line_start + length);
    out.push('\n');
}

/// Shrinks the widest text columns until a line fits or all have their minimum width.
fn shrink_to_fit(widths: &mut [usize], columns: &[&SocketColumn], max_width: usize) {
    loop {
        let total: usize =
            widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let Some(excess) = total.checked_sub(max_width).filter(|&excess| excess > 0) else {
            return;
        };
        let texts = || {
            widths
                .iter()
                .enumerate()
                .filter(|&(at, _)| columns[at].align == Align::Left)
        };
        let Some((at, &widest)) = texts()
            .max_by_key(|&(_, &width)| width)
            .filter(|&(_, &width)| width > MIN_WIDTH)
        else {
            return;
        };
        let next = texts()
            .map(|(_, &width)| width)
            .filter(|&width| width < widest)
            .max()
            .unwrap_or(MIN_WIDTH);
        widths[at] = widest
            .saturating_sub(excess.min((widest - next).max(1)))
            .max(MIN_WIDTH);
    }
}

/// Appends a cell, padded or truncated to a width, and the gap after it.
fn write_cell(line: &mut String, text: &str, width: usize, align: Align, last: bool) {
    let text = truncate_middle(text, width);
    let padding = width.saturating_sub(text.width());
    if align == Align::Right {
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line.push_str(&text);
    if !last {
        if align == Align::Left {
            line.extend(std::iter::repeat_n(' ', padding));
        }
        line.push_str(GAP);
    }
}

/// Truncates a text to `width` columns by replacing its middle with `…`: the ends of an address or path are more
/// informative than its middle.
pub fn truncate_middle(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    use unicode_width::UnicodeWidthChar;
    if text.width() <= width {
        return text.into();
    }
    let Some(room) = width.checked_sub(1) else {
        return "".into();
    };
    let fitting = |characters: &mut dyn Iterator<Item = char>, room: usize| {
        let mut taken = Vec::new();
        let mut used = 0;
        for character in characters {
            let wide = character.width().unwrap_or(0);
            if used + wide > room {
                break;
            }
            used += wide;
            taken.push(character);
        }
        taken
    };
    let tail: Vec<char> = fitting(&mut text.chars().rev(), room / 2);
    let head: Vec<char> = fitting(&mut text.chars(), room - room / 2);
    head.into_iter()
        .chain(std::iter::once('…'))
        .chain(tail.into_iter().rev())
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_truncated_and_wide_characters_count_double() {
        assert_eq!(truncate_middle("127.0.0.1:80", 20), "127.0.0.1:80");
        assert_eq!(truncate_middle("/run/user/1000/bus", 9), "/run…/bus");
        assert_eq!(truncate_middle("漢字漢字", 5), "漢…字");
        assert_eq!(truncate_middle("abc", 1), "…");
        assert_eq!(truncate_middle("abc", 0), "");
    }

    #[test]
    fn text_is_shrunk_until_the_line_fits_and_numbers_are_not() {
        let columns: Vec<&SocketColumn> = ["recv_queue", "local", "remote"]
            .iter()
            .filter_map(|id| SocketColumn::by_id(id))
            .collect();
        let mut widths = vec![7, 60, 40];
        shrink_to_fit(&mut widths, &columns, 60);
        assert_eq!(widths[0], 7);
        assert!(widths.iter().sum::<usize>() + 4 <= 60, "{widths:?}");
        let mut tight = vec![7, 60, 40];
        shrink_to_fit(&mut tight, &columns, 5);
        assert_eq!(tight, [7, MIN_WIDTH, MIN_WIDTH]);
    }
}
