//! Netlink sockets.

use super::common::{push_with_memory, split_head};
use crate::model::{Ends, Family, Protocol, Socket, SocketTable, State};
use crate::source::netlink::wire::{DecodeError, cookie_at, u32_at};

/// Memory counters of the socket. Kernel: `include/uapi/linux/netlink_diag.h`.
const NETLINK_DIAG_MEMINFO: u16 = 0;

/// Bytes of `struct netlink_diag_msg`.
const NETLINK_DIAG_MSG: usize = 28;

/// Decodes one `netlink_diag_msg` and its attributes, and appends the row. Its states are those of `net/netlink`, not
/// TCP's; as in ss, all count as unconnected.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, attributes) = split_head::<NETLINK_DIAG_MSG>(message)?;
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
    for attribute in attributes {
        if let (NETLINK_DIAG_MEMINFO, value) = attribute? {
            memory = value;
        }
    }
    push_with_memory(table, socket, memory)
}
