//! The headings of lists, made from the schema's columns and the widths that suit a screen.

use crate::column::{Column, Kind};
use crate::tui::table::Heading;

/// The widths and priority of a column: id, least width, greatest width, priority. Columns that a narrow screen needs
/// come first; numbers have one width, texts a range.
pub(super) type Widths = (&'static str, u16, u16, u8);

/// Columns of this priority and above are shown only to fill a wide screen.
pub(super) const WIDE_ONLY: u8 = 30;

/// Makes the headings of columns. A column without an entry in `widths` is shown only if the user chooses it.
pub(super) fn headings<K: Kind>(columns: &[Column<K>], widths: &[Widths]) -> Vec<Heading> {
    columns
        .iter()
        .map(|column| {
            let known = widths.iter().find(|widths| widths.0 == column.id);
            let unlisted = (column.id, column.width, column.width, Heading::NEVER);
            let &(id, min_width, max_width, priority) = known.unwrap_or(&unlisted);
            Heading {
                id,
                heading: column.heading,
                about: column.about,
                align: column.align,
                width: column.width,
                min_width,
                max_width,
                priority,
            }
        })
        .collect()
}
