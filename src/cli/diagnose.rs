//! Arguments of `diagnose`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::config::ConfigFile;
use super::durations::duration;
use crate::diagnose::Severity;

/// `diagnose`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit status: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage, 3 it failed.\n\
                  What holds is told once it has held for some seconds, so watch for ten or more.\n\
                  'sockwatch help findings' tells of each finding and its numbers; --config sets them."
)]
pub struct Diagnose {
    /// A recording, whose every finding is told with its span; otherwise this machine is watched
    #[arg(value_name = "FILE", conflicts_with = "watch")]
    pub file: Option<PathBuf>,
    /// How long to watch; told is what holds at the end
    #[arg(
        id = "watch",
        long = "for",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration
    )]
    pub watch: Duration,
    /// From which severity on the exit status is 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Warning)]
    pub fail_on: FailOn,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// A severity as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Anything at all.
    Info,
    /// What something suffers by.
    Warning,
    /// What is refused or lost.
    Critical,
}

impl FailOn {
    /// Returns the severity of findings.
    pub fn severity(self) -> Severity {
        match self {
            FailOn::Info => Severity::Info,
            FailOn::Warning => Severity::Warning,
            FailOn::Critical => Severity::Critical,
        }
    }
}
