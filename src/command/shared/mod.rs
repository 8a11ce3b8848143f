//! Parts that several subcommands use: the selection of sockets, recordings as input, output files, configuration.

pub(super) mod configuration;
mod filter_text;
pub(super) mod net_scope;
pub(super) mod pace_note;
pub(super) mod recorded_names;
pub(super) mod recording_input;
pub(super) mod selection;
pub(super) mod socket_kinds;
pub(super) mod stop_signals;
pub(super) mod text_output;
pub(super) mod text_stdout;
pub(super) mod usage_error;
