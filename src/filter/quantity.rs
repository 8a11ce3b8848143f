//! Parses numbers with units, such as `10Mbit/s` or `100ms`.

/// Unit of a column's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Dimensionless: a count of sockets or segments, or an id.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Events per second.
    PerSecond,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// A fraction from 0 to 1, typed as a percentage.
    Share,
}

impl Unit {
    /// Returns the unit in one word.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Count => "number",
            Unit::Bytes => "bytes",
            Unit::BytesPerSecond => "bytes/s",
            Unit::PerSecond => "per s",
            Unit::Microseconds | Unit::Milliseconds => "time",
            Unit::Share => "share",
        }
    }

    /// Describes the expected input with examples, for error messages.
    pub fn examples(self) -> &'static str {
        match self {
            Unit::Count => "a number, such as 0, 100 or 10k",
            Unit::Bytes => "bytes, such as 100, 64kB or 1MiB",
            Unit::BytesPerSecond => "bytes or bits per second, such as 100kB, 1MB/s or 10Mbit",
            Unit::PerSecond => "a rate per second, such as 0.5 or 100/s",
            Unit::Microseconds | Unit::Milliseconds => "a time, such as 100ms, 10s, 5min or 2h",
            Unit::Share => "a percentage, such as 1% or 0.5%",
        }
    }

    /// Reports whether columns of the two units can be compared.
    pub fn fits(self, other: Unit) -> bool {
        self.family() == other.family()
    }

    /// Returns the factor to the common unit of all comparable units.
    pub(super) fn scale(self) -> f64 {
        match self {
            Unit::Milliseconds => 1000.0,
            _ => 1.0,
        }
    }

    fn family(self) -> u8 {
        match self {
            // A queue counts bytes or connections, depending on the socket.
            Unit::Count | Unit::Bytes => 0,
            Unit::BytesPerSecond => 1,
            Unit::PerSecond => 2,
            Unit::Microseconds | Unit::Milliseconds => 3,
            Unit::Share => 4,
        }
    }
}

/// Parses a number with a unit and converts it to `unit`.
///
/// # Errors
/// If it is not a number, or its unit is missing or does not fit.
pub fn parse_quantity(text: &str, unit: Unit) -> Result<f64, String> {
    let end = text
        .char_indices()
        .find(|&(at, c)| {
            // An exponent's sign and letter belong to the number, but "1e" does not end in an exponent.
            !(c.is_ascii_digit() || matches!(c, '.' | '_') || (matches!(c, '-' | '+') && at == 0))
        })
        .map_or(text.len(), |(at, _)| at);
    let (number, suffix) = text.split_at(end);
    let number: f64 = match hexadecimal(text) {
        Some(number) if unit == Unit::Count => return Ok(number),
        _ => number
            .replace('_', "")
            .parse()
            .map_err(|_| format!("invalid number '{text}'"))?,
    };
    let factor = factor(suffix.trim(), unit).ok_or_else(|| {
        if suffix.trim().is_empty() {
            format!("'{text}' needs a unit")
        } else {
            format!("unit '{}' does not apply here", suffix.trim())
        }
    })?;
    Ok(number * factor)
}

fn hexadecimal(text: &str) -> Option<f64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    u64::from_str_radix(digits, 16)
        .ok()
        .map(|number| number as f64)
}

/// Returns the factor of a suffix; `None` if the suffix does not fit the unit.
fn factor(suffix: &str, unit: Unit) -> Option<f64> {
    match unit {
        Unit::Count => thousands(suffix),
        Unit::Bytes => bytes(suffix),
        Unit::PerSecond => thousands(suffix.strip_suffix("/s").unwrap_or(suffix)),
        Unit::BytesPerSecond => {
            let (amount, per_second) = match suffix.strip_suffix("/s") {
                Some(amount) => (amount, true),
                None => (suffix, false),
            };
            bytes(amount).or_else(|| bits(amount, per_second))
        }
        Unit::Microseconds => time(suffix),
        Unit::Milliseconds => time(suffix).map(|us| us / 1000.0),
        Unit::Share => (suffix == "%").then_some(0.01),
    }
}

fn thousands(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        _ => return None,
    })
}

fn bytes(suffix: &str) -> Option<f64> {
    let lower = suffix.to_ascii_lowercase();
    let amount = lower.strip_suffix('b').unwrap_or(&lower);
    Some(match amount {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "t" => 1e12,
        "ki" => 1024.0,
        "mi" => 1024.0 * 1024.0,
        "gi" => 1024.0 * 1024.0 * 1024.0,
        "ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    })
}

/// Returns the factor of a suffix in bits (`Mbit`, `Mbit/s`, `Mbps`), in bytes.
fn bits(suffix: &str, per_second: bool) -> Option<f64> {
    let lower = suffix.to_ascii_lowercase();
    let amount = match lower.strip_suffix("bit") {
        Some(amount) => amount,
        None if !per_second => lower.strip_suffix("bps")?,
        None => return None,
    };
    bytes(amount)
        .filter(|_| !amount.ends_with('b'))
        .map(|factor| factor / 8.0)
}

/// Returns the factor of a unit of time, in µs.
fn time(suffix: &str) -> Option<f64> {
    Some(match suffix {
        "ns" => 1e-3,
        "us" | "µs" | "μs" => 1.0,
        "ms" => 1e3,
        "s" | "sec" => 1e6,
        "m" | "min" => 60e6,
        "h" => 3600e6,
        "d" => 86_400e6,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_parsed() {
        for (text, unit, value) in [
            ("0", Unit::Count, 0.0),
            ("10k", Unit::Count, 10_000.0),
            ("0x10", Unit::Count, 16.0),
            ("-1", Unit::Count, -1.0),
            ("1_000", Unit::Count, 1000.0),
            ("64kB", Unit::Bytes, 64_000.0),
            ("1MiB", Unit::Bytes, 1_048_576.0),
            ("2 GB", Unit::Bytes, 2e9),
            ("1MB", Unit::BytesPerSecond, 1e6),
            ("1MB/s", Unit::BytesPerSecond, 1e6),
            ("8Mbit", Unit::BytesPerSecond, 1e6),
            ("8Mbit/s", Unit::BytesPerSecond, 1e6),
            ("8mbps", Unit::BytesPerSecond, 1e6),
            ("100ms", Unit::Microseconds, 100_000.0),
            ("1.5s", Unit::Microseconds, 1_500_000.0),
            ("250µs", Unit::Microseconds, 250.0),
            ("10s", Unit::Milliseconds, 10_000.0),
            ("1%", Unit::Share, 0.01),
            ("100/s", Unit::PerSecond, 100.0),
        ] {
            assert_eq!(parse_quantity(text, unit), Ok(value), "{text}");
        }
    }

    #[test]
    fn units_that_do_not_fit_are_refused() {
        for (text, unit) in [
            ("100", Unit::Microseconds),
            ("1", Unit::Share),
            ("1%", Unit::Count),
            ("5s", Unit::Bytes),
            ("1MB", Unit::Microseconds),
            ("1Mbit", Unit::Bytes),
            ("ten", Unit::Count),
            ("", Unit::Count),
            ("1.2.3", Unit::Count),
            ("-", Unit::Bytes),
            ("1kbb", Unit::BytesPerSecond),
        ] {
            assert!(parse_quantity(text, unit).is_err(), "{text} {unit:?}");
        }
    }
}
