//! The `sockwatch` program: reads what was typed and calls the command.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use sockwatch::cli::{Cli, Command};
use sockwatch::command;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        None => command::dashboard::run(&cli.dashboard),
        Some(Command::List(arguments)) => command::list::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sockwatch: {error:#}");
            ExitCode::FAILURE
        }
    }
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
