//! `sockwatch help`: explains a command, the filter language, the columns or the findings.

use std::io::{self, Write};

use clap::CommandFactory as _;

use super::shared::configuration;
use super::shared::usage_error::UsageError;
use crate::cli::{self, Cli, ConfigFile, column_help, filter_help, findings};
use crate::config::Config;

/// Prints help on the program, a command, the filter language, the columns or the findings.
///
/// # Errors
/// If the topic is unknown or standard output cannot be written.
pub fn run(arguments: &cli::Help) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    let text = match arguments.topic.as_deref() {
        None => format!(
            "{}\n{}",
            command.render_long_help(),
            filter_help::full_text()
        ),
        Some("filter" | "filters" | "FILTER") => filter_help::full_text(),
        Some("columns" | "column") => column_help::full_text(),
        Some("findings" | "finding") => findings::long(&active_config().diagnose),
        Some(topic) => match command.find_subcommand_mut(topic) {
            Some(command) => command.render_long_help().to_string(),
            None => {
                return Err(UsageError::new(format!(
                    "there is no help on '{topic}'; there is on list, summary, events, record, replay, info, export, diagnose, kill, filter, columns and findings"
                ))
                .into());
            }
        },
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Returns the active configuration, or the defaults with a note if it cannot be loaded.
fn active_config() -> Config {
    configuration::load(&ConfigFile::default()).unwrap_or_else(|error| {
        eprintln!("sockwatch: {error}; the numbers are those without it");
        Config::default()
    })
}
