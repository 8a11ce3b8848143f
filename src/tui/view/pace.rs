//! The pace of sampling, for the first line: the interval, the longer one of a machine that cannot be sampled at this
//! interval, or how far a Sample that takes long has come.
//!
//! ```text
//!  every 1 s (took  14 ms)
//!  a sample every 2.4 s: 812 000 sockets
//!  reading sockets: 312 000 of about 801 000
//! ```

use std::time::Duration;

use crate::column::format;
use crate::model::SampleProgress;
use crate::tui::state::State;
use crate::tui::theme::Tone;

/// The pace of the first Sample before its progress is known.
const READING: &str = "reading sockets";

/// Returns the progress of a Sample that takes long, while the display is frozen.
pub(super) fn frozen_progress(state: &State) -> Option<String> {
    let is_recorded = |progress: &SampleProgress| {
        matches!(
            progress,
            SampleProgress::Recorded { .. } | SampleProgress::RecordedHistory { .. }
        )
    };
    // Not that of the next live Sample, which is not shown.
    let progress = state.progress.filter(is_recorded)?;
    Some(progress_text(progress).1)
}

/// The pace of sampling, as text.
pub(super) struct Pace {
    pub(super) long: String,
    pub(super) short: String,
    pub(super) tone: Tone,
    /// True if the host and the kernel are dropped before it.
    pub(super) is_important: bool,
}

impl Pace {
    /// Returns the pace at the moment shown, or before the first one.
    pub(super) fn of(state: &State) -> Pace {
        if let Some(progress) = state.progress {
            let (long, short) = progress_text(progress);
            return Pace {
                long,
                short,
                tone: Tone::Notice,
                is_important: true,
            };
        }
        if state.preview().is_some() {
            return Pace {
                long: READING.to_owned(),
                short: READING.to_owned(),
                tone: Tone::Notice,
                is_important: true,
            };
        }
        let moment = state.moment.as_deref();
        let interval = state.interval;
        if let Some(moment) = moment
            && let Some(longer) = moment.stretched_interval(interval)
        {
            let short = format!("a sample every {}", measured_text(longer));
            let mut long = format!("{short}: ");
            let sockets = moment.unfiltered().totals.sockets;
            format::count(&mut long, sockets.into());
            long.push_str(" sockets");
            return Pace {
                long,
                short,
                tone: Tone::Warning,
                is_important: true,
            };
        }
        let short = format!("every {}", interval_text(interval));
        let long = match moment {
            Some(moment) => {
                let took_us = moment.sample.timings.total_ns as f64 / 1e3;
                let took = format::format_or_missing(Some(took_us), format::duration_us);
                format!("{short} (took {took:>7})")
            }
            None => short.clone(),
        };
        Pace {
            long,
            short,
            tone: Tone::Plain,
            is_important: false,
        }
    }
}

/// Returns the progress of a Sample, and its short form.
fn progress_text(progress: SampleProgress) -> (String, String) {
    match progress {
        SampleProgress::Sockets { read, expected } => {
            // The kernel's count is not exact, and sockets come and go.
            let expected = expected.filter(|&expected| expected >= read);
            let long = extent("reading sockets", read, expected, " of about ", "");
            (long, short_extent("sockets", read, expected))
        }
        SampleProgress::Owners { read, expected } => {
            let expected = Some(expected);
            let long = extent("reading owners", read, expected, " of ", " processes");
            (long, short_extent("owners", read, expected))
        }
        SampleProgress::Recorded { sockets } => {
            let mut text = "reading ".to_owned();
            format::count(&mut text, sockets);
            text.push_str(" sockets");
            (text.clone(), text)
        }
        SampleProgress::RecordedHistory { read, expected } => {
            let expected = Some(expected);
            let long = extent("reading history", read, expected, " of ", " samples");
            (long, short_extent("history", read, expected))
        }
        SampleProgress::Attribution => {
            let text = "attributing sockets";
            (text.to_owned(), text.to_owned())
        }
    }
}

/// Formats `reading owners: 1 200 of 5 000 processes`.
fn extent(what: &str, read: u64, expected: Option<u64>, of: &str, unit: &str) -> String {
    let mut text = format!("{what}: ");
    format::count(&mut text, read);
    if let Some(expected) = expected {
        text.push_str(of);
        format::count(&mut text, expected);
    }
    text.push_str(unit);
    text
}

/// Formats `owners: 24 %`.
fn short_extent(what: &str, read: u64, expected: Option<u64>) -> String {
    match expected.filter(|&expected| expected > 0) {
        Some(expected) => format!("{what}: {:.0} %", read as f64 * 100.0 / expected as f64),
        None => format!("reading {what}"),
    }
}

/// Formats the configured interval exactly: `500 ms`, `1 s`, `2.25 s`.
fn interval_text(interval: Duration) -> String {
    match interval.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        _ => format!("{} s", interval.as_secs_f64()),
    }
}

/// Formats a measured interval: `620 ms`, `2.4 s`.
fn measured_text(interval: Duration) -> String {
    match interval.as_millis() {
        ms @ 0..1000 => format!("{ms} ms"),
        _ => format!("{:.1} s", interval.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_its_step_and_extent() {
        let long = |progress| progress_text(progress).0;
        let sockets = |read, expected| long(SampleProgress::Sockets { read, expected });
        assert_eq!(
            sockets(312_000, Some(801_000)),
            "reading sockets: 312 000 of about 801 000"
        );
        assert_eq!(sockets(812_000, Some(801_000)), "reading sockets: 812 000");
        assert_eq!(sockets(7, None), "reading sockets: 7");
        let owners = SampleProgress::Owners {
            read: 1200,
            expected: 5000,
        };
        assert_eq!(
            progress_text(owners),
            (
                "reading owners: 1200 of 5000 processes".to_owned(),
                "owners: 24 %".to_owned()
            )
        );
        assert_eq!(long(SampleProgress::Attribution), "attributing sockets");
        let recorded = SampleProgress::Recorded { sockets: 812_000 };
        assert_eq!(long(recorded), "reading 812 000 sockets");
        let history = SampleProgress::RecordedHistory {
            read: 12,
            expected: 600,
        };
        assert_eq!(long(history), "reading history: 12 of 600 samples");
        let nothing = SampleProgress::Sockets {
            read: 0,
            expected: Some(0),
        };
        assert_eq!(progress_text(nothing).1, "reading sockets");
    }

    #[test]
    fn a_measured_interval_is_rounded_and_a_configured_one_is_not() {
        let measured = |ms| measured_text(Duration::from_millis(ms));
        assert_eq!(
            [620, 2449, 61_000].map(measured),
            ["620 ms", "2.4 s", "61.0 s"]
        );
        let configured = |ms| interval_text(Duration::from_millis(ms));
        assert_eq!(
            [100, 1000, 2250].map(configured),
            ["100 ms", "1 s", "2.25 s"]
        );
    }
}
