//! What needs no privilege and no sockets of others: recorded bytes, recordings, the filter language, the configuration,
//! and the structure of the source code.

mod clock_steps;
mod config;
mod damaged_recordings;
mod decode;
mod filter;
mod findings_hostile;
mod findings_recorded;
mod history_memory;
mod layers;
mod list;
mod older_kernels;
mod output_boundary;
mod program_errors;
mod proportional_work;
mod recording_format;
mod shared_pages;
mod ss_lines;
#[path = "../support/mod.rs"]
mod support;
mod synthetic_host;
