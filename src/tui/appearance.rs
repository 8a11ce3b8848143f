//! The appearance of the screen: theme, character set, time zone, names of keys.

use std::sync::Arc;

use super::keymap::KeyMap;
use super::theme::{ColorSupport, Theme};
use crate::column::format;

/// Appearance of the screen; determined once, outside.
#[derive(Debug, Clone)]
pub struct Appearance {
    /// Colors and weights.
    pub theme: Theme,
    /// The colors that the terminal shows.
    pub colors: ColorSupport,
    /// True if the terminal shows ASCII only.
    pub ascii: bool,
    /// Time zone in which times of day are shown.
    pub timezone: jiff::tz::TimeZone,
    /// The keys of the commands.
    pub keys: Arc<KeyMap>,
}

impl Appearance {
    /// The day of a time, such as `2026-11-20`, in the terminal's time zone. `at_us`: µs since 1970 UTC.
    pub fn day(&self, at_us: i64) -> String {
        self.format_time(at_us, "%Y-%m-%d")
    }

    /// The time of day of a time, such as `20:14:07`, in the terminal's time zone. `at_us`: µs since 1970 UTC.
    pub fn time_of_day(&self, at_us: i64) -> String {
        self.format_time(at_us, "%H:%M:%S")
    }

    fn format_time(&self, at_us: i64, format: &str) -> String {
        jiff::Timestamp::from_microsecond(at_us).map_or_else(
            |_| format::MISSING.to_owned(),
            |at| {
                at.to_zoned(self.timezone.clone())
                    .strftime(format)
                    .to_string()
            },
        )
    }
}
