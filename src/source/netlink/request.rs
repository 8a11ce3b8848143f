//! Encodes requests to `sock_diag`: dumps of tables, lookups of single sockets, and the destruction of a socket.
//!
//! Nothing is sent here.

use netlink_packet_core::{Emitable, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, IPPROTO_RAW, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP,
    IPPROTO_UDPLITE, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY,
};
use netlink_packet_sock_diag::inet::{self, ExtensionFlags, InetRequest, SocketId};
use netlink_packet_sock_diag::unix::{self, ShowFlags, UnixRequest};

use super::wire::{AF_TIPC, AF_VSOCK, AF_XDP, push_attribute, write_message};
use crate::filter::{LoweredFilter, StateSet};
use crate::model::{Ends, Family, Protocol, Socket};

/// `IPPROTO_MPTCP`: does not fit the request's byte and is sent in an attribute.
const IPPROTO_MPTCP: u32 = 262;

/// `INET_DIAG_REQ_PROTOCOL`.
const INET_DIAG_REQ_PROTOCOL: u16 = 3;

/// `INET_DIAG_REQ_BYTECODE`.
const INET_DIAG_REQ_BYTECODE: u16 = 1;

/// Bit 12, `TCP_NEW_SYN_RECV`: half-open connections, which are reported as SYN-RECV.
const NEW_SYN_RECV: u32 = 1 << 12;

/// Every TCP state: bits 1 to 12, and 13 for bound-inactive sockets.
const ALL_STATES: u32 = StateSet::ALL.bits() | NEW_SYN_RECV;

/// Sockets and attributes requested of the tables of the internet protocols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRequest {
    /// Selection of sockets: states, and a program that the kernel runs on each.
    pub lowered: LoweredFilter,
    /// Requests all attributes that the kernel supports; otherwise only identity, endpoints and queues, for which the
    /// kernel need not lock the sockets.
    pub details: bool,
}

impl Default for AttributeRequest {
    fn default() -> Self {
        AttributeRequest {
            lowered: LoweredFilter::ALL,
            details: true,
        }
    }
}

impl AttributeRequest {
    /// Returns a request for every socket in the same states.
    pub(super) fn without_program(&self) -> AttributeRequest {
        AttributeRequest {
            lowered: LoweredFilter {
                states: self.lowered.states,
                ..LoweredFilter::ALL
            },
            details: self.details,
        }
    }

    /// Returns the states as a bit mask. SYN-RECV has two bits, for sockets and for half-open connections.
    fn states(&self) -> u32 {
        match self.lowered.states.bits() {
            states if states & 1 << 3 != 0 => states | NEW_SYN_RECV,
            states => states,
        }
    }

    /// Returns all extensions except MEMINFO, whose four numbers are also among the nine of SKMEMINFO.
    fn extensions(&self) -> ExtensionFlags {
        if self.details {
            ExtensionFlags::all().difference(ExtensionFlags::MEMINFO)
        } else {
            ExtensionFlags::empty()
        }
    }

    /// Appends the program that selects sockets, if any.
    fn push_code(&self, bytes: &mut Vec<u8>) {
        if !self.lowered.code.is_empty() {
            push_attribute(bytes, INET_DIAG_REQ_BYTECODE, &self.lowered.code);
        }
    }
}

/// `UDIAG_SHOW_UID`; the crate does not name it.
const UDIAG_SHOW_UID: u32 = 0x40;

/// `NDIAG_SHOW_MEMINFO`.
const NDIAG_SHOW_MEMINFO: u32 = 1;

/// `PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO`.
const PACKET_SHOW: u32 = 0x11;

/// `XDP_SHOW_INFO | XDP_SHOW_MEMINFO`.
const XDP_SHOW: u32 = 0x9;

/// `NDIAG_PROTO_ALL`.
const NDIAG_PROTO_ALL: u8 = 255;

/// `TCPDIAG_GETSOCK`: the older request, which has no family and is answered with TCP sockets of both families. ss
/// relies on it.
pub(in crate::source) const TCPDIAG_GETSOCK: u16 = 18;

/// One table of the kernel, fetched by one dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// TCP over IPv4 and IPv6. The kernel keeps both in the same table, which is iterated once if they are dumped
    /// together.
    Tcp,
    /// A protocol over IPv4.
    Inet(Protocol),
    /// A protocol over IPv6.
    Inet6(Protocol),
    /// Unix sockets.
    Unix,
    /// Netlink sockets of all protocols.
    Netlink,
    /// Packet sockets.
    Packet,
    /// Vsock sockets.
    Vsock,
    /// TIPC sockets.
    Tipc,
    /// XDP sockets.
    Xdp,
}

impl Table {
    /// Every table, in dump order.
    pub const ALL: [Table; 19] = [
        Table::Tcp,
        Table::Inet(Protocol::Mptcp),
        Table::Inet6(Protocol::Mptcp),
        Table::Inet(Protocol::Udp),
        Table::Inet6(Protocol::Udp),
        Table::Inet(Protocol::UdpLite),
        Table::Inet6(Protocol::UdpLite),
        Table::Inet(Protocol::Raw),
        Table::Inet6(Protocol::Raw),
        Table::Inet(Protocol::Icmp),
        Table::Inet6(Protocol::Icmp6),
        Table::Inet(Protocol::Sctp),
        Table::Inet6(Protocol::Sctp),
        Table::Unix,
        Table::Netlink,
        Table::Packet,
        Table::Vsock,
        Table::Tipc,
        Table::Xdp,
    ];

    /// Returns the name used in faults, such as `sock_diag sctp`.
    pub fn name(self) -> String {
        match self {
            Table::Tcp => "sock_diag tcp".to_owned(),
            Table::Inet(protocol) => format!("sock_diag {}", protocol.name()),
            Table::Inet6(protocol) => format!("sock_diag {} (IPv6)", protocol.name()),
            Table::Unix => "sock_diag unix".to_owned(),
            Table::Netlink => "sock_diag netlink".to_owned(),
            Table::Packet => "sock_diag packet".to_owned(),
            Table::Vsock => "sock_diag vsock".to_owned(),
            Table::Tipc => "sock_diag tipc".to_owned(),
            Table::Xdp => "sock_diag xdp".to_owned(),
        }
    }

    /// Returns true if a file in `/proc/net` lists the sockets as well.
    pub fn has_procfs_file(self) -> bool {
        matches!(
            self,
            Table::Inet(Protocol::Raw | Protocol::Icmp)
                | Table::Inet6(Protocol::Raw | Protocol::Icmp6)
        )
    }

    /// Returns the protocol of the rows, for rows that do not contain it.
    pub(super) fn protocol(self) -> Option<Protocol> {
        match self {
            Table::Tcp => Some(Protocol::Tcp),
            Table::Inet(protocol) | Table::Inet6(protocol) => Some(protocol),
            // Its messages do not name their family; only TIPC has reliable datagrams.
            Table::Tipc => Some(Protocol::Rdm),
            Table::Unix | Table::Netlink | Table::Packet | Table::Vsock | Table::Xdp => None,
        }
    }

    /// Encodes the request to dump the table into `out`. `request` applies to internet protocols; the other tables are
    /// always requested unfiltered and with every attribute.
    pub fn write_request(self, request: &AttributeRequest, sequence: u32, out: &mut Vec<u8>) {
        let kind = match self {
            Table::Tcp => TCPDIAG_GETSOCK,
            _ => SOCK_DIAG_BY_FAMILY,
        };
        let payload: Vec<u8> = match self {
            Table::Tcp => both_families(request),
            Table::Inet(protocol) => inet(request, AF_INET, SocketId::new_v4(), protocol),
            Table::Inet6(protocol) => inet(request, AF_INET6, SocketId::new_v6(), protocol),
            Table::Unix => emit(&UnixRequest {
                // The crate's `all()` has two states and would hide unconnected datagram sockets.
                state_flags: unix::StateFlags::from_bits_retain(u32::MAX),
                inode: 0,
                show_flags: ShowFlags::from_bits_retain(ShowFlags::all().bits() | UDIAG_SHOW_UID),
                cookie: [0xff; 8],
            }),
            Table::Netlink => plain(AF_NETLINK, NDIAG_PROTO_ALL, &[0, NDIAG_SHOW_MEMINFO]),
            Table::Packet => plain(AF_PACKET, 0, &[0, PACKET_SHOW]),
            Table::Vsock => plain(AF_VSOCK, 0, &[u32::MAX, 0, 0]),
            // `tipc_sock_diag_req` ends with the states.
            Table::Tipc => [[AF_TIPC, 0, 0, 0], u32::MAX.to_ne_bytes()].concat(),
            Table::Xdp => plain(AF_XDP, 0, &[0, XDP_SHOW]),
        };
        write_message(kind, &payload, NLM_F_REQUEST | NLM_F_DUMP, sequence, out);
    }
}

/// Encodes the request for one socket, without attributes, into `out`. Returns false if there is no such request. The
/// kernel finds connections by their endpoints and unix sockets by their inode; other sockets may be ambiguous.
pub(super) fn write_single_request(socket: &Socket, sequence: u32, out: &mut Vec<u8>) -> bool {
    let payload = match socket.ends {
        Ends::Inet { remote, .. } if remote.port != 0 => match single_inet(socket, Purpose::Dump) {
            Some(payload) => payload,
            None => return false,
        },
        Ends::Unix { .. } => emit(&UnixRequest {
            state_flags: unix::StateFlags::from_bits_retain(u32::MAX),
            inode: socket.inode,
            show_flags: ShowFlags::empty(),
            cookie: cookie(socket),
        }),
        _ => return false,
    };
    write_message(SOCK_DIAG_BY_FAMILY, &payload, NLM_F_REQUEST, sequence, out);
    true
}

/// Encodes the request to destroy one socket into `out`. Returns false if there is no such request: the kernel destroys
/// only TCP and UDP sockets.
pub(super) fn write_destroy_request(socket: &Socket, sequence: u32, out: &mut Vec<u8>) -> bool {
    // Without the kernel's own cookie, any socket with these endpoints would be destroyed.
    if socket.known_cookie().is_none() {
        return false;
    }
    let Some(payload) = single_inet(socket, Purpose::Destroy) else {
        return false;
    };
    write_message(
        SOCK_DESTROY,
        &payload,
        NLM_F_REQUEST | NLM_F_ACK,
        sequence,
        out,
    );
    true
}

/// Returns the cookie as two words, the lower one first.
fn cookie(socket: &Socket) -> [u8; 8] {
    let (low, high) = (socket.cookie as u32, (socket.cookie >> 32) as u32);
    let mut cookie = [0; 8];
    cookie[..4].copy_from_slice(&low.to_ne_bytes());
    cookie[4..].copy_from_slice(&high.to_ne_bytes());
    cookie
}

/// Purpose of a request for one socket, which determines the order of its endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Dump,
    Destroy,
}

/// `inet_diag_req_v2` for one socket of TCP or UDP.
fn single_inet(socket: &Socket, purpose: Purpose) -> Option<Vec<u8>> {
    let Ends::Inet { local, remote } = socket.ends else {
        return None;
    };
    let mapped = local.address != local.canonical().address;
    let family = match (socket.family, socket.protocol) {
        (Family::Inet, Protocol::Tcp | Protocol::Udp) => AF_INET,
        (Family::Inet6, Protocol::Tcp) => AF_INET6,
        // The kernel looks up a single v4-mapped socket only among those of IPv6, where it is not.
        (Family::Inet6, Protocol::Udp) if !mapped || purpose == Purpose::Destroy => AF_INET6,
        _ => return None,
    };
    // Kernel: `udp_dump_one`, "src and dst are swapped for historical reasons"; but not in `__udp_diag_destroy`.
    let (source, destination) = match (socket.protocol, purpose) {
        (Protocol::Udp, Purpose::Dump) => (remote, local),
        _ => (local, remote),
    };
    Some(emit(&InetRequest {
        family,
        protocol: number(socket.protocol) as u8,
        extensions: ExtensionFlags::empty(),
        states: inet::StateFlags::from_bits_retain(ALL_STATES),
        socket_id: SocketId {
            source_port: source.port,
            destination_port: destination.port,
            source_address: source.address,
            destination_address: destination.address,
            interface_id: socket.interface,
            cookie: cookie(socket),
        },
    }))
}

/// Returns the protocol's number. Kernel: `IPPROTO_*`.
fn number(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Udp => u32::from(IPPROTO_UDP),
        Protocol::UdpLite => u32::from(IPPROTO_UDPLITE),
        Protocol::Raw => u32::from(IPPROTO_RAW),
        Protocol::Sctp => u32::from(IPPROTO_SCTP),
        Protocol::Mptcp => IPPROTO_MPTCP,
        _ => u32::from(IPPROTO_TCP),
    }
}

/// `inet_diag_req`: family and lengths, which the kernel ignores, extensions, a `SocketId`, states, no database.
fn both_families(request: &AttributeRequest) -> Vec<u8> {
    let mut bytes = vec![AF_INET, 0, 0, request.extensions().bits()];
    bytes.extend_from_slice(&[0; 48]);
    bytes.extend_from_slice(&request.states().to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    request.push_code(&mut bytes);
    bytes
}

/// `inet_diag_req_v2` and its attributes: the program and, for protocols above 255, the protocol.
fn inet(
    request: &AttributeRequest,
    family: u8,
    socket_id: SocketId,
    protocol: Protocol,
) -> Vec<u8> {
    let everything = AttributeRequest::default();
    // The kernel does not run programs on SCTP, has other states for associations, and reports the identity of an
    // association in its INFO.
    let request = if protocol == Protocol::Sctp {
        &everything
    } else {
        request
    };
    let number = number(protocol);
    let mut bytes = emit(&InetRequest {
        family,
        protocol: number as u8,
        extensions: request.extensions(),
        states: inet::StateFlags::from_bits_retain(request.states()),
        socket_id,
    });
    request.push_code(&mut bytes);
    if number > u32::from(u8::MAX) {
        push_attribute(&mut bytes, INET_DIAG_REQ_PROTOCOL, &number.to_ne_bytes());
    }
    bytes
}

/// `netlink_diag_req`, `packet_diag_req`, `vsock_diag_req`, `xdp_diag_req`: family, protocol, words, and no particular cookie.
fn plain(family: u8, protocol: u8, words: &[u32]) -> Vec<u8> {
    let mut bytes = vec![family, protocol, 0, 0];
    for word in words {
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    // INET_DIAG_NOCOOKIE, twice; vsock requires its reserved words but ignores the cookie.
    bytes.extend_from_slice(&[0xff; 8]);
    bytes
}

fn emit(request: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; request.buffer_len()];
    request.emit(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_layout_of_the_kernels_structures() {
        let mut bytes = Vec::new();
        let all = AttributeRequest::default();
        Table::Inet(Protocol::Tcp).write_request(&all, 7, &mut bytes);
        assert_eq!(bytes.len(), 16 + 56);
        assert_eq!(bytes[0..4], 72u32.to_ne_bytes());
        assert_eq!(bytes[4..6], 20u16.to_ne_bytes());
        assert_eq!(bytes[6..8], 0x301u16.to_ne_bytes());
        assert_eq!(bytes[8..12], 7u32.to_ne_bytes());
        assert_eq!(bytes[16..19], [2, 6, 0xfe]);
        assert_eq!(bytes[20..24], 0x3ffe_u32.to_ne_bytes());

        Table::Tcp.write_request(&all, 7, &mut bytes);
        assert_eq!(bytes.len(), 16 + 60);
        assert_eq!(bytes[4..6], 18u16.to_ne_bytes());
        assert_eq!(bytes[16..20], [2, 0, 0, 0xfe]);
        assert_eq!(bytes[68..72], 0x3ffe_u32.to_ne_bytes());

        Table::Inet6(Protocol::Mptcp).write_request(&all, 8, &mut bytes);
        assert_eq!(bytes.len(), 16 + 56 + 8);
        assert_eq!(bytes[76..80], 262u32.to_ne_bytes());

        Table::Unix.write_request(&all, 9, &mut bytes);
        assert_eq!(bytes.len(), 16 + 24);
        assert_eq!(bytes[28..32], 0x7f_u32.to_ne_bytes());

        Table::Netlink.write_request(&all, 9, &mut bytes);
        assert_eq!((bytes.len(), bytes[17]), (16 + 20, 255));
        Table::Packet.write_request(&all, 9, &mut bytes);
        assert_eq!(bytes.len(), 16 + 20);
        Table::Vsock.write_request(&all, 9, &mut bytes);
        assert_eq!(bytes.len(), 16 + 24);
        Table::Tipc.write_request(&all, 9, &mut bytes);
        assert_eq!(bytes[16..], [30, 0, 0, 0, 255, 255, 255, 255]);
        Table::Xdp.write_request(&all, 9, &mut bytes);
        assert_eq!((bytes.len(), bytes[24]), (16 + 20, 9));

        let few = AttributeRequest {
            lowered: LoweredFilter {
                states: StateSet::of(crate::model::State::SynRecv),
                code: vec![0; 8],
                kernel_only: false,
            },
            details: false,
        };
        Table::Tcp.write_request(&few, 9, &mut bytes);
        assert_eq!(bytes.len(), 16 + 60 + 4 + 8);
        assert_eq!(bytes[19], 0, "no extension");
        assert_eq!(bytes[68..72], 0x1008_u32.to_ne_bytes());
        assert_eq!(bytes[76..80], [12, 0, 1, 0]);
    }
}
