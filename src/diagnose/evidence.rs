//! What proves a finding, in words: names and numbers with their units.

use super::finding::{Evidence, Value};
use crate::column::format;

/// Evidence in one line: `connections 341, oldest 12 s`.
pub fn proof(evidence: &Evidence) -> String {
    let parts: Vec<String> = evidence
        .iter()
        .map(|(name, value)| format!("{} {}", words(name), shown(name, value)))
        .collect();
    parts.join(", ")
}

/// A name of JSON as words; units are shown with the number.
pub fn words(name: &str) -> String {
    let name = name.strip_suffix("_bytes").unwrap_or(name);
    let name = name.strip_suffix("_per_s").unwrap_or(name);
    let name = name.strip_suffix("_per_min").unwrap_or(name);
    let name = name.strip_suffix("_ms").unwrap_or(name);
    let name = name.strip_suffix("_s").unwrap_or(name);
    name.replace('_', " ")
}

/// A value with its unit, which its name in JSON tells. The text is harmless in a terminal.
pub fn shown(name: &str, value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Count(count) => format::count(&mut out, *count),
        Value::Bytes(bytes) => format::bytes(&mut out, *bytes as f64),
        Value::Rate(rate) => {
            let unit = match name {
                _ if name.ends_with("_per_min") => "/min",
                _ if name.ends_with("_ms") => " ms",
                _ => "/s",
            };
            out = format!("{rate:.1}{unit}");
        }
        Value::Seconds(seconds) => format::short_duration_us(&mut out, seconds * 1e6),
        Value::Share(share) => format::share(&mut out, *share),
        Value::Text(text) => format::harmless(&mut out, text.as_bytes()),
        Value::Flag(flag) => out.push_str(if *flag { "yes" } else { "no" }),
    }
    out
}
