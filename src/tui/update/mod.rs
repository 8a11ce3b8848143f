//! Keys, clicks and pasted texts become changes of the [`State`](super::state::State), and [`Effect`](super::effect::Effect)s
//! for the surroundings. Nothing is drawn here.

mod availability;
mod commands;
mod comparison;
mod copying;
mod dispatch;
mod filter_input;
mod filter_values;
mod hints;
mod jumps;
mod pointer;
mod table_keys;
mod time;
mod typing;

pub use dispatch::{is_bound, press, update};
pub use pointer::{Pointer, point};
pub use typing::{commit_input, paste};

pub(super) use hints::hints;
