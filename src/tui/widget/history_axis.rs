//! Distributes the history of the machine over the places of a chart.

use std::time::Duration;

use crate::aggregate::{History, HistoryPoint};
use crate::column::braille;
use crate::column::sparkline;

/// The time that all charts of the machine span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// One minute.
    Minute,
    /// Five minutes.
    #[default]
    FiveMinutes,
    /// Ten minutes, all of the history at a sample a second.
    TenMinutes,
}

impl Window {
    /// Returns its length, minutes.
    pub fn minutes(self) -> u16 {
        match self {
            Window::Minute => 1,
            Window::FiveMinutes => 5,
            Window::TenMinutes => 10,
        }
    }

    /// Returns the window of that many minutes.
    pub fn of_minutes(minutes: u16) -> Option<Window> {
        let mut windows = [Window::Minute, Window::FiveMinutes, Window::TenMinutes].into_iter();
        windows.find(|window| window.minutes() == minutes)
    }

    /// Returns the next longer one; after the longest, the shortest.
    #[must_use]
    pub fn next(self) -> Window {
        match self {
            Window::Minute => Window::FiveMinutes,
            Window::FiveMinutes => Window::TenMinutes,
            Window::TenMinutes => Window::Minute,
        }
    }

    /// Returns its length as in the title of a chart: `5 min`.
    pub fn label(self) -> String {
        format!("{} min", self.minutes())
    }
}

/// Times of the configured interval, and of the interval before, beyond which the time between two samples is a gap.
const GAP: (f64, f64) = (2.5, 1.5);

/// The time of a point on the monotonic clock, µs.
fn time_us(point: &HistoryPoint) -> i64 {
    (point.monotonic_ns / 1000).cast_signed()
}

/// The history laid out over places that all stand for the same time and begin at fixed times of the monotonic clock, so that
/// curves keep their shape as they move.
pub(in crate::tui) struct HistoryAxis<'h> {
    history: &'h History,
    /// Time that a place stands for, µs.
    step_us: i64,
    /// Number of places.
    places: usize,
    /// Time from which samples follow each other too late, µs.
    interval_us: f64,
}

impl<'h> HistoryAxis<'h> {
    /// Lays the history out over the columns of a chart, each with two places; `interval` is the configured time between samples.
    pub(in crate::tui) fn new(
        history: &'h History,
        interval: Duration,
        columns: u16,
        window: Window,
    ) -> HistoryAxis<'h> {
        let places = usize::from(columns) * braille::VALUES;
        let window_us = i64::from(window.minutes()) * 60_000_000;
        HistoryAxis {
            history,
            step_us: (window_us / places.max(1) as i64).max(1),
            places,
            interval_us: interval.as_micros() as f64,
        }
    }

    /// One value for each place, oldest first: the highest of its samples. A place that is shorter than the time between two
    /// samples has the value of the later one; `None` if there is no sample.
    pub(in crate::tui) fn values(
        &self,
        of: impl Fn(&HistoryPoint) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let mut values = vec![None; self.places];
        let place_of = |time: i64| time.div_euclid(self.step_us);
        let Some(newest) = self.history.points().next_back() else {
            return values;
        };
        let first = place_of(time_us(newest)).saturating_add(1 - self.places as i64);
        let mut before: Option<(i64, i64)> = None;
        for point in self.history.points() {
            let time = time_us(point);
            let place = place_of(time).saturating_sub(first);
            let follows = before.filter(|(last, usual)| {
                let waited = time.saturating_sub(*last) as f64;
                waited <= self.interval_us * GAP.0 || waited <= *usual as f64 * GAP.1
            });
            let from = follows.map_or(place, |(last, _)| {
                place_of(last)
                    .saturating_sub(first)
                    .saturating_add(1)
                    .min(place)
            });
            before = Some((
                time,
                before.map_or(0, |(last, _)| time.saturating_sub(last)),
            ));
            if place < 0 {
                continue;
            }
            let value = of(point);
            // Samples whose time is not after that of the one before have places beyond the end.
            let places = values.get_mut(from.max(0) as usize..=place as usize);
            for there in places.unwrap_or_default() {
                *there = sparkline::highest(&[*there, value]);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{Aggregate, Aggregator};
    use crate::model::Sample;

    /// History of samples at these seconds.
    fn history(seconds: impl Iterator<Item = i64>) -> History {
        let mut aggregator = Aggregator::new();
        let mut aggregate = Aggregate::default();
        for second in seconds {
            let sample = Sample {
                taken_at_us: second * 1_000_000,
                monotonic_ns: second as u64 * 1_000_000_000,
                ..Sample::default()
            };
            aggregator.update(&sample, &mut aggregate);
        }
        aggregate.history
    }

    /// The seconds at which points were taken, as a chart of them would show.
    fn seconds(history: &History, columns: u16, window: Window) -> Vec<Option<f64>> {
        let axis = HistoryAxis::new(history, Duration::from_secs(1), columns, window);
        axis.values(|point| Some((point.monotonic_ns / 1_000_000_000) as f64))
    }

    #[test]
    fn a_window_fills_any_width_and_the_newest_is_the_last() {
        let history = history(1000..1600);
        for columns in [1, 2, 8, 38, 100, 599, 900] {
            for window in [Window::Minute, Window::FiveMinutes, Window::TenMinutes] {
                let values = seconds(&history, columns, window);
                assert_eq!(values.len(), usize::from(columns) * 2);
                assert_eq!(values.last(), Some(&Some(1599.0)));
                let first = values.iter().flatten().next().expect("a value");
                let begin = 1599.0 - f64::from(window.minutes()) * 60.0;
                let step = f64::from(window.minutes()) * 60.0 / values.len() as f64;
                // The highest of the first place, which may begin up to a step later.
                let places = begin - 1.0..=begin + 2.0 * step + 1.0;
                assert!(places.contains(first), "{columns}: {first}");
                // The history has nothing before its first sample, which is ten minutes old.
                let mut known = values.iter().skip(2);
                assert!(known.all(Option::is_some), "{columns} {window:?}");
            }
        }
    }

    #[test]
    fn a_short_history_is_at_the_right() {
        let values = seconds(&history(1000..1030), 30, Window::Minute);
        assert_eq!(values[..30], [None; 30]);
        assert!(values[31..].iter().all(Option::is_some));
    }

    #[test]
    fn curves_keep_their_values_as_they_move() {
        // A place stands for 5 s, and a new one begins.
        let (before, after) = (history(1000..1300), history(1000..1305));
        let values = |history| seconds(history, 30, Window::FiveMinutes);
        assert_eq!(values(&before)[1..], values(&after)[..59]);
    }

    #[test]
    fn a_pause_is_blank_and_a_longer_interval_is_not() {
        let paused = history((1000..1040).chain(1060..1100));
        let values = seconds(&paused, 50, Window::Minute);
        assert_eq!(values.iter().filter(|value| value.is_none()).count(), 34);
        // Each sample takes four seconds.
        let slow = history((1000..1100).step_by(4));
        let values = seconds(&slow, 30, Window::Minute);
        assert!(values.iter().all(Option::is_some), "{values:?}");
        let none = seconds(&History::default(), 2, Window::Minute);
        assert_eq!(none, [None; 4]);
    }
}
