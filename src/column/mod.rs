//! What a table can show of a socket or a process: heading, width, cell, order. One list for the dashboard, `list` and CSV.
//!
//! No layout happens here; a [`SocketColumn`] gives text and a [`SortKey`], whoever draws decides the place.

pub mod format;
mod process;
mod socket;

pub use process::{PROCESS_COLUMNS, ProcessColumn, ProcessLine};
pub use socket::{DEFAULT_COLUMNS, SOCKET_COLUMNS, SocketColumn, SocketRow};

use std::cmp::Ordering;

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
