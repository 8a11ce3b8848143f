//! Arguments of `diagnose`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::config::ConfigFile;
use super::durations::duration;
use super::net_scope::NetScope;
use crate::diagnose::Severity;

/// `diagnose`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit status: 0 no finding at or above --fail-on, 1 findings, 2 wrong usage, 3 failure, or no such \
                  finding but some that could be could not be checked (not_checked in JSON).\n\n\
                  'sockwatch help findings' describes each finding; 'sockwatch help monitoring' has examples for checks."
)]
pub struct Diagnose {
    /// Recording to diagnose [default: the running system]
    ///
    /// Reports every finding of the recording with its start and end.
    #[arg(value_name = "FILE", conflicts_with = "watch")]
    pub file: Option<PathBuf>,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// How long to watch
    ///
    /// Reports the findings that are active at the end.
    #[arg(
        id = "watch",
        long = "for",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration
    )]
    pub watch: Duration,
    /// Lowest severity that makes the exit status 1
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Warning)]
    pub fail_on: FailOn,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// A severity as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding.
    Info,
    /// Degraded service.
    Warning,
    /// Refused or lost connections or data.
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
