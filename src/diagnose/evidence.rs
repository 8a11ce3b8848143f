//! Formats evidence: names and values with their units.

use super::finding::{Evidence, Value};
use crate::column::format;

/// Formats evidence in one line: `connections 341, oldest 12 s`.
pub fn evidence_line(evidence: &Evidence) -> String {
    let parts: Vec<String> = evidence
        .iter()
        .map(|(name, value)| format!("{} {}", evidence_name(name), evidence_value(name, value)))
        .collect();
    parts.join(", ")
}

/// Formats the name of a value for people; its unit is shown with the value.
pub fn evidence_name(name: &str) -> String {
    let unit = ["_bytes", "_per_s", "_per_min", "_s"];
    let mut units = unit.into_iter().filter_map(|unit| name.strip_suffix(unit));
    units.next().unwrap_or(name).replace('_', " ")
}

/// Formats a value with its unit, which its name may determine. The text is harmless in a terminal.
pub fn evidence_value(name: &str, value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Count(count) => format::count(&mut out, *count),
        Value::Bytes(bytes) => format::bytes(&mut out, *bytes as f64),
        Value::Rate(rate) if name.ends_with("_per_min") => out = format!("{rate:.1}/min"),
        Value::Rate(rate) if name.ends_with("_per_s") => out = format!("{rate:.1}/s"),
        Value::Rate(rate) => out = format!("{rate:.1}"),
        Value::Seconds(seconds) => format::short_duration_us(&mut out, seconds * 1e6),
        Value::Share(share) => format::share(&mut out, *share),
        Value::Text(text) => format::sanitize(&mut out, text.as_bytes()),
        Value::Flag(flag) => out.push_str(if *flag { "yes" } else { "no" }),
    }
    out
}

/// Formats a duration in whole seconds or longer units: `12 s`, `2.5 min`.
pub fn whole_seconds(us: i64) -> String {
    let mut out = String::new();
    let seconds = (us.max(0) as f64 / 1e6).round();
    format::short_duration_us(&mut out, seconds * 1e6);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_unit_that_their_name_determines() {
        let evidence = vec![
            ("unread_bytes", Value::Bytes(4_096)),
            ("growth_per_min", Value::Rate(11.96)),
            ("dropped_per_s", Value::Rate(2.0)),
            ("oldest_s", Value::Seconds(12.0)),
            ("cause", Value::Text("stopped".into())),
        ];
        assert_eq!(
            evidence_line(&evidence),
            "unread 4.10 kB, growth 12.0/min, dropped 2.0/s, oldest 12 s, cause stopped"
        );
    }
}
