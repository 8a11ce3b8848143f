//! Predicts values that follow from a measured round-trip time, as the kernel computes them.

use super::numbers::{RTO, RTT, RTTVAR};

/// Predicts the deviation and the retransmission timeout of a socket from its smoothed round-trip time. Kernel:
/// `tcp_rtt_estimator` and `tcp_set_rto`.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct RttPredictor {
    /// Previous `tcpi_rtt` and `tcpi_rttvar`, µs.
    rtt: u64,
    deviation: u64,
    /// Tick of the kernel's clock to which the timeout is rounded up, µs; 0 if the timeout has another cause, such as
    /// backoff.
    tick: u64,
}

impl RttPredictor {
    /// Collects the input of the prediction; `word` returns the previous cell of a stream.
    #[inline]
    pub(in crate::recording) fn new(word: impl Fn(usize) -> u64) -> RttPredictor {
        let (rtt, deviation, timeout) = (word(RTT), word(RTTVAR), word(RTO));
        let mut ticks = [1000, 4000, 10_000].into_iter();
        let tick = ticks.find(|&tick| timeout_in_ticks(rtt, deviation, tick) == timeout);
        RttPredictor {
            rtt,
            deviation,
            tick: tick.unwrap_or(0),
        }
    }

    /// Predicts the deviation for a new smoothed round-trip time, µs. One more measurement has a weight of one eighth.
    #[inline]
    pub(in crate::recording) fn deviation(self, rtt: u64) -> u64 {
        let change = rtt.wrapping_sub(self.rtt).cast_signed();
        if change == 0 {
            return self.deviation;
        }
        let measured = change.unsigned_abs().wrapping_mul(8);
        let mut error = measured.wrapping_sub(self.deviation).cast_signed();
        if change < 0 && error > 0 {
            // Faster round trips have less weight.
            error >>= 3;
        }
        self.deviation.wrapping_add_signed(error >> 2)
    }

    /// Predicts the timeout for a new round-trip time and deviation, µs; returns `before` if it has another cause.
    #[inline]
    pub(in crate::recording) fn timeout(self, before: u64, rtt: u64, deviation: u64) -> u64 {
        match self.tick {
            0 => before,
            tick => timeout_in_ticks(rtt, deviation, tick),
        }
    }

    /// Predicts the deviation and the timeout of a new socket, µs.
    #[inline]
    pub(in crate::recording) fn predict_new(rtt: u64, deviation: u64) -> (u64, u64) {
        (rtt / 2, timeout_in_ticks(rtt, deviation, 1000))
    }
}

/// Computes the retransmission timeout. Four deviations count as at least 200 ms.
#[inline]
fn timeout_in_ticks(rtt: u64, deviation: u64, tick: u64) -> u64 {
    let exact = rtt.wrapping_add(deviation.wrapping_mul(4).max(200_000));
    // Division by a constant is faster.
    match tick {
        1000 => exact.div_ceil(1000).wrapping_mul(1000),
        4000 => exact.div_ceil(4000).wrapping_mul(4000),
        _ => exact.div_ceil(10_000).wrapping_mul(10_000),
    }
}
