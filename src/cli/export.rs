//! Arguments of `export`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::filter_help;
use super::select::Select;

/// Format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object per line, as record --jsonl writes them
    Jsonl,
    /// Comma-separated values, one row per sample and socket
    Csv,
    /// Apache Parquet
    Parquet,
}

/// `export`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::SEE_ALSO, after_long_help = filter_help::examples_for("export RECORDING --format csv"))]
pub struct Export {
    /// Recording to export
    #[arg(value_name = "RECORDING")]
    pub file: PathBuf,
    /// Format of the output
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Format,
    /// Start time
    ///
    /// A time is RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// End time, inclusive
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
    /// Replace addresses, paths and names
    ///
    /// Replaces addresses, paths, host and user names, and command lines consistently. Ports, other numbers and the
    /// first word of a process's name stay.
    #[arg(long)]
    pub redact: bool,
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

#[cfg(test)]
mod tests {
    use crate::cli::Command;
    use crate::cli::command_line::parse;

    #[test]
    fn times_may_begin_with_a_sign() {
        let Ok(Command::Export(export)) =
            parse("export x.swr --format jsonl --from -5m --to +30s state established")
        else {
            panic!("export");
        };
        assert_eq!(export.from.as_deref(), Some("-5m"));
        assert_eq!(export.to.as_deref(), Some("+30s"));
        assert_eq!(export.select.filter.join(" "), "state established");
        assert!(parse("export x.swr").unwrap_err().contains("--format"));
    }
}
