//! Harmless conditions that resemble a problem.

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis;
use crate::support::network_namespace::{FAR, Link, NEAR, ip};
use crate::support::sandbox::Case;
use crate::support::wait;

pub(crate) const CASES: &[Case] = &[
    plain("refused connections are not stuck", refused),
    plain(
        "half-closed connections that carry an answer are not leaked",
        half_closed,
    ),
    plain("a few TIME-WAIT sockets are not a finding", few_time_waits),
    plain(
        "a busy reader with a constant backlog of data is not stalled",
        steady_reader,
    ),
    plain("neither is its peer, nor the path to it", far_steady_reader),
    plain(
        "a peer that answers and acknowledges nothing is not unreachable",
        answering_peer,
    ),
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

/// The clients have closed their own direction only.
fn half_closed() {
    let server = Actor::start("report-server", "answer", &["127.0.0.1"]);
    let target = format!("127.0.0.1:{}", server.port());
    let _clients = Actor::start("clients", "ask", &[&target, "8", "question"]);
    nothing_is_found();
}

fn few_time_waits() {
    let server = Actor::start("short-server", "serve-short", &["127.0.0.1", "client"]);
    let target = format!("127.0.0.1:{}", server.port());
    let _client = Actor::start("short-client", "churn", &[&target, "50", "client", "0"]);
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

/// The kernel makes such connections itself: the last acknowledgment of a closed connection passes for a SYN cookie if both of
/// its numbers are one too high, and the client is in TIME-WAIT and acknowledges no second FIN.
fn answering_peer() {
    let link = Link::new();
    ip(&format!("route add 198.18.0.0/15 via {FAR}"));
    let server = Actor::start("web-server", "accept", &[&NEAR.to_string(), "16", "all 2"]);
    let target = format!("{NEAR}:{}", server.port());
    let _clients =
        link.far(move || Actor::start("clients", "acknowledge-nothing", &[&target, "3"]));
    // Until the FIN was retransmitted often enough for the peers to count as gone.
    wait::until("retransmissions", || {
        let table = std::fs::read_to_string("/proc/thread-self/net/tcp").unwrap_or_default();
        // State FIN-WAIT-1; the timer of retransmissions; their number.
        let retries = table.lines().filter_map(|row| {
            let fields: Vec<&str> = row.split_whitespace().collect();
            let is_closing = fields.get(3) == Some(&"04");
            u32::from_str_radix(fields.get(6)?, 16)
                .ok()
                .filter(|_| is_closing)
        });
        retries.filter(|retries| *retries >= 3).count() == 3
    });
    nothing_is_found();
}
