//! Handles keys, clicks and pasted texts: changes the [`State`](super::state::State) and returns
//! [`Effect`](super::effect::Effect)s. Nothing is drawn here.

mod availability;
mod commands;
mod comparison;
mod copying;
mod dispatch;
mod filter_input;
mod filter_values;
mod hints;
mod jumps;
mod picker_input;
mod pointer;
mod table_keys;
mod text_input;
mod time;

pub use dispatch::{is_bound, press, update};
pub use pointer::{Pointer, point};
pub use text_input::{commit_input, paste};

pub(super) use hints::hints;
