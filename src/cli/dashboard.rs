//! Arguments of the live dashboard.

use std::time::Duration;

use clap::Args;

use super::config::ConfigFile;
use super::durations::{history, interval};
use super::look::Look;
use super::net_scope::NetScope;

/// Options of the dashboard.
#[derive(Debug, Args)]
pub struct Dashboard {
    /// Time between samples [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    pub interval: Option<Duration>,
    /// History to rewind; 0 disables it [default: 10m]
    ///
    /// Takes at most 64 MB, also while frozen; older samples are dropped earlier.
    #[arg(long, value_name = "DURATION", value_parser = history)]
    pub history: Option<Duration>,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Appearance.
    #[command(flatten)]
    pub look: Look,
    /// Filter in the language of ss
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}
