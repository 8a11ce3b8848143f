//! Reports on standard error that Samples take longer than their interval.

use std::fmt::Write as _;
use std::time::Duration;

use crate::column::format;
use crate::export::message::report;
use crate::source::Schedule;

/// Reports a longer interval once.
#[derive(Debug)]
pub(in crate::command) struct PaceNote {
    interval: Duration,
    is_reported: bool,
}

impl PaceNote {
    /// Creates a note that was not reported yet. `interval` is the configured one.
    pub(in crate::command) fn new(interval: Duration) -> PaceNote {
        PaceNote {
            interval,
            is_reported: false,
        }
    }

    /// Reports the interval of a schedule if it is longer for the first time.
    pub(in crate::command) fn report(&mut self, schedule: &Schedule, sockets: usize) {
        if let Some(text) = self.text(schedule, sockets) {
            report!("sockwatch: note: {text}");
        }
    }

    /// Returns the text of the report, once.
    pub(in crate::command) fn text(
        &mut self,
        schedule: &Schedule,
        sockets: usize,
    ) -> Option<String> {
        let pace = schedule.stretched().filter(|_| !self.is_reported)?;
        self.is_reported = true;
        let mut text = pace_text(pace);
        text.push_str(", not ");
        write_interval(&mut text, self.interval);
        text.push_str(": ");
        format::count(&mut text, sockets as u64);
        text.push_str(" sockets");
        Some(text)
    }
}

/// Formats `a sample every 2.4 s`.
pub(in crate::command) fn pace_text(pace: Duration) -> String {
    let mut text = "a sample every ".to_owned();
    write_interval(&mut text, pace);
    text
}

/// Appends an interval: `104 ms`, `2.4 s`.
fn write_interval(out: &mut String, interval: Duration) {
    if interval < Duration::from_secs(1) {
        // In tenths of a second, a longer interval might look the same.
        let _ = write!(out, "{} ms", interval.as_millis());
    } else {
        format::short_duration_us(out, interval.as_micros() as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_longer_interval_is_reported_once() {
        let start = Instant::now();
        let mut schedule = Schedule::new(Duration::from_secs(1), start);
        let mut note = PaceNote::new(Duration::from_secs(1));
        let mut due = start;
        let mut texts = Vec::new();
        for took_ms in [10, 1920, 1920, 1920, 10] {
            schedule.begin(due);
            due = schedule.end(due + Duration::from_millis(took_ms));
            texts.extend(note.text(&schedule, 812_000));
        }
        assert_eq!(texts, ["a sample every 2.4 s, not 1 s: 812 000 sockets"]);
        assert_eq!(
            pace_text(Duration::from_millis(104)),
            "a sample every 104 ms"
        );
    }
}
