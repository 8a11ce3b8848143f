//! The command line as a whole: the options of the dashboard, or a subcommand with its arguments.

use clap::{Parser, Subcommand};

use super::dashboard::Dashboard;
use super::diagnose::Diagnose;
use super::events::Events;
use super::export::Export;
use super::generate::Generate;
use super::help::Help;
use super::info::Info;
use super::kill::Kill;
use super::list::List;
use super::record::Record;
use super::replay::Replay;
use super::summary::Summary;

/// Live connection monitor for Linux: sockets, owners, rates and findings
///
/// Without a command, starts the live dashboard. Press ? in it for its keys.
#[derive(Debug, Parser)]
#[command(
    name = "sockwatch",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
#[command(after_help = "See 'sockwatch help' for topics and 'sockwatch help COMMAND'.")]
pub struct Cli {
    /// Subcommand; `None` for the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Print a file and exit: config
    ///
    /// config is the sample configuration: every setting with its default and the reason for it.
    #[arg(
        long,
        value_name = "FILE",
        hide_possible_values = true,
        exclusive = true
    )]
    pub generate: Option<Generate>,
    /// The dashboard's options.
    #[command(flatten)]
    pub dashboard: Dashboard,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists sockets once and exits
    ///
    /// Takes the options and the filter language of ss(8). Without -a or -l, lists connected sockets; without a
    /// protocol option, sockets of all families.
    List(List),
    /// Shows socket counts, memory and limits
    ///
    /// Counts sockets per protocol and state, as ss -s does, and shows memory, orphans and TIME-WAIT sockets against
    /// the limits of the kernel, and counters that indicate problems.
    Summary(Summary),
    /// Streams sockets as they open, change and close
    ///
    /// Reports each connection once with its lifetime, owner and final byte counts, including connections that
    /// open and close between two samples.
    Events(Events),
    /// Records samples to a file until Ctrl-C
    ///
    /// Without options or a filter, records all sockets in all states. A socket that matches the filter once is
    /// recorded until it closes. SIGTERM, SIGINT and SIGHUP close the files properly.
    Record(Record),
    /// Shows a recording's contents, time range and integrity
    ///
    /// Also lists gaps, damaged parts, and the size of each stream.
    Info(Info),
    /// Exports a recording to another format
    ///
    /// Writes JSON Lines, CSV or Parquet. Exports sockets in all states unless -l or a filter selects states. Skips
    /// damaged parts and reports each on standard error.
    Export(Export),
    /// Finds problems, live or in a recording
    ///
    /// Each finding has its evidence and a remedy. Findings are reported once their condition has persisted for a few
    /// seconds, so watch for at least ten.
    Diagnose(Diagnose),
    /// Closes matching TCP and UDP sockets
    ///
    /// Lists the sockets and asks for confirmation first. Requires a filter, and root or CAP_NET_ADMIN. Each socket is
    /// identified by its cookie, so no other socket is affected.
    #[expect(clippy::doc_markdown, reason = "it is printed as it is")]
    // For kill, the long option is a confirmation.
    #[command(mut_arg("all", |all_states| all_states.long(None)))]
    Kill(Kill),
    /// Opens a recording in the dashboard
    ///
    /// Press Space to play or pause, the arrow keys to step by one sample, and ? for all keys.
    Replay(Replay),
    /// Shows help on a command or topic
    ///
    /// Without a topic, lists the topics.
    Help(Help),
}

impl Command {
    /// Returns true if the command reads nothing but files, so that it needs no privilege.
    pub fn reads_only_files(&self) -> bool {
        match self {
            Command::List(arguments) => arguments.from.is_some(),
            Command::Events(arguments) => arguments.from.is_some(),
            Command::Summary(arguments) => arguments.from.is_some(),
            Command::Diagnose(arguments) => arguments.file.is_some(),
            Command::Info(_) | Command::Export(_) | Command::Replay(_) | Command::Help(_) => true,
            Command::Record(_) | Command::Kill(_) => false,
        }
    }
}

/// Parses a command line, separated by spaces, for tests.
#[cfg(test)]
pub(super) fn parse(words: &str) -> Result<Command, String> {
    let words = ["sockwatch"].into_iter().chain(words.split(' '));
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    cli.command.ok_or_else(|| "no command".to_owned())
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
    fn short_help_is_one_screen_and_long_help_has_more() {
        use clap::CommandFactory;
        let mut cli = Cli::command().term_width(80);
        cli.build();
        let names: Vec<String> = cli
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect();
        for name in names {
            let command = cli.find_subcommand_mut(&name).unwrap();
            let short = command.render_help().to_string();
            let long = command.render_long_help().to_string();
            let first = short.lines().next().unwrap_or_default();
            assert!(first.split_whitespace().count() <= 8, "{name}: {first}");
            let lines = short.lines().count();
            assert!(
                lines <= if name == "list" { 40 } else { 28 },
                "{name}: {lines} lines\n{short}"
            );
            assert!(
                short.lines().all(|line| line.chars().count() <= 80),
                "{short}"
            );
            assert!(
                long.lines().count() > lines,
                "{name}: --help has no more than -h"
            );
        }
        let short = cli.render_help().to_string();
        assert!(short.lines().count() <= 30, "{short}");
        assert!(cli.render_long_help().to_string().len() > short.len());
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
}
