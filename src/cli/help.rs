//! Arguments of `help`.

use clap::Args;

/// `help`.
#[derive(Debug, Clone, Args)]
pub struct Help {
    /// A command, or: filter, columns, findings
    pub topic: Option<String>,
}
