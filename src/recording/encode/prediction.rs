//! Predicts a socket from that of the previous frame: how far its clock advanced, and whether anything else changed.

use super::side_refs::ChunkSocket;
use crate::model::{AGE_OFFSETS, AGES_END};
use crate::recording::aging::{age_field, has_age_fields, timer_after};

/// Maximum deviation, in ms, of a socket's clock from the time between two Samples. Dumps take different times, and
/// with a tick of 4 ms a difference jumps.
const MAX_JITTER_MS: u64 = 250;

/// Returns by how many ms the clock of a socket advanced: the value on which at least two of its fields agree, or that
/// of the only field. Fields that restarted in between have other values. Returns `expected` if there is no plausible
/// value.
pub(super) fn elapsed_ms(
    before: &ChunkSocket<'_>,
    current: &ChunkSocket<'_>,
    expected: i64,
    elapsed: i64,
) -> i64 {
    let mut values = [i64::MAX; AGE_OFFSETS.len() + 1];
    let mut fields = 0;
    if has_age_fields(&before.socket) && has_age_fields(&current.socket) {
        for (value, offset) in values.iter_mut().zip(AGE_OFFSETS) {
            let since = age_field(current.parts, offset).wrapping_sub(age_field(before.parts, offset));
            *value = i64::from(since.cast_signed());
        }
        fields = AGE_OFFSETS.len();
    }
    let timers = (before.socket.timer.after(0), current.socket.timer.after(0));
    if let (Some(before), Some(now)) = timers
        && before.kind == now.kind
    {
        values[fields] = i64::from(before.expires_ms) - i64::from(now.expires_ms);
        fields += 1;
    }
    let values = &values[..fields];
    if values.contains(&expected) {
        return expected;
    }
    let is_plausible = |shift: &&i64| shift.abs_diff(elapsed) <= MAX_JITTER_MS;
    let is_shared = |shift: &&i64| values.iter().filter(|other| other == shift).count() >= 2;
    match values {
        [only] => Some(only).filter(is_plausible),
        _ => values.iter().filter(is_plausible).find(is_shared),
    }
    .copied()
    .unwrap_or(expected)
}

/// Reports whether a socket is as predicted: equal to the one before with its clock advanced by `shift` ms.
#[inline]
pub(super) fn is_as_predicted(
    before: &ChunkSocket<'_>,
    current: &ChunkSocket<'_>,
    shift: i64,
) -> bool {
    let now = &current.socket;
    let has_same_fields = match before.socket.timer.after(0) {
        None => before.socket == *now,
        Some(mut timer) => {
            timer.expires_ms = timer_after(timer.expires_ms, shift);
            let mut predicted = before.socket;
            predicted.timer = Some(timer).into();
            predicted == *now
        }
    };
    if !has_same_fields || before.side != current.side {
        return false;
    }
    if !has_age_fields(now) {
        return before.parts == current.parts;
    }
    // `tcpi_last_ack_sent`, which the kernel leaves at 0, is between the age fields.
    let [sent, received, acked] = AGE_OFFSETS;
    let (old, new) = (before.parts, current.parts);
    let is_aged =
        |offset: usize| age_field(old, offset).wrapping_add(shift as u32) == age_field(new, offset);
    old[AGES_END..] == new[AGES_END..]
        && old[..sent] == new[..sent]
        && old[sent + 4..received] == new[sent + 4..received]
        && is_aged(sent)
        && is_aged(received)
        && is_aged(acked)
}
