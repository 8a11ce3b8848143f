//! The dashboard's screen: what is shown, what keys mean, how it looks. Draws and decides, touches nothing outside: no
//! thread, no clock, no environment.
//!
//! ```text
//!  header   who, how many, since when        view/header.rs
//!  notice   what cannot be seen, if any      view/notice.rs
//!  strip    states, rates, changes           view/strip.rs
//!  tabs     1 Overview  2 Sockets …          view/tabs.rs
//! ┌────────────────────────────────────────┐
//! │ the screen, or what one looks into     │ view/{overview,lists,process,socket,remote}.rs
//! └────────────────────────────────────────┘
//!  time     of a recording, or while walking  view/timeline.rs
//!  footer   keys that do something now       view/footer.rs
//! ```
//!
//! A key becomes a [`Command`] ([`keymap`]), or a letter of what is being typed; the command changes the [`State`] and
//! may ask for an [`Effect`] ([`update`]), and [`view::render`] draws the state. What is drawn where is noted down, so
//! that a click finds it. Help and footer are made from the same key map.

pub mod command;
pub mod concern;
pub mod effect;
pub mod filter_history;
pub mod filter_line;
pub mod glyphs;
pub mod hint;
pub mod hits;
pub mod keymap;
pub mod kill_target;
mod line_editor;
pub mod lists;
pub mod look;
mod navigation;
pub mod page;
pub mod popup;
pub mod recording;
mod render;
pub mod screen;
mod scroll;
pub mod state;
pub mod table;
pub mod target;
pub mod text;
pub mod theme;
pub mod timeline;

pub mod tones;
pub mod typing;
mod update;
pub mod view;
mod widget;

pub use command::Command;
pub use effect::Effect;
pub use look::Look;
pub use render::render;
pub use screen::Screen;
pub use state::{Display, State};
pub use update::{Pointer, commit_input, is_bound, paste, point, press, update};
