//! A chart of bars, the newest at the right; and how history is laid out over its columns.
//!
//! ```text
//! ↓ 41.2 MB/s   highest 45.0 MB/s
//!            ▂▅█▆▃▁
//! ▁▁▂▃▃▅▆▆▇███████████▇▅▃▂▁▁▁▂▃▄▆▇
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::{History, HistoryPoint};
use crate::column::format::{self, BARS};
use crate::tui::look::Look;
use crate::tui::theme::Tone;

/// Draws `values` (oldest first) from the area's right edge, scaled to the highest in sight; answers that one.
pub(super) fn render(
    frame: &mut Frame<'_>,
    area: Rect,
    look: &Look,
    values: &[Option<f64>],
    tone: Tone,
) {
    if area.is_empty() {
        return;
    }
    let shown = &values[values.len().saturating_sub(usize::from(area.width))..];
    let max = format::highest(shown).unwrap_or(0.0);
    let style = look.theme.style(tone);
    let start = area.right() - shown.len() as u16;
    let steps = u32::from(area.height) * 8;
    for (x, value) in (start..).zip(shown) {
        let Some(value) = value else { continue };
        // A measured zero is the lowest bar, and something is always more than that.
        let filled = if max > 0.0 && *value > 0.0 {
            ((value / max * f64::from(steps)).ceil() as u32).clamp(2, steps)
        } else {
            1
        };
        for row in 0..area.height {
            let eighths = filled.saturating_sub(u32::from(row) * 8).min(8);
            if eighths == 0 {
                break;
            }
            let y = area.bottom() - 1 - row;
            frame.buffer_mut()[(x, y)]
                .set_char(BARS[eighths as usize - 1])
                .set_style(style);
        }
    }
}

/// How many samples a column may stand for: steps at which a clock can be read.
const STRETCHES: [i64; 12] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600];

/// All of history laid out over columns: as long as it fits, a column is a sample; then it is a stretch of time, at
/// fixed places of the clock, so that bars do not change their shape as they move.
pub(super) struct Timeline<'h> {
    history: &'h History,
    /// µs that a column stands for; `None` if it is a sample.
    stretch_us: Option<i64>,
    columns: usize,
    /// Time from the first point to the last.
    span: Duration,
}

impl<'h> Timeline<'h> {
    /// Lays history out over so many columns; `interval` is the time between samples that was asked for.
    pub(super) fn new(history: &'h History, interval: Duration, columns: u16) -> Timeline<'h> {
        let columns = usize::from(columns);
        let mut points = history.points();
        let taken_at = |point: Option<&HistoryPoint>| point.map_or(0, |point| point.taken_at_us);
        let count = points.len();
        let (first, last) = (taken_at(points.next()), taken_at(points.next_back()));
        // A clock that was set back has no span worth showing.
        let span_us = if count > 1 { (last - first).max(0) } else { 0 };
        let interval_us = (interval.as_micros() as i64).max(1);
        let stretch_us = (count > columns).then(|| {
            let fits = |stretch: &i64| (span_us / stretch) as usize + 2 <= columns;
            let mut stretches = STRETCHES[1..].iter().map(|times| times * interval_us);
            stretches.find(fits).unwrap_or(span_us.max(1))
        });
        Timeline {
            history,
            stretch_us,
            columns,
            span: Duration::from_micros(span_us as u64),
        }
    }

    /// One value a column, oldest first: the highest of its stretch. `None` where nothing is known.
    pub(super) fn values(&self, of: impl Fn(&HistoryPoint) -> Option<f64>) -> Vec<Option<f64>> {
        let Some(stretch) = self.stretch_us else {
            return self.history.points().map(of).collect();
        };
        let mut values: Vec<Option<f64>> = Vec::new();
        let mut at: Option<i64> = None;
        for point in self.history.points() {
            let place = point.taken_at_us.div_euclid(stretch);
            match at {
                Some(before) if before == place => {}
                Some(before) => {
                    // A stretch without a sample is not known.
                    let steps = (place - before).clamp(1, self.columns.max(1) as i64);
                    values.extend(std::iter::repeat_n(None, steps as usize));
                }
                None => values.push(None),
            }
            at = Some(place);
            if let Some(last) = values.last_mut() {
                *last = format::highest(&[*last, of(point)]);
            }
        }
        values
    }

    /// ` · last 38 s`, or nothing while there is no history.
    pub(super) fn label(&self) -> String {
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
    fn seconds(timeline: &Timeline<'_>) -> Vec<Option<f64>> {
        timeline.values(|point| Some((point.taken_at_us / 1_000_000) as f64))
    }

    #[test]
    fn ten_minutes_fit_into_any_width_and_the_newest_is_the_last() {
        let history = history(1000..1600);
        for columns in [1, 2, 8, 38, 100, 599, 600, 900] {
            let timeline = Timeline::new(&history, Duration::from_secs(1), columns);
            let values = seconds(&timeline);
            assert!(values.len() <= usize::from(columns).max(2), "{columns}");
            assert_eq!(values.last(), Some(&Some(1599.0)));
            assert_eq!(timeline.label(), " · last 9 min");
        }
    }

    #[test]
    fn bars_keep_their_values_as_time_goes_on() {
        let (before, after) = (history(1000..1100), history(1000..1101));
        let values =
            |history: &History| seconds(&Timeline::new(history, Duration::from_secs(1), 60));
        let (before, after) = (values(&before), values(&after));
        assert_eq!(before[..before.len() - 1], after[..before.len() - 1]);
    }

    #[test]
    fn a_pause_is_blank_and_no_history_is_nothing() {
        let paused = history((1000..1040).chain(1060..1100));
        let values = seconds(&Timeline::new(&paused, Duration::from_secs(1), 60));
        assert!(values.contains(&None));
        let none = Timeline::new(&History::default(), Duration::from_secs(1), 60).label();
        assert_eq!(none, "");
    }
}
