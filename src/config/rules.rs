//! The allowed values of a setting, by the rule that the registry of findings declares for it.

use toml::de::DeValue;

use crate::diagnose::{FINDINGS, FindingKind, GENERAL, SECTIONS, ValueRule, finding_by_id};

/// The maximum value per second.
const MAX_PER_S: f64 = 1e9;

/// Returns the rule for a key of a section: `[diagnose]` or `[diagnose.NAME]`.
pub(super) fn find(section: &str, key: &str) -> Option<ValueRule> {
    let thresholds = match section.strip_prefix("diagnose.") {
        None => GENERAL,
        Some(name) => {
            let mut sections = SECTIONS.iter().flat_map(|group| group.sections);
            sections.find(|section| section.name == name)?.thresholds
        }
    };
    let mut thresholds = thresholds.iter();
    let threshold = thresholds.find(|threshold| threshold.name == key)?;
    Some(threshold.rule)
}

/// Returns the number in a value.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// Returns true if a rule allows a value.
pub(super) fn allows(rule: ValueRule, value: &DeValue<'_>) -> bool {
    let number = number(value);
    let is_in = |min: f64, max: f64| number.is_some_and(|n| (min..=max).contains(&n));
    match rule {
        ValueRule::Share => is_in(f64::MIN_POSITIVE, 1.0),
        ValueRule::Seconds { min, max } => is_in(min.into(), max.into()),
        ValueRule::PerSecond => is_in(f64::MIN_POSITIVE, MAX_PER_S),
        ValueRule::Count { min, max } => value.is_integer() && is_in(min.into(), max.into()),
        ValueRule::FindingIds => is_list_of(value, |text| finding_by_id(text).is_some()),
        ValueRule::ProcessNames => is_list_of(value, |text| !text.is_empty()),
    }
}

/// Describes the allowed values of a rule.
pub(super) fn describe(rule: ValueRule) -> String {
    match rule {
        ValueRule::Share => "must be a share above 0 and at most 1 (0.8 is 80 %)".to_owned(),
        ValueRule::Seconds { min, max } => {
            format!("must be a number of seconds from {min} to {max}")
        }
        ValueRule::PerSecond => "must be a number per second above 0".to_owned(),
        ValueRule::Count { min, max } => {
            format!("must be an integer from {min} to {max}")
        }
        ValueRule::FindingIds => {
            let ids: Vec<&str> = FINDINGS.iter().map(FindingKind::id).collect();
            format!("must be a list of these: {}", ids.join(", "))
        }
        ValueRule::ProcessNames => "must be a list of process names".to_owned(),
    }
}

/// Returns true if a value is a list of allowed texts.
fn is_list_of(value: &DeValue<'_>, is_allowed: impl Fn(&str) -> bool) -> bool {
    value.as_array().is_some_and(|list| {
        list.iter()
            .all(|entry| entry.get_ref().as_str().is_some_and(&is_allowed))
    })
}
