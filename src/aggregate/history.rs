//! Bounded history of totals: ten minutes at one Sample a second.

use std::collections::VecDeque;

use crate::model::State;

use super::{ChangeRates, Throughput, Totals};

/// Points kept: 10 minutes at 1 s.
const POINTS: usize = 600;

/// Points of a [`Recent`]: one minute at 1 s.
pub const RECENT_POINTS: usize = 60;

/// Totals of one Sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistoryPoint {
    /// Time of the Sample on the monotonic clock, ns: the wall clock may be set.
    pub monotonic_ns: u64,
    /// All sockets.
    pub sockets: u32,
    /// TCP sockets by `State as usize`.
    pub tcp: [u32; State::SLOTS],
    /// UDP sockets.
    pub udp: u32,
    /// Unix sockets.
    pub unix: u32,
    /// Throughput of all connections.
    pub throughput: Throughput,
    /// Opened, closed, TIME-WAIT; `None` on a first sample.
    pub changes: Option<ChangeRates>,
}

/// The latest points, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    points: VecDeque<HistoryPoint>,
}

impl History {
    pub(super) fn push(
        &mut self,
        monotonic_ns: u64,
        totals: &Totals,
        throughput: Throughput,
        changes: Option<ChangeRates>,
    ) {
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(HistoryPoint {
            monotonic_ns,
            sockets: totals.sockets,
            tcp: totals.tcp,
            udp: totals.udp,
            unix: totals.unix,
            throughput,
            changes,
        });
    }

    /// Iterates over the points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &HistoryPoint> + ExactSizeIterator {
        self.points.iter()
    }

    /// Computes the growth of the number of TCP sockets in `state`, per second, over the last `seconds` of history.
    /// `None` with fewer than two points.
    pub fn growth(&self, state: State, seconds: f64) -> Option<f64> {
        let last = self.points.back()?;
        let since = last.monotonic_ns.saturating_sub((seconds * 1e9) as u64);
        let first = self
            .points
            .iter()
            .find(|point| point.monotonic_ns >= since)?;
        let span = last.monotonic_ns.saturating_sub(first.monotonic_ns) as f64 / 1e9;
        let grown = f64::from(last.tcp[state as usize]) - f64::from(first.tcp[state as usize]);
        (span > 0.0).then(|| grown / span)
    }
}

/// The last minute of one value, oldest first. Fixed size, so that copying it does not allocate.
#[derive(Debug, Clone, Copy)]
pub struct Recent {
    /// NaN where nothing was measured.
    values: [f32; RECENT_POINTS],
    len: u8,
}

impl Default for Recent {
    fn default() -> Self {
        Recent {
            values: [0.0; RECENT_POINTS],
            len: 0,
        }
    }
}

impl Recent {
    pub(crate) fn push(&mut self, value: Option<f64>) {
        let value = value.map_or(f32::NAN, |value| value as f32);
        let len = usize::from(self.len);
        if len == RECENT_POINTS {
            self.values.copy_within(1.., 0);
            self.values[RECENT_POINTS - 1] = value;
        } else {
            self.values[len] = value;
            self.len += 1;
        }
    }

    /// Iterates over the values, oldest first; at most [`RECENT_POINTS`]. `None` where nothing was measured.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = Option<f64>> + ExactSizeIterator {
        self.values[..usize::from(self.len)]
            .iter()
            .map(|&value| (!value.is_nan()).then_some(f64::from(value)))
    }
}

impl PartialEq for Recent {
    fn eq(&self, other: &Self) -> bool {
        // NaN does not equal itself; two values that were not measured are equal.
        self.values().eq(other.values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_bounded_and_growth_is_per_second() {
        let mut history = History::default();
        for second in 0..1000u64 {
            let mut totals = Totals::default();
            totals.tcp[State::TimeWait as usize] = second as u32 * 3;
            history.push(second * 1_000_000_000, &totals, Throughput::default(), None);
        }
        assert_eq!(history.points().len(), POINTS);
        assert_eq!(history.growth(State::TimeWait, 10.0), Some(3.0));
        assert_eq!(history.growth(State::Established, 10.0), Some(0.0));
        assert_eq!(History::default().growth(State::TimeWait, 10.0), None);
    }

    #[test]
    fn recent_keeps_the_last_minute() {
        let mut recent = Recent::default();
        for value in 0..70 {
            recent.push(Some(f64::from(value)));
        }
        let values: Vec<Option<f64>> = recent.values().collect();
        assert_eq!(values.len(), RECENT_POINTS);
        assert_eq!((values[0], values[59]), (Some(10.0), Some(69.0)));
    }

    #[test]
    fn a_value_that_was_not_measured_is_not_zero() {
        let mut recent = Recent::default();
        recent.push(None);
        recent.push(Some(0.0));
        let same = recent;
        assert!(recent.values().eq([None, Some(0.0)]));
        assert_eq!(recent, same);
    }
}
