//! What was typed. Exactly that: what it means is decided by the command that it is for.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// What every socket is doing, who owns it, and how fast it moves
#[derive(Debug, Parser)]
#[command(
    name = "sockwatch",
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
#[command(after_help = "Without a command the live dashboard starts; press ? in it for its keys.")]
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
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the sockets of this moment and exits
    List(List),
}

/// `list`, with ss's letters.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, args_override_self = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct List {
    /// All states: listening, unconnected, TIME-WAIT and SYN-RECV sockets too
    #[arg(short, long)]
    pub all: bool,
    /// Listening (and unconnected) sockets only
    #[arg(short, long)]
    pub listening: bool,
    /// TCP sockets
    #[arg(short, long)]
    pub tcp: bool,
    /// UDP sockets
    #[arg(short, long)]
    pub udp: bool,
    /// Unix sockets
    #[arg(short = 'x', long)]
    pub unix: bool,
    /// Raw IP sockets
    #[arg(short = 'w', long)]
    pub raw: bool,
    /// IPv4 sockets only
    #[arg(short = '4', long)]
    pub ipv4: bool,
    /// IPv6 sockets only
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Numbers for addresses and ports; always so as yet
    #[arg(short, long)]
    pub numeric: bool,
    /// Owning processes; always shown
    #[arg(short, long)]
    pub processes: bool,
    /// Adds columns of identity: inode, cookie, cgroup, device
    #[arg(short, long)]
    pub extended: bool,
    /// Adds the timer
    #[arg(short, long)]
    pub options: bool,
    /// Adds what TCP knows of the connection: rtt, congestion window, bytes, retransmissions
    #[arg(short, long)]
    pub info: bool,
    /// Adds the datagrams or connections dropped
    #[arg(short, long)]
    pub memory: bool,
    /// No headings
    #[arg(short = 'H', long)]
    pub no_header: bool,
    /// One line for each socket; always so
    #[arg(short = 'O', long)]
    pub oneline: bool,
    /// One JSON document
    #[arg(long, group = "output")]
    pub json: bool,
    /// One JSON object a line for each socket
    #[arg(long, group = "output")]
    pub jsonl: bool,
    /// Comma-separated values with a heading
    #[arg(long, group = "output")]
    pub csv: bool,
    /// Tells on standard error where the time went, as one JSON object
    #[arg(long)]
    pub timings: bool,
    /// Prints this help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

impl List {
    /// Whether the output is for programs, which are told of faults in it.
    pub fn machine_readable(&self) -> bool {
        self.json || self.jsonl || self.csv
    }
}

/// The shortest interval: below it, the jitter of a dump is larger than what it measures.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The longest interval.
const MAX_INTERVAL: Duration = Duration::from_hours(1);

fn interval(text: &str) -> Result<Duration, String> {
    let duration: Duration = text
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "not a duration; write for example 500ms, 1s or 10m".to_owned())?;
    if (MIN_INTERVAL..=MAX_INTERVAL).contains(&duration) {
        Ok(duration)
    } else {
        Err("out of range; an interval is from 100ms to 1h".to_owned())
    }
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
        assert!(list.tcp && list.all && list.no_header && list.ipv4 && list.json && !list.udp);
        assert!(Cli::try_parse_from(["sockwatch", "list", "--json", "--csv"]).is_err());
        assert!(Cli::try_parse_from(["sockwatch", "list", "-ta", "-a"]).is_ok());
    }

    #[test]
    fn an_interval_has_a_unit_and_bounds() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["", "5", "-1s", "1ms", "2h", "soon"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
