//! Times of day in the sentences and tables of findings.

use jiff::tz::TimeZone;

use crate::column::when;

/// Formats an instant (µs since 1970 UTC) as a time of day, with the date if that is not today's.
pub(super) fn time_of_day(us: i64, now_us: i64, zone: &TimeZone) -> String {
    let (then, now) = (when::show(us, zone), when::show(now_us, zone));
    match (then.split_once(' '), now.split_once(' ')) {
        (Some((day, time)), Some((today, _))) if day == today => time.to_owned(),
        _ => then,
    }
}
