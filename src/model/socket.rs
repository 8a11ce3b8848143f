//! One socket as the kernel described it.

use std::net::{IpAddr, Ipv4Addr};

use super::State;

/// Identity of a socket: the cookie is unique per boot within a network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey {
    /// Inode number of the network namespace (`/proc/self/ns/net`).
    pub netns: u32,
    /// The kernel's socket cookie.
    pub cookie: u64,
}

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
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 6] = [
        Family::Inet,
        Family::Inet6,
        Family::Unix,
        Family::Netlink,
        Family::Packet,
        Family::Vsock,
    ];

    /// The name used in JSON: the kernel's constant without `AF_`, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Family::Inet => "inet",
            Family::Inet6 => "inet6",
            Family::Unix => "unix",
            Family::Netlink => "netlink",
            Family::Packet => "packet",
            Family::Vsock => "vsock",
        }
    }

    /// Whether it is IPv4 or IPv6.
    pub fn is_inet(self) -> bool {
        matches!(self, Family::Inet | Family::Inet6)
    }
}

/// What runs over the family: a transport protocol, a unix socket type, a netlink protocol.
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
    /// Multipath TCP: the connection above its TCP subflows.
    Mptcp,
    /// `SOCK_STREAM` (unix, vsock).
    Stream,
    /// `SOCK_DGRAM` (unix, packet, vsock).
    Dgram,
    /// `SOCK_SEQPACKET` (unix, vsock).
    Seqpacket,
    /// `SOCK_RAW` (packet).
    PacketRaw,
    /// A netlink protocol by its kernel number.
    Netlink(u8),
    /// A socket type that this version has no name for, by its kernel number.
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
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::UdpLite => "udplite",
            Protocol::Raw | Protocol::PacketRaw => "raw",
            Protocol::Sctp => "sctp",
            Protocol::Mptcp => "mptcp",
            Protocol::Stream => "stream",
            Protocol::Dgram => "dgram",
            Protocol::Seqpacket => "seqpacket",
            Protocol::Netlink(number) => NETLINK_NAMES
                .get(usize::from(number))
                .copied()
                .unwrap_or("netlink"),
            Protocol::Other(_) => "other",
        }
    }

    /// The name that ss prints in its Netid column: `tcp`, `u_str`, `nl`, `p_raw`.
    pub fn netid(self, family: Family) -> &'static str {
        match (family, self) {
            (Family::Unix, Protocol::Stream) => "u_str",
            (Family::Unix, Protocol::Dgram) => "u_dgr",
            (Family::Unix, Protocol::Seqpacket) => "u_seq",
            (Family::Vsock, Protocol::Stream) => "v_str",
            (Family::Vsock, Protocol::Dgram) => "v_dgr",
            (Family::Vsock, Protocol::Seqpacket) => "v_seq",
            (Family::Packet, Protocol::Dgram) => "p_dgr",
            (Family::Packet, _) => "p_raw",
            (Family::Netlink, _) => "nl",
            (_, Protocol::UdpLite) => "udpl",
            (_, other) => other.name(),
        }
    }
}

/// One end of an internet connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address as the kernel reports it; a v4-mapped one stays v4-mapped.
    pub address: IpAddr,
    /// Port in host byte order; 0 if none. On raw sockets: the IP protocol number.
    pub port: u16,
}

impl Endpoint {
    /// `0.0.0.0:0`.
    pub const UNSPECIFIED: Endpoint = Endpoint {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
    };

    /// The same end with a v4-mapped address as plain IPv4, so that both ends of a connection between a dual-stack
    /// socket and an IPv4 one compare equal.
    #[must_use]
    pub fn canonical(self) -> Endpoint {
        Endpoint {
            address: self.address.to_canonical(),
            port: self.port,
        }
    }

    /// Whether it is the wildcard address without a port.
    pub fn is_unset(self) -> bool {
        self.port == 0 && self.address.is_unspecified()
    }
}

/// Both ends, in the terms of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// IPv4 and IPv6.
    Inet {
        /// This end.
        local: Endpoint,
        /// The other end; unset if not connected.
        remote: Endpoint,
    },
    /// A unix socket. Its path or abstract name is in [`SocketRef::name`](super::SocketRef::name).
    Unix {
        /// Inode of the connected socket; `None` if not connected. Kernel: `UNIX_DIAG_PEER`.
        peer_inode: Option<u32>,
        /// Inode and device of the path in the file system. Kernel: `UNIX_DIAG_VFS`.
        vfs: Option<(u32, u32)>,
        /// Connections that wait for `accept()`. Kernel: the length of `UNIX_DIAG_ICONS`.
        pending: u32,
    },
    /// A netlink socket.
    Netlink {
        /// Its port id; 0 for the kernel's own sockets.
        port_id: u32,
        /// Port id it is connected to; 0 is the kernel.
        remote_port_id: u32,
        /// Multicast group it sends to, 0 if none.
        remote_group: u32,
    },
    /// A packet socket; the device is [`Socket::interface`].
    Packet {
        /// Ethernet protocol number it receives, 3 for all (`ETH_P_ALL`).
        ethertype: u16,
    },
    /// A vsock socket.
    Vsock {
        /// Context id and port of this end.
        local: (u32, u32),
        /// Context id and port of the other end.
        remote: (u32, u32),
    },
}

/// What a socket's timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TimerKind {
    /// Retransmission, tail loss probe or reordering timer (kernel 1).
    Retransmit,
    /// Keepalive, or the SYN-ACK or FIN-WAIT-2 timer (kernel 2).
    Keepalive,
    /// TIME-WAIT (kernel 3).
    TimeWait,
    /// Zero-window probe (kernel 4).
    Probe,
    /// A number that this version does not know.
    Unknown,
}

impl TimerKind {
    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            TimerKind::Retransmit => "retransmit",
            TimerKind::Keepalive => "keepalive",
            TimerKind::TimeWait => "time-wait",
            TimerKind::Probe => "probe",
            TimerKind::Unknown => "unknown",
        }
    }

    /// The name that ss prints: `on`, `keepalive`, `timewait`, `persist`, `unknown`.
    pub fn ss_name(self) -> &'static str {
        match self {
            TimerKind::Retransmit => "on",
            TimerKind::Keepalive => "keepalive",
            TimerKind::TimeWait => "timewait",
            TimerKind::Probe => "persist",
            TimerKind::Unknown => "unknown",
        }
    }
}

/// The timer that runs on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Time until it fires, ms. Kernel: `idiag_expires`.
    pub expires_ms: u32,
    /// What it is for. Kernel: `idiag_timer`.
    pub kind: TimerKind,
    /// Times it has fired without success. Kernel: `idiag_retrans`.
    pub retries: u8,
}

/// Why a socket has no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Unowned {
    /// TIME-WAIT (or a FIN-WAIT-2 mini-socket): the process let go of it.
    TimeWait,
    /// SYN-RECV: the handshake is not complete.
    Handshake,
    /// Established, and no `accept(2)` has taken it.
    WaitingForAccept,
    /// The process closed it; the kernel finishes the connection.
    Orphan,
    /// A socket of the kernel's own.
    Kernel,
    /// Held by a process of another pid namespace.
    OtherNamespace,
    /// The processes that could hold it may not be read by this user.
    PermissionDenied,
    /// Its process (or descriptor) was gone when it was looked for.
    Exited,
    /// Every process was read and none holds it (a descriptor in flight, `io_uring`, the kernel).
    Unknown,
}

impl Unowned {
    /// Every reason.
    pub const ALL: [Unowned; 9] = [
        Unowned::TimeWait,
        Unowned::Handshake,
        Unowned::WaitingForAccept,
        Unowned::Orphan,
        Unowned::Kernel,
        Unowned::OtherNamespace,
        Unowned::PermissionDenied,
        Unowned::Exited,
        Unowned::Unknown,
    ];

    /// The name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Unowned::TimeWait => "time-wait",
            Unowned::Handshake => "handshake",
            Unowned::WaitingForAccept => "waiting-for-accept",
            Unowned::Orphan => "orphan",
            Unowned::Kernel => "kernel",
            Unowned::OtherNamespace => "other-namespace",
            Unowned::PermissionDenied => "permission-denied",
            Unowned::Exited => "exited",
            Unowned::Unknown => "unknown",
        }
    }

    /// The name where there is little room: at most 10 columns.
    pub fn short_name(self) -> &'static str {
        match self {
            Unowned::WaitingForAccept => "unaccepted",
            Unowned::OtherNamespace => "other-ns",
            Unowned::PermissionDenied => "denied",
            why => why.name(),
        }
    }

    /// Whether a process holds it all the same, and only who is not known. The others are nobody's by their nature.
    pub fn hides_an_owner(self) -> bool {
        match self {
            Unowned::OtherNamespace
            | Unowned::PermissionDenied
            | Unowned::Exited
            | Unowned::Unknown => true,
            Unowned::TimeWait
            | Unowned::Handshake
            | Unowned::WaitingForAccept
            | Unowned::Orphan
            | Unowned::Kernel => false,
        }
    }

    /// The reason in words.
    pub fn sentence(self) -> &'static str {
        match self {
            Unowned::TimeWait => "closed here; address pair kept",
            Unowned::Handshake => "the handshake is not complete",
            Unowned::WaitingForAccept => "no accept() took them yet",
            Unowned::Orphan => "closed; the kernel finishes it",
            Unowned::Kernel => "the kernel's own",
            Unowned::OtherNamespace => "held in another pid namespace",
            Unowned::PermissionDenied => "this user may not look",
            Unowned::Exited => "gone when it was looked for",
            Unowned::Unknown => "no process holds them",
        }
    }
}

/// How the owner of a socket is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// A descriptor of the process refers to it now.
    Observed,
    /// The process held it when it was last seen alive.
    Remembered,
    /// It was never seen alive; the process listens on its local port.
    Inferred,
    /// No owner, and why.
    Unowned(Unowned),
}

impl Attribution {
    /// `observed`, `remembered`, `inferred`, or `None` without an owner.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Attribution::Observed => Some("observed"),
            Attribution::Remembered => Some("remembered"),
            Attribution::Inferred => Some("inferred"),
            Attribution::Unowned(_) => None,
        }
    }

    /// Why there is no owner, if there is none.
    pub fn unowned(self) -> Option<Unowned> {
        match self {
            Attribution::Unowned(why) => Some(why),
            _ => None,
        }
    }
}

/// Names of the bits of `INET_DIAG_SOCKOPT`, lowest first (`struct inet_diag_sockopt`).
pub const SOCKOPT_NAMES: [&str; 11] = [
    "recverr",
    "is_icsk",
    "freebind",
    "hdrincl",
    "mc_loop",
    "transparent",
    "mc_all",
    "nodefrag",
    "bind_address_no_port",
    "recverr_rfc4884",
    "defer_connect",
];

/// Longest name of a socket that is kept, bytes. `sun_path` has 108.
pub const MAX_NAME: usize = 108;

/// Where a socket's parts of variable length lie in its table's bytes: one after the other from `at`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blob {
    /// First byte.
    pub at: u32,
    /// Bytes of `struct tcp_info`.
    pub tcp_info: u16,
    /// Bytes of the socket's memory (`SK_MEMINFO_*`).
    pub memory: u16,
    /// Bytes that the congestion control reports.
    pub congestion_info: u16,
    /// Bytes of a unix socket's name, or of an upper-layer protocol's name.
    pub name: u16,
}

/// One socket at one instant: the parts of fixed size. [`SocketRef`](super::SocketRef) adds those of variable length.
///
/// Small on purpose: a machine may have a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    /// The kernel's cookie. Unique per boot, the same through all states, TIME-WAIT included.
    pub cookie: u64,
    /// Id of the cgroup (inode of its directory), 0 if not reported. Kernel: `INET_DIAG_CGROUP_ID`.
    pub cgroup_id: u64,
    /// Both ends.
    pub ends: Ends,
    /// Inode number of the network namespace.
    pub netns: u32,
    /// Inode in sockfs, 0 if the socket belongs to no process.
    pub inode: u32,
    /// Owner's user id as the kernel reports it; `None` where it only has a placeholder.
    pub uid: Option<u32>,
    /// Kernel's `rqueue`. On listeners: connections that wait for `accept()`. On TCP: unread bytes. On UDP: memory.
    pub recv_queue: u32,
    /// Kernel's `wqueue`. On listeners: the limit of the accept queue. On TCP: unacknowledged bytes.
    pub send_queue: u32,
    /// Index of the bound device, 0 if none. Kernel: `idiag_if`, `pdi_index`.
    pub interface: u32,
    /// Firewall mark; `None` without `CAP_NET_ADMIN`. Kernel: `INET_DIAG_MARK`.
    pub mark: Option<u32>,
    /// `net_cls` class id. Kernel: `INET_DIAG_CLASS_ID`.
    pub class_id: Option<u32>,
    /// The running timer.
    pub timer: Option<Timer>,
    /// Parts of variable length.
    pub blob: Blob,
    /// First of the socket's holders in [`Sample::holders`](super::Sample::holders).
    pub holders_at: u32,
    /// How many holders it has.
    pub holders_len: u16,
    /// Bits of `INET_DIAG_SOCKOPT`; see [`SOCKOPT_NAMES`].
    pub options: Option<u16>,
    /// Address family.
    pub family: Family,
    /// Protocol over the family.
    pub protocol: Protocol,
    /// State.
    pub state: State,
    /// How the owner is known.
    pub attribution: Attribution,
    /// Index of the congestion control's name in the table's names, 0 if none. Kernel: `INET_DIAG_CONG`.
    pub congestion: u8,
    /// IPv4 type of service. Kernel: `INET_DIAG_TOS`.
    pub tos: Option<u8>,
    /// IPv6 traffic class. Kernel: `INET_DIAG_TCLASS`.
    pub tclass: Option<u8>,
    /// Bit 0 receive, bit 1 send side shut down. Kernel: `INET_DIAG_SHUTDOWN`, `UNIX_DIAG_SHUTDOWN`.
    pub shutdown: Option<u8>,
    /// Whether an IPv6 socket refuses IPv4. Kernel: `INET_DIAG_SKV6ONLY`.
    pub v6only: Option<bool>,
    /// IP protocol of a raw socket. Kernel: `INET_DIAG_PROTOCOL`.
    pub raw_protocol: Option<u8>,
}

impl Socket {
    /// Set in the cookie of a socket that `sock_diag` does not tell and whose real one is therefore not known; the rest
    /// is its inode, which is as good an identity while it lives.
    pub const SURROGATE_COOKIE: u64 = 1 << 63;

    /// The kernel's cookie, if it told one.
    pub fn known_cookie(&self) -> Option<u64> {
        (self.cookie & Self::SURROGATE_COOKIE == 0).then_some(self.cookie)
    }

    /// Its identity.
    #[inline]
    pub fn key(&self) -> SocketKey {
        SocketKey {
            netns: self.netns,
            cookie: self.cookie,
        }
    }

    /// Whether it waits for connections.
    #[inline]
    pub fn is_listener(&self) -> bool {
        self.state == State::Listen
    }

    /// Connections that no `accept()` has taken. `None` on all but listeners.
    pub fn accept_queue(&self) -> Option<u32> {
        self.is_listener().then_some(self.recv_queue)
    }

    /// Limit of the accept queue. `None` on all but listeners.
    pub fn backlog(&self) -> Option<u32> {
        self.is_listener().then_some(self.send_queue)
    }

    /// Unread bytes (on UDP the memory they take). `None` on listeners.
    pub fn received_unread(&self) -> Option<u32> {
        (!self.is_listener()).then_some(self.recv_queue)
    }

    /// Bytes sent or queued and not acknowledged. `None` on listeners.
    pub fn sent_unacknowledged(&self) -> Option<u32> {
        (!self.is_listener()).then_some(self.send_queue)
    }

    /// Local end of an internet socket.
    #[inline]
    pub fn local(&self) -> Option<Endpoint> {
        match self.ends {
            Ends::Inet { local, .. } => Some(local),
            _ => None,
        }
    }

    /// Remote end of a connected internet socket.
    #[inline]
    pub fn remote(&self) -> Option<Endpoint> {
        match self.ends {
            Ends::Inet { remote, .. } if !remote.is_unset() => Some(remote),
            _ => None,
        }
    }
}

/// A socket's memory, bytes. Kernel: `INET_DIAG_SKMEMINFO`, `UNIX_DIAG_MEMINFO` (`SK_MEMINFO_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryInfo<'a>(&'a [u8]);

impl<'a> MemoryInfo<'a> {
    /// The kernel's names in its order.
    pub const NAMES: [&'static str; 9] = [
        "rmem_alloc",
        "rcvbuf",
        "wmem_alloc",
        "sndbuf",
        "fwd_alloc",
        "wmem_queued",
        "optmem",
        "backlog",
        "drops",
    ];

    /// Views the bytes of the attribute; any length is fine.
    pub fn new(bytes: &'a [u8]) -> Self {
        MemoryInfo(bytes)
    }

    /// The value at `index` of [`Self::NAMES`], or `None` if the kernel did not send it.
    #[inline]
    pub fn get(self, index: usize) -> Option<u32> {
        let bytes = self.0.get(index * 4..index * 4 + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// Memory that received data takes.
    pub fn rmem_alloc(self) -> Option<u32> {
        self.get(0)
    }

    /// Limit of the receive buffer.
    pub fn rcvbuf(self) -> Option<u32> {
        self.get(1)
    }

    /// Limit of the send buffer.
    pub fn sndbuf(self) -> Option<u32> {
        self.get(3)
    }

    /// Memory that queued data to send takes.
    pub fn wmem_queued(self) -> Option<u32> {
        self.get(5)
    }

    /// Datagrams dropped for a UDP socket; connections dropped by a listener.
    pub fn drops(self) -> Option<u32> {
        self.get(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stays_small() {
        // A million sockets must fit twice into a gigabyte together with their attributes.
        assert!(size_of::<Socket>() <= 168, "{}", size_of::<Socket>());
    }

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

    #[test]
    fn memory_that_did_not_arrive_is_absent() {
        let bytes: Vec<u8> = (1..=8u32).flat_map(u32::to_ne_bytes).collect();
        let memory = MemoryInfo::new(&bytes);
        assert_eq!(memory.rcvbuf(), Some(2));
        assert_eq!(memory.drops(), None);
    }
}
