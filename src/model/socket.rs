//! One socket as the kernel described it.

use super::{Attribution, Endpoint, Ends, Family, Protocol, State, Unowned};

/// Identity of a socket: the cookie is unique per boot within a network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey {
    /// Inode number of the network namespace (`/proc/self/ns/net`).
    pub netns: u32,
    /// The kernel's socket cookie.
    pub cookie: u64,
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
    /// Bytes of what the protocol reports: `struct tcp_info`, `struct mptcp_info`. Kernel: `INET_DIAG_INFO`.
    pub info: u16,
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
    /// Whether the kernel tells when such a socket is freed: TCP and UDP. Kernel: `sock_diag_broadcast_destroy`.
    #[inline]
    pub fn has_destroy_event(&self) -> bool {
        matches!(self.protocol, Protocol::Tcp | Protocol::Udp)
    }

    /// A socket of which only this is known.
    pub fn new(
        netns: u32,
        cookie: u64,
        family: Family,
        protocol: Protocol,
        state: State,
        ends: Ends,
    ) -> Socket {
        Socket {
            cookie,
            cgroup_id: 0,
            ends,
            netns,
            inode: 0,
            uid: None,
            recv_queue: 0,
            send_queue: 0,
            interface: 0,
            mark: None,
            class_id: None,
            timer: None,
            blob: Blob::default(),
            holders_at: 0,
            holders_len: 0,
            options: None,
            family,
            protocol,
            state,
            attribution: Attribution::Unowned(Unowned::Unknown),
            congestion: 0,
            tos: None,
            tclass: None,
            shutdown: None,
            v6only: None,
            raw_protocol: None,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stays_small() {
        // A million sockets must fit twice into a gigabyte together with their attributes.
        assert!(size_of::<Socket>() <= 168, "{}", size_of::<Socket>());
    }
}
