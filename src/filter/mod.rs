//! The language of filters: ss's, and more. The one place that decides whether something matches.
//!
//! A [`Filter`] is understood once (`parse`), made into a short program (`program`), carried out on rows (`test`), and
//! lowered to the kernel as far as the kernel can decide (`lower`). Its words are in `keywords`; `sockwatch help filter` is
//! made from the same list. Nothing here asks the machine for anything: [`Names`] does.
//!
//! As ss does, and against its manual, `and` and `or` are taken from left to right where no parentheses say otherwise.

mod complete;
mod error;
mod glob;
mod host;
mod keywords;
mod lower;
mod names;
mod parse;
mod program;
mod scan;
mod states;
mod test;
mod value;
mod words;

pub use complete::{
    Completion, Completions, End, Wanted, complete, ends_word, keywords, state_names,
};
pub use error::FilterError;
pub use lower::Lowered;
pub use names::{
    DEFAULT_EPHEMERAL_PORTS, Field, FieldKind, Figures, Found, Names, NoFigures, NoNames,
    Surroundings, Vocabulary,
};
pub use states::StateSet;
pub use value::{Unit, quantity};
pub use words::Words;

use crate::model::{Family, SocketRef};
use parse::Parser;
use program::Program;

/// What a filter is understood with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The columns that it can name.
    pub vocabulary: &'a Vocabulary,
    /// Names that the machine knows.
    pub names: &'a dyn Names,
    /// What was asked for beside it.
    pub around: &'a Surroundings,
    /// Names of devices that do not exist are taken as they are: what is looked at is another machine, or another time.
    pub lenient: bool,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("around", self.around)
            .finish_non_exhaustive()
    }
}

/// Which sockets somebody wants to see. The default is all of them.
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
    /// Understands a filter. Nothing but spaces is all sockets.
    ///
    /// # Errors
    /// Says what is wrong, where, and what would be right. However long or deep it is, it ends, and soon.
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Filter, FilterError> {
        let Some(parsed) = Parser::new(text, context).parse()? else {
            return Ok(Filter::default());
        };
        Ok(Filter {
            text: text.trim().to_owned(),
            program: parsed.program,
            mentions_states: parsed.mentions_states,
            families: parsed.families,
            mixed: parsed.mixed,
            unresolved: parsed.unresolved,
            search: is_quoted(text),
        })
    }

    /// The same; and a word that is no filter is looked for in all texts of a row.
    ///
    /// # Errors
    /// As [`Self::parse`], if it is more than a word.
    pub fn parse_or_search(text: &str, context: &Context<'_>) -> Result<Filter, FilterError> {
        match Filter::parse(text, context) {
            Err(_) if is_bare_word(text, context) => Ok(Filter::search(text.trim())),
            result => result,
        }
    }

    /// Whatever has this text in it.
    pub fn search(text: &str) -> Filter {
        let mut builder = program::Builder::default();
        let whole = builder.ask(test::Test::Search(Words::new(text)));
        Filter {
            text: text.to_owned(),
            program: builder.finish(whole),
            search: true,
            ..Filter::default()
        }
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same as it can stand beside further conditions: a text that is looked for is in quotes.
    pub fn term(&self) -> String {
        let quote = if self.text.contains('"') { '\'' } else { '"' };
        if self.search && !is_quoted(&self.text) {
            format!("{quote}{}{quote}", self.text)
        } else {
            self.text.clone()
        }
    }

    /// Whether every socket matches.
    pub fn is_empty(&self) -> bool {
        self.program.steps.is_empty()
    }

    /// Whether it lets every socket through, whatever it says: `state all`, `sport >= 0`.
    pub fn is_always_true(&self) -> bool {
        self.families.is_empty() && !self.program.can_reject()
    }

    /// Whether it only looks for a text.
    pub fn is_search(&self) -> bool {
        self.search
    }

    /// The text that it looks for, if it does nothing else.
    pub fn words(&self) -> Option<&Words> {
        match self.program.steps.as_slice() {
            [step] if self.search => match &step.test {
                test::Test::Search(words) => Some(words),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it says which states are wanted, so that no others are left out beside it.
    pub fn mentions_states(&self) -> bool {
        self.mentions_states
    }

    /// The families that it names in front of hosts or ports: as for ss, nothing else is listed then. Empty for all.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Whether `and` and `or` stand side by side without parentheses, which people read in two ways.
    pub fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// Hosts whose addresses have to be found before it can match them.
    pub fn unresolved(&self) -> &[String] {
        &self.unresolved
    }

    /// Whether a socket is one of those that are wanted.
    #[inline]
    pub fn matches(&self, socket: SocketRef<'_>, figures: &impl Figures) -> bool {
        (self.families.is_empty() || self.families.contains(&socket.socket.family))
            && self.program.run(socket, figures)
    }

    /// What the kernel can decide of it; `marks` if it lets us ask for marks (`CAP_NET_ADMIN`).
    pub fn lower(&self, marks: bool) -> Lowered {
        lower::lower(&self.program, marks)
    }

    /// The columns that it looks at.
    pub fn fields(&self) -> impl Iterator<Item = u16> {
        self.program.steps.iter().flat_map(|step| match &step.test {
            test::Test::Number(number) => match number.with {
                test::Operand::Field(other, ..) => vec![number.field, other],
                test::Operand::Value(_) => vec![number.field],
            },
            test::Test::Text(field, _) => vec![*field],
            _ => Vec::new(),
        })
    }

    /// Whether it asks who owns a socket.
    pub fn needs_owners(&self) -> bool {
        use test::Test::{Owned, Process, Search, Unowned};
        let mut steps = self.program.steps.iter();
        steps.any(|step| matches!(step.test, Owned | Process(_) | Search(_) | Unowned(_)))
    }

    /// Whether it asks for names that are not in the sockets themselves: of processes and users.
    pub fn asks_names(&self) -> bool {
        use test::{Name, Test};
        let named = |test: &Test| matches!(test, Test::Process(_) | Test::User(Name::Pattern(_)));
        self.program.steps.iter().any(|step| named(&step.test))
    }

    /// Whether it asks who a socket belongs to: its process, its user, its group.
    pub fn asks_who(&self) -> bool {
        use test::Test::{Cgroup, User};
        let mut steps = self.program.steps.iter();
        self.asks_names() || steps.any(|step| matches!(step.test, Cgroup(_) | User(_)))
    }

    /// Whether it asks for the other end.
    pub fn asks_where(&self) -> bool {
        use test::{Side::Remote, Test};
        let mut steps = self.program.steps.iter();
        steps.any(|step| matches!(step.test, Test::Host(Remote, _) | Test::Port(Remote, ..)))
    }

    /// Whether it asks for marks, which only an administrator is told.
    pub fn needs_marks(&self) -> bool {
        let mut steps = self.program.steps.iter();
        steps.any(|step| matches!(step.test, test::Test::Mark(..)))
    }
}

/// Whether a filter is one text in quotes, and nothing else.
fn is_quoted(text: &str) -> bool {
    let inside = |quote: char| {
        let inside = text.trim().strip_prefix(quote)?.strip_suffix(quote)?;
        Some(!inside.contains(quote))
    };
    inside('"').or_else(|| inside('\'')) == Some(true)
}

/// Whether a text is one word that could not become a filter by typing on: no sign in it, and neither a keyword nor a
/// column.
fn is_bare_word(text: &str, context: &Context<'_>) -> bool {
    let word = text.trim();
    let plain = |c: char| !c.is_whitespace() && !"()=<>&|!~\"'".contains(c);
    !word.is_empty()
        && word.chars().all(plain)
        && keywords::Keyword::by_name(word).is_none()
        && context.vocabulary.field(word).is_none()
        && !matches!(word, "and" | "or" | "not" | "excl")
}
