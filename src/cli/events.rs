//! Arguments of `events`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::durations::{duration, interval};
use super::filter_help;
use super::net_scope::NetScope;
use super::select::Select;

/// `events`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::SEE_ALSO, after_long_help = filter_help::examples_for("events -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Events {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Read a recording instead of the kernel
    #[arg(long, value_name = "FILE", conflicts_with_all = ["duration", "interval"])]
    pub from: Option<PathBuf>,
    /// Stop after this time, such as 10s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Time between samples
    ///
    /// Events are printed after each sample. Closed sockets carry the time at which the kernel reported them.
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = interval)]
    pub interval: Duration,
    /// Omit the headings
    #[arg(short = 'H', long)]
    pub no_header: bool,
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
