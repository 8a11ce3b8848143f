//! Arguments of `replay`.

use std::path::PathBuf;

use clap::Args;

use super::config::ConfigFile;

/// `replay`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Space plays and pauses, the arrows go from sample to sample; press ? for all keys.\n\
              TIME is 20:14:07, RFC 3339, -5m from the end, or +30s from the start."
)]
pub struct Replay {
    /// A recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to begin; otherwise at the start
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Configuration file.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Which sockets: ss's filter language, and more
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}
