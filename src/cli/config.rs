//! Arguments that name the configuration.

use std::path::PathBuf;

use clap::Args;

/// Configuration file of a command.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigFile {
    /// Configuration file, or none
    ///
    /// By default, ~/.config/sockwatch/config.toml, or else /etc/sockwatch/config.toml, if it exists.
    #[arg(id = "config", long = "config", value_name = "FILE")]
    pub file: Option<PathBuf>,
}
