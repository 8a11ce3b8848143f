//! Distributes the history of the machine over the columns of a chart.

use std::time::Duration;

use crate::aggregate::{History, HistoryPoint};
use crate::column::sparkline;

/// The numbers of samples that a column may stand for: round steps of a clock.
const STEPS: [i64; 12] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600];

/// The time of a point on the monotonic clock, µs.
fn time_us(point: &HistoryPoint) -> i64 {
    (point.monotonic_ns / 1000).cast_signed()
}

/// The history laid out over columns. While it fits, a column is a sample; then it is a time step that begins at a
/// fixed time of the monotonic clock, so that bars keep their shape as they move.
pub(in crate::tui) struct HistoryAxis<'h> {
    history: &'h History,
    /// Time that a column stands for, µs; `None` if it is a sample.
    step_us: Option<i64>,
    columns: usize,
    /// Time from the first point to the last.
    span: Duration,
}

impl<'h> HistoryAxis<'h> {
    /// Lays the history out over columns; `interval` is the configured time between samples.
    pub(in crate::tui) fn new(
        history: &'h History,
        interval: Duration,
        columns: u16,
    ) -> HistoryAxis<'h> {
        let columns = usize::from(columns);
        let mut points = history.points();
        let taken_at = |point: Option<&HistoryPoint>| point.map_or(0, time_us);
        let count = points.len();
        let first = points.next();
        let (first, last) = (taken_at(first), taken_at(points.next_back().or(first)));
        let span_us = last.saturating_sub(first).max(0);
        let interval_us = (interval.as_micros() as i64).max(1);
        let step_us = (count > columns).then(|| {
            let fits = |step: &i64| (span_us / step) as usize + 2 <= columns;
            let mut steps = STEPS[1..]
                .iter()
                .map(|times| times.saturating_mul(interval_us));
            steps.find(fits).unwrap_or(span_us.max(1))
        });
        HistoryAxis {
            history,
            step_us,
            columns,
            span: Duration::from_micros(span_us as u64),
        }
    }

    /// One value a column, oldest first: the highest of its step; `None` if unknown.
    pub(in crate::tui) fn values(
        &self,
        of: impl Fn(&HistoryPoint) -> Option<f64>,
    ) -> Vec<Option<f64>> {
        let Some(step) = self.step_us else {
            return self.history.points().map(of).collect();
        };
        let mut values: Vec<Option<f64>> = Vec::new();
        let mut at: Option<i64> = None;
        for point in self.history.points() {
            let place = time_us(point).div_euclid(step);
            match at {
                Some(before) if before == place => {}
                Some(before) => {
                    // A step without a sample is unknown.
                    let columns = (place - before).clamp(1, self.columns.max(1) as i64);
                    values.extend(std::iter::repeat_n(None, columns as usize));
                }
                None => values.push(None),
            }
            at = Some(place);
            if let Some(last) = values.last_mut() {
                *last = sparkline::highest(&[*last, of(point)]);
            }
        }
        values
    }

    /// The time that it spans, such as ` · last 38 s`; empty without history.
    pub(in crate::tui) fn label(&self) -> String {
        match self.span.as_secs() {
            0 => String::new(),
            seconds @ 1..120 => format!(" · last {seconds} s"),
            seconds => format!(" · last {} min", seconds / 60),
        }
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
    fn seconds(timeline: &HistoryAxis<'_>) -> Vec<Option<f64>> {
        timeline.values(|point| Some((point.monotonic_ns / 1_000_000_000) as f64))
    }

    #[test]
    fn ten_minutes_fit_into_any_width_and_the_newest_is_the_last() {
        let history = history(1000..1600);
        for columns in [1, 2, 8, 38, 100, 599, 600, 900] {
            let timeline = HistoryAxis::new(&history, Duration::from_secs(1), columns);
            let values = seconds(&timeline);
            assert!(values.len() <= usize::from(columns).max(2), "{columns}");
            assert_eq!(values.last(), Some(&Some(1599.0)));
            assert_eq!(timeline.label(), " · last 9 min");
        }
    }

    #[test]
    fn bars_keep_their_values_over_time() {
        let (before, after) = (history(1000..1100), history(1000..1101));
        let values =
            |history: &History| seconds(&HistoryAxis::new(history, Duration::from_secs(1), 60));
        let (before, after) = (values(&before), values(&after));
        assert_eq!(before[..before.len() - 1], after[..before.len() - 1]);
    }

    #[test]
    fn a_pause_is_blank_and_an_empty_history_has_no_values() {
        let paused = history((1000..1040).chain(1060..1100));
        let values = seconds(&HistoryAxis::new(&paused, Duration::from_secs(1), 60));
        assert!(values.contains(&None));
        let none = HistoryAxis::new(&History::default(), Duration::from_secs(1), 60).label();
        assert_eq!(none, "");
    }
}
