//! Decodes datagrams of `sock_diag`. A datagram has several messages: some are rows, others concern the dump as a
//! whole. Pure.

use netlink_packet_core::{NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, NetlinkBuffer};
use netlink_packet_sock_diag::constants::{SOCK_DESTROY, SOCK_DIAG_BY_FAMILY};

use super::decode::{DecodeError, decode_socket, digest};
use super::request::TCPDIAG_GETSOCK;
use super::wire::{HEADER, aligned, errno};
use crate::model::{Protocol, SocketTable};

/// The part of a datagram that concerns the dump as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DatagramStatus {
    /// The dump has ended, with this errno; 0 for success.
    pub ended: Option<i32>,
    /// Number of rows that could not be decoded.
    pub malformed: u32,
    /// Reason for the first row that could not be decoded.
    pub reason: Option<DecodeError>,
    /// The kernel reports that its table changed so much that rows may be missing.
    pub interrupted: bool,
}

/// Decodes one datagram and appends its rows to `table`. Skips messages that answer a request other than `sequence`;
/// without a `sequence`, skips none. Total: any `bytes` are accepted.
pub fn decode_datagram(
    bytes: &[u8],
    sequence: Option<u32>,
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> DatagramStatus {
    let mut status = DatagramStatus::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let Ok(message) = NetlinkBuffer::new_checked(rest) else {
            // The remaining bytes are not a message: a truncated datagram.
            status.malformed += 1;
            break;
        };
        let length = message.length() as usize;
        let payload = rest.get(HEADER..length).unwrap_or(&[]);
        // Answers to an abandoned dump may still arrive.
        if sequence.is_none_or(|sequence| message.sequence_number() == sequence) {
            status.interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
            match message.message_type() {
                SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK | SOCK_DESTROY => {
                    if let Err(error) = append_row(payload, protocol, netns, table) {
                        status.malformed += 1;
                        status.reason.get_or_insert(error);
                    }
                }
                // An unsupported family is reported in DONE.
                NLMSG_DONE | NLMSG_ERROR => {
                    status.ended = Some(errno(payload));
                    break;
                }
                NLMSG_OVERRUN => status.interrupted = true,
                _ => {}
            }
        }
        rest = rest.get(aligned(length)..).unwrap_or(&[]);
    }
    status
}

/// Appends the row of a message: that of the previous table if it is unchanged.
#[inline]
fn append_row(
    message: &[u8],
    protocol: Option<Protocol>,
    netns: u32,
    table: &mut SocketTable,
) -> Result<(), DecodeError> {
    let digest = table
        .message_seed()
        .and_then(|seed| digest(message, protocol, seed));
    if digest.is_some_and(|digest| table.push_unchanged(&digest)) {
        return Ok(());
    }
    decode_socket(message, protocol, netns, table)
}
