//! How much of a machine's traffic a kill would end.

use std::fmt;

use crate::aggregate::Moment;
use crate::model::{Protocol, Socket, State};
use crate::source::netlink::request::{AttributeRequest, Table};
use crate::source::{
    LiveOptions, LiveSource, NamespaceScope, OwnerScope, Source as _, SourceError,
};

/// Number of sockets that can be closed without `--all`.
const FEW: usize = 100;

/// A number of TCP and UDP sockets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    sockets: usize,
    /// Those of them that carry data to and from a peer.
    connections: usize,
}

impl Count {
    fn of<'a>(sockets: impl Iterator<Item = &'a Socket>) -> Count {
        sockets.fold(Count::default(), |count, socket| Count {
            sockets: count.sockets + 1,
            connections: count.connections + usize::from(is_connection(socket)),
        })
    }
}

/// The number of sockets to close, and of those that could be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Those that the filter selects.
    selected: Count,
    /// Those of the network namespaces in the scope.
    total: Count,
}

impl Extent {
    /// Counts the selected sockets, and all TCP and UDP sockets of the network namespaces in the scope.
    ///
    /// # Errors
    /// If the kernel reports no sockets.
    pub(super) fn count<'a>(
        selected: impl Iterator<Item = &'a Socket>,
        scope: NamespaceScope,
    ) -> Result<Extent, SourceError> {
        let options = LiveOptions {
            tables: vec![
                Table::Tcp,
                Table::Inet(Protocol::Udp),
                Table::Inet6(Protocol::Udp),
            ],
            destroy_events: false,
            namespaces: scope,
            request: AttributeRequest {
                details: false,
                ..AttributeRequest::default()
            },
            owners: OwnerScope::None,
            include_peers: false,
            devices: false,
            ..LiveOptions::default()
        };
        let mut moment = Moment::default();
        LiveSource::new(options)?.next_into(&mut moment.sample)?;
        Ok(Extent {
            selected: Count::of(selected),
            total: Count::of(moment.sample.sockets.iter().map(|row| row.socket)),
        })
    }

    /// Returns true if so much would be closed that the filter is probably wrong: more than [`FEW`] sockets, or more
    /// than half of the sockets or of the connections that exist. A single socket never is.
    pub(super) fn is_large(self) -> bool {
        let is_most = |selected, total| selected > 1 && selected * 2 > total;
        self.selected.sockets > FEW
            || is_most(self.selected.sockets, self.total.sockets)
            || self.has_most_connections()
    }

    fn has_most_connections(self) -> bool {
        self.selected.connections > 1 && self.selected.connections * 2 > self.total.connections
    }

    /// Returns the number of sockets to close.
    pub(super) fn sockets(self) -> usize {
        self.selected.sockets
    }
}

impl fmt::Display for Extent {
    /// Writes `20 of 42 TCP and UDP sockets`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (selected, total, of_what) = if self.has_most_connections() {
            (
                self.selected.connections,
                self.total.connections,
                "TCP and UDP connections",
            )
        } else {
            (
                self.selected.sockets,
                self.total.sockets,
                "TCP and UDP sockets",
            )
        };
        // Others may have closed meanwhile.
        write!(f, "{selected} of {} {of_what}", total.max(selected))
    }
}

/// Reports whether a socket has a peer to which data may be in transit.
fn is_connection(socket: &Socket) -> bool {
    let is_idle = matches!(
        socket.state,
        State::Listen | State::BoundInactive | State::Closed | State::TimeWait
    );
    !is_idle && socket.remote().is_some_and(|remote| remote.port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sockets_and_most_sockets_are_a_large_extent() {
        let sockets = |sockets| Count {
            sockets,
            connections: 0,
        };
        let extent = |selected, total| Extent {
            selected: sockets(selected),
            total: sockets(total),
        };
        let is_large = |selected, total| extent(selected, total).is_large();
        assert!(!is_large(1, 1), "one socket can always be closed");
        assert!(!is_large(2, 4) && is_large(3, 4) && is_large(2, 2));
        assert!(!is_large(100, 100_000) && is_large(101, 100_000));
        assert!(is_large(5, 0), "the others closed meanwhile");
        assert_eq!(extent(3, 4).to_string(), "3 of 4 TCP and UDP sockets");

        // Among idle sockets, few are all connections.
        let idle = Extent {
            selected: Count {
                sockets: 20,
                connections: 20,
            },
            total: Count {
                sockets: 1000,
                connections: 20,
            },
        };
        assert!(idle.is_large());
        assert_eq!(idle.to_string(), "20 of 20 TCP and UDP connections");
    }
}
