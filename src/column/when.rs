//! Parses times within a recording: RFC 3339, times of day, and relative times.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// Maximum length of the typed text in an error, characters.
const SHOWN: usize = 40;

/// Reason why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// The text is not a time.
    #[error(
        "invalid time '{text}': use 2026-11-20T20:14:07Z, '2026-11-20 20:14:07', 20:14:07, -5m (before the end) or \
         +30s (after the start); the recording covers {span}"
    )]
    NotUnderstood {
        /// The text as typed.
        text: String,
        /// The first and the last Sample.
        span: String,
    },
    /// The time is outside the representable range.
    #[error("time '{text}' is out of range; the recording covers {span}")]
    OutOfReach {
        /// The text as typed.
        text: String,
        /// The first and the last Sample.
        span: String,
    },
}

/// Parses a time, µs since 1970 UTC. A whole second means its end, so that it includes Samples taken in that second.
///
/// Accepts RFC 3339 (`2026-11-20T20:14:07.5Z`), a date with a time (`2026-11-20 20:14:07`) in `zone`, a time of day
/// (`20:14:07`) in `zone`, and times before the end (`-5m`) or after the start (`+30s`) of `span`, the times of the first
/// and the last Sample. A time of day belongs to the last day on which it falls within the span, including a second that
/// is partly within; if there is none, to the nearest day.
///
/// # Errors
/// If the text is not a time.
pub fn parse(text: &str, span: (i64, i64), zone: &TimeZone) -> Result<i64, WhenError> {
    Ok(*parse_range(text, span, zone)?.end())
}

/// Parses a time as a range, µs since 1970 UTC: a time without a fraction is a whole second, a relative time a single
/// instant. See [`parse`].
///
/// # Errors
/// If the text is not a time.
pub fn parse_range(
    text: &str,
    span: (i64, i64),
    zone: &TimeZone,
) -> Result<RangeInclusive<i64>, WhenError> {
    let text = text.trim();
    let out_of_reach = || WhenError::OutOfReach {
        text: shortened(text),
        span: show_span(span, zone),
    };
    let not_understood = || WhenError::NotUnderstood {
        text: shortened(text),
        span: show_span(span, zone),
    };
    if let Some(relative) = Relative::parse(text) {
        let instant = relative.from(span).ok_or_else(out_of_reach)?;
        return Ok(instant..=instant);
    }
    // The parsers below accept a date alone, but a user means the whole day.
    if !text.contains(':') {
        return Err(not_understood());
    }
    let start = if let Ok(instant) = text.parse::<Timestamp>() {
        instant.as_microsecond()
    } else if let Ok(local) = text.parse::<DateTime>() {
        in_zone(local, zone).ok_or_else(out_of_reach)?
    } else if let Ok(time) = text.parse::<Time>() {
        on_some_day(time, span, zone).ok_or_else(out_of_reach)?
    } else {
        return Err(not_understood());
    };
    Ok(start..=start.saturating_add(length(text)))
}

/// Formats a time in `zone`, to the second: `2026-11-20 20:14:07`. Empty if it is out of range.
pub fn show(us: i64, zone: &TimeZone) -> String {
    Timestamp::from_microsecond(us).map_or_else(
        |_| String::new(),
        |at| {
            let local = at.to_zoned(zone.clone());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

/// Formats the first and the last time.
pub fn show_span((first, last): (i64, i64), zone: &TimeZone) -> String {
    format!("{} to {}", show(first, zone), show(last, zone))
}

/// Returns the text as typed, shortened to fit a line.
fn shortened(text: &str) -> String {
    let escaped = text.escape_debug().collect::<String>();
    match escaped.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &escaped[..at]),
        None => escaped,
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

/// Parses a time relative to an end of the recording.
#[derive(Debug, Clone, Copy)]
enum Relative {
    BeforeEnd(SignedDuration),
    AfterStart(SignedDuration),
}

impl Relative {
    fn parse(text: &str) -> Option<Relative> {
        let duration = |text: &str| {
            // The sign has been removed.
            let first = text.chars().next().filter(char::is_ascii_digit);
            first.and_then(|_| text.parse::<SignedDuration>().ok())
        };
        if let Some(text) = text.strip_prefix('-') {
            duration(text).map(Relative::BeforeEnd)
        } else {
            duration(text.strip_prefix('+')?).map(Relative::AfterStart)
        }
    }

    fn from(self, (first, last): (i64, i64)) -> Option<i64> {
        let us = |duration: SignedDuration| i64::try_from(duration.as_micros()).ok();
        match self {
            Relative::BeforeEnd(duration) => last.checked_sub(us(duration)?),
            Relative::AfterStart(duration) => first.checked_add(us(duration)?),
        }
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

    /// Resolves a text in a recording between two times, as RFC 3339.
    fn means(text: &str, first: &str, last: &str) -> String {
        let range = parse_range(text, (at(first), at(last)), &zone());
        match range {
            Ok(range) => Timestamp::from_microsecond(*range.start())
                .unwrap()
                .to_string(),
            Err(error) => error.to_string(),
        }
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
        let range = |text| parse_range(text, span, &zone()).unwrap();
        let second = at("2026-11-20T19:20:00Z");
        assert_eq!(range("20:20:00"), second..=second + 999_999);
        assert_eq!(range("20:20:00.0"), second..=second);
        assert_eq!(range("+30s"), span.0 + 30_000_000..=span.0 + 30_000_000);
        assert_eq!(parse("20:20:00", span, &zone()), Ok(second + 999_999));
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
    fn an_invalid_time_is_an_error_of_one_line_with_examples() {
        for text in [
            "",
            "-",
            "+",
            "5",
            "5m",
            "half past eight",
            "25:00:00",
            "20:14:61",
            "2026-11-20",
            "--5m",
            "-+5m",
            "2026-13-01 00:00:00",
            "20:14:07x",
            "\u{1b}[2J",
            "::",
            "١٢:٠٠:٠٠",
        ] {
            let error = parse(text, (at(FIRST), at(LAST)), &zone()).unwrap_err();
            let said = error.to_string();
            assert!(
                matches!(error, WhenError::NotUnderstood { .. }),
                "{text}: {said}"
            );
            assert!(
                said.contains("2026-11-20 20:10:00 to 2026-11-20 20:44:43"),
                "{said}"
            );
            assert!(!said.contains(char::is_control), "{said:?}");
        }
        let long = "x:".repeat(1000);
        let said = parse(&long, (at(FIRST), at(LAST)), &zone()).unwrap_err();
        assert!(said.to_string().len() < 300, "{said}");
    }

    #[test]
    fn no_span_and_no_distance_is_too_much() {
        let spans = [(0, 0), (5, -5), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)];
        for span in spans {
            for text in [
                "20:14:07",
                "-5m",
                "+30s",
                "-106751991d",
                "+2562047788015h",
                "2026-11-20T20:14:07Z",
                "nonsense",
            ] {
                // Only formatting the error must succeed.
                let _ = parse(text, span, &zone());
            }
        }
        let far = parse("-2562047788015h", (at(FIRST), at(LAST)), &zone());
        assert!(matches!(far, Err(WhenError::OutOfReach { .. })), "{far:?}");
        assert_eq!(
            parse("00:00:00.0", (0, 1), &TimeZone::UTC),
            Ok(0),
            "an empty recording at the epoch"
        );
    }
}
