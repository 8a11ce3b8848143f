//! Bytes to rows. Pure: no socket, no clock.
//!
//! Every reader tolerates any length: what did not arrive is absent, what is unknown is skipped, and no input makes
//! one of these functions panic or read beyond it.

mod inet;

use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, UNIX_DIAG_ICONS, UNIX_DIAG_MEMINFO,
    UNIX_DIAG_NAME, UNIX_DIAG_PEER, UNIX_DIAG_RQLEN, UNIX_DIAG_SHUTDOWN, UNIX_DIAG_VFS,
};

use super::request::AF_VSOCK;
use crate::model::{Ends, Family, MAX_NAME, Protocol, Socket, SocketTable, State};

// Attributes that the crate does not name (`include/uapi/linux/unix_diag.h`, `netlink_diag.h`, `packet_diag.h`).
const UNIX_DIAG_UID: u16 = 7;
const NETLINK_DIAG_MEMINFO: u16 = 0;
const PACKET_DIAG_INFO: u16 = 0;
const PACKET_DIAG_UID: u16 = 5;
const PACKET_DIAG_MEMINFO: u16 = 6;

/// Bytes of `struct unix_diag_msg`.
const UNIX_DIAG_MSG: usize = 16;
/// Bytes of `struct netlink_diag_msg`.
const NETLINK_DIAG_MSG: usize = 28;
/// Bytes of `struct packet_diag_msg`.
const PACKET_DIAG_MSG: usize = 16;
/// Bytes of `struct vsock_diag_msg`.
const VSOCK_DIAG_MSG: usize = 32;

/// Why a message could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Shorter than the structure it must begin with.
    #[error(
        "message of {length} bytes is shorter than the structure of {needed} it must begin with"
    )]
    TooShort {
        /// Bytes that arrived.
        length: usize,
        /// Bytes of the structure.
        needed: usize,
    },
    /// A family that was not asked for.
    #[error("unknown address family {0}")]
    Family(u8),
    /// A state that this version does not know.
    #[error("unknown socket state {0}")]
    State(u8),
    /// An attribute claims more bytes than there are.
    #[error("attribute {kind} claims {length} bytes where {left} are left")]
    Attribute {
        /// Its type.
        kind: u16,
        /// The length that it claims.
        length: usize,
        /// What is left of the message.
        left: usize,
    },
    /// The table holds all that its offsets can address.
    #[error("more than 4 GiB of attributes")]
    TableFull,
}

/// Attributes of a message, one after the other. Unlike the crate's iterator it lends the values for as long as the
/// message lives, so that a row is put together without copying.
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(u16, &'a [u8]), DecodeError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0;
        if rest.len() < 4 {
            return None;
        }
        let length = usize::from(u16_at(rest, 0)?);
        // Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
        let kind = u16_at(rest, 2)? & 0x3fff;
        let Some(value) = rest.get(4..length) else {
            self.0 = &[];
            return Some(Err(DecodeError::Attribute {
                kind,
                length,
                left: rest.len(),
            }));
        };
        self.0 = rest.get((length + 3) & !3..).unwrap_or(&[]);
        Some(Ok((kind, value)))
    }
}

#[inline]
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// A cookie: two words, the low one first.
#[inline]
fn cookie_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32_at(bytes, at)?) | u64::from(u32_at(bytes, at + 4)?) << 32)
}

/// Decodes one `SOCK_DIAG_BY_FAMILY` payload and appends its row. `protocol` is that of the dump's request; `None`
/// on destroy events and on families whose rows tell it.
///
/// # Errors
/// If the message is not what it claims to be. The table is as before then.
#[inline]
pub fn socket(
    message: &[u8],
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    match message.first().copied() {
        Some(AF_INET) => inet::socket(message, Family::Inet, protocol, netns, table),
        Some(AF_INET6) => inet::socket(message, Family::Inet6, protocol, netns, table),
        Some(AF_UNIX) => unix(message, netns, table),
        Some(AF_NETLINK) => netlink(message, netns, table),
        Some(AF_PACKET) => packet(message, netns, table),
        Some(AF_VSOCK) => vsock(message, netns, table),
        Some(other) => Err(DecodeError::Family(other)),
        None => Err(DecodeError::TooShort {
            length: 0,
            needed: 1,
        }),
    }
}

fn too_short(message: &[u8], needed: usize) -> DecodeError {
    DecodeError::TooShort {
        length: message.len(),
        needed,
    }
}

pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(&[])
}

fn socket_type(number: u8) -> Protocol {
    match number {
        1 => Protocol::Stream,
        2 => Protocol::Dgram,
        5 => Protocol::Seqpacket,
        other => Protocol::Other(other),
    }
}

/// `struct unix_diag_msg` and `UNIX_DIAG_*` attributes.
fn unix(message: &[u8], netns: u32, table: &mut SocketTable) -> Result<(), DecodeError> {
    let Some(head) = message.first_chunk::<UNIX_DIAG_MSG>() else {
        return Err(too_short(message, UNIX_DIAG_MSG));
    };
    let state = State::from_kernel(head[2]).ok_or(DecodeError::State(head[2]))?;
    let mut peer_inode = None;
    let mut vfs = None;
    let mut pending = 0;
    let mut name: &[u8] = &[];
    let mut memory: &[u8] = &[];
    let ends = Ends::Unix {
        peer_inode,
        vfs,
        pending,
    };
    let cookie = cookie_at(head, 8).unwrap_or(0);
    let protocol = socket_type(head[1]);
    let mut socket = Socket::new(netns, cookie, Family::Unix, protocol, state, ends);
    socket.inode = u32_at(head, 4).unwrap_or(0);
    for attribute in Attributes(&message[UNIX_DIAG_MSG..]) {
        let (kind, value) = attribute?;
        match kind {
            UNIX_DIAG_NAME => name = value,
            UNIX_DIAG_VFS => vfs = u32_at(value, 0).zip(u32_at(value, 4)),
            UNIX_DIAG_PEER => peer_inode = u32_at(value, 0).filter(|&inode| inode != 0),
            UNIX_DIAG_ICONS => pending = (value.len() / 4) as u32,
            UNIX_DIAG_RQLEN => {
                socket.recv_queue = u32_at(value, 0).unwrap_or(0);
                socket.send_queue = u32_at(value, 4).unwrap_or(0);
            }
            UNIX_DIAG_MEMINFO => memory = value,
            UNIX_DIAG_SHUTDOWN => socket.shutdown = value.first().copied(),
            UNIX_DIAG_UID => socket.uid = u32_at(value, 0),
            _ => {}
        }
    }
    // A path ends at its NUL, if it has one; an abstract name begins with one and may hold more.
    if name.first().is_some_and(|&byte| byte != 0) {
        name = until_nul(name);
    }
    let name = &name[..name.len().min(MAX_NAME)];
    socket.ends = Ends::Unix {
        peer_inode,
        vfs,
        pending,
    };
    socket.blob = table
        .push_blob(&[], memory, &[], name)
        .ok_or(DecodeError::TableFull)?;
    table.rows.push(socket);
    Ok(())
}

/// `struct netlink_diag_msg`. Its states are those of `net/netlink`, not TCP's: all count as unconnected, as in ss.
fn netlink(message: &[u8], netns: u32, table: &mut SocketTable) -> Result<(), DecodeError> {
    let Some(head) = message.first_chunk::<NETLINK_DIAG_MSG>() else {
        return Err(too_short(message, NETLINK_DIAG_MSG));
    };
    let word = |at: usize| u32_at(head, at).unwrap_or(0);
    let ends = Ends::Netlink {
        port_id: word(4),
        remote_port_id: word(8),
        remote_group: word(12),
    };
    let cookie = cookie_at(head, 20).unwrap_or(0);
    let protocol = Protocol::Netlink(head[2]);
    let mut socket = Socket::new(
        netns,
        cookie,
        Family::Netlink,
        protocol,
        State::Closed,
        ends,
    );
    socket.inode = word(16);
    let mut memory: &[u8] = &[];
    for attribute in Attributes(&message[NETLINK_DIAG_MSG..]) {
        if let (NETLINK_DIAG_MEMINFO, value) = attribute? {
            memory = value;
        }
    }
    queues_from_memory(&mut socket, memory);
    socket.blob = table
        .push_blob(&[], memory, &[], &[])
        .ok_or(DecodeError::TableFull)?;
    table.rows.push(socket);
    Ok(())
}

/// `struct packet_diag_msg` and `PACKET_DIAG_*` attributes.
fn packet(message: &[u8], netns: u32, table: &mut SocketTable) -> Result<(), DecodeError> {
    let Some(head) = message.first_chunk::<PACKET_DIAG_MSG>() else {
        return Err(too_short(message, PACKET_DIAG_MSG));
    };
    // SOCK_RAW is 3; SOCK_PACKET (10) is its obsolete form.
    let protocol = match head[1] {
        3 | 10 => Protocol::PacketRaw,
        other => socket_type(other),
    };
    let ends = Ends::Packet {
        ethertype: u16_at(head, 2).unwrap_or(0),
    };
    let cookie = cookie_at(head, 8).unwrap_or(0);
    let mut socket = Socket::new(netns, cookie, Family::Packet, protocol, State::Closed, ends);
    socket.inode = u32_at(head, 4).unwrap_or(0);
    let mut memory: &[u8] = &[];
    for attribute in Attributes(&message[PACKET_DIAG_MSG..]) {
        let (kind, value) = attribute?;
        match kind {
            PACKET_DIAG_INFO => socket.interface = u32_at(value, 0).unwrap_or(0),
            PACKET_DIAG_UID => socket.uid = u32_at(value, 0),
            PACKET_DIAG_MEMINFO => memory = value,
            _ => {}
        }
    }
    queues_from_memory(&mut socket, memory);
    socket.blob = table
        .push_blob(&[], memory, &[], &[])
        .ok_or(DecodeError::TableFull)?;
    table.rows.push(socket);
    Ok(())
}

/// Families whose rows carry no queues: the memory that waits in each direction, as ss has it.
fn queues_from_memory(socket: &mut Socket, memory: &[u8]) {
    socket.recv_queue = u32_at(memory, 0).unwrap_or(0);
    socket.send_queue = u32_at(memory, 8).unwrap_or(0);
}

/// `struct vsock_diag_msg`.
fn vsock(message: &[u8], netns: u32, table: &mut SocketTable) -> Result<(), DecodeError> {
    let Some(head) = message.first_chunk::<VSOCK_DIAG_MSG>() else {
        return Err(too_short(message, VSOCK_DIAG_MSG));
    };
    let word = |at: usize| u32_at(head, at).unwrap_or(0);
    let state = State::from_kernel(head[2]).ok_or(DecodeError::State(head[2]))?;
    let ends = Ends::Vsock {
        local: (word(4), word(8)),
        remote: (word(12), word(16)),
    };
    let cookie = cookie_at(head, 24).unwrap_or(0);
    let protocol = socket_type(head[1]);
    let mut socket = Socket::new(netns, cookie, Family::Vsock, protocol, state, ends);
    socket.shutdown = Some(head[3]);
    socket.inode = word(20);
    table.rows.push(socket);
    Ok(())
}
