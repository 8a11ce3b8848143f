//! Arguments of `replay`.

use std::path::PathBuf;

use clap::Args;

use super::config::ConfigFile;
use super::look::Look;

/// `replay`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "TIME is RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start). See also 'sockwatch help recording'."
)]
pub struct Replay {
    /// Recording to open
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Time to start at [default: first sample]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
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
