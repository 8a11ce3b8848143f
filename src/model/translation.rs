//! Connections whose addresses are translated on their way (NAT), from the kernel's connection tracking.

use super::{Endpoint, SeededMap, SocketKey};

/// The two ends of a connection behind the translation of its addresses, where they are others than those of the socket.
///
/// The client sees the destination that it connected to, such as the address of a Service, and the server sees the source
/// that a router put in its place. Connection tracking has both. Where several network namespaces translate one after the
/// other, this is the result of all of them, except that of the namespace of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// The endpoint behind the remote one: the local endpoint of the peer's socket, unless the peer's namespace translates,
    /// too.
    pub peer: Endpoint,
    /// The local endpoint as it is known there: the remote endpoint of the peer's socket, with the same exception.
    pub seen_as: Endpoint,
    /// The network namespace that translates, the last one if several do: its inode.
    pub netns: u32,
}

/// Translations by socket, of those sockets that have one.
pub type Translations = SeededMap<SocketKey, Translation>;
