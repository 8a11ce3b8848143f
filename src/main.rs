//! The `sockwatch` program: parses the arguments, runs the command, prints its error and sets the exit status.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use clap::error::ErrorKind;
use signal_hook::consts::SIGXFSZ;
use sockwatch::app::{ColorChoice, ColorSupport, allocator, environment, time_zone};
use sockwatch::cli::{Cli, Command};
use sockwatch::command;
use sockwatch::command::UsageError;
use sockwatch::export::TextWriter;
use sockwatch::export::message;
use sockwatch::filter::FilterError;
use sockwatch::printable::sanitized;
use sockwatch::privilege;
use sockwatch::source::{MORE_DESCRIPTORS, SOCK_DIAG_NEEDED, SourceError, lacks_descriptors};

/// Exit status if `diagnose` fails. Its exit status 1 means findings.
const DIAGNOSE_FAILED: u8 = 3;

/// Exit status for invalid arguments.
const USAGE_ERROR: u8 = 2;

/// Width of the excerpt of a filter that is printed below the error, columns.
const EXCERPT_WIDTH: usize = 76;

fn main() -> ExitCode {
    allocator::configure();
    // Before anything that a user names is opened, and before any other thread exists.
    if let Err(error) = privilege::reduce() {
        message::write(format_args!(
            "sockwatch: cannot reduce the capabilities of this process: {error}"
        ));
        return ExitCode::FAILURE;
    }
    survive_file_size_limit();
    if let Some(path) = time_zone::replace_unreadable() {
        message::write(format_args!(
            "sockwatch: TZ names {}, which is not a time zone file; times are in UTC",
            path.display()
        ));
    }
    // Read now, while any signal ends the process: the file may be on a server that does not answer. It is cached.
    let _ = environment::time_zone();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report_parse_error(&error),
    };
    match run(&cli) {
        Ok(status) => status,
        // The reader closed the pipe, as `head` does.
        Err(error) if is_closed_pipe(&error) && !matches!(cli.command, Some(Command::Kill(_))) => {
            ExitCode::SUCCESS
        }
        Err(error) => report_error(&error, matches!(cli.command, Some(Command::Diagnose(_)))),
    }
}

/// Makes a write beyond the limit on file sizes (`ulimit -f`) fail, as on a full disk, instead of killing the process:
/// recordings are then closed and errors are reported.
fn survive_file_size_limit() {
    // The handler does nothing. Without it, SIGXFSZ has its default action.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Runs the command; returns the exit status.
fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    if let Some(command) = &cli.command {
        command::confine(command)?;
    }
    if let Some(file) = cli.generate {
        command::generate::run(file)?;
        return Ok(ExitCode::SUCCESS);
    }
    match &cli.command {
        None => {
            let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
            let words: Vec<String> = words.collect();
            if let Some(message) = sockwatch::cli::misplaced_command(&words, &cli.dashboard.filter)
            {
                return Err(UsageError::new(message).into());
            }
            command::dashboard::run(&cli.dashboard)
        }
        Some(Command::List(arguments)) => command::list::run(arguments),
        Some(Command::Summary(arguments)) => command::summary::run(arguments),
        Some(Command::Events(arguments)) => command::events::run(arguments),
        Some(Command::Record(arguments)) => command::record::run(arguments),
        Some(Command::Info(arguments)) => command::info::run(arguments),
        Some(Command::Export(arguments)) => command::export::run(arguments),
        Some(Command::Diagnose(arguments)) => return command::diagnose::run(arguments),
        Some(Command::Kill(arguments)) => command::kill::run(arguments),
        Some(Command::Replay(arguments)) => command::replay::run(arguments),
        Some(Command::Help(arguments)) => command::help::run(arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an error with its remedy; returns the exit status.
fn report_error(error: &anyhow::Error, of_diagnose: bool) -> ExitCode {
    if let Some(wrong) = error.downcast_ref::<FilterError>() {
        message::write(format_args!("sockwatch: {wrong}"));
        for line in wrong.excerpt(EXCERPT_WIDTH).lines() {
            message::write(format_args!("  {line}"));
        }
        return ExitCode::from(USAGE_ERROR);
    }
    if error.is::<UsageError>() {
        message::write(format_args!("sockwatch: {error}"));
        return ExitCode::from(USAGE_ERROR);
    }
    let remedy = remedy(error).map_or_else(String::new, |text| format!("; {text}"));
    message::write(format_args!("sockwatch: {error:#}{remedy}"));
    if of_diagnose {
        ExitCode::from(DIAGNOSE_FAILED)
    } else {
        ExitCode::FAILURE
    }
}

/// Prints the help that was requested, or an error of the command line with a suggestion; returns the exit status.
fn report_parse_error(error: &clap::Error) -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut written = print_parse_error(error, &words);
    if error.kind() == ErrorKind::DisplayVersion && words.iter().any(|word| word == "--version") {
        let confinement = privilege::available_confinement();
        let mut out = io::stdout();
        let line = format!("recordings are read with access to {confinement}");
        written = written.and_then(|()| writeln!(out, "{line}"));
    }
    let written = written.and_then(|()| io::stdout().flush());
    match written {
        // The reader closed the pipe, as `head` does. If it is standard error, nothing can be reported.
        Err(wrong) if !error.use_stderr() && wrong.kind() != io::ErrorKind::BrokenPipe => {
            message::write(format_args!(
                "sockwatch: cannot write to standard output: {wrong}"
            ));
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(suggestion) = sockwatch::cli::suggest(&words)
    {
        message::write(format_args!(""));
        message::write(format_args!("  {suggestion}"));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE_ERROR))
}

/// Prints the help or the error in the colors and characters that the terminal shows. `words` are the arguments.
fn print_parse_error(error: &clap::Error, words: &[String]) -> io::Result<()> {
    // The error quotes arguments as they are, among its own escape sequences: it is repeated with printable ones.
    let printable: Vec<String> = words
        .iter()
        .map(|word| sanitized(word).into_owned())
        .collect();
    let is_printable = printable == words;
    let repeated = match Cli::try_parse_from(&printable) {
        Err(repeated) if !is_printable && repeated.kind() == error.kind() => Some(repeated),
        _ => None,
    };
    let is_plain = environment::is_ascii()
        || environment::color_support(ColorChoice::Auto) == ColorSupport::None;
    let error = repeated.as_ref().unwrap_or(error);
    if !is_plain && (is_printable || repeated.is_some()) {
        return error.print();
    }
    let text = error.render().to_string();
    let ascii = environment::is_ascii();
    if error.use_stderr() {
        TextWriter::new(io::stderr(), ascii).write_all(text.as_bytes())
    } else {
        TextWriter::new(io::stdout(), ascii).write_all(text.as_bytes())
    }
}

/// Returns what the user can do about an error, if that is known.
fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    let mut causes = error.chain();
    if causes.any(|cause| cause.downcast_ref().is_some_and(lacks_descriptors)) {
        return Some(MORE_DESCRIPTORS);
    }
    let SourceError::Unavailable { .. } = error.downcast_ref()?;
    Some(SOCK_DIAG_NEEDED)
}

/// Returns true if a write failed because the reader closed the pipe.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(kind)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|error| error.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
