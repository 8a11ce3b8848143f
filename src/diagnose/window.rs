//! Sums over a sliding window.

use std::collections::VecDeque;

/// Values of the last seconds, one entry per Sample.
#[derive(Debug, Default, Clone)]
pub(super) struct Window<const N: usize> {
    points: VecDeque<(u64, f64, [f64; N])>,
}

impl<const N: usize> Window<N> {
    /// Adds values measured over `seconds` up to now (ns of the monotonic clock), and removes those older than `span_s`.
    pub(super) fn push(&mut self, now_ns: u64, seconds: f64, values: [f64; N], span_s: f64) {
        self.points.push_back((now_ns, seconds, values));
        let oldest = now_ns.saturating_sub((span_s * 1e9) as u64);
        while self.points.front().is_some_and(|point| point.0 < oldest) {
            self.points.pop_front();
        }
    }

    /// Returns the sum of one of the values.
    pub(super) fn sum(&self, which: usize) -> f64 {
        self.points.iter().map(|point| point.2[which]).sum()
    }

    /// Returns the sum of one of the values, per second.
    pub(super) fn per_second(&self, which: usize) -> Option<f64> {
        let seconds: f64 = self.points.iter().map(|point| point.1).sum();
        (seconds > 0.0).then(|| self.sum(which) / seconds)
    }

    /// Returns the number of Samples in the window.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// Returns the number of Samples in which one of the values is above zero.
    pub(super) fn count(&self, which: usize) -> usize {
        let some = self.points.iter().filter(|point| point.2[which] > 0.0);
        some.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_older_than_the_span_are_removed() {
        let mut window = Window::<2>::default();
        for second in 1..=20u64 {
            window.push(second * 1_000_000_000, 1.0, [2.0, 0.0], 10.0);
        }
        assert_eq!(window.len(), 11);
        assert_eq!((window.sum(0), window.per_second(0)), (22.0, Some(2.0)));
        assert_eq!((window.count(0), window.count(1)), (11, 0));
    }
}
