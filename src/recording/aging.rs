//! Changes of a socket caused by the clock alone: the ages of `struct tcp_info` and the remaining time of its timer.

use crate::model::{AGE_OFFSETS, AGES_END, Protocol, Socket, Timer};

/// Progress of the clock for one row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AgeState {
    /// True if the clock changes the socket.
    pub(super) is_aging: bool,
    /// True if the socket changed for another reason in the previous Sample.
    pub(super) changed: bool,
    /// Time since the row was written, ms.
    pub(super) aged_ms: i64,
}

/// Reports whether the clock alone changes a socket.
#[inline]
pub(super) fn is_aging(socket: &Socket) -> bool {
    socket.timer.after(0).is_some() || has_age_fields(socket)
}

/// Reports whether a socket has the fields of [`AGE_OFFSETS`].
#[inline]
pub(super) fn has_age_fields(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp && usize::from(socket.blob.info) >= AGES_END
}

/// Returns the field of `struct tcp_info` at one of [`AGE_OFFSETS`], ms.
#[inline]
pub(super) fn age_field(parts: &[u8], offset: usize) -> u32 {
    match parts.get(offset..offset + 4) {
        Some(&[a, b, c, d]) => u32::from_ne_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Advances the clock of a socket by `shift` ms.
#[inline]
pub(super) fn advance_clock(socket: &mut Socket, parts: &mut [u8], shift: i64) {
    if has_age_fields(socket) {
        for offset in AGE_OFFSETS {
            let aged = age_field(parts, offset).wrapping_add(shift as u32);
            parts[offset..offset + 4].copy_from_slice(&aged.to_ne_bytes());
        }
    }
    if let Some(timer) = socket.timer.after(0) {
        let expires_ms = timer_after(timer.expires_ms, shift);
        socket.timer = Some(Timer {
            expires_ms,
            ..timer
        })
        .into();
    }
}

/// Returns the remaining time of a timer `shift` ms later, ms.
#[inline]
pub(super) fn timer_after(expires_ms: u32, shift: i64) -> u32 {
    i64::from(expires_ms)
        .saturating_sub(shift)
        .clamp(0, i64::from(u32::MAX)) as u32
}
