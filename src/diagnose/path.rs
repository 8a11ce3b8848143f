//! Paths of TCP connections, and their use of local ports.

use std::net::IpAddr;

use crate::model::Endpoint;

/// All connections from one address to one port of another, which compete for local ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Path {
    /// Inode number of the network namespace.
    pub(super) netns: u32,
    /// The local address.
    pub(super) source: IpAddr,
    /// The remote end.
    pub(super) destination: Endpoint,
}

/// Local ports in use by the connections of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PortUse {
    /// Local ports in use.
    pub(super) ports: u32,
    /// Those of them that may come from `bind()`.
    pub(super) may_be_bound: u32,
    /// Local ports in use by TIME-WAIT sockets.
    pub(super) time_wait: u32,
    /// Row of a socket that uses a port.
    pub(super) row: u32,
    /// Row of a socket that uses a port and has an owner.
    pub(super) owned: Option<u32>,
}

impl PortUse {
    /// Adds the use by other sockets, which follow.
    pub(super) fn add(&mut self, other: PortUse) {
        self.ports += other.ports;
        self.may_be_bound += other.may_be_bound;
        self.time_wait += other.time_wait;
        self.owned = self.owned.or(other.owned);
    }

    /// Returns the same use with the rows at another place.
    pub(super) fn moved(self, from: u32, to: u32) -> PortUse {
        let place = |row: u32| row.wrapping_sub(from).wrapping_add(to);
        PortUse {
            row: place(self.row),
            owned: self.owned.map(place),
            ..self
        }
    }
}
