//! Parses a filter from left to right without recursion, so that neither its nesting nor its length can exhaust the stack.
//!
//! ```text
//! filter     = [ state-run ] [ chain ]
//! state-run  = ( "state" | "exclude" ) STATE { ( "state" | "exclude" ) STATE }        a union, as in ss
//! chain      = term { [ "and" | "or" ] term }                                         from left to right, as in ss
//! term       = { "not" } ( "(" chain ")" | condition )
//! condition  = KEYWORD [ OPERATOR ] VALUE | COLUMN OPERATOR ( QUANTITY | COLUMN ) | COLUMN "=~" EXPRESSION | "TEXT"
//! ```

mod comparison;
mod endpoint;
mod keyword_condition;

use super::context::ParseContext;
use super::error::FilterError;
use super::keywords::ValueKind;
use super::lexer::{Lexer, Operator, Token};
use super::pattern::Pattern;
use super::predicate::Predicate;
use super::program::{Fragment, Program, ProgramBuilder};
use super::search_text::SearchText;
use super::state_set::StateSet;
use super::vocabulary::Field;
use crate::model::Family;

/// Maximum length of a filter, bytes.
pub(super) const MAX_LENGTH: usize = 64 * 1024;

/// The result of parsing.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) program: Program,
    pub(super) mentions_states: bool,
    /// Families given as prefixes of hosts and ports.
    pub(super) families: Vec<Family>,
    /// True if `and` and `or` are mixed without parentheses.
    pub(super) mixed: bool,
    /// Host names that are not resolved yet.
    pub(super) unresolved: Vec<String>,
}

/// Tokens expected at the end of an incomplete filter, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A condition.
    Condition,
    /// A connective, or another condition.
    Further,
    /// A value after a keyword, or an operator before it.
    Value(ValueKind),
    /// A comparison operator.
    Operator(Field),
    /// A value after a column.
    Quantity(Field),
}

/// An open parenthesis, or the top level.
#[derive(Debug, Default)]
struct Frame {
    opened: usize,
    done: Option<Fragment>,
    connective: Option<Connective>,
    /// The last connective, written or implied.
    before: Option<Connective>,
    /// Number of `not` before the next term.
    negations: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connective {
    And,
    Or,
}

pub(super) struct Parser<'t, 'c> {
    lexer: Lexer<'t>,
    context: &'c ParseContext<'c>,
    builder: ProgramBuilder,
    frames: Vec<Frame>,
    mentions_states: bool,
    families: Vec<Family>,
    mixed: bool,
    unresolved: Vec<String>,
    /// The leading states, which are combined with the rest by `and`.
    states: Option<Fragment>,
    pub(super) expected: Expected,
}

impl<'t, 'c> Parser<'t, 'c> {
    pub(super) fn new(text: &'t str, context: &'c ParseContext<'c>) -> Parser<'t, 'c> {
        Parser {
            lexer: Lexer::new(text),
            context,
            builder: ProgramBuilder::default(),
            frames: vec![Frame::default()],
            mentions_states: false,
            families: Vec::new(),
            mixed: false,
            unresolved: Vec::new(),
            states: None,
            expected: Expected::Condition,
        }
    }

    fn error(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError::new(self.lexer.text, at, message)
    }

    /// Parses the whole filter; returns `None` if it is blank.
    pub(super) fn parse(&mut self) -> Result<Option<Parsed>, FilterError> {
        if self.lexer.text.len() > MAX_LENGTH {
            let all = self.lexer.text.len();
            return Err(self
                .error(MAX_LENGTH, format!("the filter is too long ({all} bytes)"))
                .with_expected(format!("at most {MAX_LENGTH} bytes")));
        }
        if let Some(states) = self.state_run()? {
            let fragment = self.builder.predicate(Predicate::State(states));
            // Without an `or` they are combined with the rest of the filter, as in ss.
            match self.lexer.peek().1 {
                Token::Or => self.add_term(fragment),
                Token::And => {
                    self.lexer.token();
                    self.expected = Expected::Condition;
                    self.states = Some(fragment);
                    let (at, token) = self.lexer.peek();
                    if token == Token::End {
                        return Err(self.error(at, TOO_EARLY).with_expected(CONDITION));
                    }
                }
                _ => self.states = Some(fragment),
            }
        }
        loop {
            let (at, token) = self.lexer.token();
            match token {
                Token::Open => {
                    self.expected = Expected::Condition;
                    self.frames.push(Frame {
                        opened: at,
                        ..Frame::default()
                    });
                }
                Token::Not => {
                    self.expected = Expected::Condition;
                    self.top().negations += 1;
                }
                Token::And => self.connect(at, Connective::And)?,
                Token::Or => self.connect(at, Connective::Or)?,
                Token::Close => self.close(at)?,
                Token::End => return self.end(at),
                Token::Word(word) => {
                    let fragment = self.condition(at, word)?;
                    self.add_term(fragment);
                }
                Token::Quoted(text) => {
                    let fragment = self
                        .builder
                        .predicate(Predicate::Search(SearchText::new(&text)));
                    self.add_term(fragment);
                }
                Token::Sign(sign) if sign.starts_with(['"', '\'']) => {
                    return Err(self.error(at, "unclosed quote"));
                }
                Token::Sign(sign) => {
                    return Err(self.unexpected(at, sign));
                }
            }
        }
    }

    fn top(&mut self) -> &mut Frame {
        // There is always one: the top level is never closed.
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn unexpected(&mut self, at: usize, what: &str) -> FilterError {
        let expected = match self.top() {
            Frame {
                done: Some(_),
                connective: None,
                negations: 0,
                ..
            } => "'and', 'or', another condition or the end of the filter",
            _ => CONDITION,
        };
        self.error(at, format!("unexpected '{what}'"))
            .with_expected(expected)
    }

    fn connect(&mut self, at: usize, connective: Connective) -> Result<(), FilterError> {
        let frame = self.top();
        if frame.done.is_none() || frame.connective.is_some() || frame.negations > 0 {
            let word = match connective {
                Connective::And => "and",
                Connective::Or => "or",
            };
            return Err(self
                .error(at, format!("unexpected '{word}'"))
                .with_expected(CONDITION));
        }
        frame.connective = Some(connective);
        self.expected = Expected::Condition;
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), FilterError> {
        let states_alone = self.states.is_some()
            && self.frames.len() == 1
            && self.top().done.is_none()
            && self.top().negations == 0;
        if self.is_open_ended() && !states_alone {
            return Err(self.error(at, "unexpected ')'").with_expected(CONDITION));
        }
        if self.frames.len() == 1 {
            return Err(self
                .error(at, "unexpected ')'")
                .with_expected("a matching '(' before it"));
        }
        if let Some(fragment) = self.frames.pop().and_then(|frame| frame.done) {
            self.add_term(fragment);
        }
        Ok(())
    }

    /// Reports whether a condition must follow.
    fn is_open_ended(&mut self) -> bool {
        let frame = self.top();
        frame.done.is_none() || frame.connective.is_some() || frame.negations > 0
    }

    fn end(&mut self, at: usize) -> Result<Option<Parsed>, FilterError> {
        let whole = self.frames.len() == 1;
        let nothing = whole && self.top().done.is_none() && self.top().negations == 0;
        if nothing && self.states.is_none() {
            return Ok(None);
        }
        if !nothing && self.is_open_ended() {
            return Err(self.error(at, TOO_EARLY).with_expected(CONDITION));
        }
        if !whole {
            let opened = self.top().opened;
            return Err(self
                .error(opened, "unclosed '('")
                .with_expected("a matching ')'"));
        }
        let done = self.frames.pop().and_then(|frame| frame.done);
        let done = match (self.states.take(), done) {
            (Some(states), Some(done)) => Some(self.builder.and(states, done)),
            (states, done) => states.or(done),
        };
        Ok(done.map(|fragment| Parsed {
            program: std::mem::take(&mut self.builder).finish(fragment),
            mentions_states: self.mentions_states,
            families: std::mem::take(&mut self.families),
            mixed: self.mixed,
            unresolved: std::mem::take(&mut self.unresolved),
        }))
    }

    /// Adds a complete term to the innermost open parenthesis.
    fn add_term(&mut self, mut fragment: Fragment) {
        let frame = self.top();
        if frame.negations % 2 == 1 {
            fragment = ProgramBuilder::not(fragment);
        }
        frame.negations = 0;
        let connective = frame.connective.take().unwrap_or(Connective::And);
        let fragment = match frame.done.take() {
            None => fragment,
            Some(done) => {
                let mixed = frame.before.is_some_and(|before| before != connective);
                frame.before = Some(connective);
                self.mixed |= mixed;
                match connective {
                    Connective::And => self.builder.and(done, fragment),
                    Connective::Or => self.builder.or(done, fragment),
                }
            }
        };
        self.top().done = Some(fragment);
        self.expected = Expected::Further;
    }

    /// Parses the leading states, which form a union, as in ss.
    fn state_run(&mut self) -> Result<Option<StateSet>, FilterError> {
        let mut states: Option<StateSet> = None;
        let mut last = 0;
        while let (at, Token::Word(word @ ("state" | "exclude" | "excl"))) = self.lexer.peek() {
            self.lexer.token();
            self.expected = Expected::Value(ValueKind::State);
            let operator = self.lexer.operator();
            if matches!(operator, Some(Operator::Matches | Operator::MatchesNot)) {
                // A comparison of the column ends the leading states.
                self.lexer.at = at;
                break;
            }
            let adds = (word == "state") != (operator == Some(Operator::Unequal));
            self.check_only_equality(at, word, operator)?;
            let (place, set) = self.state()?;
            let known = states.unwrap_or(if adds {
                StateSet::default()
            } else {
                StateSet::ALL
            });
            let set = if adds {
                known.with(set)
            } else {
                known.without(set)
            };
            states = Some(set);
            last = place;
            self.expected = Expected::Further;
        }
        if states.is_some_and(StateSet::is_empty) {
            return Err(self
                .error(last, "all states are excluded")
                .with_expected("at least one remaining state"));
        }
        Ok(states)
    }

    fn state(&mut self) -> Result<(usize, StateSet), FilterError> {
        self.mentions_states = true;
        let (at, name) = self.value("state", ValueKind::State)?;
        let by_pattern = || {
            let pattern = Pattern::glob(&name)
                .ok()
                .filter(|_| name.contains(['*', '?']))?;
            let matches = |name: &str| pattern.matches(name.as_bytes());
            let set = StateSet::matching(matches);
            (!set.is_empty()).then_some(set)
        };
        let set = StateSet::by_name(&name).or_else(by_pattern).ok_or_else(|| {
            self.error(at, format!("unknown state '{name}'"))
                .with_expected("a state such as established, time-wait or listening, or one of connected, synchronized, bucket, big and all")
        })?;
        Ok((at, set))
    }

    /// Reads the value after a keyword.
    fn value(
        &mut self,
        word: &str,
        what: ValueKind,
    ) -> Result<(usize, std::borrow::Cow<'t, str>), FilterError> {
        self.expected = Expected::Value(what);
        self.lexer.value(false).ok_or_else(|| {
            let at = self.lexer.at;
            self.error(at, format!("'{word}' needs a value"))
                .with_expected(what.describe())
        })
    }

    fn check_only_equality(
        &self,
        at: usize,
        word: &str,
        operator: Option<Operator>,
    ) -> Result<bool, FilterError> {
        match operator {
            None | Some(Operator::Equal) => Ok(false),
            Some(Operator::Unequal) => Ok(true),
            Some(operator) => Err(self
                .error(
                    at,
                    format!("'{word}' cannot be compared with '{}'", operator.sign()),
                )
                .with_expected("= or !=")),
        }
    }
}

const TOO_EARLY: &str = "the filter is incomplete";

/// Description of a condition, for error messages.
const CONDITION: &str = "a condition such as dport = 443, dst 10.0.0.0/8, state established, process nginx, rtt > 100ms";
