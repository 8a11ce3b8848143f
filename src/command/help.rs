//! `sockwatch help`: explains a command, the filter language, the columns or the findings.

use std::io::{self, Write};

use clap::CommandFactory as _;

use super::shared::configuration;
use super::shared::usage_error::UsageError;
use crate::cli::{self, Cli, ConfigFile, findings, language};
use crate::config::Config;

/// Explains the program, a command, the filter language, the columns or the findings.
///
/// # Errors
/// If there is nothing to be said of the topic, or standard output cannot be written.
pub fn run(arguments: &cli::Help) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    let text = match arguments.topic.as_deref() {
        None => format!("{}\n{}", command.render_long_help(), language::long()),
        Some("filter" | "filters" | "FILTER") => language::long(),
        Some("columns" | "column") => language::columns(),
        Some("findings" | "finding") => findings::long(&in_force().diagnose),
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

/// The configuration in force; help is given without it, too.
fn in_force() -> Config {
    configuration::load(&ConfigFile::default()).unwrap_or_else(|error| {
        eprintln!("sockwatch: {error}; the numbers are those without it");
        Config::default()
    })
}
