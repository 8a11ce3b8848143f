//! The `sockwatch` program: reads what was typed and calls the command.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use sockwatch::cli::{Cli, Command};
use sockwatch::command;
use sockwatch::command::UsageError;
use sockwatch::filter::FilterError;
use sockwatch::source::{MORE_DESCRIPTORS, SOCK_DIAG_NEEDED, SourceError, lacks_descriptors};

/// The exit status of `diagnose` that failed: 1 is taken by findings.
const DIAGNOSE_FAILED: u8 = 3;

/// The exit status for what was typed wrongly.
const WRONG_USAGE: u8 = 2;

/// Columns of the part of a filter that is shown with a caret below the wrong place.
const PICTURE: usize = 76;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let result = match &cli.command {
        None => command::dashboard::run(&cli.dashboard),
        Some(Command::List(arguments)) => command::list::run(arguments),
        Some(Command::Summary(arguments)) => command::summary::run(arguments),
        Some(Command::Events(arguments)) => command::events::run(arguments),
        Some(Command::Record(arguments)) => command::record::run(arguments),
        Some(Command::Info(arguments)) => command::info::run(arguments),
        Some(Command::Export(arguments)) => command::export::run(arguments),
        Some(Command::Diagnose(arguments)) => match command::diagnose::run(arguments) {
            Ok(status) => return status,
            Err(error) => Err(error),
        },
        Some(Command::Kill(arguments)) => command::kill::run(arguments),
        Some(Command::Replay(arguments)) => command::replay::run(arguments),
        Some(Command::Help(arguments)) => command::help::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(wrong) = error.downcast_ref::<FilterError>() {
                eprintln!("sockwatch: {wrong}");
                for line in wrong.excerpt(PICTURE).lines() {
                    eprintln!("  {line}");
                }
                return ExitCode::from(WRONG_USAGE);
            }
            if error.is::<UsageError>() {
                eprintln!("sockwatch: {error}");
                return ExitCode::from(WRONG_USAGE);
            }
            let remedy = remedy(&error).map_or_else(String::new, |text| format!("; {text}"));
            eprintln!("sockwatch: {error:#}{remedy}");
            match &cli.command {
                Some(Command::Diagnose(_)) => ExitCode::from(DIAGNOSE_FAILED),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Prints help, if that was asked for, or what is wrong with what was typed and what could have been meant.
fn misunderstood(error: &clap::Error) -> ExitCode {
    // A closed pipe: nobody reads it.
    let _ = error.print();
    if error.kind() == clap::error::ErrorKind::UnknownArgument {
        let words: Vec<String> = std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        if let Some(suggestion) = sockwatch::cli::suggest(&words) {
            eprintln!("\n  {suggestion}");
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USAGE))
}

/// What the user can do about it, where that is known.
fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    let mut causes = error.chain();
    if causes.any(|cause| cause.downcast_ref().is_some_and(lacks_descriptors)) {
        return Some(MORE_DESCRIPTORS);
    }
    let SourceError::Unavailable { .. } = error.downcast_ref()?;
    Some(SOCK_DIAG_NEEDED)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(kind)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
