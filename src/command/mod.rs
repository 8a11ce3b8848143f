//! One file for each subcommand.

pub mod dashboard;
pub mod list;
