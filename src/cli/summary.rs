//! Arguments of `summary`.

use std::path::PathBuf;

use clap::Args;

/// `summary`.
#[derive(Debug, Clone, Default, Args)]
pub struct Summary {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Reads a recording in place of the kernel
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Which moment of the recording: RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start); its last if not said
    #[arg(
        long,
        value_name = "TIME",
        requires = "from",
        allow_hyphen_values = true
    )]
    pub at: Option<String>,
}
