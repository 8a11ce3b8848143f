//! Harmless conditions that resemble a problem.

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis;
use crate::support::network_namespace::{FAR, Link};
use crate::support::sandbox::Case;

pub(crate) const CASES: &[Case] = &[
    plain("refused connections are not stuck", refused),
    plain("a few TIME-WAIT sockets are not a finding", few_time_waits),
    plain(
        "a busy reader with a constant backlog of data is not stalled",
        steady_reader,
    ),
    plain("neither is its peer, nor the path to it", far_steady_reader),
];

/// Watches long enough for any finding to be reported.
fn nothing_is_found() {
    let report = diagnosis::watch(10);
    assert!(report.findings.is_empty(), "{report}");
}

fn refused() {
    let _client = Actor::start("knocking-client", "knock", &["127.0.0.1:9", "20"]);
    nothing_is_found();
}

fn few_time_waits() {
    let server = Actor::start("short-server", "serve-short", &["127.0.0.1", "client"]);
    let target = format!("127.0.0.1:{}", server.port());
    let _client = Actor::start("short-client", "churn", &[&target, "50", "client"]);
    nothing_is_found();
}

fn far_steady_reader() {
    let link = Link::new();
    let server = link.far(|| {
        Actor::start(
            "steady-server",
            "read-slowly",
            &["0.0.0.0", "100000", "100"],
        )
    });
    let target = format!("{FAR}:{}", server.port());
    let _client = Actor::start("eager-client", "send", &[&target, "65536", "5"]);
    nothing_is_found();
}

fn steady_reader() {
    let server = Actor::start(
        "steady-server",
        "read-slowly",
        &["127.0.0.1", "100000", "100"],
    );
    let target = format!("127.0.0.1:{}", server.port());
    let _client = Actor::start("eager-client", "send", &[&target, "65536", "5"]);
    nothing_is_found();
}
