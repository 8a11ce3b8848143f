//! Numbers as text, each with its unit and a bounded width.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::filter::Unit;

pub use crate::printable::sanitize;

/// Notation and unit of a number.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    write: fn(&mut String, f64),
    /// Unit of the number.
    pub unit: Unit,
}

impl Format {
    /// Makes a format from a function that appends numbers, and their unit.
    pub(crate) const fn new(write: fn(&mut String, f64), unit: Unit) -> Format {
        Format { write, unit }
    }

    /// Appends a number with its unit.
    pub fn write(self, out: &mut String, value: f64) {
        (self.write)(out, value);
    }
}

/// Format of bytes, see [`bytes`].
pub(super) const BYTES: Format = Format::new(bytes, Unit::Bytes);
/// Format of bytes per second, see [`rate`].
pub(super) const RATE: Format = Format::new(rate, Unit::BytesPerSecond);
/// Format of an approximate rate, see [`approximate_rate`].
pub(super) const STEADY_RATE: Format = Format::new(approximate_rate, Unit::BytesPerSecond);
/// Format of events per second, see [`per_second`].
pub(super) const PER_SECOND: Format = Format::new(per_second, Unit::PerSecond);
/// Format of a time in µs, see [`duration_us`].
pub(super) const TIME: Format = Format::new(duration_us, Unit::Microseconds);
/// Format of an integer, see [`integer`].
pub(super) const INTEGER: Format = Format::new(integer, Unit::Count);
/// Format of a number of things, see [`grouped_count`].
pub(super) const GROUPED_COUNT: Format = Format::new(grouped_count, Unit::Count);
/// Format of a share, see [`share`].
pub(super) const SHARE: Format = Format::new(share, Unit::Share);

/// Text of an unknown value.
pub const MISSING: &str = "–";

/// Units of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Units {
    /// Powers of 1000: kB, MB.
    #[default]
    Si,
    /// Powers of 1024: Ki, Mi.
    Iec,
}

/// True if bytes are written in powers of 1024.
static IS_BINARY: AtomicBool = AtomicBool::new(false);

/// Chooses the units of bytes for everything that this process writes from now on.
pub fn use_units(units: Units) {
    IS_BINARY.store(units == Units::Iec, Ordering::Relaxed);
}

/// Appends bytes with a unit and three significant digits, at most 7 columns: `0 B`, `999 B`, `1.23 kB`, `45.6 MB`; in
/// [`Units::Iec`] `1.23 Ki`.
pub fn bytes(out: &mut String, value: f64) {
    if IS_BINARY.load(Ordering::Relaxed) {
        binary_bytes(out, value);
    } else {
        scaled(out, value, &["B", "kB", "MB", "GB", "TB", "PB"]);
    }
}

/// Appends bytes with a binary unit, at most 7 columns: `1023 B`, `1.23 Ki`, `1023 Mi`.
fn binary_bytes(out: &mut String, value: f64) {
    let (mut value, mut units) = (value, ["B", "Ki", "Mi", "Gi", "Ti", "Pi"].iter());
    let mut unit = units.next().copied().unwrap_or("");
    if value < 1023.5 {
        return write(out, value, 0, " B");
    }
    while value >= 1023.5
        && let Some(next) = units.next()
    {
        value /= 1024.0;
        unit = next;
    }
    if value >= 999.5 {
        write(out, value, 0, " ");
        out.push_str(unit);
    } else {
        significant(out, value, &format!(" {unit}"));
    }
}

/// Appends bytes per second, at most 9 columns: `1.23 MB/s`.
pub fn rate(out: &mut String, value: f64) {
    bytes(out, value);
    out.push_str("/s");
}

/// Appends a rate in bytes per second that is about so high, at most 10 columns: `≈412 kB/s`.
pub fn approximate_rate(out: &mut String, value: f64) {
    if value > 0.0 {
        out.push('≈');
    }
    rate(out, value);
}

/// Appends events per second, at most 7 columns: `0/s`, `0.5/s`, `212/s`, `12.4 k/s`.
pub fn per_second(out: &mut String, value: f64) {
    if value < 10.0 && value.fract() != 0.0 {
        let _ = write!(out, "{value:.1}/s");
    } else if value < 9999.5 {
        let _ = write!(out, "{value:.0}/s");
    } else {
        scaled(out, value, &["", "k", "M", "G"]);
        out.push_str("/s");
    }
}

/// Appends a count, with digits grouped by thin spaces from 10 000 on: `9999`, `12 431`.
pub fn count(out: &mut String, value: u64) {
    let digits = value.to_string();
    if digits.len() < 5 {
        out.push_str(&digits);
        return;
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
}

/// Appends a count in at most 7 columns: `9999`, `131 072`, `2.47 M`.
pub fn short_count(out: &mut String, value: u64) {
    if value < 1_000_000 {
        count(out, value);
    } else {
        scaled(out, value as f64, &["", "k", "M", "G", "T", "P", "E"]);
    }
}

/// Appends a time in µs, at most 7 columns: `123 µs`, `1.23 ms`, `45.6 ms`, `1.23 s`, `2.5 min`, `3.1 h`, `4.2 d`.
pub fn duration_us(out: &mut String, us: f64) {
    let (value, unit) = match us {
        us if us < 999.5 => return write(out, us, 0, " µs"),
        us if us < 999_500.0 => (us / 1e3, " ms"),
        us if us < 99_950_000.0 => (us / 1e6, " s"),
        us if us < 5_970_000_000.0 => (us / 60e6, " min"),
        us if us < 171_000_000_000.0 => (us / 3600e6, " h"),
        us => (us / 86_400e6, " d"),
    };
    significant(out, value, unit);
}

/// Appends a time in µs, without trailing zeros: `12 s`, `60 s`, `5 min`, `60 min`, `2.5 h`.
pub fn short_duration_us(out: &mut String, us: f64) {
    let (value, unit) = match us / 1e6 {
        seconds if seconds < 120.0 => (seconds, "s"),
        seconds if seconds < 7200.0 => (seconds / 60.0, "min"),
        seconds => (seconds / 3600.0, "h"),
    };
    let _ = write!(out, "{} {unit}", (value * 10.0).round() / 10.0);
}

/// Appends an integer without grouping: `12431`.
pub fn integer(out: &mut String, value: f64) {
    write(out, value, 0, "");
}

/// Appends a number of things with grouped digits, see [`count`].
pub fn grouped_count(out: &mut String, value: f64) {
    count(out, value as u64);
}

/// Returns the text that `write` appends for a value; [`MISSING`] without one.
pub fn format_or_missing(value: Option<f64>, write: fn(&mut String, f64)) -> String {
    let mut out = String::new();
    match value {
        None => out.push_str(MISSING),
        Some(value) => write(&mut out, value),
    }
    out
}

/// Appends a share from 0 to 1 as a percentage: `0.02 %`, `1.5 %`, `100 %`. Rounding alone never yields 0 % or 100 %.
pub fn share(out: &mut String, share: f64) {
    let percent = share * 100.0;
    if percent <= 0.0 || percent >= 100.0 {
        write(out, percent, 0, " %");
    } else if percent < 0.005 {
        out.push_str("<0.01 %");
    } else if percent < 9.995 {
        write(out, percent, 2, " %");
    } else {
        write(out, percent.min(99.9), 1, " %");
    }
}

fn scaled(out: &mut String, value: f64, units: &[&str]) {
    let mut value = value;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        write(out, value, 0, "");
    } else {
        significant(out, value, "");
    }
    if !units[unit].is_empty() {
        out.push(' ');
        out.push_str(units[unit]);
    }
}

/// Appends three significant digits.
fn significant(out: &mut String, value: f64, unit: &str) {
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    write(out, value, decimals, unit);
}

fn write(out: &mut String, value: f64, decimals: usize, unit: &str) {
    let _ = write!(out, "{value:.decimals$}{unit}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(f: impl Fn(&mut String)) -> String {
        let mut out = String::new();
        f(&mut out);
        out
    }

    #[test]
    fn sizes_keep_their_width_at_every_step() {
        for (value, expected) in [
            (0.0, "0 B"),
            (999.4, "999 B"),
            (999.6, "1.00 kB"),
            (9_994.0, "9.99 kB"),
            (9_996.0, "10.0 kB"),
            (99_960.0, "100 kB"),
            (999_600.0, "1.00 MB"),
            (41_200_000.0, "41.2 MB"),
            (1e15, "1.00 PB"),
        ] {
            assert_eq!(text(|out| bytes(out, value)), expected);
        }
        let mut value = 1.0;
        while value < 1e15 {
            assert!(text(|out| bytes(out, value)).len() <= 7, "{value}");
            value *= 1.07;
        }
    }

    #[test]
    fn times_keep_their_width_at_every_step() {
        for (us, expected) in [
            (0.0, "0 µs"),
            (999.0, "999 µs"),
            (1_230.0, "1.23 ms"),
            (1_000_000.0, "1.00 s"),
            (150_000_000.0, "2.50 min"),
            (7_200_000_000.0, "2.00 h"),
        ] {
            assert_eq!(text(|out| duration_us(out, us)), expected);
        }
        let mut us = 1.0;
        while us < 1e13 {
            assert!(
                text(|out| duration_us(out, us)).chars().count() <= 8,
                "{us}"
            );
            us *= 1.07;
        }
    }

    #[test]
    fn counts_and_shares_read_well() {
        assert_eq!(text(|out| short_duration_us(out, 60e6)), "60 s");
        assert_eq!(text(|out| short_duration_us(out, 7.5e6)), "7.5 s");
        assert_eq!(text(|out| short_duration_us(out, 300e6)), "5 min");
        assert_eq!(text(|out| count(out, 9_999)), "9999");
        assert_eq!(text(|out| count(out, 12_431)), "12 431");
        assert_eq!(text(|out| count(out, 1_000_000)), "1 000 000");
        assert_eq!(text(|out| short_count(out, 999_999)), "999 999");
        assert_eq!(text(|out| short_count(out, 2_466_177)), "2.47 M");
        assert_eq!(text(|out| short_count(out, u64::MAX)), "18.4 E");
        assert_eq!(text(|out| share(out, 0.998)), "99.8 %");
        assert_eq!(text(|out| share(out, 1.0)), "100 %");
        assert_eq!(text(|out| share(out, 0.99999)), "99.9 %");
        assert_eq!(text(|out| share(out, 0.0)), "0 %");
        assert_eq!(text(|out| share(out, 0.000_01)), "<0.01 %");
        assert_eq!(text(|out| share(out, 0.0002)), "0.02 %");
        assert_eq!(text(|out| per_second(out, 0.5)), "0.5/s");
        assert_eq!(text(|out| per_second(out, 212.0)), "212/s");
        assert_eq!(text(|out| per_second(out, 12_400.0)), "12.4 k/s");
    }
}
