//! `sockwatch help`: prints the help of the program, of a command or of a topic.

use std::io::{self, Write};

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::shared::configuration;
use super::shared::text_stdout::text_stdout;
use super::shared::usage_error::UsageError;
use crate::app::terminal_size;
use crate::cli::page::Page;
use crate::cli::{self, Cli, ConfigFile, Topic, column_help, filter_help, findings, topics};
use crate::config::Config;
use crate::export::message::report;
use crate::tui::key_groups::key_groups;
use crate::tui::keymap::KeyMap;

/// Width of the text if standard output is not a terminal, columns.
const DEFAULT_WIDTH: usize = 80;

/// Prints the help of a command or a topic; without either, the help of the program and the list of topics.
///
/// # Errors
/// If there is no such command or topic, or standard output cannot be written.
pub fn run(arguments: &cli::Help) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    let text = match arguments.topic.as_deref() {
        None => {
            let mut page = Page::new(output_width());
            topics::list(&mut page);
            format!("{}\n{}", command.render_help(), page.finish())
        }
        Some(name) => match (command.find_subcommand_mut(name), Topic::by_name(name)) {
            (Some(command), _) => command.render_long_help().to_string(),
            (None, Some(topic)) => topic_text(topic, output_width()),
            (None, None) => return Err(unknown(name, &command).into()),
        },
    };
    let mut out = text_stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.context("cannot write to standard output")
}

/// Returns the text of a topic, wrapped at a width in columns.
fn topic_text(topic: Topic, width: usize) -> String {
    let mut page = Page::new(width);
    match topic {
        Topic::Filter => filter_help::write(&mut page),
        Topic::Columns => column_help::write(&mut page),
        Topic::Findings => findings::write(&mut page, &active_config().diagnose),
        Topic::Keys => {
            let map = KeyMap::new(&active_config().key_changes());
            topics::keys::write(&mut page, &key_groups(&map));
        }
        Topic::Monitoring => topics::monitoring::write(&mut page),
        Topic::Recording => topics::recording::write(&mut page),
        Topic::Output => topics::output::write(&mut page),
        Topic::Namespaces => topics::namespaces::write(&mut page),
        Topic::Containers => topics::containers::write(&mut page),
        Topic::Privileges => topics::privileges::write(&mut page),
        Topic::Cost => topics::cost::write(&mut page),
    }
    page.finish()
}

/// Returns the error for a name that is neither a command nor a topic, with all names that are.
fn unknown(name: &str, command: &clap::Command) -> UsageError {
    let commands = command.get_subcommands().map(clap::Command::get_name);
    let topics = Topic::ALL.map(Topic::name);
    let names: Vec<&str> = commands.chain(topics).collect();
    UsageError::new(format!(
        "no help topic '{name}'; topics: {}",
        names.join(", ")
    ))
}

/// Returns the width of the terminal, or of `COLUMNS` if standard output is not a terminal.
fn output_width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal_size::width(io::stdout())
        .or_else(columns)
        .unwrap_or(DEFAULT_WIDTH)
}

/// Returns the active configuration, or the defaults with a note if it cannot be loaded.
fn active_config() -> Config {
    configuration::load(&ConfigFile::default()).unwrap_or_else(|error| {
        report!("sockwatch: {error}; showing the defaults");
        Config::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::BINDINGS;

    #[test]
    fn every_topic_has_a_text_within_the_width() {
        for topic in Topic::ALL {
            let text = topic_text(topic, 80);
            assert!(text.lines().count() > 10, "{}", topic.name());
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", topic.name());
                assert_eq!(line, line.trim_end(), "{}", topic.name());
            }
        }
    }

    #[test]
    fn a_topic_is_found_by_its_name_and_hides_no_command() {
        let command = Cli::command();
        for topic in Topic::ALL {
            assert_eq!(Topic::by_name(topic.name()), Some(topic));
            assert!(command.find_subcommand(topic.name()).is_none());
        }
        assert_eq!(Topic::by_name("COLUMN"), Some(Topic::Columns));
        assert_eq!(Topic::by_name("column-width"), None);
    }

    #[test]
    fn help_keys_names_every_key() {
        let text = topic_text(Topic::Keys, 1000);
        for binding in BINDINGS {
            let mut lines = text.lines().map(str::trim_start);
            let is_its_line = |line: &str| {
                let rest = line.strip_prefix(binding.label);
                rest.is_some_and(|rest| rest.starts_with("  "))
            };
            assert!(lines.any(is_its_line), "{}", binding.label);
        }
    }
}
