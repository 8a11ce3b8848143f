//! Decodes messages of `sock_diag` into rows. Pure: no socket, no clock.
//!
//! There is one file per kind of message. `wire` reads the bytes and tolerates any length: an attribute that was not
//! sent is absent, and an unknown one is skipped.

mod common;
mod digest;
mod inet;
mod netlink;
mod packet;
mod sctp;
mod tcp_extras;
mod tipc;
mod unix;
mod vsock;
mod xdp;

use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX};

use super::wire::{AF_VSOCK, AF_XDP, too_short};
use crate::model::{Family, Protocol, SocketTable};

pub(super) use self::digest::digest;
pub use super::wire::DecodeError;

/// Decodes one `SOCK_DIAG_BY_FAMILY` payload and appends its row to `table`. `protocol` is that of the dump's request;
/// `None` for destroy events and for families whose rows contain it. [`Protocol::Rdm`] stands for TIPC, whose messages do
/// not begin with their family.
///
/// # Errors
/// If the message is malformed. The table is then left unchanged.
#[inline]
pub fn decode_socket(
    message: &[u8],
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    if protocol == Some(Protocol::Rdm) {
        return tipc::decode(message, netns, table);
    }
    match message.first().copied() {
        Some(AF_INET) => inet::decode(message, Family::Inet, protocol, netns, table),
        Some(AF_INET6) => inet::decode(message, Family::Inet6, protocol, netns, table),
        Some(AF_UNIX) => unix::decode(message, netns, table),
        Some(AF_NETLINK) => netlink::decode(message, netns, table),
        Some(AF_PACKET) => packet::decode(message, netns, table),
        Some(AF_VSOCK) => vsock::decode(message, netns, table),
        Some(AF_XDP) => xdp::decode(message, netns, table),
        Some(other) => Err(DecodeError::Family(other)),
        None => Err(too_short(message, 1)),
    }
}
