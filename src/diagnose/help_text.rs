//! Numbers in the documentation of findings, each kept in one line with its unit.

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

/// The severity of a finding that is a warning from one share on and critical from another.
pub(super) fn severity_by_share(warning: f64, critical: f64) -> String {
    let (warning, critical) = (share(warning), share(critical));
    format!("Warning from {warning} on, critical from {critical} on.")
}

/// The condition of a finding about a limit of the host.
pub(super) fn near_limit(what: &str, warning: f64) -> String {
    format!("{what} reach {} of their limit.", share(warning))
}
