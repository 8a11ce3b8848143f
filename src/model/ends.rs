//! The two endpoints of a socket, in the terms of its family.

use std::net::{IpAddr, Ipv4Addr};

/// One endpoint of an internet connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address as reported by the kernel; v4-mapped addresses stay v4-mapped.
    pub address: IpAddr,
    /// Port in host byte order; 0 if none. For raw sockets, the IP protocol number.
    pub port: u16,
}

impl Endpoint {
    /// `0.0.0.0:0`.
    pub const UNSPECIFIED: Endpoint = Endpoint {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
    };

    /// Converts a v4-mapped address to plain IPv4, so that the endpoints of a connection between a dual-stack socket
    /// and an IPv4 socket compare equal.
    #[must_use]
    pub fn canonical(self) -> Endpoint {
        Endpoint {
            address: self.address.to_canonical(),
            port: self.port,
        }
    }

    /// Reports whether it is the wildcard address without a port.
    pub fn is_unset(self) -> bool {
        self.port == 0 && self.address.is_unspecified()
    }
}

/// Both endpoints, in the terms of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// IPv4 and IPv6.
    Inet {
        /// The local endpoint.
        local: Endpoint,
        /// The remote endpoint; unset if not connected.
        remote: Endpoint,
    },
    /// A unix socket. Its path or abstract name is in [`SocketRef::name`](super::SocketRef::name).
    Unix {
        /// Inode of the peer socket; `None` if not connected. Kernel: `UNIX_DIAG_PEER`.
        peer_inode: Option<u32>,
        /// Inode and device of the path in the file system. Kernel: `UNIX_DIAG_VFS`.
        vfs: Option<(u32, u32)>,
        /// Connections waiting for `accept()`. Kernel: the length of `UNIX_DIAG_ICONS`.
        pending: u32,
    },
    /// A netlink socket.
    Netlink {
        /// Local port id; 0 for the kernel's own sockets.
        port_id: u32,
        /// Port id of the peer; 0 is the kernel.
        remote_port_id: u32,
        /// Multicast group it sends to; 0 if none.
        remote_group: u32,
    },
    /// A packet socket; the device is [`Socket::interface`](super::Socket::interface).
    Packet {
        /// Ethernet protocol number it receives; 3 for all (`ETH_P_ALL`).
        ethertype: u16,
    },
    /// A vsock socket.
    Vsock {
        /// Local context id and port.
        local: (u32, u32),
        /// Remote context id and port.
        remote: (u32, u32),
    },
    /// A TIPC socket.
    Tipc {
        /// Local node, 0 if it has no address, and port. Kernel: `TIPC_NLA_SOCK_ADDR`, `TIPC_NLA_SOCK_REF`.
        local: (u32, u32),
        /// Node and port of the peer; `None` if not connected. Kernel: `TIPC_NLA_SOCK_CON`.
        remote: Option<(u32, u32)>,
    },
    /// An XDP socket; the device is [`Socket::interface`](super::Socket::interface), 0 until it is bound.
    Xdp {
        /// Queue of the device. Kernel: `XDP_DIAG_INFO`.
        queue: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_v4_mapped_end_equals_its_ipv4_counterpart() {
        let mapped = Endpoint {
            address: "::ffff:10.0.0.1".parse().unwrap(),
            port: 80,
        };
        let plain = Endpoint {
            address: "10.0.0.1".parse().unwrap(),
            port: 80,
        };
        assert_ne!(mapped, plain);
        assert_eq!(mapped.canonical(), plain);
    }
}
