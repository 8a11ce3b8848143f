//! Arguments of `kill`.

use clap::{ArgAction, Args};

use super::filter_help;
use super::net_scope::NetScope;
use super::select::Select;

/// `kill`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::SEE_ALSO, after_long_help = filter_help::examples_for("kill -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Kill {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// With --yes, also close more than 100 sockets, or more than half of all sockets or connections
    ///
    /// Without it, kill --yes refuses such a filter, because it is probably wrong. -a selects sockets in all states.
    #[arg(long = "all", requires = "yes")]
    pub all_selected: bool,
    /// List the sockets without closing them
    #[arg(long)]
    pub dry_run: bool,
    /// No effect: addresses and ports are always numbers
    #[arg(short, long, hide_short_help = true)]
    pub numeric: bool,
    /// No effect: processes are always shown
    #[arg(short, long, hide_short_help = true)]
    pub processes: bool,
    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}
