//! Parts that the messages of several families have in common.

use crate::model::{Protocol, Socket};
use crate::source::netlink::wire::u32_at;

/// The protocol of a socket of families that have only types: `SOCK_STREAM`, `SOCK_DGRAM`, `SOCK_SEQPACKET`.
pub(super) fn protocol_of_type(number: u8) -> Protocol {
    match number {
        1 => Protocol::Stream,
        2 => Protocol::Dgram,
        5 => Protocol::Seqpacket,
        other => Protocol::Other(other),
    }
}

/// Fills the queues of families whose rows carry none from the memory in use in each direction, as ss does.
pub(super) fn queues_from_memory(socket: &mut Socket, memory: &[u8]) {
    socket.recv_queue = u32_at(memory, 0).unwrap_or(0);
    socket.send_queue = u32_at(memory, 8).unwrap_or(0);
}
