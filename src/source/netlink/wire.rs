//! The bytes of netlink messages: reads numbers, strings and attributes without copying; writes headers and attributes.
//!
//! Every reader tolerates any length: fields that were not sent are absent, and no input causes a panic or a read
//! beyond the end. This module does not know which attributes a message has.

use netlink_packet_core::{Emitable as _, NetlinkHeader};

/// Size of the receive buffer, in bytes. The kernel fills at most 32 KiB per `recv`: a larger buffer stays partly
/// empty, a smaller one costs system calls.
pub(super) const RECEIVE_BUFFER: usize = 32 * 1024;

/// Bytes of a netlink header. Kernel: `struct nlmsghdr`.
pub(in crate::source) const HEADER: usize = 16;

// Address families. Kernel: `include/linux/socket.h`.
pub(super) const AF_TIPC: u8 = 30;
pub(super) const AF_VSOCK: u8 = 40;
pub(super) const AF_XDP: u8 = 44;

/// Reasons why a message cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Shorter than the structure it must begin with.
    #[error("message of {length} bytes is shorter than its structure of {needed} bytes")]
    TooShort {
        /// Received bytes.
        length: usize,
        /// Bytes of the structure.
        needed: usize,
    },
    /// An unknown family.
    #[error("unknown address family {0}")]
    Family(u8),
    /// A state unknown to this version.
    #[error("unknown socket state {0}")]
    State(u8),
    /// An attribute claims more bytes than are left.
    #[error("attribute {kind} claims {length} bytes where {left} are left")]
    Attribute {
        /// Type of the attribute.
        kind: u16,
        /// The claimed length.
        length: usize,
        /// Bytes left of the message.
        left: usize,
    },
    /// The table has reached the limit of its offsets.
    #[error("more than 4 GiB of attributes")]
    TableFull,
}

/// Creates the error for a message that is shorter than its structure.
pub(super) fn too_short(message: &[u8], needed: usize) -> DecodeError {
    DecodeError::TooShort {
        length: message.len(),
        needed,
    }
}

/// Iterates over the attributes of a message as (type, value). Unlike the iterator of `netlink-packet-core`, the values
/// live as long as the message, so that a row is built without copying.
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
        self.0 = rest.get(aligned(length)..).unwrap_or(&[]);
        Some(Ok((kind, value)))
    }
}

/// Rounds a length up to the alignment of messages and attributes, four bytes. Kernel: `NLMSG_ALIGN`, `NLA_ALIGN`.
#[inline]
pub(in crate::source) fn aligned(length: usize) -> usize {
    (length + 3) & !3
}

/// Reads 16 bits in host order.
#[inline]
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// Reads 32 bits in host order.
#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Reads 64 bits in host order.
#[inline]
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// Reads a socket's cookie: two words of 32 bits, the low one first.
#[inline]
pub(super) fn cookie_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32_at(bytes, at)?) | u64::from(u32_at(bytes, at + 4)?) << 32)
}

/// Returns the bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or(&[])
}

/// Returns the errno in the payload of `NLMSG_DONE` or `NLMSG_ERROR`, which begins with its negative; 0 for success.
pub(in crate::source) fn errno(payload: &[u8]) -> i32 {
    let code = u32_at(payload, 0).unwrap_or(0).cast_signed();
    code.checked_neg().unwrap_or(i32::MAX)
}

/// Writes a message with its header into `out`, replacing its contents.
pub(super) fn write_message(
    kind: u16,
    payload: &[u8],
    flags: u16,
    sequence: u32,
    out: &mut Vec<u8>,
) {
    let mut header = NetlinkHeader::default();
    header.length = (header.buffer_len() + payload.len()) as u32;
    header.message_type = kind;
    header.flags = flags;
    header.sequence_number = sequence;
    out.clear();
    out.resize(header.buffer_len(), 0);
    header.emit(out);
    out.extend_from_slice(payload);
}

/// Appends an attribute, whose value is a multiple of four bytes long.
pub(super) fn push_attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
}
