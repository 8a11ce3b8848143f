//! Arguments of `help`.

use clap::Args;

/// `help`.
#[derive(Debug, Clone, Args)]
pub struct Help {
    /// Command or topic
    pub topic: Option<String>,
}
