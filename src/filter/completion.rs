//! Completes a filter that is being typed.

use super::context::ParseContext;
use super::keywords::{KEYWORDS, Keyword, ValueKind};
use super::parse::{Expected, Parser};
use super::state_set::GROUPS;
use super::vocabulary::{Field, FieldKind};
use crate::model::{Family, State, Unowned};

/// A completion proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text to insert.
    pub text: String,
    /// Description of the proposal; empty if it needs none.
    pub about: String,
}

/// The proposals for the word being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// Position of the word, in bytes.
    pub from: usize,
    /// The proposals, most likely first.
    pub items: Vec<Completion>,
    /// Describes what is expected at the position.
    pub expected: String,
}

/// The end of a socket that a value describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointSide {
    /// The local end.
    Local,
    /// The remote end.
    Remote,
    /// Either end.
    Either,
}

/// The kind of values to propose from the displayed sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservedValues {
    /// Names of processes that own sockets.
    Processes,
    /// Names of users.
    Users,
    /// Addresses of one end, and names of unix sockets.
    Hosts(EndpointSide),
    /// Ports of one end.
    Ports(EndpointSide),
    /// Names of network devices.
    Devices,
    /// Paths of control groups.
    Cgroups,
    /// Names of containers, or else their short ids.
    Containers,
    /// Names of pods.
    Pods,
    /// Namespaces of pods.
    Namespaces,
    /// Units of processes.
    Units,
    /// Values of a column.
    Column(u16),
}

/// Completes `text`, the part of a filter before the cursor. `values` returns values from the displayed sockets.
pub fn complete(
    text: &str,
    context: &ParseContext<'_>,
    values: &mut dyn FnMut(ObservedValues) -> Vec<String>,
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
    // Only `expected` matters here: an incomplete filter is an error.
    let _ = parser.parse();
    let before = &text[..from];
    if parser.expected == Expected::Value(ValueKind::Port)
        && let Some(port) = word.strip_prefix(':').filter(|_| quote.is_none())
    {
        (word, from) = (port, from + 1);
    }
    // Each proposal with the text that must start with the typed word.
    let mut items: Vec<(Completion, String)> = Vec::new();
    let mut add = |text: &str, about: &str, kind: Spelling| {
        items.extend(quoted(text, quote, kind).map(|spelled| {
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
            "text to search for".to_owned()
        }
        Expected::Condition | Expected::Further => {
            let mut add = |text: &str, about: &str| add(text, about, Spelling::Plain);
            if parser.expected == Expected::Further {
                add("and", "both conditions");
                add("or", "either condition");
            }
            for (name, _, _, about) in &KEYWORDS {
                add(name, about);
            }
            add("not", "negates a condition");
            for field in context.vocabulary.fields() {
                add(field.name, first_sentence(field.about));
            }
            match parser.expected {
                Expected::Further => "'and', 'or' or another condition".to_owned(),
                _ => "a condition".to_owned(),
            }
        }
        Expected::Operator(field) => {
            for sign in operators(field) {
                add(sign, "", Spelling::Plain);
            }
            first_sentence(field.about).to_owned()
        }
        Expected::Quantity(field) => match field.kind {
            FieldKind::Number(unit) => {
                for other in context.vocabulary.fields() {
                    let fits = matches!(other.kind, FieldKind::Number(own) if own.fits(unit));
                    if !word.is_empty() && fits && other.id != field.id {
                        let about = first_sentence(other.about);
                        add(other.name, about, Spelling::Plain);
                    }
                }
                unit.examples().to_owned()
            }
            FieldKind::Text => {
                let kind = if before.trim_end().ends_with('~') {
                    Spelling::Expression
                } else {
                    Spelling::Pattern
                };
                for value in values(ObservedValues::Column(field.id)) {
                    add(&value, "", kind);
                }
                "text".to_owned()
            }
        },
        Expected::Value(what) => {
            for (name, about) in known_values(what) {
                add(name, about, Spelling::Plain);
            }
            if let Some(kind_of_values) = observed_values(what, endpoint_side(before)) {
                let kind = match what {
                    ValueKind::Host | ValueKind::Port | ValueKind::Device => Spelling::Name,
                    _ => Spelling::Pattern,
                };
                for value in values(kind_of_values) {
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

/// Reports whether a character ends the word being completed.
pub fn ends_word(character: char) -> bool {
    character.is_whitespace() || "()=<>&|!~\"'".contains(character)
}

/// Finds the unclosed quote of a text.
fn open_quote(text: &str) -> Option<(usize, char)> {
    let mut open = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match open {
            Some((_, quote)) if quote == character => open = None,
            // A quote inside a word is an ordinary character.
            None if matches!(character, '"' | '\'') && ends_word(before) => {
                open = Some((at, character));
            }
            _ => {}
        }
        before = character;
    }
    open
}

/// How the parser interprets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// A word or operator of the language.
    Plain,
    /// Taken literally.
    Name,
    /// A glob.
    Pattern,
    /// A regular expression.
    Expression,
}

/// Quotes a value if necessary, or if a quote is open. Returns `None` if it cannot be written literally.
fn quoted(value: &str, quote: Option<char>, kind: Spelling) -> Option<String> {
    let signs: &[char] = match kind {
        Spelling::Plain | Spelling::Name => &[],
        Spelling::Pattern => &['*', '?', '[', '\\'],
        Spelling::Expression => &[
            '*', '?', '[', ']', '\\', '+', '(', ')', '|', '{', '}', '^', '$',
        ],
    };
    if value.contains(signs) {
        return None;
    }
    let needs_quotes = kind != Spelling::Plain && value.contains(|c| ends_word(c) || c == '\\');
    match quote {
        None if !needs_quotes => Some(value.to_owned()),
        quote => {
            let quote = quote.unwrap_or('"');
            (!value.contains(quote)).then(|| format!("{quote}{value}{quote}"))
        }
    }
}

/// Returns the end of a socket that a value after this text describes.
fn endpoint_side(before: &str) -> EndpointSide {
    let words = before.split(ends_word).rev();
    // The last word, or the one before it if the last one is an operator.
    let mut last = words.filter(|word| !word.is_empty()).take(2);
    match last.find_map(Keyword::by_name) {
        Some(Keyword::Src | Keyword::Sport) => EndpointSide::Local,
        Some(Keyword::Dst | Keyword::Dport) => EndpointSide::Remote,
        _ => EndpointSide::Either,
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

fn observed_values(what: ValueKind, end: EndpointSide) -> Option<ObservedValues> {
    Some(match what {
        ValueKind::Process | ValueKind::Owner => ObservedValues::Processes,
        ValueKind::User => ObservedValues::Users,
        ValueKind::Host => ObservedValues::Hosts(end),
        ValueKind::Port => ObservedValues::Ports(end),
        ValueKind::Device => ObservedValues::Devices,
        ValueKind::Cgroup => ObservedValues::Cgroups,
        ValueKind::Container => ObservedValues::Containers,
        ValueKind::Pod => ObservedValues::Pods,
        ValueKind::Namespace => ObservedValues::Namespaces,
        ValueKind::Unit => ObservedValues::Units,
        _ => return None,
    })
}

/// Returns the proposals that do not depend on the displayed sockets.
fn known_values(what: ValueKind) -> Vec<(&'static str, &'static str)> {
    match what {
        ValueKind::State => state_names(),
        ValueKind::Owner => vec![("none", "no owner"), ("any", "any owner")],
        ValueKind::Reason => Unowned::ALL
            .into_iter()
            .map(|why| (why.name(), why.sentence()))
            .collect(),
        ValueKind::Protocol => [
            "tcp",
            "udp",
            "raw",
            "mptcp",
            "sctp",
            "udplite",
            "icmp",
            "icmp6",
            "stream",
            "dgram",
            "seqpacket",
            "rdm",
            "netlink",
            "packet",
            "vsock",
            "tipc",
            "xdp",
        ]
        .map(|name| (name, ""))
        .to_vec(),
        ValueKind::Family => Family::ALL.map(|family| (family.name(), "")).to_vec(),
        _ => Vec::new(),
    }
}

/// Returns all states and groups of states with descriptions of the groups.
pub fn state_names() -> Vec<(&'static str, &'static str)> {
    let states = State::ALL.map(|state| (state.filter_name(), ""));
    let groups = GROUPS.map(|(name, _, about)| (name, about));
    states.into_iter().chain(groups).collect()
}

/// Iterates over the keywords with their aliases and descriptions, for help.
pub fn keywords() -> impl Iterator<Item = (&'static str, &'static [&'static str], &'static str)> {
    KEYWORDS
        .iter()
        .map(|&(name, others, _, about)| (name, others, about))
}
