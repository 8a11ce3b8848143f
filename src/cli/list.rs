//! Arguments of `list`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::durations::interval;
use super::filter_help;
use super::net_scope::NetScope;
use super::select::Select;

/// `list`, with ss's letters.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::SEE_ALSO, after_long_help = filter_help::examples_for("list -tn"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct List {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Network namespaces.
    #[command(flatten)]
    pub net: NetScope,
    /// Show addresses and ports as numbers, even with -r
    #[arg(short, long)]
    pub numeric: bool,
    /// Resolve addresses and ports to names
    ///
    /// Names that cannot be resolved within a second are shown as numbers.
    #[arg(short, long)]
    pub resolve: bool,
    /// Show processes, even in a very large table
    ///
    /// Tables of up to 50 000 sockets show processes without this option.
    #[arg(short, long)]
    pub processes: bool,
    /// Show inode, cookie, cgroup, device and mark
    #[arg(short, long)]
    pub extended: bool,
    /// Show the timer
    #[arg(short, long)]
    pub options: bool,
    /// Show TCP information
    ///
    /// The most important values are columns; the others are on a second line.
    #[arg(short, long)]
    pub info: bool,
    /// Show socket memory and drops
    #[arg(short, long)]
    pub memory: bool,
    /// Show type of service, traffic class and class id
    #[arg(long = "tos", hide_short_help = true)]
    pub traffic_class: bool,
    /// Show the control group
    #[arg(long, hide_short_help = true)]
    pub cgroup: bool,
    /// Show the socket options that are set
    #[arg(long, hide_short_help = true)]
    pub inet_sockopt: bool,
    /// Show the summary first
    ///
    /// Same as the summary command. Lists sockets after it only if an option or a filter selects some.
    #[arg(short, long, conflicts_with_all = ["jsonl", "csv", "from", "watch"])]
    pub summary: bool,
    /// Omit the headings
    #[arg(short = 'H', long)]
    pub no_header: bool,
    /// Print one line per socket, even with -i
    #[arg(short = 'O', long, hide_short_help = true)]
    pub oneline: bool,
    /// Columns to show; +COLUMN adds to the default ones
    ///
    /// 'sockwatch help columns' lists them.
    #[arg(
        long,
        value_name = "COLUMN,…",
        value_delimiter = ',',
        group = "columns_of_table"
    )]
    pub columns: Vec<String>,
    /// Sort by a column; COLUMN:asc or COLUMN:desc
    ///
    /// By default, numbers are sorted in descending order and text in ascending order.
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<String>,
    /// Maximum number of sockets
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Repeat at this interval, as JSON Lines
    #[arg(long, value_name = "DURATION", value_parser = interval, conflicts_with_all = ["json", "csv", "from", "columns"])]
    pub watch: Option<Duration>,
    /// Read a recording or a dump of ss -D
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
    /// Print one JSON document
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub json: bool,
    /// Print one JSON object per line and socket
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub jsonl: bool,
    /// Print comma-separated values with a heading
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub csv: bool,
    /// Print timings as JSON to standard error
    #[arg(long, hide_short_help = true)]
    pub timings: bool,
    /// Print help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

impl List {
    /// Returns true if the output is for programs; it contains the faults of the Sample.
    pub fn machine_readable(&self) -> bool {
        self.json || self.jsonl || self.csv || self.watch.is_some()
    }
}
