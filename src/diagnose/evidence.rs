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

/// Formats the label of a value; its unit is shown with the value.
pub fn evidence_name(name: &str) -> String {
    let label = match name {
        "bytes" => "memory",
        "close_wait" => "CLOSE-WAIT",
        "cookies_at_work" => "SYN cookies active",
        "cookies_returned" => "SYN cookies returned",
        "cookies_sent" => "SYN cookies sent",
        "half_open" => "half-open",
        "of_descriptor_limit" => "share of limit",
        "of_local_ports" => "share of local ports",
        "pool" => "local ports",
        "processor" => "CPU",
        "range" => "port range",
        "rtt_max_ms" => "max RTT",
        "time_wait" => "TIME-WAIT",
        "used" => "ports in use",
        "window_bytes" => "send window",
        "windows_closed" => "closed windows",
        "rmem_max" | "tcp_syncookies" | "tcp_tw_reuse" => name,
        _ => "",
    };
    if !label.is_empty() {
        return label.to_owned();
    }
    let unit = ["_bytes", "_per_s", "_per_min", "_s"];
    let mut units = unit.into_iter().filter_map(|unit| name.strip_suffix(unit));
    units.next().unwrap_or(name).replace('_', " ")
}

/// Formats a value with its unit, which its name may determine. The text is safe to print on a terminal.
pub fn evidence_value(name: &str, value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Count(count) => format::count(&mut out, *count),
        Value::Bytes(bytes) => format::bytes(&mut out, *bytes as f64),
        Value::Rate(rate) if name.ends_with("_per_min") => out = format!("{rate:.1}/min"),
        Value::Rate(rate) if name.ends_with("_per_s") => out = format!("{rate:.1}/s"),
        Value::Rate(rate) if name.ends_with("_ms") => out = format!("{rate:.1} ms"),
        Value::Rate(rate) => out = format!("{rate:.1}"),
        Value::Seconds(seconds) => format::short_duration_us(&mut out, seconds * 1e6),
        Value::Share(share) => format::share(&mut out, *share),
        Value::Text(text) => format::sanitize(&mut out, text.as_bytes()),
        Value::Flag(flag) => out.push_str(if *flag { "yes" } else { "no" }),
    }
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
            ("rtt_max_ms", Value::Rate(0.2)),
            ("cause", Value::Text("stopped".into())),
        ];
        assert_eq!(
            evidence_line(&evidence),
            "unread 4.10 kB, growth 12.0/min, dropped 2.0/s, oldest 12 s, max RTT 0.2 ms, cause stopped"
        );
    }
}
