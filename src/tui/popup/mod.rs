//! Popups: windows over a screen, until they are closed. Each file has the state, keys, hints and drawing of one popup,
//! and a function that opens it. To add one, write such a file, list it here, and let a command of `update/commands.rs`
//! open it.

pub mod column_picker;
mod draw;
pub mod faults;
pub mod filter_by;
pub mod findings;
pub mod group_picker;
pub mod help;
pub mod interface;
pub mod kill_confirmation;
pub mod namespace_picker;
pub mod quit_confirmation;
pub mod save;
mod searchable_lines;
pub mod sort_picker;
