//! Conditions that begin with a keyword: `KEYWORD [ OPERATOR ] VALUE`.

use super::{CONDITION, Expected, Parser};
use crate::filter::error::FilterError;
use crate::filter::glob::Pattern;
use crate::filter::host;
use crate::filter::keywords::{Keyword, What};
use crate::filter::names::Found;
use crate::filter::program::{Builder, Piece};
use crate::filter::scan::Operator;
use crate::filter::test::{Cgroup, Compare, Device, Name, Side, Test};
use crate::model::{Family, Protocol, Unowned};

impl Parser<'_, '_> {
    /// A condition that begins with a word.
    pub(super) fn condition(&mut self, at: usize, word: &str) -> Result<Piece, FilterError> {
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
}

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
