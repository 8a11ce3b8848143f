//! What could be typed next.

use super::Context;
use super::keywords::{KEYWORDS, Keyword, What};
use super::names::{Field, FieldKind};
use super::parse::{Expected, Parser};
use super::states::GROUPS;
use crate::model::{Family, State, Unowned};

/// Something that could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The word.
    pub text: String,
    /// What it means; empty if the word says it.
    pub about: String,
}

/// What could stand in place of the word that is being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where the word begins, in bytes.
    pub from: usize,
    /// What it could be, the likelier first.
    pub items: Vec<Completion>,
    /// What is expected, in words.
    pub expected: String,
}

/// The end of a socket that a value is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// This one.
    Local,
    /// The other one.
    Remote,
    /// Either.
    Either,
}

/// Values that whoever shows a filter has seen, and could name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Names of processes that hold sockets.
    Processes,
    /// Names of users.
    Users,
    /// Addresses of an end, and names of unix sockets.
    Hosts(End),
    /// Ports of an end.
    Ports(End),
    /// Names of devices.
    Devices,
    /// Paths of control groups.
    Cgroups,
    /// What a column has in it.
    Column(u16),
}

/// What could stand at the end of `text`, the part of a filter in front of the cursor. `values` tells what was seen.
pub fn complete(
    text: &str,
    context: &Context<'_>,
    values: &mut dyn FnMut(Wanted) -> Vec<String>,
) -> Completions {
    let quote = open_quote(text);
    let mut from = match quote {
        Some((at, _)) => at,
        None => text
            .char_indices()
            .rev()
            .find(|&(_, c)| ends_word(c))
            .map_or(0, |(at, c)| at + c.len_utf8()),
    };
    let quote = quote.map(|(_, quote)| quote);
    let mut word = text[from..].trim_start_matches(|c| Some(c) == quote);
    let mut parser = Parser::new(&text[..from], context);
    // What was expected where it ends, whether it could end there or not.
    let _ = parser.parse();
    let before = &text[..from];
    if parser.expected == Expected::Value(What::Port)
        && let Some(port) = word.strip_prefix(':').filter(|_| quote.is_none())
    {
        (word, from) = (port, from + 1);
    }
    // What is inserted, and what has to begin as the word does.
    let mut items: Vec<(Completion, String)> = Vec::new();
    let mut add = |text: &str, about: &str, kind: ValueKind| {
        items.extend(spelled(text, quote, kind).map(|spelled| {
            let about = about.to_owned();
            let text = text.to_owned();
            (
                Completion {
                    text: spelled,
                    about,
                },
                text,
            )
        }));
    };
    let expected = match parser.expected {
        Expected::Condition | Expected::Further if quote.is_some() => {
            "a text that is looked for".to_owned()
        }
        Expected::Condition | Expected::Further => {
            let mut add = |text: &str, about: &str| add(text, about, ValueKind::Plain);
            if parser.expected == Expected::Further {
                add("and", "both");
                add("or", "one of both");
            }
            for (name, _, _, about) in &KEYWORDS {
                add(name, about);
            }
            add("not", "the contrary");
            for field in context.vocabulary.fields() {
                add(field.name, first_sentence(field.about));
            }
            match parser.expected {
                Expected::Further => "and, or, or another condition".to_owned(),
                _ => "a condition".to_owned(),
            }
        }
        Expected::Operator(field) => {
            for sign in operators(field) {
                add(sign, "", ValueKind::Plain);
            }
            first_sentence(field.about).to_owned()
        }
        Expected::Quantity(field) => match field.kind {
            FieldKind::Number(unit) => {
                for other in context.vocabulary.fields() {
                    let fits = matches!(other.kind, FieldKind::Number(own) if own.fits(unit));
                    if !word.is_empty() && fits && other.id != field.id {
                        let about = first_sentence(other.about);
                        add(other.name, about, ValueKind::Plain);
                    }
                }
                unit.examples().to_owned()
            }
            FieldKind::Text => {
                let kind = if before.trim_end().ends_with('~') {
                    ValueKind::Expression
                } else {
                    ValueKind::Pattern
                };
                for value in values(Wanted::Column(field.id)) {
                    add(&value, "", kind);
                }
                "a text".to_owned()
            }
        },
        Expected::Value(what) => {
            for (name, about) in known_values(what) {
                add(name, about, ValueKind::Plain);
            }
            if let Some(wanted) = wanted(what, end_asked(before)) {
                let kind = match what {
                    What::Host | What::Port | What::Device => ValueKind::Name,
                    _ => ValueKind::Pattern,
                };
                for value in values(wanted) {
                    add(&value, "", kind);
                }
            }
            what.describe().to_owned()
        }
    };
    let lower = word.to_lowercase();
    items.retain(|(_, text)| text.to_lowercase().starts_with(&lower) && text.len() >= word.len());
    let mut seen = std::collections::HashSet::new();
    items.retain(|(_, text)| seen.insert(text.clone()));
    let mut items: Vec<Completion> = items.into_iter().map(|(item, _)| item).collect();
    if items.len() == 1 && items[0].text == word {
        items.clear();
    }
    Completions {
        from,
        items,
        expected,
    }
}

/// Whether a word that is completed ends in front of this.
pub fn ends_word(character: char) -> bool {
    character.is_whitespace() || "()=<>&|!~\"'".contains(character)
}

/// The quote that is open at the end of a text, and its place.
fn open_quote(text: &str) -> Option<(usize, char)> {
    let mut open = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match open {
            Some((_, quote)) if quote == character => open = None,
            // Within a word it is a letter like others.
            None if matches!(character, '"' | '\'') && ends_word(before) => {
                open = Some((at, character));
            }
            _ => {}
        }
        before = character;
    }
    open
}

/// What is made of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueKind {
    /// A word or a sign of the language.
    Plain,
    /// It is taken as it is.
    Name,
    /// Some signs in it stand for others.
    Pattern,
    /// A regular expression.
    Expression,
}

/// A value as it has to be written to be what it is: in quotes if they are open, or if it needs them. `None` if it would
/// mean something else however it is written.
fn spelled(value: &str, quote: Option<char>, kind: ValueKind) -> Option<String> {
    let signs: &[char] = match kind {
        ValueKind::Plain | ValueKind::Name => &[],
        ValueKind::Pattern => &['*', '?', '[', '\\'],
        ValueKind::Expression => &[
            '*', '?', '[', ']', '\\', '+', '(', ')', '|', '{', '}', '^', '$',
        ],
    };
    if value.contains(signs) {
        return None;
    }
    let needs_quotes = kind != ValueKind::Plain && value.contains(|c| ends_word(c) || c == '\\');
    match quote {
        None if !needs_quotes => Some(value.to_owned()),
        quote => {
            let quote = quote.unwrap_or('"');
            (!value.contains(quote)).then(|| format!("{quote}{value}{quote}"))
        }
    }
}

/// Which end of a socket the value is asked of that stands behind this.
fn end_asked(before: &str) -> End {
    let words = before.split(ends_word).rev();
    // The last word, or the one before it if the last is an operator.
    let mut last = words.filter(|word| !word.is_empty()).take(2);
    match last.find_map(Keyword::by_name) {
        Some(Keyword::Src | Keyword::Sport) => End::Local,
        Some(Keyword::Dst | Keyword::Dport) => End::Remote,
        _ => End::Either,
    }
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ")
        .map_or(text, |(first, _)| first)
        .trim_end_matches('.')
}

fn operators(field: Field) -> &'static [&'static str] {
    match field.kind {
        FieldKind::Number(_) => &[">", "<", ">=", "<=", "=", "!="],
        FieldKind::Text => &["=", "!=", "=~", "!~"],
    }
}

fn wanted(what: What, end: End) -> Option<Wanted> {
    Some(match what {
        What::Process | What::Owner => Wanted::Processes,
        What::User => Wanted::Users,
        What::Host => Wanted::Hosts(end),
        What::Port => Wanted::Ports(end),
        What::Device => Wanted::Devices,
        What::Cgroup => Wanted::Cgroups,
        _ => return None,
    })
}

/// Values that do not depend on what was seen.
fn known_values(what: What) -> Vec<(&'static str, &'static str)> {
    match what {
        What::State => state_names(),
        What::Owner => vec![("none", "nobody holds it"), ("any", "somebody holds it")],
        What::Reason => Unowned::ALL
            .into_iter()
            .map(|why| (why.name(), why.sentence()))
            .collect(),
        What::Protocol => [
            "tcp",
            "udp",
            "raw",
            "mptcp",
            "sctp",
            "udplite",
            "stream",
            "dgram",
            "seqpacket",
            "netlink",
            "packet",
            "vsock",
        ]
        .map(|name| (name, ""))
        .to_vec(),
        What::Family => Family::ALL.map(|family| (family.name(), "")).to_vec(),
        _ => Vec::new(),
    }
}

/// States and groups of states, with what the groups hold.
pub fn state_names() -> Vec<(&'static str, &'static str)> {
    let states = State::ALL.map(|state| (state.filter_name(), ""));
    let groups = GROUPS.map(|(name, _, about)| (name, about));
    states.into_iter().chain(groups).collect()
}

/// The keywords with their other spellings and what they ask, for help.
pub fn keywords() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    KEYWORDS
        .iter()
        .map(|&(name, others, _, about)| (name, others, about))
}
