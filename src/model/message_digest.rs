//! What is known of a message of the kernel before it is decoded.

use super::ages::AGE_OFFSETS;

/// A message of the kernel about one socket: enough to know whether it says the same as an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageDigest {
    /// The socket's cookie.
    pub cookie: u64,
    /// Hash of the bytes without those that the clock changes; not 0.
    pub hash: u64,
    /// The values that the clock changes.
    pub clocks: Clocks,
}

/// Values of a socket that the clock alone changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Fields of `struct tcp_info` at [`AGE_OFFSETS`], ms; `None` if it has none.
    pub ages: Option<[u32; AGE_OFFSETS.len()]>,
    /// Time until the running timer expires, ms. Kernel: `idiag_expires`.
    pub expires_ms: Option<u32>,
}
