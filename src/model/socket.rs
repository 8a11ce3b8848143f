//! One socket as the kernel described it.

use super::presentation::Notation;
use super::schema::{FieldInfo, Scalar, ScalarGroup, ScalarType, StoredCells, socket_schema};
use super::stored::{Stored, Unrepresentable};
use super::timer::Timer;
use super::{Attribution, Endpoint, Ends, Family, Protocol, State, Unowned};

/// Identity of a socket: the cookie is unique per boot within a network namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey {
    /// Inode number of the network namespace (`/proc/self/ns/net`).
    pub netns: u32,
    /// The kernel's socket cookie.
    pub cookie: u64,
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

/// Location of a socket's parts of variable length in its table's bytes: one after the other from `at`.
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

socket_schema! {
    /// One socket at one instant: the parts of fixed size. [`SocketRef`](super::SocketRef) adds those of variable length.
    ///
    /// Small on purpose: a machine may have a million of them.
    #[expect(clippy::doc_markdown, reason = "users read the descriptions of the fields")]
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Socket {
        /// Network namespace: inode of /proc/PID/ns/net.
        netns: u32, [stream 0];
        /// The kernel's socket cookie. Unique per boot, the same through all states, TIME-WAIT included. Kernel: idiag_cookie.
        cookie: u64, [stream 1];
        /// Address family. Kernel: idiag_family.
        family: Family, [stream 3];
        /// Protocol over the family, type of a unix socket, name of a netlink protocol.
        protocol: Protocol, [stream 4];
        /// State. Kernel: idiag_state.
        state: State, [stream 5];
        /// Both ends.
        ends: Ends, [stream 6];
        /// Inode in sockfs. Kernel: idiag_inode.
        inode: u32 = 0, [stream 2];
        /// User id. Kernel: idiag_uid.
        uid: Option<u32> = None, [stream 15];
        /// Unread bytes; on listeners the connections that wait for accept(); on UDP the memory of unread datagrams. Kernel: idiag_rqueue.
        recv_queue: u32 = 0, [stream 16 moving];
        /// Unacknowledged and unsent bytes; on listeners the accept queue's limit. Kernel: idiag_wqueue.
        send_queue: u32 = 0, [stream 17 moving];
        /// Bound device. Kernel: idiag_if.
        interface: u32 = 0, [stream 18];
        /// Running timer, time until it fires, times it has fired. Kernel: idiag_timer, idiag_expires, idiag_retrans.
        timer: Option<Timer> = None, [stream 21 moving];
        /// Control group. Kernel: INET_DIAG_CGROUP_ID.
        cgroup_id: u64 = 0, [stream 32];
        /// How its owner is known: observed, remembered or inferred.
        attribution: Attribution = Attribution::Unowned(Unowned::Unknown), [stream 25];
        /// Number of descriptors that refer to it.
        holders_len: u16 = 0, [stream 37];
        /// Index of its first descriptor in [`Sample::holders`](super::Sample::holders).
        holders_at: u32 = 0;
        /// Parts of variable length.
        blob: Blob = Blob::default();
        /// Index of the congestion control's name in the table's names, 0 if none. Kernel: INET_DIAG_CONG.
        congestion: u8 = 0;
        /// Socket options that are set. Kernel: INET_DIAG_SOCKOPT.
        options: Option<u16> = None, [stream 24];
        /// Directions that are shut down. Kernel: INET_DIAG_SHUTDOWN, UNIX_DIAG_SHUTDOWN.
        shutdown: Option<u8> = None, [stream 28], [scalar "SHUTDOWN", 8, Directions, Single];
        /// Whether an IPv6 socket refuses IPv4. Kernel: INET_DIAG_SKV6ONLY.
        v6only: Option<bool> = None, [stream 29], [scalar "V6ONLY", 6, YesNo, Single];
        /// IPv4 type of service. Kernel: INET_DIAG_TOS.
        tos: Option<u8> = None, [stream 26], [scalar "TOS", 5, Hexadecimal, TrafficClass];
        /// IPv6 traffic class. Kernel: INET_DIAG_TCLASS.
        tclass: Option<u8> = None, [stream 27], [scalar "TCLASS", 6, Hexadecimal, TrafficClass];
        /// Firewall mark, hexadecimal. Needs CAP_NET_ADMIN. Kernel: INET_DIAG_MARK.
        mark: Option<u32> = None, [stream 19], [scalar "MARK", 8, Hexadecimal, Single];
        /// net_cls class id. Kernel: INET_DIAG_CLASS_ID.
        class_id: Option<u32> = None, [stream 20], [scalar "CLASS", 8, Hexadecimal, TrafficClass];
        /// IP protocol of a raw socket. Kernel: INET_DIAG_PROTOCOL.
        raw_protocol: Option<u8> = None, [stream 30], [scalar "PROTO", 5, Decimal, Single];
    }
}

impl Socket {
    /// Reports whether the kernel sends a destroy event for such a socket: TCP and UDP. Kernel: `sock_diag_broadcast_destroy`.
    #[inline]
    pub fn has_destroy_event(&self) -> bool {
        matches!(self.protocol, Protocol::Tcp | Protocol::Udp)
    }

    /// Set in the cookie of a socket that `sock_diag` does not report and whose real one is not known; the rest
    /// is its inode, which is as good an identity while it lives.
    pub const SURROGATE_COOKIE: u64 = 1 << 63;

    /// Returns the kernel's cookie; `None` if it is not known.
    pub fn known_cookie(&self) -> Option<u64> {
        (self.cookie & Self::SURROGATE_COOKIE == 0).then_some(self.cookie)
    }

    /// Returns the identity of the socket.
    #[inline]
    pub fn key(&self) -> SocketKey {
        SocketKey {
            netns: self.netns,
            cookie: self.cookie,
        }
    }

    /// Reports whether it is a listener.
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
