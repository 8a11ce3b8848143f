//! Arguments of `export`.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::filter_help;
use super::select::Select;

/// Format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line, as record --jsonl writes them
    Jsonl,
    /// Comma-separated values with a heading, a row for each socket of each sample
    Csv,
    /// Apache Parquet
    Parquet,
}

/// `export`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = after_help())]
pub struct Export {
    /// The recording
    #[arg(value_name = "RECORDING")]
    pub file: PathBuf,
    /// As what
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub format: Format,
    /// From this time on: RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Up to this time, included
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrites a file that exists
    #[arg(long)]
    pub force: bool,
    /// Replaces addresses, paths, the names of the host and of users, and command lines, the same by the same
    #[arg(long)]
    pub redact: bool,
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Prints this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Text below the options in the help of `export`.
fn after_help() -> String {
    format!(
        "All states are exported unless -l or the filter says which. What the filter asks for is what was recorded;\n\
         --redact replaces it afterwards. What is damaged is told on standard error, the rest is exported.\n\n{}",
        filter_help::examples_for("export RECORDING --format csv")
    )
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
