//! The dashboard's screen: what is shown, what keys mean, how it looks. Draws and decides, touches nothing outside: no
//! thread, no clock, no environment.
//!
//! ```text
//!  header   who, how many, since when        view/header.rs
//!  notice   what cannot be seen, if any      view/header.rs
//!  strip    states, rates, changes           view/strip.rs
//!  tabs     1 Overview  2 Sockets …          view/tabs.rs
//! ┌────────────────────────────────────────┐
//! │ the screen                             │ view/{overview,sockets,processes,process}.rs
//! └────────────────────────────────────────┘
//!  footer   keys that do something now       view/footer.rs
//! ```
//!
//! A key becomes a [`Command`] ([`keymap`]), the command changes the [`State`] and may ask for an [`Effect`]
//! ([`update`]), and [`view::render`] draws the state. Help and footer are made from the same key map.

pub mod glyphs;
pub mod keymap;
pub mod lists;
pub mod state;
pub mod table;
pub mod text;
pub mod theme;
mod update;
pub mod view;

pub use keymap::Command;
pub use state::{Popup, Screen, State};
pub use update::{Effect, update};

/// How things look here; found out once, outside.
#[derive(Debug, Clone)]
pub struct Look {
    /// Colours and weights.
    pub theme: theme::Theme,
    /// Whether the terminal shows ASCII only.
    pub ascii: bool,
    /// In which zone times of day are told.
    pub timezone: jiff::tz::TimeZone,
}
