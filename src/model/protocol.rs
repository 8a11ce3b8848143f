//! Address families and their protocols.

/// Address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Family {
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`.
    Inet6,
    /// `AF_UNIX`.
    Unix,
    /// `AF_NETLINK`.
    Netlink,
    /// `AF_PACKET`.
    Packet,
    /// `AF_VSOCK`.
    Vsock,
    /// `AF_TIPC`.
    Tipc,
    /// `AF_XDP`.
    Xdp,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 8] = [
        Family::Inet,
        Family::Inet6,
        Family::Unix,
        Family::Netlink,
        Family::Packet,
        Family::Vsock,
        Family::Tipc,
        Family::Xdp,
    ];

    /// Returns the name used in JSON: the kernel's constant without `AF_`, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Family::Inet => "inet",
            Family::Inet6 => "inet6",
            Family::Unix => "unix",
            Family::Netlink => "netlink",
            Family::Packet => "packet",
            Family::Vsock => "vsock",
            Family::Tipc => "tipc",
            Family::Xdp => "xdp",
        }
    }

    /// Reports whether it is IPv4 or IPv6.
    pub fn is_inet(self) -> bool {
        matches!(self, Family::Inet | Family::Inet6)
    }
}

/// Protocol within the family: a transport protocol, a unix socket type or a netlink protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// UDP-Lite.
    UdpLite,
    /// A raw IP socket.
    Raw,
    /// SCTP.
    Sctp,
    /// Multipath TCP: the connection on top of its TCP subflows.
    Mptcp,
    /// `SOCK_STREAM` (unix, vsock, TIPC).
    Stream,
    /// `SOCK_DGRAM` (unix, packet, vsock, TIPC).
    Dgram,
    /// `SOCK_SEQPACKET` (unix, vsock, TIPC).
    Seqpacket,
    /// `SOCK_RDM` (TIPC): reliable datagrams.
    Rdm,
    /// `SOCK_RAW` (packet, XDP).
    PacketRaw,
    /// A netlink protocol, by its kernel number.
    Netlink(u8),
    /// ICMP: a ping socket.
    Icmp,
    /// ICMP over IPv6.
    Icmp6,
    /// A socket type unknown to this version, by its kernel number.
    Other(u8),
}

/// Names of the netlink protocols by number, as ss prints them (`nl_protos`).
const NETLINK_NAMES: [&str; 23] = [
    "route",
    "unused",
    "usersock",
    "firewall",
    "sock_diag",
    "nflog",
    "xfrm",
    "selinux",
    "iscsi",
    "audit",
    "fib_lookup",
    "connector",
    "netfilter",
    "ip6_fw",
    "dnrtmsg",
    "kobject_uevent",
    "generic",
    "17",
    "scsitransport",
    "ecryptfs",
    "rdma",
    "crypto",
    "smc",
];

impl Protocol {
    /// Returns the name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::UdpLite => "udplite",
            Protocol::Raw | Protocol::PacketRaw => "raw",
            Protocol::Sctp => "sctp",
            Protocol::Mptcp => "mptcp",
            Protocol::Icmp => "icmp",
            Protocol::Icmp6 => "icmp6",
            Protocol::Stream => "stream",
            Protocol::Dgram => "dgram",
            Protocol::Seqpacket => "seqpacket",
            Protocol::Rdm => "rdm",
            Protocol::Netlink(number) => NETLINK_NAMES
                .get(usize::from(number))
                .copied()
                .unwrap_or("netlink"),
            Protocol::Other(_) => "other",
        }
    }

    /// Returns the name that ss prints in its Netid column: `tcp`, `u_str`, `nl`, `p_raw`.
    pub fn netid(self, family: Family) -> &'static str {
        match (family, self) {
            (Family::Unix, Protocol::Stream) => "u_str",
            (Family::Unix, Protocol::Dgram) => "u_dgr",
            (Family::Unix, Protocol::Seqpacket) => "u_seq",
            (Family::Vsock, Protocol::Stream) => "v_str",
            (Family::Vsock, Protocol::Dgram) => "v_dgr",
            (Family::Vsock, Protocol::Seqpacket) => "v_seq",
            (Family::Tipc, Protocol::Stream) => "ti_st",
            (Family::Tipc, Protocol::Dgram) => "ti_dg",
            (Family::Tipc, Protocol::Seqpacket) => "ti_sq",
            (Family::Tipc, Protocol::Rdm) => "ti_rd",
            (Family::Xdp, _) => "xdp",
            (Family::Packet, Protocol::Dgram) => "p_dgr",
            (Family::Packet, _) => "p_raw",
            (Family::Netlink, _) => "nl",
            (_, Protocol::UdpLite) => "udpl",
            (_, other) => other.name(),
        }
    }
}
