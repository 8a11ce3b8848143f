//! Parses a time as it was typed.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// A typed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TypedTime {
    /// Time after the first Sample, µs.
    AfterStart(i64),
    /// Time before the last Sample, µs.
    BeforeEnd(i64),
    /// An instant, µs since 1970 UTC, and its length beyond that.
    Instant(i64, i64),
    /// A time of day, and its length, µs.
    TimeOfDay(Time, i64),
}

/// The reason why a text is not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParseError {
    /// It has no known form.
    Malformed,
    /// It is outside the representable range.
    OutOfRange,
}

impl TypedTime {
    /// Parses a text; local times are in `zone`.
    pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<TypedTime, ParseError> {
        let us = |duration: SignedDuration| {
            i64::try_from(duration.as_micros()).map_err(|_| ParseError::OutOfRange)
        };
        let duration = |text: &str| {
            // The sign has been removed.
            let first = text.chars().next().filter(char::is_ascii_digit);
            first.and_then(|_| text.parse::<SignedDuration>().ok())
        };
        if let Some(before) = text.strip_prefix('-').and_then(duration) {
            return us(before).map(TypedTime::BeforeEnd);
        }
        if let Some(after) = text.strip_prefix('+').and_then(duration) {
            return us(after).map(TypedTime::AfterStart);
        }
        // The parsers below accept a date alone, but a user means the whole day.
        if !text.contains(':') {
            return Err(ParseError::Malformed);
        }
        let length = length(text);
        if let Ok(instant) = text.parse::<Timestamp>() {
            Ok(TypedTime::Instant(instant.as_microsecond(), length))
        } else if let Ok(local) = text.parse::<DateTime>() {
            let start = in_zone(local, zone).ok_or(ParseError::OutOfRange)?;
            Ok(TypedTime::Instant(start, length))
        } else if let Ok(time) = text.parse::<Time>() {
            Ok(TypedTime::TimeOfDay(time, length))
        } else {
            Err(ParseError::Malformed)
        }
    }

    /// Returns the instant meant in a time span, both µs since 1970 UTC: a time of day belongs to the last day on which
    /// it falls within the span, or else to the nearest day. A time without a fraction is a whole second. `None` for
    /// relative times.
    pub(super) fn within(self, span: (i64, i64), zone: &TimeZone) -> Option<RangeInclusive<i64>> {
        let (start, length) = match self {
            TypedTime::AfterStart(_) | TypedTime::BeforeEnd(_) => return None,
            TypedTime::Instant(start, length) => (start, length),
            TypedTime::TimeOfDay(time, length) => (on_some_day(time, span, zone)?, length),
        };
        Some(start..=start.saturating_add(length))
    }
}

/// Returns the length of the typed instant beyond its first µs: a second, unless it has a fraction.
fn length(text: &str) -> i64 {
    if text.contains(['.', ',']) {
        0
    } else {
        999_999
    }
}

/// Returns the instant of a local time: the first of two, or the one after a gap.
fn in_zone(local: DateTime, zone: &TimeZone) -> Option<i64> {
    let instant = zone.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(instant.as_microsecond())
}

/// Returns the last instant within the span at which the clock shows a time, or the nearest one.
fn on_some_day(time: Time, (first, last): (i64, i64), zone: &TimeZone) -> Option<i64> {
    let day = |us: i64| -> Option<Date> {
        let instant = Timestamp::from_microsecond(us).ok()?;
        Some(zone.to_datetime(instant).date())
    };
    let mut best: Option<(i64, i64)> = None;
    for day in [day(first)?, day(last)?] {
        for days in [-1, 0, 1] {
            let Ok(day) = day.checked_add(days.days()) else {
                continue;
            };
            let Some(start) = in_zone(day.to_datetime(time), zone) else {
                continue;
            };
            // A second that is partly within the span counts.
            let before = first.saturating_sub(start.saturating_add(999_999));
            let outside = before.max(start.saturating_sub(last)).max(0);
            let closer = |(far, known)| outside < far || (outside == far && start > known);
            if best.is_none_or(closer) {
                best = Some((outside, start));
            }
        }
    }
    best.map(|(_, start)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// Time zone of Berlin, without a time zone database.
    fn zone() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    /// Resolves a text in a recording between two times.
    fn range(text: &str, span: (i64, i64)) -> RangeInclusive<i64> {
        match TypedTime::parse(text.trim(), &zone()).unwrap() {
            TypedTime::AfterStart(us) => span.0 + us..=span.0 + us,
            TypedTime::BeforeEnd(us) => span.1 - us..=span.1 - us,
            typed => typed.within(span, &zone()).unwrap(),
        }
    }

    /// Resolves a text in a recording between two times, as RFC 3339.
    fn means(text: &str, first: &str, last: &str) -> String {
        let start = *range(text, (at(first), at(last))).start();
        Timestamp::from_microsecond(start).unwrap().to_string()
    }

    const FIRST: &str = "2026-11-20T19:10:00.25Z";
    const LAST: &str = "2026-11-20T19:44:43.5Z";

    #[test]
    fn times_are_understood_as_they_are_written() {
        let means = |text| means(text, FIRST, LAST);
        for (text, meant) in [
            ("2026-11-20T19:20:00Z", "2026-11-20T19:20:00Z"),
            ("2026-11-20 19:20:00.123456Z", "2026-11-20T19:20:00.123456Z"),
            ("2026-11-20T20:20:00+01:00", "2026-11-20T19:20:00Z"),
            ("2026-11-20 20:20:00", "2026-11-20T19:20:00Z"),
            ("2026-11-20T20:20:00.5", "2026-11-20T19:20:00.5Z"),
            ("2026-11-20 20:20", "2026-11-20T19:20:00Z"),
            ("20:20:00", "2026-11-20T19:20:00Z"),
            (" 20:20 ", "2026-11-20T19:20:00Z"),
            ("20:20:00.75", "2026-11-20T19:20:00.75Z"),
            ("-5m", "2026-11-20T19:39:43.5Z"),
            ("-1m 30s", "2026-11-20T19:43:13.5Z"),
            ("-0s", "2026-11-20T19:44:43.5Z"),
            ("+30s", "2026-11-20T19:10:30.25Z"),
            ("+500ms", "2026-11-20T19:10:00.75Z"),
            // Times beyond the span are valid; the caller decides what they mean.
            ("+2h", "2026-11-20T21:10:00.25Z"),
            ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ] {
            assert_eq!(means(text), meant, "{text}");
        }
    }

    #[test]
    fn a_whole_second_lasts_a_second() {
        let span = (at(FIRST), at(LAST));
        let range = |text| range(text, span);
        let second = at("2026-11-20T19:20:00Z");
        assert_eq!(range("20:20:00"), second..=second + 999_999);
        assert_eq!(range("20:20:00.0"), second..=second);
        assert_eq!(range("+30s"), span.0 + 30_000_000..=span.0 + 30_000_000);
    }

    #[test]
    fn a_time_of_day_is_the_last_one_within_the_recording() {
        // Over midnight in Berlin.
        let night = |text| means(text, "2026-11-20T22:30:00Z", "2026-11-21T00:30:00Z");
        assert_eq!(night("23:45:00"), "2026-11-20T22:45:00Z");
        assert_eq!(night("00:00:00"), "2026-11-20T23:00:00Z");
        assert_eq!(night("01:00:00"), "2026-11-21T00:00:00Z");
        // Outside of it the nearest one.
        assert_eq!(night("23:00:00"), "2026-11-20T22:00:00Z");
        assert_eq!(night("02:00:00"), "2026-11-21T01:00:00Z");
        // Several days.
        let days = |text| means(text, "2026-11-17T11:00:00Z", "2026-11-20T11:00:00Z");
        assert_eq!(days("10:00:00"), "2026-11-20T09:00:00Z");
        assert_eq!(days("13:00:00"), "2026-11-19T12:00:00Z");
        // The second in which it begins.
        assert_eq!(means("20:10:00", FIRST, LAST), "2026-11-20T19:10:00Z");
    }

    #[test]
    fn clock_changes_are_resolved_by_the_time_zone() {
        // In Berlin, 02:30 occurred twice on 2026-10-25 and not at all on 2026-03-29.
        let twice = |text| means(text, "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z");
        assert_eq!(twice("02:30:00"), "2026-10-25T00:30:00Z");
        let never = |text| means(text, "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z");
        assert_eq!(never("02:30:00"), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn no_span_and_no_distance_is_too_much() {
        let spans = [(0, 0), (5, -5), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)];
        for span in spans {
            for text in ["20:14:07", "2026-11-20T20:14:07Z"] {
                // Nothing but an instant is required.
                let _ = TypedTime::parse(text, &zone())
                    .unwrap()
                    .within(span, &zone());
            }
        }
        let far = TypedTime::parse("-2562047788015h", &zone());
        assert_eq!(far, Err(ParseError::OutOfRange));
        let epoch = TypedTime::parse("00:00:00.0", &TimeZone::UTC).unwrap();
        assert_eq!(epoch.within((0, 1), &TimeZone::UTC), Some(0..=0));
    }
}
