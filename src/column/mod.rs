//! What a table can show of a socket, a process, a listener, a remote host, an event, a counter, a device, a limit, a
//! setting: heading, width, cell, order. One list for the dashboard, `list` and CSV.
//!
//! No layout happens here; a [`Column`] gives text and a [`SortKey`], whoever draws decides the place.

mod counter;
mod difference;
mod event;
pub mod format;
mod interface;
mod limit;
mod listener;
mod notation;
mod note;
mod process;
mod remote;
mod setting;
mod socket;
pub mod when;

pub use counter::{Attention, COUNTER_COLUMNS, CounterLine, Counters, Meaning, meaning};
pub use difference::{
    PROCESS_DIFFERENCE_COLUMNS, ProcessDifferences, SOCKET_DIFFERENCE_COLUMNS, SocketChange,
    SocketDifferences,
};
pub use event::{EVENT_COLUMNS, EventLine, Events};
pub use interface::{INTERFACE_COLUMNS, InterfaceLine, Interfaces};
pub use limit::{LIMIT_COLUMNS, LimitLine, Limits};
pub(crate) use listener::gauge;
pub use listener::{LISTENER_COLUMNS, ListenerLine, Listeners};
pub use note::Note;
pub use process::{PROCESS_COLUMNS, ProcessLine, Processes};
pub use remote::{REMOTE_COLUMNS, RemoteLine, Remotes, Service};
pub use setting::{KNOWN, KnownSetting, SETTING_COLUMNS, SettingLine, Settings};
pub use socket::tcp::{TCP_FIELDS, TcpField};
pub use socket::{DEFAULT_COLUMNS, SOCKET_COLUMNS, SocketColumn, SocketRow, Sockets, VOCABULARY};

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::filter::Unit;
pub use crate::model::Total;
use crate::model::{KernelField, Notation, Scalar};
use format::MISSING;

/// What rows a table has.
pub trait Kind: std::fmt::Debug + 'static {
    /// A row at one moment.
    type Row<'a>;
}

/// A column of a table.
pub struct Column<K: Kind> {
    /// Its name in options, CSV and JSON.
    pub id: &'static str,
    /// Its heading in a table.
    pub heading: &'static str,
    /// What it tells, its unit and where the kernel has it.
    pub about: &'static str,
    /// Where its cells stand.
    pub align: Align,
    /// The width at which a table on a screen shows it, in columns of the terminal.
    pub width: u16,
    cell: Cell<K>,
}

/// How a cell comes about.
enum Cell<K: Kind> {
    /// Text, and what it is ordered by.
    Text {
        /// Appends the text; nothing is appended if the value is missing.
        text: fn(&K::Row<'_>, &mut String) -> Option<()>,
        key: Key<K>,
    },
    /// A number that a formatter writes.
    Figure {
        value: fn(&K::Row<'_>) -> Option<f64>,
        format: Format,
        total: Total,
    },
    /// A field of a kernel structure.
    Field {
        field: &'static KernelField,
        value: fn(&KernelField, &K::Row<'_>) -> Option<f64>,
        format: Format,
        total: Total,
    },
    /// A figure of an array, by its place there.
    Element {
        place: usize,
        value: fn(usize, &K::Row<'_>) -> Option<f64>,
        format: Format,
        total: Total,
    },
    /// A scalar of the schema, in its notation.
    Scalar {
        scalar: &'static Scalar,
        value: fn(&Scalar, &K::Row<'_>) -> Option<u64>,
    },
}

/// What a row is ordered by, borrowed from what the row borrows from.
pub(crate) type Key<K> = for<'a> fn(&<K as Kind>::Row<'a>, Lifetime<'a>) -> Option<SortKey<'a>>;

/// Names the lifetime of a row's contents: that of an associated type alone does not bind it.
pub(crate) type Lifetime<'a> = std::marker::PhantomData<&'a ()>;

/// How a number is written, and what it counts.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    write: fn(&mut String, f64),
    /// What it counts.
    pub unit: Unit,
}

impl Format {
    /// A way of writing numbers of a unit.
    pub(crate) const fn new(write: fn(&mut String, f64), unit: Unit) -> Format {
        Format { write, unit }
    }

    /// Appends a number with its unit.
    pub fn write(self, out: &mut String, value: f64) {
        (self.write)(out, value);
    }
}

impl<K: Kind> std::fmt::Debug for Column<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl<K: Kind> Column<K> {
    /// A column of text, at the left.
    pub(crate) const fn text(
        (id, heading, width): (&'static str, &'static str, u16),
        about: &'static str,
        text: fn(&K::Row<'_>, &mut String) -> Option<()>,
        key: Key<K>,
    ) -> Column<K> {
        Column {
            id,
            heading,
            about,
            align: Align::Left,
            width,
            cell: Cell::Text { text, key },
        }
    }

    /// A column of numbers, at the right.
    pub(crate) const fn figure(
        (id, heading, width): (&'static str, &'static str, u16),
        about: &'static str,
        (format, total): (Format, Total),
        value: fn(&K::Row<'_>) -> Option<f64>,
    ) -> Column<K> {
        Column {
            id,
            heading,
            about,
            align: Align::Right,
            width,
            cell: Cell::Figure {
                value,
                format,
                total,
            },
        }
    }

    /// The same column at the right: texts that are numbers to those who read them.
    pub(crate) const fn at_the_right(mut self) -> Column<K> {
        self.align = Align::Right;
        self
    }

    /// Appends the cell's text to `out`: `–` if the value is missing. The text is harmless in a terminal.
    pub fn write(&self, row: &K::Row<'_>, out: &mut String) {
        if !self.write_known(row, out) {
            out.push_str(MISSING);
        }
    }

    /// Appends the cell's text to `out` if the value is known; returns whether it is.
    pub fn write_known(&self, row: &K::Row<'_>, out: &mut String) -> bool {
        let before = out.len();
        let value = match self.cell {
            Cell::Text { text, .. } => {
                let known = text(row, out).is_some();
                if !known {
                    out.truncate(before);
                }
                return known;
            }
            Cell::Scalar { scalar, value } => {
                let value = value(scalar, row);
                if let Some(value) = value {
                    notation::write(out, scalar.notation, value);
                }
                return value.is_some();
            }
            _ => self.number(row),
        };
        if let Some(value) = value {
            self.write_number(value, out);
        }
        value.is_some()
    }

    /// Appends a number as this column's cells are written; nothing in a column of text.
    pub fn write_number(&self, value: f64, out: &mut String) {
        match self.cell {
            Cell::Text { .. } => {}
            Cell::Figure { format, .. }
            | Cell::Field { format, .. }
            | Cell::Element { format, .. } => format.write(out, value),
            Cell::Scalar { scalar, .. } => notation::write(out, scalar.notation, value as u64),
        }
    }

    /// Returns the key that rows are ordered by.
    pub fn sort_key<'a>(&self, row: &K::Row<'a>) -> SortKey<'a> {
        let number = match self.cell {
            Cell::Text { key, .. } => {
                return key(row, std::marker::PhantomData).unwrap_or(SortKey::Missing);
            }
            Cell::Scalar { scalar, value } => value(scalar, row).map(|value| value as f64),
            _ => self.number(row),
        };
        number.map_or(SortKey::Missing, SortKey::Number)
    }

    /// Returns the cell as a number; `None` if it is missing, or text.
    pub fn number(&self, row: &K::Row<'_>) -> Option<f64> {
        match self.cell {
            Cell::Text { .. } => None,
            Cell::Figure { value, .. } => value(row),
            Cell::Field { field, value, .. } => value(field, row),
            Cell::Element { place, value, .. } => value(place, row),
            Cell::Scalar { scalar, value } => match scalar.notation {
                Notation::Decimal => value(scalar, row).map(|value| value as f64),
                _ => None,
            },
        }
    }

    /// Returns the kind of total that several of its cells have.
    pub fn total(&self) -> Total {
        match self.cell {
            Cell::Text { .. } | Cell::Scalar { .. } => Total::None,
            Cell::Figure { total, .. }
            | Cell::Field { total, .. }
            | Cell::Element { total, .. } => total,
        }
    }

    /// Returns the unit of its numbers; `None` if it is text.
    pub fn unit(&self) -> Option<Unit> {
        match self.cell {
            Cell::Text { .. } => None,
            Cell::Figure { format, .. }
            | Cell::Field { format, .. }
            | Cell::Element { format, .. } => Some(format.unit),
            Cell::Scalar { scalar, .. } => {
                (scalar.notation == Notation::Decimal).then_some(Unit::Count)
            }
        }
    }

    /// Reports whether it is text, which a filter searches.
    pub fn is_text(&self) -> bool {
        self.unit().is_none()
    }
}

/// The key of a text that is there.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what columns are ordered by may be missing"
)]
fn text_key(text: &str) -> Option<SortKey<'_>> {
    Some(SortKey::Text(Cow::Borrowed(text)))
}

/// Where a cell's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// What a column is ordered by. Missing values come last whichever the direction.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey<'a> {
    /// Nothing is known.
    Missing,
    /// A number.
    Number(f64),
    /// An address with its port: family, address bits, port.
    Address(u8, u128, u16),
    /// Text.
    Text(std::borrow::Cow<'a, str>),
}

impl SortKey<'_> {
    /// Orders two keys; `descending` turns values around but leaves missing ones at the end.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let ordering = match (self, other) {
            (SortKey::Missing, SortKey::Missing) => return Ordering::Equal,
            (SortKey::Missing, _) => return Ordering::Greater,
            (_, SortKey::Missing) => return Ordering::Less,
            (SortKey::Number(a), SortKey::Number(b)) => a.total_cmp(b),
            (SortKey::Text(a), SortKey::Text(b)) => a.cmp(b),
            (SortKey::Address(f, a, p), SortKey::Address(g, b, q)) => (f, a, p).cmp(&(g, b, q)),
            (a, b) => a.rank().cmp(&b.rank()),
        };
        if descending {
            ordering.reverse()
        } else {
            ordering
        }
    }

    fn rank(&self) -> u8 {
        match self {
            SortKey::Number(_) => 0,
            SortKey::Address(..) => 1,
            SortKey::Text(_) => 2,
            SortKey::Missing => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_last_in_both_directions() {
        let mut keys = [SortKey::Missing, SortKey::Number(1.0), SortKey::Number(2.0)];
        for descending in [false, true] {
            keys.sort_by(|a, b| a.compare(b, descending));
            assert_eq!(keys[2], SortKey::Missing);
            let expected = if descending { 2.0 } else { 1.0 };
            assert_eq!(keys[0], SortKey::Number(expected));
        }
    }
}
