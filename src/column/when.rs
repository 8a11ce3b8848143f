//! Times as people type them.

use anyhow::{Context, anyhow};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Understands a time, µs since 1970 UTC: `20:14:07` on the day of a span, RFC 3339, `-5m` from the end of the span,
/// `+30s` from its start.
///
/// # Errors
/// If it is none.
pub fn parse(text: &str, span: (i64, i64), zone: &TimeZone) -> anyhow::Result<i64> {
    let text = text.trim();
    let relative = text.starts_with(['-', '+']);
    if relative {
        let (start, length) = text.split_at(1);
        let length: SignedDuration = length
            .parse()
            .map_err(|_| anyhow!("'{text}' has no length; write for example -5m or +30s"))?;
        let length = i64::try_from(length.as_micros()).context("too long")?;
        return Ok(if start == "-" {
            span.1.saturating_sub(length)
        } else {
            span.0.saturating_add(length)
        });
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_microsecond());
    }
    if let Ok(time) = text.parse::<Time>() {
        let first = Timestamp::from_microsecond(span.0)?.to_zoned(zone.clone());
        let on = |day: jiff::civil::Date| -> anyhow::Result<i64> {
            Ok(day
                .to_datetime(time)
                .to_zoned(zone.clone())?
                .timestamp()
                .as_microsecond())
        };
        let at = on(first.date())?;
        // A span over midnight: the time that lies in it.
        return Ok(if at < span.0 {
            let next = on(first.date().tomorrow()?)?;
            if next <= span.1 { next } else { at }
        } else {
            at
        });
    }
    if let Ok(local) = text.parse::<jiff::civil::DateTime>() {
        return Ok(local.to_zoned(zone.clone())?.timestamp().as_microsecond());
    }
    Err(anyhow!(
        "'{text}' is no time; write for example 20:14:07, -5m from the end, +30s from the start"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 23:50:00 UTC, µs, and twenty minutes later.
    const SPAN: (i64, i64) = (1_795_218_600_000_000, 1_795_219_800_000_000);

    #[test]
    fn times_are_absolute_or_relative_to_the_span() {
        let at = |text: &str| parse(text, SPAN, &TimeZone::UTC).map(|at| (at - SPAN.0) / 1_000_000);
        assert_eq!(at("23:51:07").unwrap(), 67);
        assert_eq!(at("00:05:00").unwrap(), 900, "over midnight");
        assert_eq!(at("23:40:00").unwrap(), -600);
        assert_eq!(at("-5m").unwrap(), 900);
        assert_eq!(at("+30s").unwrap(), 30);
        assert_eq!(at("2026-11-20T23:50:01Z").unwrap(), 1);
        for wrong in ["", "soon", "-", "+5", "25:00:00", "-5"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
