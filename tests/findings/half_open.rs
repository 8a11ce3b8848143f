//! Half-open connections: clients that never answer, answer late, or have answered and send nothing yet.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::actors::Actor;
use crate::support::diagnosis::Finding;
use crate::support::helper_process::HelperProcess;
use crate::support::network_namespace::{FAR, Link, NEAR, ip};
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, sysctl};
use crate::watch::Watch;
use crate::{needing, plain};

pub(crate) const CASES: &[Case] = &[
    plain("syn-flood: many sources, with SYN cookies", flood),
    plain("syn-queue-full: clients that answer late", answered_late),
    needing(
        "syn-queue-full: clients that send nothing yet, with TCP_DEFER_ACCEPT",
        &[Requirement::Python],
        deferred,
    ),
    plain(
        "syn-queue-full: one source and a small queue, with SYN cookies",
        with_cookies,
    ),
    plain(
        "syn-queue-full: one source and a small queue, without SYN cookies",
        without_cookies,
    ),
];

/// A server with a backlog that accepts at once, and SYNs from the far side of the link that are never completed.
fn half_open(link: &Link, backlog: &str, rate: &str, sources: &'static str) -> (Actor, Actor) {
    // The answers go to an address without a host, and are given up after 7 s.
    ip(&format!("route add 198.18.0.0/15 via {FAR}"));
    sysctl("ipv4.tcp_synack_retries", "2");
    let server = Actor::start(
        "web-server",
        "accept",
        &[&NEAR.to_string(), backlog, "all 2"],
    );
    let target = format!("{NEAR}:{}", server.port());
    let rate = rate.to_owned();
    let flood = link.far(move || Actor::start("flood", "send-syns", &[&target, &rate, sources]));
    (server, flood)
}

fn flood() {
    sysctl("ipv4.tcp_syncookies", "1");
    let link = Link::new();
    let (server, flood) = half_open(&link, "256", "1000", "many");
    let mut watch = Watch::begin();
    let finding = watch.finds("syn-flood");
    assert_half_open(&finding, &server, true);
    // Those of the first burst expire together, and then others take their places.
    finding.assert_in("half_open", 64.0..=258.0);
    finding.assert_in("backlog", 256.0..=256.0);
    finding.assert_in("sources", 64.0..);
    finding.assert_cause("never-completed");
    finding.assert_in("sources_completed", 0.0..=0.0);
    finding.assert_says(&["no handshake from them was completed"]);
    flood.end();
    watch.goes();
}

/// Every client completes its handshake, 500 ms after the answer to its SYN.
fn answered_late() {
    sysctl("ipv4.tcp_syncookies", "1");
    let link = Link::new();
    ip(&format!("route add 198.18.0.0/15 via {FAR}"));
    let server = Actor::start("web-server", "accept", &[&NEAR.to_string(), "16", "all 2"]);
    let target = format!("{NEAR}:{}", server.port());
    let clients =
        link.far(move || Actor::start("clients", "answer-late", &[&target, "100", "500"]));
    let mut watch = Watch::begin();
    let finding = watch.finds_with("syn-queue-full", |finding| {
        finding.number("sources_completed") >= 4.0 && finding.number("cookies_returned") >= 10.0
    });
    finding.assert_cause("backlog");
    assert_half_open(&finding, &server, true);
    finding.assert_in("backlog", 16.0..=16.0);
    finding.assert_in("stuck", 0.0..=0.0);
    finding.assert_says(&["their handshakes complete"]);
    clients.end();
    watch.goes();
}

/// A server with a backlog of 16 that waits up to a minute for the first data of a client. It prints its port.
const DEFERRING_SERVER: &str = "
import socket
server = socket.socket()
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
server.bind(('127.0.0.1', 0)); server.listen(16)
print(server.getsockname()[1], flush=True)
kept = []
while True: kept.append(server.accept()[0])";

/// The clients have completed their handshakes, but the listener waits for their first data.
fn deferred() {
    sysctl("ipv4.tcp_syncookies", "1");
    let mut command = Command::new("python3");
    command.args(["-c", DEFERRING_SERVER]).stdin(Stdio::piped());
    let mut server = HelperProcess::start(command);
    let target = format!("127.0.0.1:{}", server.read_line());
    let queue = Actor::start("clients", "call", &[&target, "17"]);
    // What no longer fits is accepted at once, by its SYN cookie.
    let arriving = Actor::start("clients", "arrive", &[&target, "1", "200", "60000"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("syn-queue-full");
    finding.assert_cause("deferred");
    assert_eq!(finding.text("severity"), "info", "{finding}");
    finding.assert_in("half_open", 16.0..=17.0);
    finding.assert_in("deferred", 16.0..=17.0);
    finding.assert_in("stuck", 0.0..=0.0);
    finding.assert_says(&["python3 (", &target, "TCP_DEFER_ACCEPT"]);
    queue.end();
    arriving.end();
    server.kill();
    watch.goes();
}

fn with_cookies() {
    sysctl("ipv4.tcp_syncookies", "1");
    small_queue(true);
}

fn without_cookies() {
    sysctl("ipv4.tcp_syncookies", "0");
    small_queue(false);
}

/// Asserts that it is about this server, and whether SYN cookies are active.
fn assert_half_open(finding: &Finding, server: &Actor, cookies: bool) {
    let place = format!("{NEAR}:{}", server.port());
    server.assert_named(finding, &[&place]);
    let local = json!({"address": NEAR.to_string(), "port": server.port()});
    finding.assert_subject("socket", &json!({"protocol": "tcp", "local": local}));
    assert_eq!(finding.evidence("cookies_at_work"), cookies, "{finding}");
    let sent = finding.number("cookies_sent") > 0.0;
    let dropped = finding.number("dropped") > 0.0;
    assert_eq!((sent, dropped), (cookies, !cookies), "{finding}");
}

fn small_queue(cookies: bool) {
    let link = Link::new();
    let (server, flood) = half_open(&link, "8", "50", "one");
    let mut watch = Watch::begin();
    let finding = watch.finds("syn-queue-full");
    assert_half_open(&finding, &server, cookies);
    // While more than half of the queue is in use, the kernel gives up on the oldest sooner.
    finding.assert_in("half_open", 4.0..=10.0);
    finding.assert_in("backlog", 8.0..=8.0);
    finding.assert_in("sources", 1.0..=1.0);
    finding.assert_cause("no-answer");
    flood.end();
    watch.goes();
}
