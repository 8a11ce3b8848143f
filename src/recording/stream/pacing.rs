//! The pacing rate, as the kernel computes it from other fields.

use super::numbers::TCP;

/// The kernel's pacing rate unless the congestion control sets its own: a multiple of the window per smoothed round-trip
/// time. Kernel: `tcp_update_pacing_rate`.
///
/// The kernel counts the round-trip time in eighths of a µs. `tcpi_rtt` has the whole microseconds; a recording stores
/// the rest.
pub(super) struct PacingRate {
    /// Bytes times eighths of a µs per second.
    dividend: u64,
    /// Round-trip time without the rest, eighths of a µs.
    eighths: u64,
}

impl PacingRate {
    /// Number of possible rests.
    pub(super) const RESTS: u64 = 8;

    /// Collects the fields that the rate depends on; `word` returns the cell of a stream.
    #[inline]
    pub(super) fn new(word: impl Fn(usize) -> u64) -> PacingRate {
        let word = |offset: usize| word(TCP + offset / 4);
        let (segment, unacked, rtt) = (word(16), word(24), word(68));
        let (threshold, window) = (word(76), word(80));
        // `net.ipv4.tcp_pacing_ss_ratio` and `tcp_pacing_ca_ratio`, percent.
        let ratio = if window < threshold / 2 { 200 } else { 120 };
        let dividend = segment
            .wrapping_mul(80_000 * ratio)
            .wrapping_mul(window.max(unacked));
        PacingRate {
            dividend,
            eighths: rtt.wrapping_mul(8),
        }
    }

    /// Returns the rate for a rest, bytes/s.
    #[inline]
    pub(super) fn rate(&self, rest: u64) -> u64 {
        self.dividend / self.eighths.wrapping_add(rest).max(1)
    }

    /// Returns the rest that makes it this rate, if one does.
    #[inline]
    pub(super) fn rest(&self, rate: u64) -> Option<u64> {
        let eighths = self.dividend / rate.max(1);
        let rest = eighths.saturating_sub(self.eighths).min(Self::RESTS - 1);
        (self.rate(rest) == rate).then_some(rest)
    }
}
