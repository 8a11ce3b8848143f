//! Arguments that name the configuration.

use std::path::PathBuf;

use clap::Args;

/// Configuration file of a command.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// Configuration, or none; without it ~/.config/sockwatch/config.toml or /etc/sockwatch/config.toml if there is one
    #[arg(id = "config", long = "config", value_name = "FILE")]
    pub file: Option<PathBuf>,
}
