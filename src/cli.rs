//! What was typed. Exactly that: what it means is decided by the command that it is for.

mod config;
mod diagnose;
pub mod findings;
pub mod language;
mod recording;
mod select;

pub use config::ConfigFile;
pub use diagnose::{Diagnose, FailOn};
pub use recording::{Export, Format, Info, Record};
pub use select::Select;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};

/// What every socket is doing, who owns it, and how fast it moves
#[derive(Debug, Parser)]
#[command(
    name = "sockwatch",
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Without a command the live dashboard starts; press ? in it for its keys.\n\
                  'sockwatch help filter' explains FILTER, 'sockwatch help findings' what is found, 'sockwatch help list' a command."
)]
pub struct Cli {
    /// What to do; nothing for the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The dashboard's options.
    #[command(flatten)]
    pub dashboard: Dashboard,
}

/// Options of the dashboard.
#[derive(Debug, Args)]
pub struct Dashboard {
    /// Time between two samples, for example 500ms, 1s, 10s
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    pub interval: Duration,
    /// How much of the past is kept to go back to, at most 64 MB of it; 0 for nothing
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = history)]
    pub history: Duration,
    /// Its configuration.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Which sockets: ss's filter language, and more
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the sockets of this moment and exits
    List(List),
    /// Counts per protocol and state, and limits: what ss -s tells, and more
    Summary(Summary),
    /// Tells what is opened, changed and closed, as it happens
    Events(Events),
    /// Records what is sampled into a file, until Ctrl-C
    Record(Record),
    /// Tells what a recording holds, its span, its gaps, and whether it is whole
    Info(Info),
    /// Writes a recording as JSON Lines, CSV or Parquet
    Export(Export),
    /// Tells what is wrong, with the evidence and what to do: live, or in a recording
    Diagnose(Diagnose),
    /// Ends connections (`SOCK_DESTROY`) after showing them and asking
    Kill(Kill),
    /// Shows a recording in the dashboard
    Replay(Replay),
    /// Explains a command, or the filter language
    Help(Help),
}

/// `list`, with ss's letters.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = language::short("list -tn"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct List {
    /// Which sockets.
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
    /// Whether the output is for programs, which are told of faults in it.
    pub fn machine_readable(&self) -> bool {
        self.json || self.jsonl || self.csv || self.watch.is_some()
    }
}

/// `summary`.
#[derive(Debug, Clone, Default, Args)]
pub struct Summary {
    /// One JSON document
    #[arg(long)]
    pub json: bool,
    /// Reads a recording in place of the kernel
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
}

/// `events`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = language::short("events -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Events {
    /// Which sockets.
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

/// `kill`.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[command(after_help = language::short("kill -t"))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Kill {
    /// Which sockets.
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

/// `replay`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Space plays and pauses, the arrows go from sample to sample; press ? for all keys.\n\
              TIME is 20:14:07, RFC 3339, -5m from the end, or +30s from the start."
)]
pub struct Replay {
    /// A recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to begin; otherwise at the start
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Its configuration.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Which sockets: ss's filter language, and more
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// `help`.
#[derive(Debug, Clone, Args)]
pub struct Help {
    /// A command, or: filter, columns, findings
    pub topic: Option<String>,
}

/// What could have been meant by words that are not understood, the first of them the program's name: where ss does
/// something by a letter that is a command here, or a letter is given to the dashboard.
pub fn meant(words: &[String]) -> Option<String> {
    let (_, rest) = words.split_first()?;
    let first = rest.first()?;
    if first.starts_with('-') {
        let list = ["sockwatch", "list"].map(str::to_owned);
        let words = list.iter().chain(rest);
        return match Cli::try_parse_from(words.clone()) {
            Ok(_) => Some(format!(
                "letters belong to a command, for example: sockwatch list {}",
                rest.join(" ")
            )),
            Err(_) => meant(&words.cloned().collect::<Vec<_>>()),
        };
    }
    let letters = rest
        .iter()
        .filter(|word| word.starts_with('-') && !word.starts_with("--"));
    let long = |name: &str| rest.iter().any(|word| word == name);
    let mut letters = letters.flat_map(|word| word.chars());
    match letters.find(|letter| matches!(letter, 'K' | 'E')) {
        Some('K') => Some("sockwatch kill ends sockets".to_owned()),
        Some(_) => Some("sockwatch events tells of sockets that end".to_owned()),
        None if long("--kill") => Some("sockwatch kill ends sockets".to_owned()),
        None if long("--events") => Some("sockwatch events tells of sockets that end".to_owned()),
        None => None,
    }
}

/// The shortest interval: below it, the jitter of a dump is larger than what it measures.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
const MAX_INTERVAL: Duration = Duration::from_hours(1);

fn interval(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if (MIN_INTERVAL..=MAX_INTERVAL).contains(&duration) {
        Ok(duration)
    } else {
        Err("out of range; an interval is from 100ms to 1h".to_owned())
    }
}

/// How much is kept: 0 needs no unit.
fn history(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    duration(text)
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "not a duration; write for example 500ms, 1s or 10m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn letters_combine_as_in_ss() {
        let cli = Cli::try_parse_from(["sockwatch", "list", "-taneimoOpH4", "--json"]).unwrap();
        let Some(Command::List(list)) = cli.command else {
            panic!("list")
        };
        assert!(list.select.tcp && list.select.all && list.no_header && list.select.ipv4);
        assert!(list.json && !list.select.udp);
        assert!(Cli::try_parse_from(["sockwatch", "list", "--json", "--csv"]).is_err());
        assert!(Cli::try_parse_from(["sockwatch", "list", "-ta", "-a"]).is_ok());
    }

    #[test]
    fn a_filter_comes_in_words_or_in_one_and_letters_may_follow_it() {
        let words = [
            "sockwatch",
            "list",
            "-t",
            "state",
            "established",
            "( dport = 80 )",
            "-n",
        ];
        let Some(Command::List(list)) = Cli::try_parse_from(words).unwrap().command else {
            panic!("list")
        };
        assert_eq!(
            list.select.filter.join(" "),
            "state established ( dport = 80 )"
        );
        assert!(list.numeric);
        let cli = Cli::try_parse_from(["sockwatch", "dport", "=", ":443"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!(cli.dashboard.filter.join(" "), "dport = :443");
    }

    #[test]
    fn what_ss_does_by_a_letter_is_led_to_its_command() {
        let meant = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert!(Cli::try_parse_from(&words).is_err(), "{line}");
            meant(&words).unwrap_or_default()
        };
        assert!(meant("sockwatch -tanp dport = 80").ends_with("sockwatch list -tanp dport = 80"));
        assert!(meant("sockwatch list -tK dst 10.0.0.1").contains("sockwatch kill"));
        assert!(meant("sockwatch -E").contains("sockwatch events"));
        assert_eq!(meant("sockwatch list -tj"), "");
    }

    #[test]
    fn an_interval_has_a_unit_and_bounds() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["", "5", "-1s", "1ms", "2h", "soon"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        assert_eq!(history("0"), Ok(Duration::ZERO));
        assert_eq!(history("10m"), Ok(Duration::from_mins(10)));
        assert!(history("10").is_err());
    }
}
