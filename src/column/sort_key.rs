//! Sort keys of rows.

use std::borrow::Cow;
use std::cmp::Ordering;

/// Sort key of a cell. Missing values sort last in both directions.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey<'a> {
    /// The value is unknown.
    Missing,
    /// A number.
    Number(f64),
    /// An address with its port: family, address bits, port.
    Address(u8, u128, u16),
    /// Text.
    Text(Cow<'a, str>),
}

impl SortKey<'_> {
    /// Compares two keys; `descending` reverses the order of values, and missing ones stay last.
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

/// Returns the key of a text.
#[expect(clippy::unnecessary_wraps, reason = "a column's key may be missing")]
pub(super) fn text_key(text: &str) -> Option<SortKey<'_>> {
    Some(SortKey::Text(Cow::Borrowed(text)))
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
