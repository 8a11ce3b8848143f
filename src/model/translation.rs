//! Connections whose addresses are translated on their way (NAT), from the kernel's connection tracking.

use super::{Endpoint, SeededMap, SocketKey};

/// The two ends of a connection as its peer sees them, where they are others than those of the socket.
///
/// The source of a connection sees the destination that it connected to, such as the address of a Service, and its peer
/// sees the source that a router put in place. Connection tracking has both. Where several network namespaces translate
/// one after the other, this is the result of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// Local endpoint of the peer's socket: the endpoint behind the remote address of this one.
    pub peer: Endpoint,
    /// The endpoint to which the peer's socket is connected: this one as the peer sees it.
    pub seen_as: Endpoint,
    /// The network namespace that translates, the last one if several do: its inode.
    pub netns: u32,
}

/// Translations by socket, of those sockets that have one.
pub type Translations = SeededMap<SocketKey, Translation>;
