//! Sockets of IPv4 and IPv6: TCP, UDP, raw, SCTP, MPTCP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_sock_diag::constants::{
    INET_DIAG_BBRINFO, INET_DIAG_CLASS_ID, INET_DIAG_CONG, INET_DIAG_DCTCPINFO, INET_DIAG_INFO,
    INET_DIAG_MARK, INET_DIAG_PROTOCOL, INET_DIAG_SHUTDOWN, INET_DIAG_SKMEMINFO,
    INET_DIAG_SKV6ONLY, INET_DIAG_TCLASS, INET_DIAG_TOS, INET_DIAG_VEGASINFO, IPPROTO_UDP,
    IPPROTO_UDPLITE,
};

use super::common::split_head;
use super::sctp::{self, INET_DIAG_LOCALS, INET_DIAG_PEERS, SctpAttributes};
use super::tcp_extras;
use crate::model::{
    Endpoint, Ends, Family, MAX_NAME, Parts, Protocol, Socket, SocketTable, State, TcpExtras,
    Timer, TimerKind, TlsInfo,
};
use crate::source::netlink::wire::{Attributes, DecodeError, u16_at, u32_at, u64_at, until_nul};

// Attributes that the crate does not name. Kernel: `include/uapi/linux/inet_diag.h`.
const INET_DIAG_MD5SIG: u16 = 18;
const INET_DIAG_ULP_INFO: u16 = 19;
const INET_DIAG_CGROUP_ID: u16 = 21;
const INET_DIAG_SOCKOPT: u16 = 22;
const INET_ULP_INFO_NAME: u16 = 1;
const INET_ULP_INFO_TLS: u16 = 2;

/// Bytes of `struct inet_diag_msg`.
pub(super) const INET_DIAG_MSG: usize = 72;

/// Decodes one `inet_diag_msg` and its `INET_DIAG_*` attributes, and appends the row.
pub(super) fn decode(
    message: &[u8],
    family: Family,
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, attributes) = split_head::<INET_DIAG_MSG>(message)?;
    let word = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let port = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let address = |at: usize| -> IpAddr {
        if family == Family::Inet {
            Ipv4Addr::new(head[at], head[at + 1], head[at + 2], head[at + 3]).into()
        } else {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&head[at..at + 16]);
            Ipv6Addr::from(bytes).into()
        }
    };
    let is_sctp = protocol == Some(Protocol::Sctp);
    let mut state = match State::from_kernel(head[1]) {
        Some(state) => state,
        // Set below, once it is known whether the row is an association.
        None if is_sctp => State::Closed,
        None => return Err(DecodeError::State(head[1])),
    };
    // A dump of TCP reports bound-inactive sockets (requested by bit 13) as state 7. In destroy events, which have no
    // protocol, state 7 is the closed state.
    if protocol == Some(Protocol::Tcp) && state == State::Closed {
        state = State::BoundInactive;
    }
    let is_event = protocol.is_none();
    let protocol = protocol.unwrap_or(Protocol::Tcp);
    let ends = Ends::Inet {
        local: Endpoint {
            address: address(8),
            port: port(4),
        },
        remote: Endpoint {
            address: address(24),
            port: port(6),
        },
    };
    let cookie = u64::from(word(44)) | u64::from(word(48)) << 32;
    let mut socket = Socket::new(netns, cookie, family, protocol, state, ends);
    socket.interface = word(40);
    socket.timer = timer(head[2], head[3], word(52)).into();
    socket.recv_queue = word(56);
    socket.send_queue = word(60);
    socket.inode = word(68);
    // The kernel writes 0 in TIME-WAIT and SYN-RECV rows; older kernels also where no process has the socket open.
    let placeholder = (matches!(state, State::TimeWait | State::SynRecv) && !is_sctp)
        || (socket.inode == 0 && word(64) == 0);
    socket.uid = (!placeholder).then(|| word(64));

    let mut info: &[u8] = &[];
    let mut memory: &[u8] = &[];
    let mut congestion_info: &[u8] = &[];
    let mut ulp: &[u8] = &[];
    let mut tls: Option<TlsInfo> = None;
    let mut keys: &[u8] = &[];
    let mut locals: &[u8] = &[];
    let mut peers: Option<&[u8]> = None;
    for attribute in attributes {
        let (kind, value) = attribute?;
        match kind {
            INET_DIAG_INFO => info = value,
            INET_DIAG_SKMEMINFO => memory = value,
            INET_DIAG_VEGASINFO | INET_DIAG_DCTCPINFO | INET_DIAG_BBRINFO => {
                congestion_info = value;
            }
            INET_DIAG_CONG => socket.congestion = table.name_index(until_nul(value)),
            INET_DIAG_TOS => socket.tos = value.first().copied(),
            INET_DIAG_TCLASS => socket.tclass = value.first().copied(),
            INET_DIAG_SHUTDOWN => socket.shutdown = value.first().copied(),
            INET_DIAG_MARK => socket.mark = u32_at(value, 0),
            INET_DIAG_CLASS_ID => socket.class_id = u32_at(value, 0),
            INET_DIAG_CGROUP_ID => socket.cgroup_id = u64_at(value, 0).unwrap_or(0),
            INET_DIAG_SOCKOPT => socket.options = u16_at(value, 0),
            INET_DIAG_SKV6ONLY => socket.v6only = value.first().map(|&flag| flag != 0),
            INET_DIAG_PROTOCOL => match value.first() {
                Some(&IPPROTO_UDP) if is_event => socket.protocol = Protocol::Udp,
                Some(&IPPROTO_UDPLITE) if is_event => socket.protocol = Protocol::UdpLite,
                number if protocol == Protocol::Raw => socket.raw_protocol = number.copied(),
                _ => {}
            },
            INET_DIAG_LOCALS => locals = value,
            INET_DIAG_PEERS => peers = Some(value),
            INET_DIAG_ULP_INFO => {
                for inner in Attributes(value) {
                    match inner? {
                        (INET_ULP_INFO_NAME, name) => ulp = until_nul(name),
                        (INET_ULP_INFO_TLS, value) => tls = Some(tcp_extras::tls(value)?),
                        _ => {}
                    }
                }
            }
            INET_DIAG_MD5SIG => keys = value,
            _ => {}
        }
    }
    // Destroy events of UDP have an underflow in place of a send queue.
    if is_event && socket.send_queue == u32::MAX {
        socket.send_queue = 0;
    }
    // Empty vectors allocate nothing, and few sockets need them.
    let mut extra = Vec::new();
    if is_sctp {
        let attributes = SctpAttributes {
            info,
            locals,
            peers,
        };
        sctp::complete(&mut socket, head[1], &attributes, &mut extra)?;
    } else if tls.is_some() || !keys.is_empty() {
        TcpExtras::encode(ulp, tls, tcp_extras::md5_peers(keys), &mut extra);
    }
    let name = match extra.as_slice() {
        [] => &ulp[..ulp.len().min(MAX_NAME)],
        extra => extra,
    };
    let parts = Parts {
        info,
        memory,
        congestion_info,
        name,
    };
    table.push(socket, parts).ok_or(DecodeError::TableFull)
}

/// Decodes the timer: its kind, retries and expiry in ms. Returns `None` if no timer runs.
#[inline]
fn timer(kind: u8, retries: u8, expires_ms: u32) -> Option<Timer> {
    let kind = match kind {
        0 => return None,
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => TimerKind::Unknown,
    };
    Some(Timer {
        expires_ms,
        kind,
        retries,
    })
}
