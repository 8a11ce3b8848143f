//! Arguments of `summary`.

use std::path::PathBuf;

use clap::Args;

use super::net_scope::NetScope;

/// `summary`.
#[derive(Debug, Clone, Default, Args)]
pub struct Summary {
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Read a recording instead of the kernel
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Time in the recording [default: its last sample]
    ///
    /// A time is RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start).
    #[arg(
        long,
        value_name = "TIME",
        requires = "from",
        allow_hyphen_values = true
    )]
    pub at: Option<String>,
}
