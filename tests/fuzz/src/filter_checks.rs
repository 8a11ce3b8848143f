//! Everything that is done with the text of a filter.

use std::sync::OnceLock;

use sockwatch::aggregate::Moment;
use sockwatch::column::{SocketRow, VOCABULARY};
use sockwatch::filter::{
    Filter, FilterError, ObservedValues, ParseContext, RequestedSockets, complete,
};
use sockwatch::model::Ends;

use crate::machine::{Machine, moments};
use crate::messages;
use crate::support::bytecode;
use crate::support::known_names::KnownNames;

/// Width of the excerpt that is checked, cells.
const WIDTH: usize = 60;

/// The sockets that filters are evaluated on: something of everything, with rates.
fn moment() -> &'static Moment {
    static MOMENT: OnceLock<Moment> = OnceLock::new();
    MOMENT.get_or_init(|| {
        let machine = Machine {
            trouble: Some(0..3),
            ..Machine::default()
        };
        moments(3, machine).pop().expect("there are three")
    })
}

/// Parses, evaluates, lowers, parses again and completes a filter. None of it may panic or disagree.
pub fn check(text: &str, cursor: usize) {
    let requested = RequestedSockets::default();
    for allow_unknown_devices in [false, true] {
        let context = ParseContext {
            vocabulary: &VOCABULARY,
            names: &KnownNames,
            requested: &requested,
            allow_unknown_devices,
        };
        match Filter::parse(text, &context) {
            Ok(filter) => check_filter(&filter, &context),
            Err(error) => check_error(&error, text),
        }
        if let Ok(filter) = Filter::parse_or_search(text, &context) {
            check_term(&filter, &context);
        }
        check_completion(text, cursor, &context);
    }
}

fn check_error(error: &FilterError, text: &str) {
    messages::check(error);
    assert!((1..=text.chars().count() + 1).contains(&error.position()));
    let excerpt = error.excerpt(WIDTH);
    let lines: Vec<&str> = excerpt.split('\n').collect();
    assert_eq!(lines.len(), 2, "{excerpt:?}");
    assert!(
        lines.iter().all(|line| line.chars().count() <= WIDTH),
        "{excerpt}"
    );
    assert!(lines[1].ends_with('^'), "{excerpt}");
}

/// Returns which sockets match.
fn matches(filter: &Filter) -> Vec<bool> {
    let moment = moment();
    let rows = 0..moment.sample.sockets.len();
    let rows = rows.filter_map(|row| SocketRow::of(moment, row));
    rows.map(|row| filter.matches(row.socket, &row)).collect()
}

/// Evaluates a filter; what it sends to the kernel must leave out no socket that matches.
fn check_filter(filter: &Filter, context: &ParseContext<'_>) {
    let matching = matches(filter);
    let again = Filter::parse(filter.text(), context).expect("it was parsed before");
    assert_eq!(matches(&again), matching, "{}", filter.text());
    let _ = (
        filter.fields().count(),
        filter.families(),
        filter.mentions_owner(),
    );
    for marks in [false, true] {
        let lowered = filter.lower(marks);
        if lowered.kernel_only {
            continue;
        }
        for (socket, matches) in moment().sample.sockets.iter().zip(&matching) {
            if !matches!(socket.ends, Ends::Inet { .. }) {
                continue;
            }
            let accepted = lowered.states.contains(socket.state)
                && (lowered.code.is_empty()
                    || bytecode::run(&lowered.code, &socket).expect("the kernel accepts it"));
            assert!(
                accepted || !matches,
                "{} leaves out {socket:?}",
                filter.text()
            );
        }
    }
}

/// Combines a filter with another condition, as the dashboard does.
fn check_term(filter: &Filter, context: &ParseContext<'_>) {
    let term = filter.as_term();
    // A search text with both kinds of quotes cannot be quoted.
    let quotable = !filter.is_search() || !(term.contains('"') && term.contains('\''));
    if quotable && !filter.is_empty() {
        let again = Filter::parse(&term, context);
        let again =
            again.unwrap_or_else(|error| panic!("{term:?} of {:?}: {error}", filter.text()));
        assert_eq!(matches(&again), matches(filter), "{term}");
    }
}

/// Completes a filter at a position and applies every proposal.
fn check_completion(text: &str, cursor: usize, context: &ParseContext<'_>) {
    let cursor = text.floor_char_boundary(cursor);
    let mut values = |wanted| match wanted {
        ObservedValues::Processes => vec!["nginx".to_owned(), "a\"b c".to_owned()],
        _ => vec!["10.0.0.1".to_owned(), "a b".to_owned(), "c++".to_owned()],
    };
    let completions = complete(&text[..cursor], context, &mut values);
    assert!(completions.from <= cursor && text.is_char_boundary(completions.from));
    for item in completions.items.iter().take(4) {
        let completed = format!("{}{}", &text[..completions.from], item.text);
        let _ = Filter::parse(&completed, context);
    }
}
