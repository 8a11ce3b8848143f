//! Sockets without a connection that a process keeps open.

use serde_json::json;

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis;
use crate::support::sandbox::Case;
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain("closed-held: reset connections that are not closed", reset),
    plain("closed-held: failed connects that are not closed", refused),
    plain("closed-held: sockets that are never used", unused),
    plain(
        "a few unused sockets and many in another namespace are no leak",
        harmless,
    ),
];

/// Expects the finding for so many sockets of a kind, and its end once they are closed.
fn is_found(kind: &str, count: u32, tcp: u32) {
    let mut holder = Actor::start("leaky-client", "hold-closed", &[kind, &count.to_string()]);
    let mut watch = Watch::begin();
    let finding = watch.finds("closed-held");
    holder.assert_named(&finding, &[&format!("{count} sockets")]);
    finding.assert_subject("process", &json!({}));
    finding.assert_cause("closed-or-unused");
    for (name, expected) in [("sockets", count), ("tcp", tcp), ("udp", count - tcp)] {
        finding.assert_in(name, f64::from(expected)..=f64::from(expected));
    }
    holder.send_order("close");
    watch.goes();
}

fn reset() {
    is_found("reset", 60, 60);
}

fn refused() {
    is_found("refused", 40, 40);
}

fn unused() {
    is_found("unused", 30, 15);
}

fn harmless() {
    let _few = Actor::start("few-sockets", "hold-closed", &["unused", "8"]);
    let _elsewhere = Actor::start("far-sockets", "hold-closed", &["elsewhere", "60"]);
    let report = diagnosis::watch(10);
    assert!(report.findings.is_empty(), "{report}");
}
