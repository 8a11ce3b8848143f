//! Finds the peer of a socket, for connections with both ends on this machine.

use crate::model::SeededMap;
use crate::model::{Endpoint, Ends, Protocol, Sample, Socket};

/// An internet connection as seen from one end: network namespace, protocol, local and remote endpoint.
type Pair = (u32, Protocol, Endpoint, Endpoint);

/// Index from connections to rows. Built on demand, not with every Sample.
#[derive(Debug, Clone, Default)]
pub struct PeerIndex {
    pairs: SeededMap<Pair, u32>,
    unix: SeededMap<u32, u32>,
}

impl PeerIndex {
    /// Indexes all connected sockets of a Sample.
    pub fn new(sample: &Sample) -> PeerIndex {
        let mut index = PeerIndex::default();
        index.pairs.reserve(sample.sockets.len());
        for (row, socket) in sample.sockets.iter().enumerate() {
            if let Some((local, remote)) = connected(&socket) {
                index
                    .pairs
                    .insert((socket.netns, socket.protocol, local, remote), row as u32);
            } else if matches!(socket.ends, Ends::Unix { .. }) {
                index.unix.insert(socket.inode, row as u32);
            }
        }
        index
    }

    /// Returns the row of a socket's peer.
    pub fn peer(&self, socket: &Socket) -> Option<usize> {
        let row = if let Ends::Unix { peer_inode, .. } = socket.ends {
            self.unix.get(&peer_inode?)
        } else {
            let (local, remote) = connected(socket)?;
            self.pairs
                .get(&(socket.netns, socket.protocol, remote, local))
        };
        row.map(|&row| row as usize)
    }
}

/// Finds the row of one socket's peer without an index, which is far less work for a single socket.
pub(super) fn find_peer(sample: &Sample, socket: &Socket) -> Option<usize> {
    let mut rows = sample.sockets.iter();
    if let Ends::Unix { peer_inode, .. } = socket.ends {
        let inode = peer_inode?;
        return rows.position(|row| row.inode == inode && matches!(row.ends, Ends::Unix { .. }));
    }
    let (local, remote) = connected(socket)?;
    rows.position(|row| {
        // Comparing ports first excludes nearly all rows.
        row.local().is_some_and(|end| end.port == remote.port)
            && row.protocol == socket.protocol
            && row.netns == socket.netns
            && connected(row.socket) == Some((remote, local))
    })
}

/// Returns both ends of a connected internet socket, with v4-mapped addresses as IPv4, so that both sides agree.
fn connected(socket: &Socket) -> Option<(Endpoint, Endpoint)> {
    let remote = socket.remote()?;
    Some((socket.local()?.canonical(), remote.canonical()))
}
