//! `sockwatch --generate`: prints a file, to be installed or edited.

use std::io::Write as _;

use anyhow::Context as _;

use super::shared::text_stdout::text_stdout;
use crate::cli::Generate;
use crate::config;
use crate::tui;

/// Prints the file.
///
/// # Errors
/// If standard output cannot be written.
pub fn run(file: Generate) -> anyhow::Result<()> {
    let text = match file {
        Generate::Config => config::sample(&tui::names())?,
    };
    let mut out = text_stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.context("cannot write to standard output")
}
