//! Sockets as a table for people: aligned, with headings, fitted to a terminal and never cut when piped.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::aggregate::Moment;
use crate::column::format::MISSING;
use crate::column::{Align, SocketColumn, SocketRow, TCP_FIELDS};

/// Between two columns.
const GAP: &str = "  ";

/// A column that must shrink does not go below this.
const NARROWEST: usize = 9;

/// What stands beside the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Further {
    /// Nothing.
    None,
    /// Everything that TCP tells, on a further line.
    Below,
    /// The same at the end of the line.
    Beside,
}

/// Names in place of numbers.
pub trait Naming: Sync {
    /// Appends the text of a cell that has a name; answers whether it has.
    fn write(&self, row: &SocketRow<'_>, column: &SocketColumn, out: &mut String) -> bool;
}

/// How a table looks.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    /// Its columns.
    pub columns: &'a [&'static SocketColumn],
    /// Whether headings stand above it.
    pub heading: bool,
    /// The columns of the terminal that a line should fit into.
    pub fit: Option<usize>,
    /// What stands beside the columns.
    pub further: Further,
    /// Names in place of numbers.
    pub name: Option<&'a dyn Naming>,
    /// Whether owners were looked for: without, nothing is said of them.
    pub owners: bool,
}

impl std::fmt::Debug for Layout<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layout")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Appends everything that TCP tells of a connection as `name:value`, with units.
fn further(row: &SocketRow<'_>, out: &mut String) {
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
            // Each word is one field.
            out.extend(value.chars().map(|c| if c == ' ' { '_' } else { c }));
        }
    }
}

/// Rows from which on it is worth while to format them on two threads.
const MANY: usize = 4096;

/// Some rows in the making.
#[derive(Debug, Default)]
struct Part {
    /// All cells in one string.
    text: String,
    /// The end of each.
    ends: Vec<usize>,
    /// The widest cell of each column.
    widths: Vec<usize>,
}

/// Writes `rows` in columns. With `fit`, the widest columns of text give way until a line fits into so many columns
/// of the terminal; what is left out of a cell is marked by `…` in its middle.
///
/// # Errors
/// What the writer says.
pub fn write(
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let columns = layout.columns;
    let (first, second) = rows.split_at(if rows.len() < MANY {
        rows.len()
    } else {
        rows.len() / 2
    });
    // The widths are known only after the last row.
    let (one, two) = both(
        || fill(moment, first, layout),
        || fill(moment, second, layout),
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
    if let Some(fit) = layout.fit {
        shrink(&mut widths, columns, fit);
    }
    if layout.heading {
        let mut line = String::new();
        for (at, (column, &width)) in columns.iter().zip(&widths).enumerate() {
            let last = at + 1 == columns.len();
            cell(&mut line, column.heading, width, column.align, last);
        }
        end_line(&mut line, 0);
        out.write_all(line.as_bytes())?;
    }
    let (one, two) = both(
        || lines(moment, first, layout, &widths, &one),
        || lines(moment, second, layout, &widths, &two),
    );
    out.write_all(one.as_bytes())?;
    out.write_all(two.as_bytes())
}

/// Does two things at once; one after the other where no thread is to be had. The second may be nothing.
fn both<T: Send + Default>(one: impl FnOnce() -> T, two: impl Fn() -> T + Sync) -> (T, T) {
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

/// The cells of some rows.
fn fill(moment: &Moment, rows: &[u32], layout: &Layout<'_>) -> Part {
    let mut part = Part {
        widths: vec![0; layout.columns.len()],
        ..Part::default()
    };
    part.ends.reserve(rows.len() * layout.columns.len());
    let text = &mut part.text;
    for row in sockets(moment, rows) {
        for (column, width) in layout.columns.iter().zip(&mut part.widths) {
            let start = text.len();
            let named = layout
                .name
                .is_some_and(|name| name.write(&row, column, text));
            if !named && !layout.owners && column.id == "process" {
                text.push_str(MISSING);
            } else if !named {
                column.write(&row, text);
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

/// The lines of some rows, now that the widths are known.
fn lines(
    moment: &Moment,
    rows: &[u32],
    layout: &Layout<'_>,
    widths: &[usize],
    part: &Part,
) -> String {
    let columns = layout.columns;
    let length = widths.iter().sum::<usize>() + GAP.len() * widths.len() + 8;
    let mut out = String::with_capacity(length * rows.len());
    let (mut start, mut more) = (0, String::new());
    let cells = part.ends.chunks_exact(columns.len().max(1));
    for (row, socket) in cells.zip(sockets(moment, rows)) {
        let mut begins = out.len();
        for (at, ((column, &width), &end)) in columns.iter().zip(widths).zip(row).enumerate() {
            let last = at + 1 == columns.len();
            cell(&mut out, &part.text[start..end], width, column.align, last);
            start = end;
        }
        if layout.further != Further::None {
            more.clear();
            further(&socket, &mut more);
        }
        match layout.further {
            Further::Below if !more.is_empty() => {
                end_line(&mut out, begins);
                begins = out.len();
                out.push('\t');
                out.push_str(&more);
            }
            Further::Beside if !more.is_empty() => {
                out.push_str(GAP);
                out.push_str(&more);
            }
            _ => {}
        }
        end_line(&mut out, begins);
    }
    out
}

/// Ends the line that begins at a place, without spaces at its end.
fn end_line(out: &mut String, begins: usize) {
    let length = out[begins..].trim_end().len();
    out.truncate(begins + length);
    out.push('\n');
}

/// Takes from the widest column of text until the line fits, or nothing is left to take.
fn shrink(widths: &mut [usize], columns: &[&SocketColumn], fit: usize) {
    loop {
        let total: usize =
            widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let Some(excess) = total.checked_sub(fit).filter(|&excess| excess > 0) else {
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
            .filter(|&(_, &width)| width > NARROWEST)
        else {
            return;
        };
        let next = texts()
            .map(|(_, &width)| width)
            .filter(|&width| width < widest)
            .max()
            .unwrap_or(NARROWEST);
        widths[at] = widest
            .saturating_sub(excess.min((widest - next).max(1)))
            .max(NARROWEST);
    }
}

fn cell(line: &mut String, text: &str, width: usize, align: Align, last: bool) {
    let text = middle(text, width);
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

/// `text` in at most `width` columns, the excess in its middle replaced by `…`: both ends of an address or a path tell
/// more than its middle.
pub fn middle(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    use unicode_width::UnicodeWidthChar;
    if text.width() <= width {
        return text.into();
    }
    let Some(room) = width.checked_sub(1) else {
        return "".into();
    };
    let take = |characters: &mut dyn Iterator<Item = char>, room: usize| {
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
    let tail: Vec<char> = take(&mut text.chars().rev(), room / 2);
    let head: Vec<char> = take(&mut text.chars(), room - room / 2);
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
    fn the_middle_gives_way_and_wide_characters_count_double() {
        assert_eq!(middle("127.0.0.1:80", 20), "127.0.0.1:80");
        assert_eq!(middle("/run/user/1000/bus", 9), "/run…/bus");
        assert_eq!(middle("漢字漢字", 5), "漢…字");
        assert_eq!(middle("abc", 1), "…");
        assert_eq!(middle("abc", 0), "");
    }

    #[test]
    fn text_gives_way_until_the_line_fits_and_numbers_do_not() {
        let columns: Vec<&SocketColumn> = ["recv_queue", "local", "remote"]
            .iter()
            .filter_map(|id| SocketColumn::by_id(id))
            .collect();
        let mut widths = vec![7, 60, 40];
        shrink(&mut widths, &columns, 60);
        assert_eq!(widths[0], 7);
        assert!(widths.iter().sum::<usize>() + 4 <= 60, "{widths:?}");
        let mut tight = vec![7, 60, 40];
        shrink(&mut tight, &columns, 5);
        assert_eq!(tight, [7, NARROWEST, NARROWEST]);
    }
}
