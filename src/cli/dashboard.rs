//! Arguments of the live dashboard.

use std::time::Duration;

use clap::Args;

use super::config::ConfigFile;
use super::durations::{history, interval};

/// Options of the dashboard.
#[derive(Debug, Args)]
pub struct Dashboard {
    /// Time between two samples, for example 500ms, 1s, 10s
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// How much of the past is kept to go back to, at most 64 MB of it; 0 for nothing
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = history)]
    pub history: Duration,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Which sockets: ss's filter language, and more
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}
