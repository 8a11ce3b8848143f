//! Protocols by the kernel's names. Kernel: `struct proto`, field `name`.

use crate::model::Protocol;
use crate::source::netlink::request::Table;

/// Returns the table that lists the sockets of a protocol, given the kernel's name; `None` if there is none.
pub(super) fn table_of(protocol: &str) -> Option<Table> {
    Some(match protocol {
        "TCP" | "TCPv6" => Table::Tcp,
        "MPTCP" => Table::Inet(Protocol::Mptcp),
        "MPTCPv6" => Table::Inet6(Protocol::Mptcp),
        "UDP" => Table::Inet(Protocol::Udp),
        "UDPv6" => Table::Inet6(Protocol::Udp),
        "UDP-Lite" => Table::Inet(Protocol::UdpLite),
        "UDPLITEv6" => Table::Inet6(Protocol::UdpLite),
        "RAW" => Table::Inet(Protocol::Raw),
        "RAWv6" => Table::Inet6(Protocol::Raw),
        "PING" => Table::Inet(Protocol::Icmp),
        "PINGv6" => Table::Inet6(Protocol::Icmp6),
        "SCTP" => Table::Inet(Protocol::Sctp),
        "SCTPv6" => Table::Inet6(Protocol::Sctp),
        "UNIX" | "UNIX-STREAM" => Table::Unix,
        "NETLINK" => Table::Netlink,
        "PACKET" => Table::Packet,
        "AF_VSOCK" => Table::Vsock,
        "TIPC" => Table::Tipc,
        "XDP" => Table::Xdp,
        _ => return None,
    })
}

/// Reports whether the sockets of a protocol have connections or ports.
pub(super) fn has_ports(protocol: &str) -> bool {
    ["TCP", "UDP", "MPTCP", "SCTP"]
        .iter()
        .any(|name| protocol.starts_with(name))
}
