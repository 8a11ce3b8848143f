//! Vsock sockets.

use super::common::{protocol_of_type, split_head};
use crate::model::{Ends, Family, Parts, Socket, SocketTable, State};
use crate::source::netlink::wire::{DecodeError, cookie_at, u32_at};

/// Bytes of `struct vsock_diag_msg`.
const VSOCK_DIAG_MSG: usize = 32;

/// Decodes one `vsock_diag_msg`, which has no attributes, and appends the row.
pub(super) fn decode(
    message: &[u8],
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let (head, _) = split_head::<VSOCK_DIAG_MSG>(message)?;
    let word = |at: usize| u32_at(head, at).unwrap_or(0);
    let state = State::from_kernel(head[2]).ok_or(DecodeError::State(head[2]))?;
    let ends = Ends::Vsock {
        local: (word(4), word(8)),
        remote: (word(12), word(16)),
    };
    let cookie = cookie_at(head, 24).unwrap_or(0);
    let protocol = protocol_of_type(head[1]);
    let mut socket = Socket::new(netns, cookie, Family::Vsock, protocol, state, ends);
    socket.shutdown = Some(head[3]);
    socket.inode = word(20);
    let pushed = table.push(socket, Parts::default());
    pushed.ok_or(DecodeError::TableFull)
}
