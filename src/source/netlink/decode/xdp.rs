//! XDP sockets.

use super::common::{push_with_memory, split_head};
use crate::model::{Ends, Family, Protocol, Socket, SocketTable, State};
use crate::source::netlink::wire::{DecodeError, cookie_at, u32_at};

// Attributes. Kernel: `include/uapi/linux/xdp_diag.h`.
const XDP_DIAG_INFO: u16 = 1;
const XDP_DIAG_UID: u16 = 2;
const XDP_DIAG_MEMINFO: u16 = 8;

/// Bytes of `struct xdp_diag_msg`.
const XDP_DIAG_MSG: usize = 16;

/// Decodes one `xdp_diag_msg` and its attributes, and appends the row. As in ss, every socket counts as unconnected.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, attributes) = split_head::<XDP_DIAG_MSG>(message)?;
    let word = |at: usize| u32_at(head, at).unwrap_or(0);
    let cookie = cookie_at(head, 8).unwrap_or(0);
    // SOCK_RAW is the only type.
    let protocol = Protocol::PacketRaw;
    let ends = Ends::Xdp { queue: 0 };
    let mut socket = Socket::new(netns, cookie, Family::Xdp, protocol, State::Closed, ends);
    socket.inode = word(4);
    let mut memory: &[u8] = &[];
    for attribute in attributes {
        let (kind, value) = attribute?;
        match kind {
            XDP_DIAG_INFO => {
                socket.interface = u32_at(value, 0).unwrap_or(0);
                let queue = u32_at(value, 4).unwrap_or(0);
                socket.ends = Ends::Xdp { queue };
            }
            XDP_DIAG_UID => socket.uid = u32_at(value, 0),
            XDP_DIAG_MEMINFO => memory = value,
            _ => {}
        }
    }
    push_with_memory(table, socket, memory)
}
