//! Suggestions for invalid command lines.

use clap::Parser as _;

use super::command_line::Cli;

/// Suggests a command for invalid arguments, which begin with the program's name: for an option of ss that is a command
/// here, or for options of `list` without the command.
pub fn suggest(words: &[String]) -> Option<String> {
    let (_, rest) = words.split_first()?;
    let first = rest.first()?;
    if first.starts_with('-') {
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

#[cfg(test)]
mod tests {
    use super::*;

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
