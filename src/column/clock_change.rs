//! Describes what happened to the clocks between two Samples.

use std::fmt::Write as _;

use super::format;
use crate::model::ClockChange;

/// An hour, µs.
const HOUR_US: f64 = 3.6e9;

/// Describes a change in words: `the clock stepped back by 1 h`.
pub fn describe_change(change: ClockChange) -> String {
    let mut text = match change {
        ClockChange::Stepped(..0) => "the clock stepped back by ".to_owned(),
        ClockChange::Stepped(_) | ClockChange::SteppedOrSuspended(_) => {
            "the clock stepped forward by ".to_owned()
        }
        ClockChange::Suspended(_) => "the system was suspended for ".to_owned(),
    };
    let us = match change {
        ClockChange::Stepped(us) | ClockChange::SteppedOrSuspended(us) => us.unsigned_abs() as f64,
        ClockChange::Suspended(seconds) => f64::from(seconds) * 1e6,
    };
    // The two clocks were not read at the same instant.
    let us = (us / 1e5).round() * 1e5;
    if us < HOUR_US {
        format::short_duration_us(&mut text, us);
    } else {
        let _ = write!(text, "{} h", (us / HOUR_US * 10.0).round() / 10.0);
    }
    if matches!(change, ClockChange::SteppedOrSuspended(_)) {
        text.push_str(", or the system was suspended");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_described_by_its_direction_and_length() {
        const HOUR: i64 = 3_600_000_000;
        for (change, text) in [
            (ClockChange::Stepped(-HOUR), "the clock stepped back by 1 h"),
            (
                ClockChange::Stepped(2_000_100),
                "the clock stepped forward by 2 s",
            ),
            (
                ClockChange::Stepped(i64::MIN),
                "the clock stepped back by 2562047788 h",
            ),
            (
                ClockChange::Suspended(600),
                "the system was suspended for 10 min",
            ),
            (
                ClockChange::SteppedOrSuspended(24 * HOUR),
                "the clock stepped forward by 24 h, or the system was suspended",
            ),
        ] {
            assert_eq!(describe_change(change), text);
        }
    }
}
