//! Arguments of the live dashboard.

use std::time::Duration;

use clap::Args;

use super::config::ConfigFile;
use super::durations::{history, interval};
use super::net_scope::NetScope;

/// Options of the dashboard.
#[derive(Debug, Args)]
pub struct Dashboard {
    /// Time between samples
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// History to rewind; 0 disables it
    ///
    /// Takes at most 64 MB, also while frozen; older samples are dropped earlier.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = history)]
    pub history: Duration,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Filter in the language of ss
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}
