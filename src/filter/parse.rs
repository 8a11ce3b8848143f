//! Understands a filter, from left to right and without calling itself: neither depth nor length can hurt.
//!
//! ```text
//! filter     = [ state-run ] [ chain ]
//! state-run  = ( "state" | "exclude" ) STATE { ( "state" | "exclude" ) STATE }        a union, as ss takes it
//! chain      = term { [ "and" | "or" ] term }                                         from left to right, as ss does
//! term       = { "not" } ( "(" chain ")" | condition )
//! condition  = KEYWORD [ OPERATOR ] VALUE | COLUMN OPERATOR ( QUANTITY | COLUMN ) | COLUMN "=~" EXPRESSION | "TEXT"
//! ```

mod compare;
mod condition;

use super::Context;
use super::error::FilterError;
use super::keywords::What;
use super::names::Field;
use super::program::{Builder, Piece, Program};
use super::scan::{Operator, Scanner, Token};
use super::states::StateSet;
use super::test::Test;
use super::words::Words;
use crate::model::Family;

/// The longest filter, bytes: a program of a megabyte would be of no use to anybody.
pub(super) const LONGEST: usize = 64 * 1024;

/// What was understood.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) program: Program,
    pub(super) mentions_states: bool,
    /// The families that were named in front of hosts and ports.
    pub(super) families: Vec<Family>,
    /// `and` and `or` side by side without parentheses.
    pub(super) mixed: bool,
    /// Hosts whose addresses are not known yet.
    pub(super) unresolved: Vec<String>,
}

/// What could stand at the end of a filter that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A condition.
    Condition,
    /// A connective, or another condition.
    Further,
    /// A value behind a keyword, or a sign before it.
    Value(What),
    /// A sign of comparison.
    Operator(Field),
    /// A value behind a column.
    Quantity(Field),
}

/// An open parenthesis, or the whole.
#[derive(Debug, Default)]
struct Frame {
    opened: usize,
    done: Option<Piece>,
    connective: Option<Connective>,
    /// The last connective that was written or implied.
    before: Option<Connective>,
    /// How many `not` stand before the next term.
    negations: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connective {
    And,
    Or,
}

pub(super) struct Parser<'t, 'c> {
    scanner: Scanner<'t>,
    context: &'c Context<'c>,
    builder: Builder,
    frames: Vec<Frame>,
    mentions_states: bool,
    families: Vec<Family>,
    mixed: bool,
    unresolved: Vec<String>,
    /// The states in front, which hold for all that follows.
    states: Option<Piece>,
    pub(super) expected: Expected,
}

impl<'t, 'c> Parser<'t, 'c> {
    pub(super) fn new(text: &'t str, context: &'c Context<'c>) -> Parser<'t, 'c> {
        Parser {
            scanner: Scanner::new(text),
            context,
            builder: Builder::default(),
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
        FilterError::new(self.scanner.text, at, message)
    }

    /// Understands the whole; `None` if there is nothing in it.
    pub(super) fn parse(&mut self) -> Result<Option<Parsed>, FilterError> {
        if self.scanner.text.len() > LONGEST {
            let all = self.scanner.text.len();
            return Err(self
                .error(LONGEST, format!("the filter is too long ({all} bytes)"))
                .expecting(format!("at most {LONGEST} bytes")));
        }
        if let Some(states) = self.state_run()? {
            let piece = self.builder.ask(Test::State(states));
            // Without an `or`, they hold for all that follows, as for ss.
            match self.scanner.peek().1 {
                Token::Or => self.take(piece),
                Token::And => {
                    self.scanner.token();
                    self.expected = Expected::Condition;
                    self.states = Some(piece);
                    let (at, token) = self.scanner.peek();
                    if token == Token::End {
                        return Err(self.error(at, TOO_EARLY).expecting(CONDITION));
                    }
                }
                _ => self.states = Some(piece),
            }
        }
        loop {
            let (at, token) = self.scanner.token();
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
                    let piece = self.condition(at, word)?;
                    self.take(piece);
                }
                Token::Quoted(text) => {
                    let piece = self.builder.ask(Test::Search(Words::new(&text)));
                    self.take(piece);
                }
                Token::Sign(sign) if sign.starts_with(['"', '\'']) => {
                    return Err(self.error(at, "a quote that does not end"));
                }
                Token::Sign(sign) => {
                    return Err(self.unexpected(at, sign));
                }
            }
        }
    }

    fn top(&mut self) -> &mut Frame {
        // There is always one: the whole is never closed.
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
            } => "'and', 'or', another condition or the end",
            _ => CONDITION,
        };
        self.error(at, format!("unexpected '{what}'"))
            .expecting(expected)
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
                .expecting(CONDITION));
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
            return Err(self.error(at, "unexpected ')'").expecting(CONDITION));
        }
        if self.frames.len() == 1 {
            return Err(self
                .error(at, "unexpected ')'")
                .expecting("no more ')' than '('"));
        }
        if let Some(piece) = self.frames.pop().and_then(|frame| frame.done) {
            self.take(piece);
        }
        Ok(())
    }

    /// Whether something has to follow.
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
            return Err(self.error(at, TOO_EARLY).expecting(CONDITION));
        }
        if !whole {
            let opened = self.top().opened;
            return Err(self.error(opened, "unclosed '('").expecting("a ')' for it"));
        }
        let done = self.frames.pop().and_then(|frame| frame.done);
        let done = match (self.states.take(), done) {
            (Some(states), Some(done)) => Some(self.builder.and(states, done)),
            (states, done) => states.or(done),
        };
        Ok(done.map(|piece| Parsed {
            program: std::mem::take(&mut self.builder).finish(piece),
            mentions_states: self.mentions_states,
            families: std::mem::take(&mut self.families),
            mixed: self.mixed,
            unresolved: std::mem::take(&mut self.unresolved),
        }))
    }

    /// Takes a finished term in, from left to right.
    fn take(&mut self, mut piece: Piece) {
        let frame = self.top();
        if frame.negations % 2 == 1 {
            piece = Builder::not(piece);
        }
        frame.negations = 0;
        let connective = frame.connective.take().unwrap_or(Connective::And);
        let piece = match frame.done.take() {
            None => piece,
            Some(done) => {
                let mixed = frame.before.is_some_and(|before| before != connective);
                frame.before = Some(connective);
                self.mixed |= mixed;
                match connective {
                    Connective::And => self.builder.and(done, piece),
                    Connective::Or => self.builder.or(done, piece),
                }
            }
        };
        self.top().done = Some(piece);
        self.expected = Expected::Further;
    }

    /// The states in front, which add up.
    fn state_run(&mut self) -> Result<Option<StateSet>, FilterError> {
        let mut states: Option<StateSet> = None;
        let mut last = 0;
        while let (at, Token::Word(word @ ("state" | "exclude" | "excl"))) = self.scanner.peek() {
            self.scanner.token();
            self.expected = Expected::Value(What::State);
            let operator = self.scanner.operator();
            if matches!(operator, Some(Operator::Matches | Operator::MatchesNot)) {
                // A comparison of the column: the run is over.
                self.scanner.at = at;
                break;
            }
            let adds = (word == "state") != (operator == Some(Operator::Unequal));
            self.only_equal(at, word, operator)?;
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
                .error(last, "no state is left")
                .expecting("to exclude fewer states than there are"));
        }
        Ok(states)
    }

    fn state(&mut self) -> Result<(usize, StateSet), FilterError> {
        self.mentions_states = true;
        let (at, name) = self.value("state", What::State)?;
        let set = StateSet::by_name(&name).ok_or_else(|| {
            self.error(at, format!("there is no state '{name}'"))
                .expecting("a state such as established, time-wait, listening, or connected, synchronized, bucket, big, all")
        })?;
        Ok((at, set))
    }

    /// The value behind a keyword.
    fn value(
        &mut self,
        word: &str,
        what: What,
    ) -> Result<(usize, std::borrow::Cow<'t, str>), FilterError> {
        self.expected = Expected::Value(what);
        self.scanner.value(false).ok_or_else(|| {
            let at = self.scanner.at;
            self.error(at, format!("'{word}' lacks its value"))
                .expecting(what.describe())
        })
    }

    fn only_equal(
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
                .expecting("= or !=")),
        }
    }
}

const TOO_EARLY: &str = "the filter ends too early";

/// What a condition looks like.
const CONDITION: &str = "a condition such as dport = 443, dst 10.0.0.0/8, state established, process nginx, rtt > 100ms";
