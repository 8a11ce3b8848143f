//! Local and remote endpoints as a filter describes them: hosts, networks and ports.

use std::net::{IpAddr, Ipv4Addr};

use super::pattern::Pattern;
use crate::model::Family;

/// One end of a socket as a filter describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Host {
    /// The address family given as a prefix.
    pub(super) family: Option<Family>,
    pub(super) address: Address,
    pub(super) port: Option<i64>,
}

/// An address as a filter describes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Address {
    Any,
    /// Any of these networks.
    Networks(Vec<Network>),
    /// A unix socket's name.
    Name(Pattern),
    /// Ethernet protocol of a packet socket.
    Ethertype(u16),
    /// Netlink protocol.
    Netlink(u8),
    /// Context of a vsock socket, or node of a TIPC socket.
    Number(u32),
    /// A host name that is not resolved yet.
    Unresolved(String),
}

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: IpAddr,
    pub(super) prefix: u8,
}

impl Network {
    /// Creates the network of one address.
    pub(super) fn single(address: IpAddr) -> Network {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Network { address, prefix }
    }

    /// Reports whether the network contains an address. As in the kernel, an IPv4 network contains v4-mapped addresses,
    /// and an IPv6 network contains IPv6 addresses only.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => v4(network, address, self.prefix),
            (IpAddr::V4(network), IpAddr::V6(address)) => address
                .to_ipv4_mapped()
                .is_some_and(|address| v4(network, address, self.prefix)),
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = u128::from(network) ^ u128::from(address);
                self.prefix == 0 || differ >> (128 - u32::from(self.prefix)) == 0
            }
            (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn v4(network: Ipv4Addr, address: Ipv4Addr, prefix: u8) -> bool {
    let differ = u32::from(network) ^ u32::from(address);
    prefix == 0 || differ >> (32 - u32::from(prefix)) == 0
}
