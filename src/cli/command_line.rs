//! The command line as a whole: the options of the dashboard, or a subcommand with its arguments.

use clap::{Parser, Subcommand};

use super::dashboard::Dashboard;
use super::diagnose::Diagnose;
use super::events::Events;
use super::export::Export;
use super::help::Help;
use super::info::Info;
use super::kill::Kill;
use super::list::List;
use super::record::Record;
use super::replay::Replay;
use super::summary::Summary;

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
    /// Subcommand; `None` for the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The dashboard's options.
    #[command(flatten)]
    pub dashboard: Dashboard,
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

/// Parses a command line given as words separated by spaces, for tests.
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
