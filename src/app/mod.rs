//! The running dashboard: its threads, its terminal, and the event loop that owns the state. Drawing is done by
//! [`tui`](crate::tui).
//!
//! ```text
//!  sampler ──Moment──▶ LatestSlot           input ──key──┐   signals ──▶ event loop
//!     ▲  └─────── MomentReady ──────────────────────▶ event loop ──▶ tui::update, tui::view ──▶ terminal
//!     └── memory of the previous moment ◀──────────────┤
//!                                    view worker ◀──ViewRequest, PreparedView──▶
//! ```
//!
//! - `dashboard` starts it, live or over a recording; `terminal_session` acquires the terminal and runs the loop;
//!   `screen_backend` draws its frames.
//! - `event_loop` processes [`Message`]s and passes effects to an [`EffectHandler`]; `system_effects` is the real one.
//! - `sampler_thread` produces live moments, `preview_thread` the first sockets before them; `history_buffer` keeps the last minutes of them and feeds the active
//!   recording.
//! - `view_worker` filters, sorts and counts many sockets, so that the loop need not.
//! - `allocator` returns the memory of a rewind to the system, `program_pages` that of the program's start.
//! - `player` produces moments of a recording or of the history buffer; `findings_scan` scans a recording for findings.
//!
//! Sampling, reading keys and drawing are independent of each other; the loop never waits for a Sample, and never for work
//! on many sockets.

mod active_recording;
pub mod allocator;
mod background_query;
mod background_writer;
mod color_support;
mod dashboard;
mod effect_handler;
pub mod environment;
mod event_loop;
mod findings_history;
mod findings_scan;
mod history_buffer;
mod host_names;
mod input_thread;
mod job_control;
mod latest_slot;
mod message;
mod mouse;
mod options;
mod player;
mod player_thread;
mod preview_thread;
mod program_pages;
mod sampler_thread;
mod screen_backend;
mod signal_thread;
mod system_effects;
mod terminal;
mod terminal_session;
pub mod terminal_size;
mod threads;
pub mod time_zone;
mod timeline_track;
mod view_worker;

pub use crate::tui::theme::ColorSupport;
pub use color_support::ColorChoice;
pub use dashboard::{replay_state, run_live, run_replay};
pub use effect_handler::{EffectHandler, Rewind};
pub use event_loop::{EventLoop, ExitReason};
pub use findings_scan::FindingsScan;
pub use job_control::StopRequest;
pub use latest_slot::{LatestSlot, SlotContents};
pub use message::{Inbox, Message};
pub use options::{DEFAULT_HISTORY, Look, Options, ReplayOptions};
pub use player::{Player, PlayerStep};
pub use preview_thread::{FirstSockets, OpenPreview};
pub use terminal::require_terminal;
pub use view_worker::ViewWorker;
