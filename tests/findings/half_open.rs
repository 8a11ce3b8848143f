//! Half-open connections: from many sources, or enough to fill a small queue.

use serde_json::json;

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis::Finding;
use crate::support::network_namespace::{FAR, Link, NEAR, ip};
use crate::support::sandbox::{Case, sysctl};
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain("syn-flood: many sources, with SYN cookies", flood),
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
    // Some come and go while the kernel reports the others.
    finding.assert_in("half_open", 128.0..=258.0);
    finding.assert_in("backlog", 256.0..=256.0);
    finding.assert_in("sources", 128.0..);
    flood.end();
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
    finding.assert_in("half_open", 6.0..=10.0);
    finding.assert_in("backlog", 8.0..=8.0);
    finding.assert_in("sources", 1.0..=1.0);
    flood.end();
    watch.goes();
}
