//! Durations in the texts of findings.

use crate::column::format;

/// Formats a duration in whole seconds or longer units: `12 s`, `2.5 min`.
pub fn whole_seconds(us: i64) -> String {
    let mut out = String::new();
    let seconds = (us.max(0) as f64 / 1e6).round();
    format::short_duration_us(&mut out, seconds * 1e6);
    out
}
