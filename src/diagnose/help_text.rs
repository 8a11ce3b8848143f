//! Numbers in the documentation of findings; each stays on one line with its unit.

use super::phrases;

fn without_breaks(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

/// `2 %`, at most one digit after the point.
pub(super) fn share(share: f64) -> String {
    without_breaks(&format!("{} %", (share * 1000.0).round() / 10.0))
}

/// `5 s`.
pub(super) fn seconds(seconds: f64) -> String {
    without_breaks(&phrases::seconds(seconds))
}

/// `16.4 kB`.
pub(super) fn bytes(bytes: u64) -> String {
    without_breaks(&phrases::bytes(bytes))
}

/// Severity of a finding with one share for a warning and another for a critical one.
pub(super) fn severity_by_share(warning: f64, critical: f64) -> String {
    let (warning, critical) = (share(warning), share(critical));
    format!("Warning at {warning}, critical at {critical}.")
}

/// Condition of a finding about a limit of the host.
pub(super) fn near_limit(what: &str, setting: &str, warning: f64) -> String {
    format!("{what} reach {} of {setting}.", share(warning))
}
