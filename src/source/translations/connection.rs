//! A connection to look up.

use crate::model::{Protocol, Socket, SocketKey, State, is_local_address};
use crate::source::netlink::conntrack::Tuple;

// Kernel: `include/uapi/linux/in.h`.
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;

/// A connected socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) key: SocketKey,
    pub(super) protocol: Protocol,
    /// The packets that it sends.
    pub(super) sent: Tuple,
    /// True if it is being established.
    pub(super) is_opening: bool,
    /// True if packets in both directions may follow: it is being established, or established.
    pub(super) is_open: bool,
    /// True if it is looked up again because it is not translated so far.
    pub(super) is_repeated: bool,
}

impl Connection {
    /// Reports whether connections of a protocol are looked up.
    pub(super) fn is_supported(protocol: Protocol) -> bool {
        matches!(protocol, Protocol::Tcp | Protocol::Udp)
    }

    /// Returns the connection of a socket; `None` if it has none, or only its TIME-WAIT is left.
    pub(super) fn of(socket: &Socket) -> Option<Connection> {
        let protocol = match socket.protocol {
            Protocol::Tcp => IPPROTO_TCP,
            Protocol::Udp => IPPROTO_UDP,
            _ => return None,
        };
        let is_opening = matches!(socket.state, State::SynSent | State::SynRecv);
        let is_open = is_opening || socket.state == State::Established;
        let is_connected = !matches!(
            socket.state,
            State::Listen | State::BoundInactive | State::Closed | State::TimeWait
        );
        let (local, remote) = (socket.local()?.canonical(), socket.remote()?.canonical());
        let has_entry = is_connected
            && local.port != 0
            && remote.port != 0
            && local.address.is_ipv4() == remote.address.is_ipv4();
        has_entry.then_some(Connection {
            key: socket.key(),
            protocol: socket.protocol,
            sent: Tuple {
                protocol,
                source: local,
                destination: remote,
            },
            is_opening,
            is_open,
            is_repeated: false,
        })
    }

    /// Returns the same connection, which is looked up again.
    pub(super) fn repeated(self) -> Connection {
        Connection {
            is_repeated: true,
            ..self
        }
    }
}

/// Reports whether packets may be of another network namespace than that which sends them: not those over a loopback
/// device, nor with an address that each link has.
pub(super) fn is_routed(packets: &Tuple) -> bool {
    !is_local_address(packets.source.address) && !is_local_address(packets.destination.address)
}
