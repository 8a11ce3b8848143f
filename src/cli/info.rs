//! Arguments of `info`.

use std::path::PathBuf;

use clap::Args;

/// `info`.
#[derive(Debug, Clone, Args)]
pub struct Info {
    /// Recording to inspect
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
