//! sockwatch: what every socket of a Linux machine is doing, who owns it and how fast it moves.
//!
//! A map of the house, from the kernel up. Each layer uses only those above it in this list (`tests/layers.rs` holds
//! that):
//!
//! - [`model`]: plain data for one instant, the [`Sample`](model::Sample).
//! - [`filter`]: what somebody wants to see of a list.
//! - [`source`]: where Samples come from; `netlink` asks `sock_diag`, `procfs` finds owners and counters, `LiveSource`
//!   composes one Sample a tick.
//! - [`recording`]: Samples in a file and in memory, written as they are taken and read back at any instant.
//! - [`aggregate`]: what follows from a Sample and the one before it: rates, groups, listeners, bounded history.
//! - [`mod@column`]: what a table can show of a socket, a process, a listener, a remote host or an event, for the screen,
//!   `list` and CSV alike.
//! - [`diagnose`]: what is wrong, with the evidence and what to do about it; one file for each finding.
//! - [`config`]: what the user has set, in a file over the defaults, checked.
//! - [`replay`]: moments of a recording, derived as they were when it was made.
//! - [`tui`]: the dashboard's screen: state, keys, views. Draws and decides, touches nothing outside.
//! - [`app`]: the running dashboard: threads, channels, the terminal.
//! - [`export`]: what leaves in another form: table, JSON, CSV, Parquet.
//! - [`command`] and [`cli`]: one file for each subcommand; what was typed.
//!
//! A datum's way: netlink bytes → `decode` → `Socket` → joined with owners → `Sample` → `aggregate` → row → cell. No
//! step looks back up.

pub mod aggregate;
pub mod app;
pub mod cli;
pub mod column;
pub mod command;
pub mod config;
pub mod diagnose;
pub mod export;
pub mod filter;
pub mod model;
pub mod recording;
pub mod replay;
pub mod source;
pub mod tui;
