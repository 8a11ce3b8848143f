//! What a value may be. The name of a key tells what kind of number it is.

use toml::de::DeValue;

use crate::diagnose::Kind;

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// Part of a whole.
    Share,
    /// Seconds.
    Seconds { least: u32, most: u32 },
    /// So many per second.
    PerSecond,
    /// Whole things.
    Count { least: u32, most: u32 },
    /// Findings by their ids.
    Kinds,
    /// Names of processes.
    Names,
}

/// A day: what is looked at for longer is no state of things, but how they are.
const LONGEST_S: u32 = 86_400;

/// The longest window, s: each Sample in it is kept, for each of the things that are looked at.
const LONGEST_WINDOW_S: u32 = 600;

/// The most per second.
const MOST_PER_S: f64 = 1e9;

/// The rule for a key, by its name.
pub(super) fn of(key: &str) -> Rule {
    match key {
        "disable" => Rule::Kinds,
        "ignore_processes" => Rule::Names,
        "warning" | "critical" | "share" => Rule::Share,
        "window_s" => Rule::Seconds {
            least: 1,
            most: LONGEST_WINDOW_S,
        },
        "retries" => Rule::Count {
            least: 0,
            most: u8::MAX.into(),
        },
        _ if key.ends_with("_share") => Rule::Share,
        _ if key.ends_with("per_s") => Rule::PerSecond,
        _ if key.ends_with("_s") => Rule::Seconds {
            least: 0,
            most: LONGEST_S,
        },
        _ => Rule::Count {
            least: 1,
            most: u32::MAX,
        },
    }
}

/// A number as it is written.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

impl Rule {
    /// Whether a value is as it has to be.
    pub(super) fn allows(self, value: &DeValue<'_>) -> bool {
        let number = number(value);
        let is_in = |least: f64, most: f64| number.is_some_and(|n| (least..=most).contains(&n));
        match self {
            Rule::Share => is_in(f64::MIN_POSITIVE, 1.0),
            Rule::Seconds { least, most } => is_in(least.into(), most.into()),
            Rule::PerSecond => is_in(f64::MIN_POSITIVE, MOST_PER_S),
            Rule::Count { least, most } => value.is_integer() && is_in(least.into(), most.into()),
            Rule::Kinds => texts(value, |text| Kind::by_id(text).is_some()),
            Rule::Names => texts(value, |text| !text.is_empty()),
        }
    }

    /// What is allowed.
    pub(super) fn wanted(self) -> String {
        match self {
            Rule::Share => "it is a share, above 0 and up to 1 (0.8 is 80 %)".to_owned(),
            Rule::Seconds { least, most } => {
                format!("it is a number of seconds, from {least} to {most}")
            }
            Rule::PerSecond => "it is a number per second, above 0".to_owned(),
            Rule::Count { least, most } => {
                format!("it is a whole number, from {least} to {most}")
            }
            Rule::Kinds => {
                let ids: Vec<&str> = Kind::ALL.iter().map(|kind| kind.id()).collect();
                format!("it is a list of these: {}", ids.join(", "))
            }
            Rule::Names => "it is a list of processes' names".to_owned(),
        }
    }
}

/// Whether a value is a list of texts that are all good.
fn texts(value: &DeValue<'_>, is_good: impl Fn(&str) -> bool) -> bool {
    value.as_array().is_some_and(|list| {
        list.iter()
            .all(|entry| entry.get_ref().as_str().is_some_and(&is_good))
    })
}
