//! How cells are told: each column's way to stay small, and what it takes to be read back.

use super::{AGEING, COLUMNS, MEMORY, TCP, TIMER_EXPIRES};
use crate::recording::varint::{Broken, Cursor, put, put_signed, put_steps};

/// How a cell is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recording) enum Coding {
    /// As the difference from what it was foretold to be.
    Difference,
    /// The same, counted in units that most differences are multiples of.
    Steps(u32),
    /// As it is: what starts again from zero.
    Plain,
    /// As the difference from another cell of the same socket, which is told before it: what mostly starts again together.
    Beside(u16),
    /// As the kernel computes it of others, see [`Pacing`]; or else as the difference.
    Pacing,
}

/// `tcpi_last_data_sent`.
const SENT: usize = TCP + AGEING[0] / 4;

/// `tcpi_rto`, and what it follows from, `tcpi_rtt` and `tcpi_rttvar`.
pub(in crate::recording) const RTO: usize = TCP + 8 / 4;
pub(in crate::recording) const RTT: usize = TCP + 68 / 4;
pub(in crate::recording) const RTTVAR: usize = TCP + 72 / 4;

// The kernel counts these in ticks of its clock, which are whole ms, and tells them in µs.
const ATO: usize = TCP + 12 / 4;
const BUSY_TIME: usize = TCP + 168 / 4;
const RWND_LIMITED: usize = TCP + 176 / 4;
const SNDBUF_LIMITED: usize = TCP + 184 / 4;

/// How the cells of each column are told.
const CODINGS: [Coding; COLUMNS] = {
    let mut codings = [Coding::Difference; COLUMNS];
    codings[TIMER_EXPIRES] = Coding::Plain;
    codings[SENT] = Coding::Plain;
    codings[TCP + AGEING[1] / 4] = Coding::Beside(SENT as u16);
    codings[TCP + AGEING[2] / 4] = Coding::Beside(SENT as u16);
    let ticks = [RTO, ATO, BUSY_TIME, RWND_LIMITED, SNDBUF_LIMITED];
    let mut at = 0;
    while at < ticks.len() {
        codings[ticks[at]] = Coding::Steps(1000);
        at += 1;
    }
    // `SK_MEMINFO_FWD_ALLOC`: memory is set aside by the page.
    codings[MEMORY + 16 / 4] = Coding::Steps(4096);
    // Of these four bytes it is the last that changes: whether the application limits the rate.
    codings[TCP + 1] = Coding::Steps(1 << 24);
    codings[TCP + 104 / 4] = Coding::Pacing;
    codings
};

/// How the cells of a column are told in a revision.
#[inline]
pub(in crate::recording) fn coding(column: usize, revision: u64) -> Coding {
    match CODINGS[column] {
        Coding::Pacing if revision < 2 => Coding::Difference,
        coding => coding,
    }
}

/// The rate at which the kernel paces unless the congestion control has one of its own, `tcp_update_pacing_rate`: so many
/// segments of the window in a smoothed round-trip time. It counts that in eighths of a µs, of which `tcpi_rtt` has the whole.
struct Pacing {
    /// Bytes times eighths of a µs.
    ahead: u64,
    /// Eighths of a µs, without the rest.
    eighths: u64,
}

impl Pacing {
    /// How many eighths the rest can be.
    const RESTS: u64 = 8;

    #[inline]
    fn of(word: impl Fn(usize) -> u64) -> Pacing {
        let word = |offset: usize| word(TCP + offset / 4);
        let (segment, unacked, rtt) = (word(16), word(24), word(68));
        let (threshold, window) = (word(76), word(80));
        // `net.ipv4.tcp_pacing_ss_ratio` and `tcp_pacing_ca_ratio`, percent.
        let ratio = if window < threshold / 2 { 200 } else { 120 };
        let ahead = segment
            .wrapping_mul(80_000 * ratio)
            .wrapping_mul(window.max(unacked));
        Pacing {
            ahead,
            eighths: rtt.wrapping_mul(8),
        }
    }

    /// The rate, bytes/s.
    #[inline]
    fn rate(&self, rest: u64) -> u64 {
        self.ahead / self.eighths.wrapping_add(rest).max(1)
    }

    /// The rest that makes it this rate.
    #[inline]
    fn rest(&self, rate: u64) -> Option<u64> {
        let eighths = self.ahead / rate.max(1);
        let rest = eighths.saturating_sub(self.eighths).min(Self::RESTS - 1);
        (self.rate(rest) == rate).then_some(rest)
    }
}

/// What follows from a measured round-trip time, as the kernel computes it: `tcp_rtt_estimator` and `tcp_set_rto`.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Timing {
    /// `tcpi_rtt` and `tcpi_rttvar` as they were, µs.
    rtt: u64,
    deviation: u64,
    /// The tick of the kernel's clock that the timeout is rounded up to, µs; 0 if something else set it, such as a timeout
    /// before.
    tick: u64,
}

impl Timing {
    /// Of a socket as it was.
    #[inline]
    pub(in crate::recording) fn of(word: impl Fn(usize) -> u64) -> Timing {
        let (rtt, deviation, timeout) = (word(RTT), word(RTTVAR), word(RTO));
        let mut ticks = [1000, 4000, 10_000].into_iter();
        let tick = ticks.find(|&tick| whole_ticks(rtt, deviation, tick) == timeout);
        Timing {
            rtt,
            deviation,
            tick: tick.unwrap_or(0),
        }
    }

    /// The deviation when one more round trip was measured, of which the smoothed time has an eighth.
    #[inline]
    pub(in crate::recording) fn deviation(self, rtt: u64) -> u64 {
        let change = rtt.wrapping_sub(self.rtt).cast_signed();
        if change == 0 {
            return self.deviation;
        }
        let measured = change.unsigned_abs().wrapping_mul(8);
        let mut error = measured.wrapping_sub(self.deviation).cast_signed();
        if change < 0 && error > 0 {
            // Quicker ones count less.
            error >>= 3;
        }
        self.deviation.wrapping_add_signed(error >> 2)
    }

    /// The timeout, which was so much before.
    #[inline]
    pub(in crate::recording) fn timeout(self, before: u64, rtt: u64, deviation: u64) -> u64 {
        match self.tick {
            0 => before,
            tick => whole_ticks(rtt, deviation, tick),
        }
    }

    /// The deviation and the timeout of a socket that is new.
    #[inline]
    pub(in crate::recording) fn of_new(rtt: u64, deviation: u64) -> (u64, u64) {
        (rtt / 2, whole_ticks(rtt, deviation, 1000))
    }
}

/// The retransmission timeout, for which the deviation, four times, counts as 200 ms at least.
#[inline]
fn whole_ticks(rtt: u64, deviation: u64, tick: u64) -> u64 {
    let whole = rtt.wrapping_add(deviation.wrapping_mul(4).max(200_000));
    // Dividing by what is known is quicker.
    match tick {
        1000 => whole.div_ceil(1000).wrapping_mul(1000),
        4000 => whole.div_ceil(4000).wrapping_mul(4000),
        _ => whole.div_ceil(10_000).wrapping_mul(10_000),
    }
}

/// Tells a cell; `word` answers the others of the same socket as they are known then: those of columns before it as they are,
/// the others as they were foretold.
#[inline]
pub(in crate::recording) fn put_cell(
    cells: &mut Vec<u8>,
    column: usize,
    now: u64,
    foretold: u64,
    word: impl Fn(usize) -> u64,
) {
    let difference = now.wrapping_sub(foretold).cast_signed();
    match CODINGS[column] {
        Coding::Difference => put_signed(cells, difference),
        Coding::Steps(unit) => put_steps(cells, difference, unit),
        Coding::Plain => put(cells, now),
        Coding::Beside(other) => {
            put_signed(cells, now.wrapping_sub(word(other.into())).cast_signed());
        }
        Coding::Pacing => {
            if let Some(rest) = Pacing::of(word).rest(now) {
                put(cells, rest);
            } else {
                put(cells, Pacing::RESTS);
                put_signed(cells, difference);
            }
        }
    }
}

/// Reads what [`put_cell`] told.
#[inline]
pub(in crate::recording) fn take_cell(
    cells: &mut Cursor<'_>,
    coding: Coding,
    foretold: u64,
    word: impl Fn(usize) -> u64,
) -> Result<u64, Broken> {
    Ok(match coding {
        Coding::Difference => foretold.wrapping_add_signed(cells.signed()?),
        Coding::Steps(unit) => foretold.wrapping_add_signed(cells.steps(unit)?),
        Coding::Plain => cells.varint()?,
        Coding::Beside(other) => word(other.into()).wrapping_add_signed(cells.signed()?),
        Coding::Pacing => match cells.varint()? {
            rest if rest < Pacing::RESTS => Pacing::of(word).rate(rest),
            _ => foretold.wrapping_add_signed(cells.signed()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_told_is_read_back_whatever_the_others_are(
            column in 0..COLUMNS,
            now: u64,
            foretold: u64,
            words: [u32; 5],
            rest in 0u64..8,
        ) {
            let word = |column: usize| match column - TCP {
                4 => u64::from(words[0] % 9000),
                6 => u64::from(words[1] % 100),
                17 => u64::from(words[2]),
                19 => u64::from(words[3]),
                20 => u64::from(words[4] % 5000),
                _ => 7,
            };
            let paced = Pacing::of(word).rate(rest);
            for now in [now, foretold, paced] {
                let mut cells = Vec::new();
                put_cell(&mut cells, column, now, foretold, word);
                let mut cursor = Cursor(&cells);
                prop_assert_eq!(take_cell(&mut cursor, CODINGS[column], foretold, word), Ok(now));
                prop_assert!(cursor.is_empty());
                if CODINGS[column] == Coding::Pacing && now == paced {
                    prop_assert_eq!(cells.len(), 1);
                }
            }
        }
    }
}
