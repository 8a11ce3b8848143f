//! Access to the columns of a row, for conditions on values that the kernel does not report with the socket.

use super::search_text::SearchText;

/// Values of a row that are derived rather than reported by the kernel.
pub trait RowValues {
    /// Returns the value of a numeric column; `None` if it is missing or text.
    fn number(&self, field: u16) -> Option<f64>;
    /// Appends the text of a column; returns false if there is none.
    fn text(&self, field: u16, out: &mut String) -> bool;
    /// Returns the name of the peer of a unix socket.
    fn peer_name(&self) -> Option<&[u8]>;
    /// Reports whether any text of the row matches a search.
    fn search(&self, text: &SearchText) -> bool;
}

/// Provides no derived values: only what the kernel reports can be compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRowValues;

impl RowValues for NoRowValues {
    fn number(&self, _field: u16) -> Option<f64> {
        None
    }

    fn text(&self, _field: u16, _out: &mut String) -> bool {
        false
    }

    fn peer_name(&self) -> Option<&[u8]> {
        None
    }

    fn search(&self, _text: &SearchText) -> bool {
        false
    }
}
