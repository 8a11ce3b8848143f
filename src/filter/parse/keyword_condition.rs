//! Parses conditions that start with a keyword: `KEYWORD [ OPERATOR ] VALUE`.

use super::{CONDITION, Expected, Parser, endpoint};
use crate::filter::endpoint::Address;
use crate::filter::error::FilterError;
use crate::filter::keywords::{Keyword, ValueKind};
use crate::filter::lexer::Operator;
use crate::filter::pattern::Pattern;
use crate::filter::predicate::{Cgroup, Compare, Device, Name, Predicate, Side};
use crate::filter::program::{Fragment, ProgramBuilder};
use crate::filter::resolver::Lookup;
use crate::model::{Family, Protocol, Unowned};

impl Parser<'_, '_> {
    /// Parses a condition, given its first word.
    pub(super) fn condition(&mut self, at: usize, word: &str) -> Result<Fragment, FilterError> {
        let keyword = Keyword::by_name(word);
        let column = self.context.vocabulary.field(word);
        if let Some(keyword) = keyword {
            return self.keyword(at, word, keyword);
        }
        if let Some(field) = column {
            return self.comparison(at, word, field);
        }
        let mut error = self.error(at, format!("unexpected '{word}'"));
        let similar = self.context.vocabulary.similar(word);
        let close = Keyword::similar(word).into_iter().chain(similar);
        let names: Vec<&str> = close.take(5).collect();
        error = error.with_expected(if names.is_empty() {
            CONDITION.to_owned()
        } else {
            format!("a condition; did you mean {}?", names.join(", "))
        });
        let frame = self.top();
        if frame.done.is_some() && frame.connective.is_none() && names.is_empty() {
            error = error.with_expected("'and', 'or', another condition or the end of the filter");
        }
        Err(error)
    }

    fn keyword(
        &mut self,
        at: usize,
        word: &str,
        keyword: Keyword,
    ) -> Result<Fragment, FilterError> {
        if keyword == Keyword::Autobound {
            let (first, last) = self.context.names.ephemeral_ports();
            return Ok(self.builder.predicate(Predicate::Autobound(first, last)));
        }
        let what = keyword.value_kind();
        self.expected = Expected::Value(what);
        let operator = self.lexer.operator();
        if matches!(operator, Some(Operator::Matches | Operator::MatchesNot)) {
            let column = keyword
                .column()
                .and_then(|column| self.context.vocabulary.field(column));
            let Some(field) = column else {
                return Err(self
                    .error(at, format!("'{word}' is not text, so =~ does not apply"))
                    .with_expected("=, !=, <, <=, > or >="));
            };
            return self.expression(field, operator == Some(Operator::MatchesNot));
        }
        match keyword {
            Keyword::Dport | Keyword::Sport | Keyword::Port => {
                self.port_condition(word, keyword, operator.unwrap_or(Operator::Equal))
            }
            _ => {
                let negated = self.check_only_equality(at, word, operator)?;
                let fragment = self.value_condition(word, keyword)?;
                Ok(if negated {
                    ProgramBuilder::not(fragment)
                } else {
                    fragment
                })
            }
        }
    }

    /// Parses a keyword's value that is a name, a number or an address.
    fn value_condition(&mut self, word: &str, keyword: Keyword) -> Result<Fragment, FilterError> {
        if matches!(keyword, Keyword::State | Keyword::Exclude) {
            let (_, set) = self.state()?;
            let fragment = self.builder.predicate(Predicate::State(set));
            return Ok(match keyword {
                Keyword::Exclude => ProgramBuilder::not(fragment),
                _ => fragment,
            });
        }
        let what = keyword.value_kind();
        let (at, value) = self.value(word, what)?;
        let wrong = |parser: &Self, message: String| {
            parser.error(at, message).with_expected(what.describe())
        };
        if let Some(pattern) = self.name_pattern(at, &value, keyword)? {
            return Ok(self.builder.predicate(pattern));
        }
        let test = match keyword {
            Keyword::Dst | Keyword::Src | Keyword::Host => {
                let host = endpoint::parse_host(&value, self.context.names, self.context.requested)
                    .map_err(|message| wrong(self, message))?;
                self.families.extend(host.family);
                if let Address::Unresolved(name) = &host.address {
                    self.unresolved.push(name.clone());
                }
                return Ok(match keyword {
                    Keyword::Dst => self.builder.predicate(Predicate::Host(Side::Remote, host)),
                    Keyword::Src => self.builder.predicate(Predicate::Host(Side::Local, host)),
                    _ => {
                        let local = self
                            .builder
                            .predicate(Predicate::Host(Side::Local, host.clone()));
                        let remote = self.builder.predicate(Predicate::Host(Side::Remote, host));
                        self.builder.or(local, remote)
                    }
                });
            }
            Keyword::Dev => {
                let index =
                    endpoint::parse_integer(&value).and_then(|index| u32::try_from(index).ok());
                // A removed device is shown as if5, as iproute2 does.
                let removed = || parse_u32(value.strip_prefix("if")?);
                let index = self.context.names.device(&value).or(index).or_else(removed);
                Predicate::Device(match index {
                    Some(index) => Device::Index(index),
                    None if self.context.allow_unknown_devices => Device::Name(value.into_owned()),
                    None => return Err(wrong(self, format!("unknown device '{value}'"))),
                })
            }
            Keyword::Fwmark => {
                let (mark, mask) = match value.split_once('/') {
                    Some((mark, mask)) => (parse_u32(mark), parse_u32(mask)),
                    None => (parse_u32(&value), Some(u32::MAX)),
                };
                match (mark, mask) {
                    (Some(mark), Some(mask)) => Predicate::Mark(mark, mask),
                    _ => return Err(wrong(self, format!("invalid mark '{value}'"))),
                }
            }
            Keyword::Cgroup => {
                let id = match self.context.names.cgroup(&value) {
                    Lookup::Known(id) => Some(id),
                    Lookup::Pending => None,
                    Lookup::NotFound if !self.context.names.has_cgroups() => {
                        let why = "sockets have no cgroup without a mounted cgroup-2 hierarchy";
                        return Err(wrong(self, why.to_owned()));
                    }
                    Lookup::NotFound => {
                        return Err(wrong(self, format!("unknown cgroup '{value}'")));
                    }
                };
                Predicate::Cgroup(Cgroup {
                    path: value.into_owned(),
                    id,
                })
            }
            Keyword::Process => Predicate::Process(
                process_or_user(&value, true).map_err(|message| wrong(self, message))?,
            ),
            Keyword::User => Predicate::User(
                process_or_user(&value, false).map_err(|message| wrong(self, message))?,
            ),
            Keyword::Owner => match &*value {
                "any" | "known" => Predicate::Owned,
                "none" => {
                    return Ok(ProgramBuilder::not(
                        self.builder.predicate(Predicate::Owned),
                    ));
                }
                other => Predicate::Process(
                    process_or_user(other, true).map_err(|message| wrong(self, message))?,
                ),
            },
            Keyword::Unowned => {
                let all = Unowned::ALL.into_iter();
                let why = all.clone().find(|why| why.name() == value);
                match why {
                    Some(why) => Predicate::Unowned(why),
                    None if value == "any" => {
                        return Ok(ProgramBuilder::not(
                            self.builder.predicate(Predicate::Owned),
                        ));
                    }
                    None => {
                        return Err(wrong(self, format!("unknown reason '{value}'")));
                    }
                }
            }
            Keyword::Protocol => parse_protocol(&value)
                .ok_or_else(|| wrong(self, format!("unknown protocol '{value}'")))?,
            Keyword::Family => {
                let all = Family::ALL.into_iter();
                let mut family = all.clone().filter(|family| family.name() == value);
                let link = (value == "link").then_some(Family::Packet);
                Predicate::Family(
                    family
                        .next()
                        .or(link)
                        .ok_or_else(|| wrong(self, format!("unknown family '{value}'")))?,
                )
            }
            Keyword::Netns => Predicate::Netns(if let Some(inode) = parse_u32(&value) {
                Name::Number(inode)
            } else {
                let pattern = Pattern::glob(&value).map_err(|message| wrong(self, message))?;
                Name::Pattern(pattern)
            }),
            Keyword::Dport
            | Keyword::Sport
            | Keyword::Port
            | Keyword::Container
            | Keyword::Pod
            | Keyword::Namespace
            | Keyword::Unit
            | Keyword::State
            | Keyword::Exclude
            | Keyword::Autobound => Predicate::Always,
        };
        Ok(self.builder.predicate(test))
    }

    /// Parses a value with wildcards as a pattern for the texts of the keyword's column, and every value of a keyword that
    /// is a column; `None` if it has none, and for keywords whose values have wildcards of their own.
    fn name_pattern(
        &self,
        at: usize,
        value: &str,
        keyword: Keyword,
    ) -> Result<Option<Predicate>, FilterError> {
        let is_column = matches!(
            keyword,
            Keyword::Container | Keyword::Pod | Keyword::Namespace | Keyword::Unit
        );
        let has_column_of_names = match keyword {
            Keyword::Dev | Keyword::Unowned | Keyword::Protocol | Keyword::Family => true,
            // The name of a directory may have wildcards in it.
            Keyword::Cgroup => !matches!(self.context.names.cgroup(value), Lookup::Known(_)),
            _ => false,
        };
        let is_pattern = has_column_of_names && value.contains(WILDCARDS);
        if !is_column && !is_pattern {
            return Ok(None);
        }
        let column = keyword
            .column()
            .and_then(|column| self.context.vocabulary.field(column));
        let Some(field) = column else {
            return Ok(None);
        };
        let pattern = Pattern::glob(value).map_err(|message| self.error(at, message))?;
        Ok(Some(Predicate::Text(field.id, pattern)))
    }

    fn port_condition(
        &mut self,
        word: &str,
        keyword: Keyword,
        operator: Operator,
    ) -> Result<Fragment, FilterError> {
        let (at, value) = self.value(word, ValueKind::Port)?;
        let (family, port) =
            endpoint::parse_port(&value, self.context.names, self.context.requested).map_err(
                |message| {
                    self.error(at, message)
                        .with_expected(ValueKind::Port.describe())
                },
            )?;
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
                        format!(
                            "'*' means any port and cannot be used with '{}'",
                            operator.sign()
                        ),
                    )
                    .with_expected("a port number or a service name"));
            }
            let fragment = self.builder.predicate(Predicate::Always);
            return Ok(if negated {
                ProgramBuilder::not(fragment)
            } else {
                fragment
            });
        };
        let mut port_condition = |side| {
            let fragment = self.builder.predicate(Predicate::Port(side, compare, port));
            // Either end is enough; `!=` means neither.
            if negated && operator != Operator::Unequal {
                ProgramBuilder::not(fragment)
            } else {
                fragment
            }
        };
        let fragment = match keyword {
            Keyword::Dport => port_condition(Side::Remote),
            Keyword::Sport => port_condition(Side::Local),
            _ => {
                let (local, remote) = (port_condition(Side::Local), port_condition(Side::Remote));
                self.builder.or(local, remote)
            }
        };
        Ok(if operator == Operator::Unequal {
            ProgramBuilder::not(fragment)
        } else {
            fragment
        })
    }
}

/// Parses a 32-bit number.
fn parse_u32(text: &str) -> Option<u32> {
    endpoint::parse_integer(text).and_then(|number| u32::try_from(number).ok())
}

/// The characters that make a name a pattern.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// Maximum length of a process name in the kernel, in bytes. Kernel: `TASK_COMM_LEN`.
const MAX_COMM: usize = 15;

/// Parses a pid, a uid, or a name with `*` and `?`. A `comm` is truncated as in the kernel: the command line, which has
/// the whole name, is not readable of every process.
fn process_or_user(text: &str, comm: bool) -> Result<Name, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Ok(Name::Number(number));
    }
    let plain = !text.contains(['*', '?', '[', '\\']);
    let text = match text.char_indices().nth(MAX_COMM) {
        Some((at, _)) if comm && plain && text.is_ascii() => &text[..at],
        _ => text,
    };
    Pattern::glob(text).map(Name::Pattern)
}

/// Parses a protocol, given its JSON name or its netid.
fn parse_protocol(text: &str) -> Option<Predicate> {
    use Protocol::{
        Dgram, Icmp, Icmp6, Mptcp, PacketRaw, Raw, Rdm, Sctp, Seqpacket, Stream, Tcp, Udp, UdpLite,
    };
    let lower = text.to_ascii_lowercase();
    Some(match lower.as_str() {
        "tcp" => Predicate::Protocol(Tcp),
        "udp" => Predicate::Protocol(Udp),
        "udplite" | "udpl" => Predicate::Protocol(UdpLite),
        "raw" => Predicate::Protocol(Raw),
        "sctp" => Predicate::Protocol(Sctp),
        "mptcp" => Predicate::Protocol(Mptcp),
        "icmp" => Predicate::Protocol(Icmp),
        "icmp6" => Predicate::Protocol(Icmp6),
        "stream" | "u_str" => Predicate::Protocol(Stream),
        "dgram" | "u_dgr" => Predicate::Protocol(Dgram),
        "seqpacket" | "u_seq" => Predicate::Protocol(Seqpacket),
        "rdm" => Predicate::Protocol(Rdm),
        "p_raw" => Predicate::Protocol(PacketRaw),
        "unix" => Predicate::Family(Family::Unix),
        "packet" => Predicate::Family(Family::Packet),
        "vsock" => Predicate::Family(Family::Vsock),
        "tipc" => Predicate::Family(Family::Tipc),
        "xdp" => Predicate::Family(Family::Xdp),
        "netlink" | "nl" => Predicate::Netlink,
        _ => {
            let number = (0..=22).find(|&number| Protocol::Netlink(number).name() == lower)?;
            Predicate::Protocol(Protocol::Netlink(number))
        }
    })
}
