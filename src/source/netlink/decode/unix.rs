//! Unix sockets.

use netlink_packet_sock_diag::constants::{
    UNIX_DIAG_ICONS, UNIX_DIAG_MEMINFO, UNIX_DIAG_NAME, UNIX_DIAG_PEER, UNIX_DIAG_RQLEN,
    UNIX_DIAG_SHUTDOWN, UNIX_DIAG_VFS,
};

use super::common::{protocol_of_type, split_head};
use crate::model::{Ends, Family, MAX_NAME, Parts, Socket, SocketTable, State};
use crate::source::netlink::wire::{DecodeError, cookie_at, u32_at, until_nul};

/// Owner of the socket; the crate does not name this attribute. Kernel: `include/uapi/linux/unix_diag.h`.
const UNIX_DIAG_UID: u16 = 7;

/// Bytes of `struct unix_diag_msg`.
const UNIX_DIAG_MSG: usize = 16;

/// Decodes one `unix_diag_msg` and its `UNIX_DIAG_*` attributes, and appends the row.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, attributes) = split_head::<UNIX_DIAG_MSG>(message)?;
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
    let protocol = protocol_of_type(head[1]);
    let mut socket = Socket::new(netns, cookie, Family::Unix, protocol, state, ends);
    socket.inode = u32_at(head, 4).unwrap_or(0);
    for attribute in attributes {
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
    // A path ends at its NUL, if it has one; an abstract name begins with one and may contain more.
    if name.first().is_some_and(|&byte| byte != 0) {
        name = until_nul(name);
    }
    let name = &name[..name.len().min(MAX_NAME)];
    socket.ends = Ends::Unix {
        peer_inode,
        vfs,
        pending,
    };
    let parts = Parts {
        memory,
        name,
        ..Parts::default()
    };
    table.push(socket, parts).ok_or(DecodeError::TableFull)
}
