//! Digests of messages: whether a socket is as it was when it was last reported, without decoding it.

use std::hash::{BuildHasher as _, Hasher as _};

use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, INET_DIAG_INFO, TCP_LISTEN,
};

use super::inet::INET_DIAG_MSG;
use crate::model::{AGE_OFFSETS, AGES_END, Clocks, MessageDigest, Protocol, Seed};
use crate::source::netlink::wire::{Attributes, cookie_at, u32_at};

/// Offset of `idiag_timer` in `struct inet_diag_msg`.
const TIMER: usize = 2;

/// Offset of `idiag_expires`.
const EXPIRES: usize = 52;

/// Longest time of a timer whose sum with the age of a page fits into 32 bits, ms.
const MAX_EXPIRES_MS: u32 = 1 << 31;

/// Returns the digest of one `SOCK_DIAG_BY_FAMILY` payload; `None` if it has to be decoded in any case. `protocol` is that
/// of the dump's request.
#[inline]
pub(in crate::source::netlink) fn digest(
    message: &[u8],
    protocol: Option<Protocol>,
    seed: &Seed,
) -> Option<MessageDigest> {
    match *message.first()? {
        // An association is completed from several attributes, and its rows are repeated.
        AF_INET | AF_INET6 if protocol? != Protocol::Sctp => inet(message, protocol?, seed),
        AF_UNIX if protocol.is_none() => whole(message, 8, seed),
        AF_NETLINK if protocol.is_none() => whole(message, 20, seed),
        _ => None,
    }
}

/// Digests a message that the clock does not change, with its cookie at an offset.
fn whole(message: &[u8], cookie: usize, seed: &Seed) -> Option<MessageDigest> {
    Some(MessageDigest {
        cookie: cookie_at(message, cookie)?,
        hash: seed.hash_one(message) | 1,
        clocks: Clocks::default(),
    })
}

/// Digests an `inet_diag_msg`.
#[inline]
fn inet(message: &[u8], protocol: Protocol, seed: &Seed) -> Option<MessageDigest> {
    let (head, attributes) = message.split_at_checked(INET_DIAG_MSG)?;
    let expires_ms = u32_at(head, EXPIRES).filter(|_| head[TIMER] != 0);
    if expires_ms.is_some_and(|ms| ms >= MAX_EXPIRES_MS) {
        return None;
    }
    let mut hasher = seed.build_hasher();
    hasher.write(&head[..EXPIRES]);
    let mut rest = &message[EXPIRES + size_of::<u32>()..];
    let mut ages = None;
    if protocol == Protocol::Tcp && head[1] != TCP_LISTEN {
        let info = find_info(attributes)?;
        if let Some(info) = info
            && info.len() >= AGES_END
        {
            let begin = info.as_ptr().addr() - rest.as_ptr().addr();
            let (before, from_info) = rest.split_at_checked(begin + AGE_OFFSETS[0])?;
            hasher.write(before);
            let (clocks, behind) = from_info.split_at_checked(AGES_END - AGE_OFFSETS[0])?;
            let word = |offset: usize| u32_at(clocks, offset - AGE_OFFSETS[0]);
            let [first, second, third] = AGE_OFFSETS;
            ages = Some([word(first)?, word(second)?, word(third)?]);
            // `tcpi_last_ack_sent`, which the kernel leaves at 0.
            hasher.write_u32(word(first + size_of::<u32>())?);
            rest = behind;
        }
    }
    hasher.write(rest);
    Some(MessageDigest {
        cookie: cookie_at(head, 44)?,
        hash: hasher.finish() | 1,
        clocks: Clocks { ages, expires_ms },
    })
}

/// Returns the value of `INET_DIAG_INFO`, the last one as in decoding; `None` if an attribute is malformed.
#[inline]
#[expect(
    clippy::option_option,
    reason = "a message without the attribute is complete"
)]
fn find_info(attributes: &[u8]) -> Option<Option<&[u8]>> {
    let mut info = None;
    for attribute in Attributes(attributes) {
        if let (INET_DIAG_INFO, value) = attribute.ok()? {
            info = Some(value);
        }
    }
    Some(info)
}
