//! What the screen of the system lists: limits, protocol counters, network devices, settings.
//!
//! A filter is about sockets and leaves nothing out here; what is looked for on this screen does, by its text.

mod counters;
mod interfaces;
mod limits;
mod settings;

pub use counters::Counters;
pub use interfaces::Interfaces;
pub use limits::Limits;
pub use settings::Settings;

use crate::aggregate::Moment;
use crate::filter::Words;
use crate::tui::table::List;

/// Keeps the rows of which a cell holds what is looked for.
fn retain_matching<L: List>(list: &L, moment: &Moment, words: &Words, out: &mut Vec<u32>) {
    let mut cell = String::new();
    out.retain(|&number| {
        (0..L::columns().len()).any(|column| {
            cell.clear();
            list.write(moment, number, column, &mut cell);
            words.matches(&cell)
        })
    });
}

/// A row's identity by its name: rows are remembered by what can be copied.
fn identity(name: &str) -> u64 {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = rustc_hash::FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
