//! The identity of a remote host: its address, with the network namespace where the address means another host in each.

use std::net::IpAddr;

use super::Socket;

/// A remote host. The same loopback or link-local address is another host in each network namespace; any other address is
/// one host, whatever namespace connects to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteHost {
    /// Its address; a v4-mapped one as IPv4.
    pub address: IpAddr,
    /// The network namespace if the address is local to it; 0 otherwise.
    pub netns: u32,
}

impl RemoteHost {
    /// Returns the host with an address, as seen from a network namespace.
    #[inline]
    pub fn seen_from(netns: u32, address: IpAddr) -> RemoteHost {
        let address = address.to_canonical();
        RemoteHost {
            address,
            netns: if is_local_address(address) { netns } else { 0 },
        }
    }

    /// Returns the remote host of a socket, if it has one.
    #[inline]
    pub fn of(socket: &Socket) -> Option<RemoteHost> {
        Some(RemoteHost::seen_from(
            socket.netns,
            socket.remote()?.address,
        ))
    }

    /// Reports whether it is another host in each network namespace.
    pub fn is_local(&self) -> bool {
        is_local_address(self.address)
    }
}

/// Reports whether an address means another host in each network namespace: that of a loopback device, or one that each
/// link has.
#[inline]
pub fn is_local_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_addresses_belong_to_a_namespace() {
        for (address, is_local) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("169.254.1.1", true),
            ("::1", true),
            ("fe80::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.3", false),
            ("198.51.100.7", false),
            ("fd00::1", false),
            ("2001:db8::1", false),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            let [one, other] = [7, 8].map(|netns| RemoteHost::seen_from(netns, address));
            assert_eq!(one != other, is_local, "{address}");
        }
    }
}
