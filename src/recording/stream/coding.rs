//! Encodes and decodes a cell in the way that keeps its stream small.

use super::numbers::{MEMORY, RTO, STREAM_COUNT, TCP, TIMER_EXPIRES};
use super::pacing::PacingRate;
use crate::model::AGE_OFFSETS;
use crate::recording::error::Corrupt;
use crate::recording::varint::{ByteReader, put_scaled, put_signed, put_varint};

/// The encoding of a stream's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recording) enum Coding {
    /// Difference from the predicted value.
    Delta,
    /// Difference from the predicted value, in units of which most differences are multiples.
    ScaledDelta(u32),
    /// The value itself, for values that restart from zero.
    Plain,
    /// Difference from another stream's cell of the same socket, for values that usually restart together. The other
    /// stream has the lower number.
    DeltaFrom(u16),
    /// The rest that [`PacingRate`] needs, or [`PacingRate::RESTS`] and the difference from the predicted value.
    PacingRest,
}

/// `tcpi_last_data_sent`.
const LAST_DATA_SENT: usize = TCP + AGE_OFFSETS[0] / 4;

// The kernel counts these in ticks, which are whole ms, and reports them in µs.
const ATO: usize = TCP + 12 / 4;
const BUSY_TIME: usize = TCP + 168 / 4;
const RWND_LIMITED: usize = TCP + 176 / 4;
const SNDBUF_LIMITED: usize = TCP + 184 / 4;

/// The coding of each stream.
const CODINGS: [Coding; STREAM_COUNT] = {
    let mut codings = [Coding::Delta; STREAM_COUNT];
    codings[TIMER_EXPIRES] = Coding::Plain;
    codings[LAST_DATA_SENT] = Coding::Plain;
    codings[TCP + AGE_OFFSETS[1] / 4] = Coding::DeltaFrom(LAST_DATA_SENT as u16);
    codings[TCP + AGE_OFFSETS[2] / 4] = Coding::DeltaFrom(LAST_DATA_SENT as u16);
    let ticks = [RTO, ATO, BUSY_TIME, RWND_LIMITED, SNDBUF_LIMITED];
    let mut at = 0;
    while at < ticks.len() {
        codings[ticks[at]] = Coding::ScaledDelta(1000);
        at += 1;
    }
    // `SK_MEMINFO_FWD_ALLOC`: memory is reserved in pages.
    codings[MEMORY + 16 / 4] = Coding::ScaledDelta(4096);
    // Of these four bytes, only the last changes often: whether the application limits the delivery rate.
    codings[TCP + 1] = Coding::ScaledDelta(1 << 24);
    codings[TCP + 104 / 4] = Coding::PacingRest;
    codings
};

/// Returns the coding of a stream.
#[inline]
pub(in crate::recording) const fn coding(stream: usize) -> Coding {
    CODINGS[stream]
}

/// Encodes a cell. `word` returns the same socket's cells as known by the decoder at that point: lower streams with
/// their actual values, higher ones as predicted.
#[inline]
pub(in crate::recording) fn encode_cell(
    cells: &mut Vec<u8>,
    stream: usize,
    now: u64,
    predicted: u64,
    word: impl Fn(usize) -> u64,
) {
    let difference = now.wrapping_sub(predicted).cast_signed();
    match CODINGS[stream] {
        Coding::Delta => put_signed(cells, difference),
        Coding::ScaledDelta(unit) => put_scaled(cells, difference, unit),
        Coding::Plain => put_varint(cells, now),
        Coding::DeltaFrom(other) => {
            put_signed(cells, now.wrapping_sub(word(other.into())).cast_signed());
        }
        Coding::PacingRest => {
            if let Some(rest) = PacingRate::new(word).rest(now) {
                put_varint(cells, rest);
            } else {
                put_varint(cells, PacingRate::RESTS);
                put_signed(cells, difference);
            }
        }
    }
}

/// Decodes what [`encode_cell`] encoded.
#[inline]
pub(in crate::recording) fn decode_cell(
    cells: &mut ByteReader<'_>,
    coding: Coding,
    predicted: u64,
    word: impl Fn(usize) -> u64,
) -> Result<u64, Corrupt> {
    Ok(match coding {
        Coding::Delta => predicted.wrapping_add_signed(cells.signed()?),
        Coding::ScaledDelta(unit) => predicted.wrapping_add_signed(cells.scaled(unit)?),
        Coding::Plain => cells.varint()?,
        Coding::DeltaFrom(other) => word(other.into()).wrapping_add_signed(cells.signed()?),
        Coding::PacingRest => match cells.varint()? {
            rest if rest < PacingRate::RESTS => PacingRate::new(word).rate(rest),
            _ => predicted.wrapping_add_signed(cells.signed()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cells_are_decoded_as_they_were_encoded(
            stream in 0..STREAM_COUNT,
            now: u64,
            predicted: u64,
            words: [u32; 5],
            rest in 0u64..8,
        ) {
            let word = |stream: usize| match stream - TCP {
                4 => u64::from(words[0] % 9000),
                6 => u64::from(words[1] % 100),
                17 => u64::from(words[2]),
                19 => u64::from(words[3]),
                20 => u64::from(words[4] % 5000),
                _ => 7,
            };
            let paced = PacingRate::new(word).rate(rest);
            for now in [now, predicted, paced] {
                let mut cells = Vec::new();
                encode_cell(&mut cells, stream, now, predicted, word);
                let mut reader = ByteReader(&cells);
                prop_assert_eq!(decode_cell(&mut reader, CODINGS[stream], predicted, word), Ok(now));
                prop_assert!(reader.is_empty());
                if CODINGS[stream] == Coding::PacingRest && now == paced {
                    prop_assert_eq!(cells.len(), 1);
                }
            }
        }
    }
}
