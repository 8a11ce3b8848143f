//! The filter language: that of ss, with extensions. This module alone decides whether a socket matches.
//!
//! A [`Filter`] is parsed once (`parse`) into a flat program of conditions (`program`), which is evaluated on rows
//! (`evaluate`) and lowered to `inet_diag` bytecode as far as the kernel can evaluate it (`lowering`). The keywords are
//! in `keywords`; `sockwatch help filter` is generated from the same list. Nothing here accesses the system: a
//! [`NameResolver`] resolves names.
//!
//! As in ss, and unlike its manual, `and` and `or` have the same precedence and associate to the left.

mod completion;
mod context;
mod endpoint;
mod error;
mod evaluate;
mod keywords;
mod lexer;
mod lowering;
mod parse;
mod pattern;
mod predicate;
mod program;
mod quantity;
mod resolver;
mod row_values;
mod search_text;
mod state_set;
mod vocabulary;

pub use completion::{
    Completion, Completions, EndpointSide, ObservedValues, complete, ends_word, keywords,
    state_names,
};
pub use context::{ParseContext, RequestedSockets};
pub use error::FilterError;
pub use lowering::LoweredFilter;
pub use quantity::{Unit, parse_quantity};
pub use resolver::{DEFAULT_EPHEMERAL_PORTS, Lookup, NameResolver, NoResolver};
pub use row_values::{NoRowValues, RowValues};
pub use search_text::SearchText;
pub use state_set::StateSet;
pub use vocabulary::{Field, FieldKind, Vocabulary};

use crate::model::{Family, SocketRef};
use parse::Parser;
use program::Program;

/// A parsed filter. The default matches every socket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    text: String,
    program: Program,
    mentions_states: bool,
    families: Vec<Family>,
    mixed: bool,
    unresolved: Vec<String>,
    search: bool,
}

impl Filter {
    /// Parses a filter. A blank text matches every socket. Takes linear time and constant stack for any text.
    ///
    /// # Errors
    /// If the text is not a valid filter. The error has the position and the expected input.
    pub fn parse(text: &str, context: &ParseContext<'_>) -> Result<Filter, FilterError> {
        let Some(parsed) = Parser::new(text, context).parse()? else {
            return Ok(Filter::default());
        };
        Ok(Filter {
            text: trim(text).to_owned(),
            program: parsed.program,
            mentions_states: parsed.mentions_states,
            families: parsed.families,
            mixed: parsed.mixed,
            unresolved: parsed.unresolved,
            search: is_quoted(text),
        })
    }

    /// Parses a filter; a single word that is not a filter becomes a text search over all texts of a row.
    ///
    /// # Errors
    /// As [`Self::parse`], if the text is more than one word.
    pub fn parse_or_search(text: &str, context: &ParseContext<'_>) -> Result<Filter, FilterError> {
        match Filter::parse(text, context) {
            Err(_) if is_bare_word(text, context) => Ok(Filter::search(text.trim())),
            result => result,
        }
    }

    /// Creates a filter that searches all texts of a row.
    pub fn search(text: &str) -> Filter {
        let mut builder = program::ProgramBuilder::default();
        let search = builder.predicate(predicate::Predicate::Search(SearchText::new(text)));
        Filter {
            text: text.to_owned(),
            program: builder.finish(search),
            search: true,
            ..Filter::default()
        }
    }

    /// Returns the text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text in a form that can be combined with further conditions: a search is quoted.
    pub fn as_term(&self) -> String {
        let quote = if self.text.contains('"') { '\'' } else { '"' };
        if self.search && !is_quoted(&self.text) {
            format!("{quote}{}{quote}", self.text)
        } else {
            self.text.clone()
        }
    }

    /// Reports whether the filter is blank.
    pub fn is_empty(&self) -> bool {
        self.program.steps.is_empty()
    }

    /// Reports whether the filter is a text search.
    pub fn is_search(&self) -> bool {
        self.search
    }

    /// Returns the search text, if the filter is a single search.
    pub fn search_text(&self) -> Option<&SearchText> {
        match self.program.steps.as_slice() {
            [step] if self.search => match &step.predicate {
                predicate::Predicate::Search(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Reports whether the filter names states, which then replace the default selection of states.
    pub fn mentions_states(&self) -> bool {
        self.mentions_states
    }

    /// Returns the families given as prefixes of hosts or ports. As in ss, the list is limited to them. Empty means
    /// all.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Reports whether `and` and `or` are mixed without parentheses, which is easily misread.
    pub fn mixes_connectives(&self) -> bool {
        self.mixed
    }

    /// Returns the host names that are not resolved yet. They match nothing until then.
    pub fn unresolved_hosts(&self) -> &[String] {
        &self.unresolved
    }

    /// Reports whether a socket matches.
    #[inline]
    pub fn matches(&self, socket: SocketRef<'_>, figures: &impl RowValues) -> bool {
        (self.families.is_empty() || self.families.contains(&socket.socket.family))
            && self.program.matches(socket, figures)
    }

    /// Lowers the conditions that the kernel can evaluate; marks only if `marks` is set (`CAP_NET_ADMIN`).
    pub fn lower(&self, marks: bool) -> LoweredFilter {
        lowering::lower(&self.program, marks)
    }

    /// Iterates over the ids of the columns that the filter compares.
    pub fn fields(&self) -> impl Iterator<Item = u16> {
        self.program
            .steps
            .iter()
            .flat_map(|step| match &step.predicate {
                predicate::Predicate::Number(number) => match number.with {
                    predicate::Operand::Field(other, ..) => vec![number.field, other],
                    predicate::Operand::Value(_) => vec![number.field],
                },
                predicate::Predicate::Text(field, _)
                | predicate::Predicate::ProcessText(field, _) => vec![*field],
                _ => Vec::new(),
            })
    }

    /// Reports whether the filter depends on the owners of sockets.
    pub fn needs_owners(&self) -> bool {
        use predicate::Predicate::{Owned, Process, ProcessText, Search, Unowned};
        let mut steps = self.program.steps.iter();
        steps.any(|step| {
            matches!(
                step.predicate,
                Owned | Process(_) | ProcessText(..) | Search(_) | Unowned(_)
            )
        })
    }

    /// Reports whether the filter depends on process or user names.
    pub fn needs_names(&self) -> bool {
        use predicate::{Name, Predicate};
        let named = |test: &Predicate| {
            matches!(
                test,
                Predicate::Process(_)
                    | Predicate::ProcessText(..)
                    | Predicate::User(Name::Pattern(_))
            )
        };
        self.program.steps.iter().any(|step| named(&step.predicate))
    }

    /// Reports whether the filter has a condition on the process, user or control group.
    pub fn mentions_owner(&self) -> bool {
        use predicate::Predicate::{Cgroup, User};
        let mut steps = self.program.steps.iter();
        self.needs_names() || steps.any(|step| matches!(step.predicate, Cgroup(_) | User(_)))
    }

    /// Reports whether the filter has a condition on the remote endpoint.
    pub fn mentions_remote(&self) -> bool {
        use predicate::{Predicate, Side::Remote};
        let mut steps = self.program.steps.iter();
        steps.any(|step| {
            matches!(
                step.predicate,
                Predicate::Host(Remote, _) | Predicate::Port(Remote, ..)
            )
        })
    }

    /// Reports whether the filter depends on marks, which the kernel reports only with `CAP_NET_ADMIN`.
    pub fn needs_marks(&self) -> bool {
        let mut steps = self.program.steps.iter();
        steps.any(|step| matches!(step.predicate, predicate::Predicate::Mark(..)))
    }
}

/// Removes spaces at both ends, except one that a backslash escapes.
fn trim(text: &str) -> &str {
    let text = text.trim_start();
    let trimmed = text.trim_end();
    let backslashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    let space = text[trimmed.len()..].chars().next();
    let escaped = space.filter(|_| backslashes % 2 == 1);
    &text[..trimmed.len() + escaped.map_or(0, char::len_utf8)]
}

/// Reports whether a filter is a single quoted text.
fn is_quoted(text: &str) -> bool {
    let inside = |quote: char| {
        let inside = text.trim().strip_prefix(quote)?.strip_suffix(quote)?;
        Some(!inside.contains(quote))
    };
    inside('"').or_else(|| inside('\'')) == Some(true)
}

/// Reports whether a text is a single word that does not start a condition: it has no operator and is neither a keyword
/// nor a column.
fn is_bare_word(text: &str, context: &ParseContext<'_>) -> bool {
    let word = text.trim();
    let plain = |c: char| !c.is_whitespace() && !"()=<>&|!~\"'".contains(c);
    !word.is_empty()
        && word.chars().all(plain)
        && keywords::Keyword::by_name(word).is_none()
        && context.vocabulary.field(word).is_none()
        && !matches!(word, "and" | "or" | "not" | "excl")
}
