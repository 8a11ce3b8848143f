//! sockwatch shows what every socket of a Linux machine is doing, which process owns it and how fast it moves.
//!
//! The library holds the whole program; `main.rs` only parses the arguments and sets the exit status. Its modules are
//! layers, listed here from the lowest to the highest. A layer uses only layers above it in this list, and no two files
//! import each other; `tests/offline/layers.rs` checks both.
//!
//! - [`printable`]: text without characters that control a terminal or hide text.
//! - [`model`]: plain data for one instant, the [`Sample`](model::Sample), with its sockets, processes and counters.
//! - [`privilege`]: capabilities, effective only where an operation needs them.
//! - [`filter`]: the filter language of `ss`, parsed, evaluated, and lowered to kernel bytecode.
//! - [`source`]: sources of Samples. `netlink` dumps sockets, `procfs` reads owners and counters, and
//!   [`LiveSource`](source::LiveSource) composes one Sample per tick.
//! - [`recording`]: the file format of recordings, its writer and reader, and the same encoding in memory.
//! - [`aggregate`]: values derived from consecutive Samples: rates, groups, listeners, bounded history.
//! - [`mod@column`]: the columns of tables, for the screen, `list` and exports.
//! - [`diagnose`]: findings with evidence and advice, one file each.
//! - [`config`]: the configuration file, merged with the defaults and validated.
//! - [`replay`]: moments of a recording, derived as they were when it was made.
//! - [`export`]: output as table, JSON, CSV or Parquet.
//! - [`tui`]: the screen: state, key bindings and views, without I/O.
//! - [`app`]: the running dashboard: threads, channels, the event loop and the terminal.
//! - [`cli`]: the command line as typed, and its help.
//! - [`command`]: the subcommands, one file each.
//!
//! The path of a datum: netlink bytes → `decode` → `Socket` → attributed to its owners → `Sample` → `aggregate` → row →
//! column → cell.

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
pub mod printable;
pub mod privilege;
pub mod recording;
pub mod replay;
pub mod source;
pub mod tui;
