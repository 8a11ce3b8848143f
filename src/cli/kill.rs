//! Arguments of `kill`.

use clap::{ArgAction, Args};

use super::filter_help;
use super::select::Select;

/// `kill`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::examples_for("kill -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Kill {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Does not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Shows what would be ended, and ends nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Numbers for addresses and ports; always so
    #[arg(short, long)]
    pub numeric: bool,
    /// Owning processes; always shown
    #[arg(short, long)]
    pub processes: bool,
    /// Prints this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}
