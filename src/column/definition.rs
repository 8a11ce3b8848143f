//! The definition of a table column: id, heading, width, cell and order.

use super::format::{Format, MISSING};
use super::notation;
use super::sort_key::SortKey;
use crate::filter::Unit;
use crate::model::{KernelField, Notation, Scalar, Socket, Total};
use crate::printable;

/// A kind of table, identified by its rows.
pub trait Kind: std::fmt::Debug + 'static {
    /// A row of one moment.
    type Row<'a>;
}

/// A column of a table.
pub struct Column<K: Kind> {
    /// Name in options, filters and the configuration.
    pub id: &'static str,
    /// Heading in a table.
    pub heading: &'static str,
    /// Description: meaning, unit and kernel source.
    pub about: &'static str,
    /// Alignment of its cells.
    pub align: Align,
    /// Width on a screen, in terminal columns.
    pub width: u16,
    pub(super) cell: Cell<K>,
}

/// Source of a cell's value.
pub(super) enum Cell<K: Kind> {
    /// Text with a sort key.
    Text {
        /// Appends the text; appends nothing if the value is missing.
        text: fn(&K::Row<'_>, &mut String) -> Option<()>,
        key: Key<K>,
    },
    /// A number with its format.
    Figure {
        value: fn(&K::Row<'_>) -> Option<f64>,
        format: Format,
        total: Total,
    },
    /// A number that may be a lower bound, which is then marked.
    Bounded {
        /// Returns the number and whether it is a bound.
        value: fn(&K::Row<'_>) -> Option<(f64, bool)>,
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
    /// A value of an array, by its index.
    Element {
        place: usize,
        value: fn(usize, &K::Row<'_>) -> Option<f64>,
        format: Format,
        total: Total,
    },
    /// A scalar of the schema, in its notation.
    Scalar {
        scalar: &'static Scalar<Socket>,
        value: fn(&Scalar<Socket>, &K::Row<'_>) -> Option<u64>,
    },
}

/// Returns a row's sort key, which borrows from the same data as the row.
pub(super) type Key<K> = for<'a> fn(&<K as Kind>::Row<'a>, Lifetime<'a>) -> Option<SortKey<'a>>;

/// Binds the lifetime of a row's contents, which an associated type alone does not.
pub(super) type Lifetime<'a> = std::marker::PhantomData<&'a ()>;

/// Alignment of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left, for text.
    Left,
    /// Right, for numbers.
    Right,
}

impl<K: Kind> std::fmt::Debug for Column<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl<K: Kind> Column<K> {
    /// Makes a column of text, left-aligned.
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

    /// Makes a column of numbers, right-aligned.
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

    /// Makes a column of numbers that may be lower bounds, right-aligned. `value` also returns whether it is a bound.
    pub(crate) const fn bounded(
        (id, heading, width): (&'static str, &'static str, u16),
        about: &'static str,
        (format, total): (Format, Total),
        value: fn(&K::Row<'_>) -> Option<(f64, bool)>,
    ) -> Column<K> {
        Column {
            id,
            heading,
            about,
            align: Align::Right,
            width,
            cell: Cell::Bounded {
                value,
                format,
                total,
            },
        }
    }

    /// Aligns the column to the right, for text that reads as a number.
    pub(crate) const fn right_aligned(mut self) -> Column<K> {
        self.align = Align::Right;
        self
    }

    /// Appends the cell's text to `out`, `–` if the value is missing. The text is safe to print on a terminal.
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
                if known {
                    printable::sanitize_end(out, before);
                } else {
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
            Cell::Bounded { value, format, .. } => {
                let value = value(row);
                if let Some((number, is_bound)) = value {
                    if is_bound {
                        out.push('≥');
                    }
                    format.write(out, number);
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

    /// Appends a number in this column's format; nothing in a column of text.
    pub fn write_number(&self, value: f64, out: &mut String) {
        match self.cell {
            Cell::Text { .. } => {}
            Cell::Figure { format, .. }
            | Cell::Bounded { format, .. }
            | Cell::Field { format, .. }
            | Cell::Element { format, .. } => format.write(out, value),
            Cell::Scalar { scalar, .. } => notation::write(out, scalar.notation, value as u64),
        }
    }

    /// Returns the sort key of a row.
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

    /// Returns the cell as a number; `None` if it is missing or text.
    pub fn number(&self, row: &K::Row<'_>) -> Option<f64> {
        match self.cell {
            Cell::Text { .. } => None,
            Cell::Figure { value, .. } => value(row),
            Cell::Bounded { value, .. } => value(row).map(|(number, _)| number),
            Cell::Field { field, value, .. } => value(field, row),
            Cell::Element { place, value, .. } => value(place, row),
            Cell::Scalar { scalar, value } => match scalar.notation {
                Notation::Decimal => value(scalar, row).map(|value| value as f64),
                _ => None,
            },
        }
    }

    /// Returns the kind of total of its cells.
    pub fn total(&self) -> Total {
        match self.cell {
            Cell::Text { .. } | Cell::Scalar { .. } => Total::None,
            Cell::Figure { total, .. }
            | Cell::Bounded { total, .. }
            | Cell::Field { total, .. }
            | Cell::Element { total, .. } => total,
        }
    }

    /// Returns the unit of its numbers; `None` if it is text.
    pub fn unit(&self) -> Option<Unit> {
        match self.cell {
            Cell::Text { .. } => None,
            Cell::Figure { format, .. }
            | Cell::Bounded { format, .. }
            | Cell::Field { format, .. }
            | Cell::Element { format, .. } => Some(format.unit),
            Cell::Scalar { scalar, .. } => {
                (scalar.notation == Notation::Decimal).then_some(Unit::Count)
            }
        }
    }
}
