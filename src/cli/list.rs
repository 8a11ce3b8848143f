//! Arguments of `list`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::durations::interval;
use super::filter_help;
use super::select::Select;

/// `list`, with ss's letters.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = filter_help::examples_for("list -tn"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct List {
    /// Selection of sockets.
    #[command(flatten)]
    pub select: Select,
    /// Numbers for addresses and ports, also with -r
    #[arg(short, long)]
    pub numeric: bool,
    /// Names for addresses and ports, as far as they are known within a second
    #[arg(short, long)]
    pub resolve: bool,
    /// Owning processes: shown anyway, but in a table of more than 50 000 sockets
    #[arg(short, long)]
    pub processes: bool,
    /// Adds columns of identity: inode, cookie, cgroup, device, mark
    #[arg(short, long)]
    pub extended: bool,
    /// Adds the timer
    #[arg(short, long)]
    pub options: bool,
    /// Adds what TCP knows of the connection: columns, and everything else on a further line
    #[arg(short, long)]
    pub info: bool,
    /// Adds the memory that it takes, and what it dropped
    #[arg(short, long)]
    pub memory: bool,
    /// Adds the type of service, the traffic class and the class id
    #[arg(long = "tos")]
    pub traffic_class: bool,
    /// Adds the control group
    #[arg(long)]
    pub cgroup: bool,
    /// Adds the socket options that are set
    #[arg(long)]
    pub inet_sockopt: bool,
    /// The same as the command summary, in front of the sockets if any are asked for
    #[arg(short, long, conflicts_with_all = ["jsonl", "csv", "from", "watch"])]
    pub summary: bool,
    /// No headings
    #[arg(short = 'H', long)]
    pub no_header: bool,
    /// One line for each socket, also with -i
    #[arg(short = 'O', long)]
    pub oneline: bool,
    /// Which columns, in this order; with + in front, beside the usual ones
    #[arg(
        long,
        value_name = "COLUMN,…",
        value_delimiter = ',',
        group = "columns_of_table"
    )]
    pub columns: Vec<String>,
    /// Orders by a column: numbers start with the largest; COLUMN:asc or COLUMN:desc decides
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<String>,
    /// At most so many sockets
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Repeats every so often, as JSON Lines
    #[arg(long, value_name = "DURATION", value_parser = interval, conflicts_with_all = ["json", "csv", "from", "columns"])]
    pub watch: Option<Duration>,
    /// Reads a recording, or a raw dump made by ss -D, in place of the kernel
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Which moment of the recording: RFC 3339, 20:14:07, -5m (before the end) or +30s (after the start); its last if not said
    #[arg(
        long,
        value_name = "TIME",
        requires = "from",
        allow_hyphen_values = true
    )]
    pub at: Option<String>,
    /// One JSON document
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub json: bool,
    /// One JSON object a line for each socket
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub jsonl: bool,
    /// Comma-separated values with a heading
    #[arg(long, group = "output", conflicts_with = "columns")]
    pub csv: bool,
    /// Tells on standard error where the time went, as one JSON object
    #[arg(long)]
    pub timings: bool,
    /// Prints this help
    #[arg(short, long, action = ArgAction::Help)]
    help: Option<bool>,
}

impl List {
    /// Returns true if the output is for programs; it contains the faults of the Sample.
    pub fn machine_readable(&self) -> bool {
        self.json || self.jsonl || self.csv || self.watch.is_some()
    }
}
