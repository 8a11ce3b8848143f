//! Parsers of durations on the command line.

use std::time::Duration;

/// Shortest interval: below it, the jitter of a dump is larger than the changes it measures.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Longest interval.
const MAX_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Parses a sampling interval.
///
/// # Errors
/// If it is not a duration or out of range, with a text for the user.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if (MIN_INTERVAL..=MAX_INTERVAL).contains(&duration) {
        Ok(duration)
    } else {
        Err("out of range; use 100ms to 1h".to_owned())
    }
}

/// Parses the time span of the history buffer: a duration, or 0 without a unit.
///
/// # Errors
/// If it is not a duration, with a text for the user.
pub(super) fn history(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    duration(text)
}

/// Parses a duration with a unit.
///
/// # Errors
/// If it is not a duration, with a text for the user.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "not a duration; use for example 500ms, 1s or 10m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_a_unit_and_bounds() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["", "5", "-1s", "1ms", "2h", "soon"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(history("0"), Ok(Duration::ZERO));
        assert_eq!(history("10m"), Ok(Duration::from_secs(600)));
        assert!(history("10").is_err());
    }
}
