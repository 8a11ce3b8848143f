//! Arguments of `events`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::durations::{duration, interval};
use super::filter_help;
use super::select::Select;

/// `events`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::examples_for("events -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Events {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Tells what happened in a recording, in place of what happens now
    #[arg(long, value_name = "FILE", conflicts_with_all = ["duration", "interval"])]
    pub from: Option<PathBuf>,
    /// Ends after this time, for example 10s or 5m; otherwise on Ctrl-C
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Time between two looks, at which what has happened is told; of closings with the time at which they were heard
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = interval)]
    pub interval: Duration,
    /// No headings
    #[arg(short = 'H', long)]
    pub no_header: bool,
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
