//! Arguments of `info`.

use std::path::PathBuf;

use clap::Args;

/// `info`.
#[derive(Debug, Clone, Args)]
pub struct Info {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// One JSON document
    #[arg(long)]
    pub json: bool,
}
