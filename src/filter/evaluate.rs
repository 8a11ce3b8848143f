//! Evaluates filter conditions on a socket.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::endpoint::{Address, Host};
use super::pattern::Pattern;
use super::predicate::{Compare, Device, Name, Number, NumberCompare, Operand, Predicate, Side};
use super::row_values::RowValues;
use super::state_set::StateSet;
use crate::model::{Ends, Process, Protocol, Socket, SocketRef};

impl Compare {
    #[inline]
    fn matches(self, ordering: Ordering) -> bool {
        match self {
            Compare::Equal => ordering == Ordering::Equal,
            Compare::AtLeast => ordering != Ordering::Less,
            Compare::AtMost => ordering != Ordering::Greater,
        }
    }
}

/// Returns the local and remote port as ss defines them: inodes for unix sockets, port ids for netlink sockets, and the
/// interface for packet sockets.
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
        Ends::Tipc { local, remote } => (local.1.into(), remote.map_or(0, |(_, port)| port).into()),
        Ends::Xdp { queue } => (queue.into(), 0),
    }
}

/// The valid range of internet ports.
const PORTS: std::ops::RangeInclusive<i64> = 0..=u16::MAX as i64;

impl Predicate {
    /// Returns the result if it is the same for every internet socket.
    pub(super) fn constant(&self) -> Option<bool> {
        let port = |compare: Compare, port: i64| match compare {
            Compare::Equal => (!PORTS.contains(&port)).then_some(false),
            Compare::AtLeast if port <= *PORTS.start() => Some(true),
            Compare::AtLeast => (port > *PORTS.end()).then_some(false),
            Compare::AtMost if port >= *PORTS.end() => Some(true),
            Compare::AtMost => (port < *PORTS.start()).then_some(false),
        };
        match self {
            Predicate::Always => Some(true),
            Predicate::State(states) if *states == StateSet::ALL => Some(true),
            Predicate::State(states) => states.is_empty().then_some(false),
            Predicate::Port(_, compare, number) => port(*compare, *number),
            Predicate::Host(_, host) => match (&host.address, host.port) {
                (Address::Any, None) => Some(true),
                (_, Some(number)) => port(Compare::Equal, number),
                _ => None,
            },
            Predicate::Mark(mark, mask) if mark & !mask != 0 => Some(false),
            _ => None,
        }
    }

    /// Reports whether a socket meets the condition. A condition on an unknown value is never met.
    #[inline]
    pub(super) fn matches(&self, view: SocketRef<'_>, figures: &impl RowValues) -> bool {
        let socket = view.socket;
        match self {
            Predicate::State(states) => states.contains(socket.state),
            Predicate::Host(side, host) => host.matches(*side, view, figures),
            Predicate::Port(side, compare, port) => {
                let (local, remote) = ports(socket);
                let own = match side {
                    Side::Local => local,
                    Side::Remote => remote,
                };
                compare.matches(own.cmp(port))
            }
            Predicate::Device(Device::Index(index)) => socket.interface == *index,
            Predicate::Device(Device::Name(name)) => view
                .device()
                .is_some_and(|device| device.to_string() == *name),
            Predicate::Mark(mark, mask) => socket.mark.unwrap_or(0) & mask == *mark,
            Predicate::Cgroup(cgroup) => {
                if let Some(id) = cgroup.id {
                    socket.cgroup_id == id
                } else {
                    let path = view.sample.cgroup_path(socket.cgroup_id);
                    path.is_some_and(|path| path.trim_matches('/') == cgroup.path.trim_matches('/'))
                }
            }
            Predicate::Autobound(first, last) => autobound(view, *first, *last),
            Predicate::Process(name) => view.owners().any(|(row, _)| match name {
                Name::Number(pid) => row.process.key.pid == *pid,
                Name::Pattern(pattern) => is_named(&row.process, pattern),
            }),
            Predicate::ProcessText(field, pattern) => {
                view.owners()
                    .any(|(row, _)| is_named(&row.process, pattern))
                    || text_matches(figures, *field, pattern)
            }
            Predicate::User(Name::Number(uid)) => socket.uid == Some(*uid),
            Predicate::User(Name::Pattern(pattern)) => view
                .user_name()
                .is_some_and(|name| pattern.matches(name.as_bytes())),
            Predicate::Owned => socket.attribution.unowned().is_none(),
            Predicate::Unowned(why) => socket.attribution.unowned() == Some(*why),
            Predicate::Protocol(protocol) => socket.protocol == *protocol,
            Predicate::Netlink => matches!(socket.protocol, Protocol::Netlink(_)),
            Predicate::Family(family) => socket.family == *family,
            Predicate::Netns(name) => match name {
                Name::Number(netns) => socket.netns == *netns,
                Name::Pattern(pattern) => {
                    let name = view.namespace_name();
                    name.is_some_and(|name| pattern.matches(name.as_bytes()))
                }
            },
            Predicate::Number(number) => number.matches(figures),
            Predicate::Text(field, pattern) => text_matches(figures, *field, pattern),
            Predicate::Search(words) => figures.search(words),
            Predicate::Always => true,
        }
    }
}

/// Reports whether a process has a matching name.
fn is_named(process: &Process, pattern: &Pattern) -> bool {
    process.names().any(|name| pattern.matches(name.as_bytes()))
}

/// Reports whether the text of a column matches.
fn text_matches(figures: &impl RowValues, field: u16, pattern: &Pattern) -> bool {
    let mut text = String::new();
    figures.text(field, &mut text) && pattern.matches(text.as_bytes())
}

impl Number {
    fn matches(&self, figures: &impl RowValues) -> bool {
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
    /// Reports whether one end of a socket matches. Addresses of different families never match.
    fn matches(&self, side: Side, view: SocketRef<'_>, figures: &impl RowValues) -> bool {
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
                networks.iter().any(|network| network.contains(end.address))
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
            (Address::Number(number), Ends::Vsock { local, remote }) => match side {
                Side::Local => local.0 == *number,
                Side::Remote => remote.0 == *number,
            },
            (Address::Number(number), Ends::Tipc { local, remote }) => match side {
                Side::Local => local.0 == *number,
                Side::Remote => remote.is_some_and(|(node, _)| node == *number),
            },
            _ => false,
        }
    }
}

/// Returns a unix socket's name as ss and sockwatch display it, with `@` for each zero byte of an abstract name.
fn shown(name: &[u8]) -> Cow<'_, [u8]> {
    if name.first() != Some(&0) {
        return Cow::Borrowed(name);
    }
    let at = |&byte: &u8| if byte == 0 { b'@' } else { byte };
    Cow::Owned(name.iter().map(at).collect())
}

/// Reports whether the kernel chose the port or name. As in ss, that means a port in the ephemeral range: which process or
/// kernel chose a port (`SOCK_BINDPORT_LOCK`) is in no row, so only a lowered condition knows it.
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
        // The kernel chooses every TIPC port, and no queue.
        Ends::Tipc { .. } => true,
        Ends::Xdp { .. } => false,
    }
}
