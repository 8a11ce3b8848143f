//! Understands a filter, from left to right and without calling itself: neither depth nor length can hurt.
//!
//! ```text
//! filter     = [ state-run ] [ chain ]
//! state-run  = ( "state" | "exclude" ) STATE { ( "state" | "exclude" ) STATE }        a union, as ss takes it
//! chain      = term { [ "and" | "or" ] term }                                         from left to right, as ss does
//! term       = { "not" } ( "(" chain ")" | condition )
//! condition  = KEYWORD [ OPERATOR ] VALUE | COLUMN OPERATOR ( QUANTITY | COLUMN ) | COLUMN "=~" EXPRESSION | "TEXT"
//! ```

use super::Context;
use super::error::FilterError;
use super::glob::Pattern;
use super::host;
use super::keywords::{Keyword, What};
use super::names::{Field, FieldKind, Found};
use super::program::{Builder, Piece, Program};
use super::scan::{Operator, Scanner, Token};
use super::states::StateSet;
use super::test::{Cgroup, Compare, Device, Name, Number, NumberCompare, Operand, Side, Test};
use super::value::{Unit, quantity};
use super::words::Words;
use crate::model::{Family, Protocol, Unowned};

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
            if set.is_empty() {
                return Err(self
                    .error(place, "no state is left")
                    .expecting("to exclude fewer states than there are"));
            }
            states = Some(set);
            self.expected = Expected::Further;
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

    /// A condition that begins with a word.
    fn condition(&mut self, at: usize, word: &str) -> Result<Piece, FilterError> {
        let keyword = Keyword::by_name(word);
        let column = self.context.vocabulary.field(word);
        if let Some(keyword) = keyword {
            return self.keyword(at, word, keyword);
        }
        if let Some(field) = column {
            return self.comparison(at, word, field);
        }
        let mut error = self.error(at, format!("unexpected '{word}'"));
        let alike = self.context.vocabulary.alike(word);
        let close = Keyword::alike(word).into_iter().chain(alike);
        let names: Vec<&str> = close.take(5).collect();
        error = error.expecting(if names.is_empty() {
            CONDITION.to_owned()
        } else {
            format!("a condition; did you mean {}?", names.join(", "))
        });
        let frame = self.top();
        if frame.done.is_some() && frame.connective.is_none() && names.is_empty() {
            error = error.expecting("'and', 'or', another condition or the end");
        }
        Err(error)
    }

    fn keyword(&mut self, at: usize, word: &str, keyword: Keyword) -> Result<Piece, FilterError> {
        if keyword == Keyword::Autobound {
            let (first, last) = self.context.names.ephemeral_ports();
            return Ok(self.builder.ask(Test::Autobound(first, last)));
        }
        let what = keyword.what();
        self.expected = Expected::Value(what);
        let operator = self.scanner.operator();
        if matches!(operator, Some(Operator::Matches | Operator::MatchesNot)) {
            let column = keyword
                .column()
                .and_then(|column| self.context.vocabulary.field(column));
            let Some(field) = column else {
                return Err(self
                    .error(at, format!("'{word}' has no text that =~ could search"))
                    .expecting("=, !=, <, <=, > or >="));
            };
            return self.expression(field, operator == Some(Operator::MatchesNot));
        }
        match keyword {
            Keyword::Dport | Keyword::Sport | Keyword::Port => {
                self.port(word, keyword, operator.unwrap_or(Operator::Equal))
            }
            _ => {
                let negated = self.only_equal(at, word, operator)?;
                let piece = self.named(word, keyword)?;
                Ok(if negated { Builder::not(piece) } else { piece })
            }
        }
    }

    /// A keyword with a name or an address behind it.
    fn named(&mut self, word: &str, keyword: Keyword) -> Result<Piece, FilterError> {
        if matches!(keyword, Keyword::State | Keyword::Exclude) {
            let (_, set) = self.state()?;
            let piece = self.builder.ask(Test::State(set));
            return Ok(match keyword {
                Keyword::Exclude => Builder::not(piece),
                _ => piece,
            });
        }
        let what = keyword.what();
        let (at, value) = self.value(word, what)?;
        let wrong =
            |parser: &Self, message: String| parser.error(at, message).expecting(what.describe());
        let test = match keyword {
            Keyword::Dst | Keyword::Src | Keyword::Host => {
                let host = host::host(&value, self.context.names, self.context.around)
                    .map_err(|message| wrong(self, message))?;
                self.families.extend(host.family);
                if let host::Address::Unresolved(name) = &host.address {
                    self.unresolved.push(name.clone());
                }
                return Ok(match keyword {
                    Keyword::Dst => self.builder.ask(Test::Host(Side::Remote, host)),
                    Keyword::Src => self.builder.ask(Test::Host(Side::Local, host)),
                    _ => {
                        let local = self.builder.ask(Test::Host(Side::Local, host.clone()));
                        let remote = self.builder.ask(Test::Host(Side::Remote, host));
                        self.builder.or(local, remote)
                    }
                });
            }
            Keyword::Dev => {
                let index = host::whole(&value).and_then(|index| u32::try_from(index).ok());
                let index = self.context.names.device(&value).or(index);
                Test::Device(match index {
                    Some(index) => Device::Index(index),
                    None if self.context.lenient => Device::Name(value.into_owned()),
                    None => return Err(wrong(self, format!("there is no device '{value}'"))),
                })
            }
            Keyword::Fwmark => {
                let (mark, mask) = match value.split_once('/') {
                    Some((mark, mask)) => (number(mark), number(mask)),
                    None => (number(&value), Some(u32::MAX)),
                };
                match (mark, mask) {
                    (Some(mark), Some(mask)) => Test::Mark(mark, mask),
                    _ => return Err(wrong(self, format!("'{value}' is no mark"))),
                }
            }
            Keyword::Cgroup => {
                let id = match self.context.names.cgroup(&value) {
                    Found::Known(id) => Some(id),
                    Found::NotYet => None,
                    Found::Nothing => {
                        return Err(wrong(self, format!("there is no control group '{value}'")));
                    }
                };
                Test::Cgroup(Cgroup {
                    path: value.into_owned(),
                    id,
                })
            }
            Keyword::Process => {
                Test::Process(name(&value, true).map_err(|message| wrong(self, message))?)
            }
            Keyword::User => {
                Test::User(name(&value, false).map_err(|message| wrong(self, message))?)
            }
            Keyword::Owner => match &*value {
                "any" | "known" => Test::Owned,
                "none" => return Ok(Builder::not(self.builder.ask(Test::Owned))),
                other => Test::Process(name(other, true).map_err(|message| wrong(self, message))?),
            },
            Keyword::Unowned => {
                let all = Unowned::ALL.into_iter();
                let why = all.clone().find(|why| why.name() == value);
                match why {
                    Some(why) => Test::Unowned(why),
                    None if value == "any" => {
                        return Ok(Builder::not(self.builder.ask(Test::Owned)));
                    }
                    None => {
                        return Err(wrong(self, format!("'{value}' is no reason")));
                    }
                }
            }
            Keyword::Protocol => protocol(&value)
                .ok_or_else(|| wrong(self, format!("there is no protocol '{value}'")))?,
            Keyword::Family => {
                let all = Family::ALL.into_iter();
                let mut family = all.clone().filter(|family| family.name() == value);
                let link = (value == "link").then_some(Family::Packet);
                Test::Family(
                    family
                        .next()
                        .or(link)
                        .ok_or_else(|| wrong(self, format!("there is no family '{value}'")))?,
                )
            }
            Keyword::Netns => Test::Netns(
                number(&value)
                    .ok_or_else(|| wrong(self, format!("'{value}' is no network namespace")))?,
            ),
            Keyword::Dport
            | Keyword::Sport
            | Keyword::Port
            | Keyword::State
            | Keyword::Exclude
            | Keyword::Autobound => Test::Always,
        };
        Ok(self.builder.ask(test))
    }

    fn port(
        &mut self,
        word: &str,
        keyword: Keyword,
        operator: Operator,
    ) -> Result<Piece, FilterError> {
        let (at, value) = self.value(word, What::Port)?;
        let (family, port) = host::port(&value, self.context.names, self.context.around)
            .map_err(|message| self.error(at, message).expecting(What::Port.describe()))?;
        self.families.extend(family);
        let (compare, negated) = match operator {
            Operator::Unequal => (Compare::Equal, true),
            Operator::AtLeast => (Compare::AtLeast, false),
            Operator::Less => (Compare::AtLeast, true),
            Operator::AtMost => (Compare::AtMost, false),
            Operator::Greater => (Compare::AtMost, true),
            Operator::Equal | Operator::Matches | Operator::MatchesNot => (Compare::Equal, false),
        };
        let Some(port) = port else {
            if compare != Compare::Equal {
                return Err(self
                    .error(
                        at,
                        format!("'*' is every port; '{}' has no use for it", operator.sign()),
                    )
                    .expecting("a port's number or a service's name"));
            }
            let piece = self.builder.ask(Test::Always);
            return Ok(if negated { Builder::not(piece) } else { piece });
        };
        let mut ask = |side| {
            let piece = self.builder.ask(Test::Port(side, compare, port));
            // Of two ends one is enough; `!=` means neither.
            if negated && operator != Operator::Unequal {
                Builder::not(piece)
            } else {
                piece
            }
        };
        let piece = match keyword {
            Keyword::Dport => ask(Side::Remote),
            Keyword::Sport => ask(Side::Local),
            _ => {
                let (local, remote) = (ask(Side::Local), ask(Side::Remote));
                self.builder.or(local, remote)
            }
        };
        Ok(if operator == Operator::Unequal {
            Builder::not(piece)
        } else {
            piece
        })
    }

    /// A comparison of a column.
    fn comparison(&mut self, at: usize, word: &str, field: Field) -> Result<Piece, FilterError> {
        self.expected = Expected::Operator(field);
        let Some(operator) = self.scanner.operator() else {
            let end = self.scanner.at;
            return Err(self
                .error(end, format!("'{word}' lacks a comparison"))
                .expecting(match field.kind {
                    FieldKind::Number(unit) => {
                        format!("=, !=, <, <=, > or >= and {}", unit.examples())
                    }
                    FieldKind::Text => "=, !=, =~ or !~ and a text".to_owned(),
                }));
        };
        self.expected = Expected::Quantity(field);
        match (field.kind, operator) {
            (FieldKind::Text, Operator::Matches | Operator::MatchesNot) => {
                self.expression(field, operator == Operator::MatchesNot)
            }
            (FieldKind::Text, Operator::Equal | Operator::Unequal) => {
                let (at, value) = self.operand(word, "a text; * and ? stand for others")?;
                let pattern = Pattern::glob(&value).map_err(|message| self.error(at, message))?;
                let piece = self.builder.ask(Test::Text(field.id, pattern));
                Ok(if operator == Operator::Unequal {
                    Builder::not(piece)
                } else {
                    piece
                })
            }
            (FieldKind::Text, _) => Err(self
                .error(at, format!("'{word}' is text, and no number"))
                .expecting("=, !=, =~ or !~")),
            (FieldKind::Number(_), Operator::Matches | Operator::MatchesNot) => Err(self
                .error(at, format!("'{word}' is a number, and no text"))
                .expecting("=, !=, <, <=, > or >=")),
            (FieldKind::Number(unit), operator) => self.number(word, field, unit, operator),
        }
    }

    fn operand(
        &mut self,
        word: &str,
        expected: &str,
    ) -> Result<(usize, std::borrow::Cow<'t, str>), FilterError> {
        self.scanner.value(false).ok_or_else(|| {
            let at = self.scanner.at;
            self.error(at, format!("'{word}' has nothing to be compared with"))
                .expecting(expected)
        })
    }

    fn number(
        &mut self,
        word: &str,
        mut field: Field,
        mut unit: Unit,
        operator: Operator,
    ) -> Result<Piece, FilterError> {
        let (at, value) = self.operand(word, unit.examples())?;
        // "2 GB": a unit may stand apart.
        if value.ends_with('%')
            && unit != Unit::Share
            && let Some(share) = self.context.vocabulary.share(word)
        {
            (field, unit) = (share, Unit::Share);
        }
        let with = match quantity(&value, unit) {
            Ok(number) => Operand::Value(number),
            Err(message) => match self.context.vocabulary.field(&value) {
                Some(Field {
                    id,
                    kind: FieldKind::Number(other),
                    ..
                }) if other.fits(unit) => Operand::Field(id, other.scale(), unit.scale()),
                Some(Field { kind, .. }) => {
                    let why = match kind {
                        FieldKind::Text => "is text",
                        FieldKind::Number(_) => "counts something else",
                    };
                    return Err(self
                        .error(
                            at,
                            format!("'{value}' {why} and cannot be compared with '{word}'"),
                        )
                        .expecting(unit.examples()));
                }
                None => return Err(self.error(at, message).expecting(unit.examples())),
            },
        };
        let compare = match operator {
            Operator::Unequal => NumberCompare::Unequal,
            Operator::Less => NumberCompare::Less,
            Operator::AtMost => NumberCompare::AtMost,
            Operator::Greater => NumberCompare::Greater,
            Operator::AtLeast => NumberCompare::AtLeast,
            Operator::Equal | Operator::Matches | Operator::MatchesNot => NumberCompare::Equal,
        };
        Ok(self.builder.ask(Test::Number(Number {
            field: field.id,
            compare,
            with,
        })))
    }

    /// A regular expression behind a column.
    fn expression(&mut self, field: Field, negated: bool) -> Result<Piece, FilterError> {
        self.expected = Expected::Quantity(field);
        let Some((at, text)) = self.scanner.value(true) else {
            let at = self.scanner.at;
            return Err(self
                .error(at, "=~ lacks its expression")
                .expecting("a regular expression; one with spaces in quotes"));
        };
        let pattern = Pattern::expression(&text)
            .map_err(|message| self.error(at, format!("not a regular expression: {message}")))?;
        let piece = self.builder.ask(Test::Text(field.id, pattern));
        Ok(if negated { Builder::not(piece) } else { piece })
    }
}

const TOO_EARLY: &str = "the filter ends too early";

/// What a condition looks like.
const CONDITION: &str = "a condition such as dport = 443, dst 10.0.0.0/8, state established, process nginx, rtt > 100ms";

/// A number of 32 bits.
fn number(text: &str) -> Option<u32> {
    host::whole(text).and_then(|number| u32::try_from(number).ok())
}

/// The longest name that the kernel keeps of a process. Kernel: `TASK_COMM_LEN`.
const COMM: usize = 15;

/// A number, or a name with `*` and `?`.
fn name(text: &str, comm: bool) -> Result<Name, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Ok(Name::Number(number));
    }
    let plain = !text.contains(['*', '?', '[', '\\']);
    let text = match text.char_indices().nth(COMM) {
        Some((at, _)) if comm && plain && text.is_ascii() => &text[..at],
        _ => text,
    };
    Pattern::glob(text).map(Name::Pattern)
}

/// A protocol, by its name in JSON or its netid in a table.
fn protocol(text: &str) -> Option<Test> {
    use Protocol::{Dgram, Mptcp, PacketRaw, Raw, Sctp, Seqpacket, Stream, Tcp, Udp, UdpLite};
    let lower = text.to_ascii_lowercase();
    Some(match lower.as_str() {
        "tcp" => Test::Protocol(Tcp),
        "udp" => Test::Protocol(Udp),
        "udplite" | "udpl" => Test::Protocol(UdpLite),
        "raw" => Test::Protocol(Raw),
        "sctp" => Test::Protocol(Sctp),
        "mptcp" => Test::Protocol(Mptcp),
        "stream" | "u_str" => Test::Protocol(Stream),
        "dgram" | "u_dgr" => Test::Protocol(Dgram),
        "seqpacket" | "u_seq" => Test::Protocol(Seqpacket),
        "p_raw" => Test::Protocol(PacketRaw),
        "unix" => Test::Family(Family::Unix),
        "packet" => Test::Family(Family::Packet),
        "vsock" => Test::Family(Family::Vsock),
        "netlink" | "nl" => Test::Netlink,
        _ => {
            let number = (0..=22).find(|&number| Protocol::Netlink(number).name() == lower)?;
            Test::Protocol(Protocol::Netlink(number))
        }
    })
}
