//! Times in words.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::TimeAxis;

/// Maximum length of the typed text in a sentence, characters.
const SHOWN: usize = 40;

/// Maximum number of time ranges that a text lists.
const MAX_RANGES: usize = 3;

/// Units to which the name of a relative time is rounded, µs.
const NAME_UNITS: [i64; 4] = [1_000_000, 100_000, 10_000, 1000];

/// Formats a time in `zone`, to the second: `2026-11-20 20:14:07`. One that the calendar does not
/// have is `after year 9999`, or `before year -9999`.
pub fn show(us: i64, zone: &TimeZone) -> String {
    Timestamp::from_microsecond(us).map_or_else(
        |_| {
            let side = if us > 0 {
                "after year 9999"
            } else {
                "before year -9999"
            };
            side.to_owned()
        },
        |at| {
            let local = at.to_zoned(zone.clone());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

/// Formats what the wall clock showed: its time ranges between steps.
pub fn show_covered(axis: &TimeAxis, zone: &TimeZone) -> String {
    let mut runs = axis.runs();
    let shown = runs.by_ref().take(MAX_RANGES).map(|run| {
        let (first, last) = axis.wall_span(&run);
        format!("{} to {}", show(first, zone), show(last, zone))
    });
    let mut text = shown.collect::<Vec<_>>().join(" and ");
    let more = runs.count();
    if more > 0 {
        let _ = write!(text, " and {more} more time ranges");
    }
    text
}

/// Returns a relative time that finds a Sample: `+30s`.
pub(super) fn relative_name(axis: &TimeAxis, at: usize) -> String {
    let elapsed = axis.elapsed_us(at).unwrap_or(0);
    let next = axis.elapsed_us(at + 1).unwrap_or(i64::MAX);
    let rounded = |unit: i64| (elapsed.saturating_add(unit - 1) / unit).saturating_mul(unit);
    let mut fitting = NAME_UNITS.into_iter().map(rounded).filter(|us| *us < next);
    let us = fitting.next().unwrap_or(elapsed);
    if us % 1000 == 0 {
        format!("+{}s", us as f64 / 1e6)
    } else {
        format!("+{us}us")
    }
}

/// Returns the text as typed, shortened to fit a line.
pub(super) fn shortened(text: &str) -> String {
    let escaped = text.escape_debug().collect::<String>();
    match escaped.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &escaped[..at]),
        None => escaped,
    }
}
