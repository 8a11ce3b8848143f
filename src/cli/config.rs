//! What was typed about the configuration.

use std::path::PathBuf;

use clap::Args;

/// Where the configuration is, for the commands that have one.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// Configuration, or none; without it ~/.config/sockwatch/config.toml or /etc/sockwatch/config.toml if there is one
    #[arg(id = "config", long = "config", value_name = "FILE")]
    pub file: Option<PathBuf>,
}
