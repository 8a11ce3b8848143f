//! The dashboard: state, keys, tables, views. It has no side effects: no thread, no clock, no environment. Actions
//! outside the dashboard are requested as an [`Effect`].
//!
//! ```text
//!  tabs     1 Overview  2 Sockets …          view/tabs.rs
//!  status   host, sockets, rates, time       view/status_line.rs
//!  notice   hidden owners, faults            view/notice.rs
//! ┌────────────────────────────────────────┐
//! │ the screen, or the page opened from it │ view/{overview,table_screen,process,socket,remote,…}.rs
//! │            and over it the popup       │ popup/
//! └────────────────────────────────────────┘
//!  time     of a recording or the history    view/timeline.rs
//!  footer   hints, message, typed text       view/footer.rs
//! ```
//!
//! | step | where |
//! |---|---|
//! | a key is mapped to a [`Command`] | [`keymap`] |
//! | the command is dispatched to the popup or the screen, changes the [`State`] and may return an [`Effect`] | `update` |
//! | rows are collected, sorted, laid out and selected | [`lists`], [`table`] |
//! | what grows with the number of sockets is computed as a [`ViewRequest`], here or elsewhere | `view_request` |
//! | the state is drawn, and the targets of clicks are recorded | [`render`], [`view`], [`click_map`] |

pub mod appearance;
pub mod ascii_fallback;
pub mod click_map;
pub mod command;
pub mod concern;
pub mod effect;
pub mod filter_history;
pub mod filter_line;
pub mod group;
pub mod hint;
pub mod key_groups;
pub mod keymap;
pub mod kill_target;
mod line_editor;
pub mod lists;
mod navigation;
pub mod open_target;
pub mod page;
pub mod popup;
pub mod recording_progress;
mod render;
pub mod screen;
mod scroll;
pub mod state;
mod state_chips;
pub mod table;
pub mod text;
pub mod text_input;
pub mod theme;
pub mod timeline;
mod update;
pub mod value_tones;
pub mod view;
pub mod view_request;
mod widget;

pub use appearance::Appearance;
pub use command::Command;
pub use effect::Effect;
pub use render::render;
pub use screen::Screen;
pub use state::{DisplayMode, State, names};
pub use update::{Pointer, commit_input, is_bound, paste, point, press, update};
pub use view_request::{PreparedView, ViewRequest};
