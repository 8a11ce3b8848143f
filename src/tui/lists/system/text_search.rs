//! The search by text on the System screen, and the keys of its rows.

use std::hash::{Hash as _, Hasher as _};

use crate::aggregate::Moment;
use crate::filter::SearchText;
use crate::tui::table::List;

/// Keeps the rows that have a cell which matches the search.
pub(super) fn retain_matching<L: List>(
    list: &L,
    moment: &Moment,
    search_text: &SearchText,
    out: &mut Vec<u32>,
) {
    let mut cell = String::new();
    out.retain(|&number| {
        (0..L::columns().len()).any(|column| {
            cell.clear();
            list.write_cell(moment, number, column, &mut cell);
            search_text.matches(&cell)
        })
    });
}

/// The key of a row, a hash of its name: keys of rows can be copied.
pub(super) fn name_key(name: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
