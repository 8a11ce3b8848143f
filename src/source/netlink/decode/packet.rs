//! Packet sockets.

use super::common::{protocol_of_type, push_with_memory, split_head};
use crate::model::{Ends, Family, Protocol, Socket, SocketTable, State};
use crate::source::netlink::wire::{DecodeError, cookie_at, u16_at, u32_at};

// Attributes. Kernel: `include/uapi/linux/packet_diag.h`.
const PACKET_DIAG_INFO: u16 = 0;
const PACKET_DIAG_UID: u16 = 5;
const PACKET_DIAG_MEMINFO: u16 = 6;

/// Bytes of `struct packet_diag_msg`.
const PACKET_DIAG_MSG: usize = 16;

/// Decodes one `packet_diag_msg` and its `PACKET_DIAG_*` attributes, and appends the row.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, attributes) = split_head::<PACKET_DIAG_MSG>(message)?;
    // SOCK_RAW is 3; SOCK_PACKET (10) is its obsolete form.
    let protocol = match head[1] {
        3 | 10 => Protocol::PacketRaw,
        other => protocol_of_type(other),
    };
    let ends = Ends::Packet {
        ethertype: u16_at(head, 2).unwrap_or(0),
    };
    let cookie = cookie_at(head, 8).unwrap_or(0);
    let mut socket = Socket::new(netns, cookie, Family::Packet, protocol, State::Closed, ends);
    socket.inode = u32_at(head, 4).unwrap_or(0);
    let mut memory: &[u8] = &[];
    for attribute in attributes {
        let (kind, value) = attribute?;
        match kind {
            PACKET_DIAG_INFO => socket.interface = u32_at(value, 0).unwrap_or(0),
            PACKET_DIAG_UID => socket.uid = u32_at(value, 0),
            PACKET_DIAG_MEMINFO => memory = value,
            _ => {}
        }
    }
    push_with_memory(table, socket, memory)
}
