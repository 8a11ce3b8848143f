//! One socket as reported by the kernel.

use super::ages::AGES_END;
use super::presentation::Notation;
use super::schema::{FieldInfo, Scalar, ScalarGroup, ScalarType, StoredCells, socket_schema};
use super::stored::{Stored, Unrepresentable};
use super::timer::StoredTimer;
use super::{AcceptQueue, Attribution, Endpoint, Ends, Family, Protocol, State, Unowned};

/// Identity of a socket or SCTP association. The cookie is unique within a network namespace until the next boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey {
    /// Inode number of the network namespace (`/proc/self/ns/net`).
    pub netns: u32,
    /// The kernel's socket cookie.
    pub cookie: u64,
    /// The SCTP association, which has the cookie of its socket; 0 for the socket itself.
    pub association: u32,
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

/// Maximum length of a stored socket name, in bytes. `sun_path` has 108.
pub const MAX_NAME: usize = 108;

/// Location of a socket's variable parts in the bytes of its page: contiguous, from `at`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blob {
    /// First byte.
    pub at: u32,
    /// Bytes of the protocol's report: `struct tcp_info`, `mptcp_info`, `sctp_info`. Kernel: `INET_DIAG_INFO`.
    pub info: u16,
    /// Bytes of the socket's memory (`SK_MEMINFO_*`).
    pub memory: u16,
    /// Bytes of the congestion control report.
    pub congestion_info: u16,
    /// Bytes of a unix socket's name, of an upper-layer protocol's name, or of SCTP's addresses.
    pub name: u16,
}

socket_schema! {
    /// One socket at one instant: its fixed-size parts. [`SocketRef`](super::SocketRef) adds the variable parts.
    ///
    /// Deliberately small: a system may have a million of them.
    #[expect(clippy::doc_markdown, reason = "users read the descriptions of the fields")]
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Socket {
        /// Network namespace: inode of /proc/PID/ns/net.
        netns: u32, [stream 0];
        /// The kernel's socket cookie. Unique per boot and constant through all states, including TIME-WAIT. Kernel:
        /// idiag_cookie.
        cookie: u64, [stream 1];
        /// Address family. Kernel: idiag_family.
        family: Family, [stream 3];
        /// Protocol within the family, unix socket type, or netlink protocol.
        protocol: Protocol, [stream 4];
        /// State. Kernel: idiag_state.
        state: State, [stream 5];
        /// Local and remote endpoint.
        ends: Ends, [stream 6];
        /// Inode in sockfs. Kernel: idiag_inode.
        inode: u32 = 0, [stream 2];
        /// User id. Kernel: idiag_uid.
        uid: Option<u32> = None, [stream 15];
        /// Unread bytes; for listeners, connections waiting for accept(); for UDP, memory of unread datagrams; for TIPC,
        /// unread messages. Kernel: idiag_rqueue.
        recv_queue: u32 = 0, [stream 16 moving];
        /// Unacknowledged and unsent bytes; for listeners, the accept queue limit; for TIPC, unsent messages. Kernel:
        /// idiag_wqueue.
        send_queue: u32 = 0, [stream 17 moving];
        /// Bound device. Kernel: idiag_if.
        interface: u32 = 0, [stream 18];
        /// Running timer, time until it fires, times it has fired. Kernel: idiag_timer, idiag_expires, idiag_retrans.
        timer: StoredTimer = StoredTimer::NONE, [stream 21 moving];
        /// Control group. Kernel: INET_DIAG_CGROUP_ID.
        cgroup_id: u64 = 0, [stream 32];
        /// How the owner was determined: observed, remembered, inferred, or one of several.
        attribution: Attribution = Attribution::Unowned(Unowned::Unknown), [stream 25];
        /// Number of descriptors that refer to the socket.
        holders_len: u16 = 0, [stream 37];
        /// Index of its first descriptor in [`Sample::holders`](super::Sample::holders).
        holders_at: u32 = 0;
        /// Variable parts.
        blob: Blob = Blob::default();
        /// Index of the congestion control algorithm in the table's names; 0 if none. Kernel: INET_DIAG_CONG.
        congestion: u8 = 0;
        /// Enabled socket options. Kernel: INET_DIAG_SOCKOPT.
        options: Option<u16> = None, [stream 24];
        /// Shut down directions. Kernel: INET_DIAG_SHUTDOWN, UNIX_DIAG_SHUTDOWN.
        shutdown: Option<u8> = None, [stream 28], [scalar "SHUTDOWN", 8, Directions, Single];
        /// Whether an IPv6 socket rejects IPv4. Kernel: INET_DIAG_SKV6ONLY.
        v6only: Option<bool> = None, [stream 29], [scalar "V6ONLY", 6, YesNo, Single];
        /// IPv4 type of service. Kernel: INET_DIAG_TOS.
        tos: Option<u8> = None, [stream 26], [scalar "TOS", 5, Hexadecimal, TrafficClass];
        /// IPv6 traffic class. Kernel: INET_DIAG_TCLASS.
        tclass: Option<u8> = None, [stream 27], [scalar "TCLASS", 6, Hexadecimal, TrafficClass];
        /// Firewall mark, hexadecimal. Requires CAP_NET_ADMIN. Kernel: INET_DIAG_MARK.
        mark: Option<u32> = None, [stream 19], [scalar "MARK", 8, Hexadecimal, Single];
        /// net_cls class id. Kernel: INET_DIAG_CLASS_ID.
        class_id: Option<u32> = None, [stream 20], [scalar "CLASS", 8, Hexadecimal, TrafficClass];
        /// IP protocol of a raw socket. Kernel: INET_DIAG_PROTOCOL.
        raw_protocol: Option<u8> = None, [stream 30], [scalar "PROTO", 5, Decimal, Single];
        /// SCTP association of the socket with the same cookie: its local verification tag, hexadecimal. Kernel:
        /// sctpi_tag.
        association: Option<u32> = None, [stream 41], [scalar "ASSOC", 8, Hexadecimal, Single];
    }
}

impl Socket {
    /// Reports whether the kernel sends destroy events for sockets like this: TCP and UDP. Kernel:
    /// `sock_diag_broadcast_destroy`.
    #[inline]
    pub fn has_destroy_event(&self) -> bool {
        matches!(self.protocol, Protocol::Tcp | Protocol::Udp)
    }

    /// Marks the cookie of a socket that `sock_diag` does not report and whose real cookie is unknown. The other bits
    /// are its inode, which identifies it just as well during its life.
    pub const SURROGATE_COOKIE: u64 = 1 << 63;

    /// Returns the kernel's cookie; `None` if it is unknown.
    pub fn known_cookie(&self) -> Option<u64> {
        (self.cookie & Self::SURROGATE_COOKIE == 0).then_some(self.cookie)
    }

    /// Returns the identity of the socket.
    #[inline]
    pub fn key(&self) -> SocketKey {
        SocketKey {
            netns: self.netns,
            cookie: self.cookie,
            association: self.association.unwrap_or(0),
        }
    }

    /// Reports whether it is an SCTP association, which the kernel reports below the socket that it belongs to.
    #[inline]
    pub fn is_association(&self) -> bool {
        self.association.is_some()
    }

    /// Reports whether it has the ages of `struct tcp_info`, which the clock alone changes: all TCP sockets that the kernel
    /// reports that structure of, except listeners.
    #[inline]
    pub(super) fn has_ages(&self) -> bool {
        self.protocol == Protocol::Tcp
            && self.state != State::Listen
            && usize::from(self.blob.info) >= AGES_END
    }

    /// Reports whether it is a listener.
    #[inline]
    pub fn is_listener(&self) -> bool {
        self.state == State::Listen
    }

    /// Returns the accept queue; `None` for other sockets than listeners, and for TIPC, which has no limit.
    pub fn accept_queue(&self) -> Option<AcceptQueue> {
        (self.is_listener() && self.family != Family::Tipc).then_some(AcceptQueue {
            waiting: self.recv_queue,
            backlog: self.send_queue,
        })
    }

    /// Returns the unread bytes (for UDP, the memory they occupy; for TIPC, messages); `None` for an accept queue.
    pub fn received_unread(&self) -> Option<u32> {
        self.accept_queue().is_none().then_some(self.recv_queue)
    }

    /// Returns the bytes (for TIPC, messages) queued or sent but not acknowledged; `None` for an accept queue.
    pub fn sent_unacknowledged(&self) -> Option<u32> {
        self.accept_queue().is_none().then_some(self.send_queue)
    }

    /// Returns the local endpoint of an internet socket.
    #[inline]
    pub fn local(&self) -> Option<Endpoint> {
        match self.ends {
            Ends::Inet { local, .. } => Some(local),
            _ => None,
        }
    }

    /// Returns the remote endpoint of a connected internet socket.
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
        // A million sockets must fit twice into a gigabyte, together with their attributes.
        assert!(size_of::<Socket>() <= 168, "{}", size_of::<Socket>());
    }
}
