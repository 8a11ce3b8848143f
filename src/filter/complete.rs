//! What could be typed next.

use super::Context;
use super::keywords::{KEYWORDS, What};
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

/// Values that whoever shows a filter has seen, and could name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Names of processes that hold sockets.
    Processes,
    /// Names of users.
    Users,
    /// Addresses at the other end.
    Hosts,
    /// Ports that are listened on.
    Ports,
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
    let ends = |c: char| c.is_whitespace() || "()=<>&|!~\"'".contains(c);
    let from = text
        .char_indices()
        .rev()
        .find(|&(_, c)| ends(c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    let word = &text[from..];
    let mut parser = Parser::new(&text[..from], context);
    // What was expected where it ends, whether it could end there or not.
    let _ = parser.parse();
    let mut items = Vec::new();
    let mut add = |text: &str, about: &str| {
        items.push(Completion {
            text: text.to_owned(),
            about: about.to_owned(),
        });
    };
    let expected = match parser.expected {
        Expected::Condition | Expected::Further => {
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
                add(sign, "");
            }
            first_sentence(field.about).to_owned()
        }
        Expected::Quantity(field) => match field.kind {
            FieldKind::Number(unit) => {
                for other in context.vocabulary.fields() {
                    let fits = matches!(other.kind, FieldKind::Number(own) if own.fits(unit));
                    if !word.is_empty() && fits && other.id != field.id {
                        add(other.name, first_sentence(other.about));
                    }
                }
                unit.examples().to_owned()
            }
            FieldKind::Text => {
                for value in values(Wanted::Column(field.id)) {
                    add(&value, "");
                }
                "a text".to_owned()
            }
        },
        Expected::Value(what) => {
            for (name, about) in known_values(what) {
                add(name, about);
            }
            if let Some(wanted) = wanted(what) {
                for value in values(wanted) {
                    add(&value, "");
                }
            }
            what.describe().to_owned()
        }
    };
    let lower = word.to_lowercase();
    items.retain(|item| {
        item.text.to_lowercase().starts_with(&lower) && item.text.len() >= word.len()
    });
    let mut seen = std::collections::HashSet::new();
    items.retain(|item| seen.insert(item.text.clone()));
    if items.len() == 1 && items[0].text == word {
        items.clear();
    }
    Completions {
        from,
        items,
        expected,
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

fn wanted(what: What) -> Option<Wanted> {
    Some(match what {
        What::Process | What::Owner => Wanted::Processes,
        What::User => Wanted::Users,
        What::Host => Wanted::Hosts,
        What::Port => Wanted::Ports,
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
