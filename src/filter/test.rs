//! What a filter can ask of one socket.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::glob::Pattern;
use super::host::{Address, Host};
use super::names::Figures;
use super::states::StateSet;
use super::words::Words;
use crate::model::{Ends, Family, Protocol, Socket, SocketRef, Unowned};

/// One question about a socket.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    State(StateSet),
    Host(Side, Host),
    Port(Side, Compare, i64),
    Device(Device),
    /// Mark and mask.
    Mark(u32, u32),
    Cgroup(Cgroup),
    Autobound(u16, u16),
    Process(Name),
    User(Name),
    /// Whether an owner is known.
    Owned,
    Unowned(Unowned),
    Protocol(Protocol),
    Netlink,
    Family(Family),
    Netns(u32),
    Number(Number),
    Text(u16, Pattern),
    Search(Words),
    /// Holds for every socket.
    Always,
}

/// Which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Local,
    Remote,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    AtLeast,
    AtMost,
}

impl Compare {
    #[inline]
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Compare::Equal => ordering == Ordering::Equal,
            Compare::AtLeast => ordering != Ordering::Less,
            Compare::AtMost => ordering != Ordering::Greater,
        }
    }
}

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Device {
    Index(u32),
    Name(String),
}

/// A control group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroup {
    /// Its path below the mount point, with a slash in front.
    pub(super) path: String,
    /// Its id, if it could be asked.
    pub(super) id: Option<u64>,
}

/// Somebody's name, or number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Name {
    Number(u32),
    Pattern(Pattern),
}

/// A comparison of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Number {
    pub(super) field: u16,
    pub(super) compare: NumberCompare,
    pub(super) with: Operand,
}

/// How numbers with fractions are compared. `NaN` does not occur; what is missing compares with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberCompare {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Value(f64),
    /// Another column, and what its numbers and those of the first are multiplied by.
    Field(u16, f64, f64),
}

/// The ports of a socket, in the sense of ss: unix sockets have their inodes there, netlink ones their port id, packet
/// ones their device.
#[inline]
pub(super) fn ports(socket: &Socket) -> (i64, i64) {
    match socket.ends {
        Ends::Inet { local, remote } => (local.port.into(), remote.port.into()),
        Ends::Unix { peer_inode, .. } => (socket.inode.into(), peer_inode.unwrap_or(0).into()),
        Ends::Netlink { port_id, .. } => (port_id.cast_signed().into(), -1),
        Ends::Packet { .. } => (socket.interface.into(), 0),
        Ends::Vsock { local, remote } => {
            (local.1.cast_signed().into(), remote.1.cast_signed().into())
        }
    }
}

/// The numbers that the port of an internet socket can have.
const PORTS: std::ops::RangeInclusive<i64> = 0..=u16::MAX as i64;

impl Test {
    /// The answer, if it is the same for every internet socket.
    pub(super) fn constant(&self) -> Option<bool> {
        let port = |compare: Compare, port: i64| match compare {
            Compare::Equal => (!PORTS.contains(&port)).then_some(false),
            Compare::AtLeast if port <= *PORTS.start() => Some(true),
            Compare::AtLeast => (port > *PORTS.end()).then_some(false),
            Compare::AtMost if port >= *PORTS.end() => Some(true),
            Compare::AtMost => (port < *PORTS.start()).then_some(false),
        };
        match self {
            Test::Always => Some(true),
            Test::State(states) if *states == StateSet::ALL => Some(true),
            Test::State(states) => states.is_empty().then_some(false),
            Test::Port(_, compare, number) => port(*compare, *number),
            Test::Host(_, host) => match (&host.address, host.port) {
                (Address::Any, None) => Some(true),
                (_, Some(number)) => port(Compare::Equal, number),
                _ => None,
            },
            Test::Mark(mark, mask) if mark & !mask != 0 => Some(false),
            _ => None,
        }
    }

    /// Whether it holds for a socket. What is not known holds for nothing.
    #[inline]
    pub(super) fn holds(&self, view: SocketRef<'_>, figures: &impl Figures) -> bool {
        let socket = view.socket;
        match self {
            Test::State(states) => states.holds(socket.state),
            Test::Host(side, host) => host.holds(*side, view, figures),
            Test::Port(side, compare, port) => {
                let (local, remote) = ports(socket);
                let own = match side {
                    Side::Local => local,
                    Side::Remote => remote,
                };
                compare.holds(own.cmp(port))
            }
            Test::Device(Device::Index(index)) => socket.interface == *index,
            Test::Device(Device::Name(name)) => view.interface_name() == Some(name),
            Test::Mark(mark, mask) => socket.mark.unwrap_or(0) & mask == *mark,
            Test::Cgroup(cgroup) => {
                if let Some(id) = cgroup.id {
                    socket.cgroup_id == id
                } else {
                    let path = view.sample.cgroup_path(socket.cgroup_id);
                    path.is_some_and(|path| path.trim_matches('/') == cgroup.path.trim_matches('/'))
                }
            }
            Test::Autobound(first, last) => autobound(view, *first, *last),
            Test::Process(name) => view.owners().any(|(row, _)| match name {
                Name::Number(pid) => row.process.key.pid == *pid,
                Name::Pattern(pattern) => pattern.matches(row.process.comm.as_bytes()),
            }),
            Test::User(Name::Number(uid)) => socket.uid == Some(*uid),
            Test::User(Name::Pattern(pattern)) => view
                .user_name()
                .is_some_and(|name| pattern.matches(name.as_bytes())),
            Test::Owned => socket.attribution.unowned().is_none(),
            Test::Unowned(why) => socket.attribution.unowned() == Some(*why),
            Test::Protocol(protocol) => socket.protocol == *protocol,
            Test::Netlink => matches!(socket.protocol, Protocol::Netlink(_)),
            Test::Family(family) => socket.family == *family,
            Test::Netns(netns) => socket.netns == *netns,
            Test::Number(number) => number.holds(figures),
            Test::Text(field, pattern) => {
                let mut text = String::new();
                figures.text(*field, &mut text) && pattern.matches(text.as_bytes())
            }
            Test::Search(words) => figures.search(words),
            Test::Always => true,
        }
    }
}

impl Number {
    fn holds(&self, figures: &impl Figures) -> bool {
        let Some(mut own) = figures.number(self.field) else {
            return false;
        };
        let other = match self.with {
            Operand::Value(value) => value,
            Operand::Field(field, scale, own_scale) => match figures.number(field) {
                Some(other) => {
                    own *= own_scale;
                    other * scale
                }
                None => return false,
            },
        };
        match self.compare {
            NumberCompare::Equal => own == other,
            NumberCompare::Unequal => own != other,
            NumberCompare::Less => own < other,
            NumberCompare::AtMost => own <= other,
            NumberCompare::Greater => own > other,
            NumberCompare::AtLeast => own >= other,
        }
    }
}

impl Host {
    /// Whether an end of a socket is what it says. An address of one family is never one of another.
    fn holds(&self, side: Side, view: SocketRef<'_>, figures: &impl Figures) -> bool {
        let socket = view.socket;
        if let Some(port) = self.port {
            let (local, remote) = ports(socket);
            let own = match side {
                Side::Local => local,
                Side::Remote => remote,
            };
            if own != port {
                return false;
            }
        }
        match (&self.address, socket.ends) {
            (Address::Any, _) => true,
            (Address::Networks(networks), Ends::Inet { local, remote }) => {
                let end = match side {
                    Side::Local => local,
                    Side::Remote => remote,
                };
                networks.iter().any(|network| network.holds(end.address))
            }
            (Address::Name(pattern), Ends::Unix { .. }) => {
                let name = match side {
                    Side::Local => view.name(),
                    Side::Remote => figures.peer_name(),
                };
                pattern.matches(&shown(name.unwrap_or(b"")))
            }
            (Address::Ethertype(number), Ends::Packet { ethertype }) => {
                side == Side::Local && ethertype == *number
            }
            (Address::Netlink(number), Ends::Netlink { .. }) => {
                side == Side::Local && socket.protocol == Protocol::Netlink(*number)
            }
            (Address::Context(cid), Ends::Vsock { local, remote }) => match side {
                Side::Local => local.0 == *cid,
                Side::Remote => remote.0 == *cid,
            },
            _ => false,
        }
    }
}

/// A unix socket's name as ss and sockwatch show it: abstract ones have `@` in place of zeros.
fn shown(name: &[u8]) -> Cow<'_, [u8]> {
    if name.first() != Some(&0) {
        return Cow::Borrowed(name);
    }
    let at = |&byte: &u8| if byte == 0 { b'@' } else { byte };
    Cow::Owned(name.iter().map(at).collect())
}

/// Whether the kernel chose the port or the name, as ss sees it: the port is one of those that the kernel chooses from.
fn autobound(view: SocketRef<'_>, first: u16, last: u16) -> bool {
    match view.socket.ends {
        Ends::Inet { local, .. } => (first..=last).contains(&local.port),
        Ends::Unix { .. } => view.name().is_none_or(|name| match &*shown(name) {
            [b'@', digits @ ..] => {
                let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                digits.len() == 5 && digits.iter().all(digit)
            }
            _ => false,
        }),
        Ends::Packet { ethertype } => view.socket.interface == 0 && ethertype == 0,
        Ends::Netlink { port_id, .. } => port_id.cast_signed() < 0,
        Ends::Vsock { local, .. } => local.1.cast_signed() > 1023,
    }
}
