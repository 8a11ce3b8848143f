//! Suggestions for invalid command lines.

use clap::{CommandFactory as _, Parser as _};

use super::command_line::Cli;

/// Suggests a command for invalid arguments, which begin with the program's name: for an option of ss that is a command
/// here, or for options of `list` without the command.
pub fn suggest(words: &[String]) -> Option<String> {
    let (_, rest) = words.split_first()?;
    let first = rest.first()?;
    if first.starts_with('-') {
        if let Some(reordered) = command_first(words)
            && Cli::try_parse_from(&reordered).is_ok()
        {
            return Some(format!("the command comes first: {}", reordered.join(" ")));
        }
        let list = ["sockwatch", "list"].map(str::to_owned);
        let words = list.iter().chain(rest);
        return match Cli::try_parse_from(words.clone()) {
            Ok(_) => Some(format!(
                "options of list need the command: sockwatch list {}",
                rest.join(" ")
            )),
            Err(_) => suggest(&words.cloned().collect::<Vec<_>>()),
        };
    }
    let letters = rest
        .iter()
        .filter(|word| word.starts_with('-') && !word.starts_with("--"));
    let long = |name: &str| rest.iter().any(|word| word == name);
    let mut letters = letters.flat_map(|word| word.chars());
    match letters.find(|letter| matches!(letter, 'K' | 'E')) {
        Some('K') => Some("sockwatch kill closes sockets".to_owned()),
        Some(_) => Some("sockwatch events streams sockets as they close".to_owned()),
        None if long("--kill") => Some("sockwatch kill closes sockets".to_owned()),
        None if long("--events") => {
            Some("sockwatch events streams sockets as they close".to_owned())
        }
        None => None,
    }
}

/// Returns the error of arguments that were parsed as those of the dashboard because an option precedes the command, which
/// then begins the filter. Words after `--` are a filter in any case.
pub fn misplaced_command(words: &[String], filter: &[String]) -> Option<String> {
    let reordered = command_first(words)?;
    let is_in_filter = filter.first() == reordered.get(1);
    is_in_filter.then(|| {
        format!(
            "the command comes first: {}; to search for the word, put -- before it",
            reordered.join(" ")
        )
    })
}

/// Returns the arguments with the command before all options, if it is behind one.
fn command_first(words: &[String]) -> Option<Vec<String>> {
    let parser = Cli::command();
    let is_command = |word: &String| {
        let mut commands = parser.get_subcommands();
        commands.any(|command| command.get_name() == word)
    };
    let at = words.iter().position(is_command).filter(|at| *at > 1)?;
    if words.iter().any(|word| word == "--") {
        return None;
    }
    let mut reordered = words.to_vec();
    let name = reordered.remove(at);
    reordered.insert(1, name);
    if let Some(program) = reordered.first_mut() {
        "sockwatch".clone_into(program);
    }
    Some(reordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_behind_an_option_is_misplaced() {
        let misplaced = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let cli = Cli::try_parse_from(&words).unwrap();
            assert!(cli.command.is_none(), "{line}");
            misplaced_command(&words, &cli.dashboard.filter)
        };
        assert_eq!(
            misplaced("sockwatch --config none diagnose").unwrap(),
            "the command comes first: sockwatch diagnose --config none; to search for the word, put -- before it"
        );
        assert_eq!(misplaced("sockwatch --config none -- diagnose"), None);
        assert_eq!(
            suggest(
                &["sockwatch", "--config", "none", "diagnose", "--for", "9s"].map(str::to_owned)
            )
            .unwrap(),
            "the command comes first: sockwatch diagnose --config none --for 9s"
        );
        assert_eq!(misplaced("sockwatch --config none dport = 80"), None);
    }

    #[test]
    fn letters_of_ss_lead_to_commands() {
        let suggestion = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert!(Cli::try_parse_from(&words).is_err(), "{line}");
            suggest(&words).unwrap_or_default()
        };
        assert!(
            suggestion("sockwatch -tanp dport = 80").ends_with("sockwatch list -tanp dport = 80")
        );
        assert!(suggestion("sockwatch list -tK dst 10.0.0.1").contains("sockwatch kill"));
        assert!(suggestion("sockwatch -E").contains("sockwatch events"));
        assert_eq!(suggestion("sockwatch list -tj"), "");
    }
}
