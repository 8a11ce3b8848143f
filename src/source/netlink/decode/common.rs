//! Common parts of the messages of several families.

use crate::model::{Parts, Protocol, Socket, SocketTable};
use crate::source::netlink::wire::{Attributes, DecodeError, too_short, u32_at};

/// Returns the protocol of a socket in families that have only types: `SOCK_STREAM`, `SOCK_DGRAM`, `SOCK_RDM`,
/// `SOCK_SEQPACKET`.
pub(super) fn protocol_of_type(number: u8) -> Protocol {
    match number {
        1 => Protocol::Stream,
        2 => Protocol::Dgram,
        4 => Protocol::Rdm,
        5 => Protocol::Seqpacket,
        other => Protocol::Other(other),
    }
}

/// Splits a message into its structure of `N` bytes and its attributes.
#[inline]
pub(super) fn split_head<const N: usize>(
    message: &[u8],
) -> Result<(&[u8; N], Attributes<'_>), DecodeError> {
    let (head, attributes) = message
        .split_first_chunk::<N>()
        .ok_or_else(|| too_short(message, N))?;
    Ok((head, Attributes(attributes)))
}

/// Appends the row of a family whose messages have no queues and whose only variable-length attribute is memory. As in
/// ss, the queues are the memory in use in each direction.
pub(super) fn push_with_memory(
    table: &mut SocketTable,
    mut socket: Socket,
    memory: &[u8],
) -> Result<(), DecodeError> {
    socket.recv_queue = u32_at(memory, 0).unwrap_or(0);
    socket.send_queue = u32_at(memory, 8).unwrap_or(0);
    let parts = Parts {
        memory,
        ..Parts::default()
    };
    table.push(socket, parts).ok_or(DecodeError::TableFull)
}
