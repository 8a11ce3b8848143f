//! Half-open connections: from everywhere, or enough for a small queue.

use crate::actors::Actor;
use crate::plain;
use crate::support::net::{FAR, Link, NEAR, ip};
use crate::support::sandbox::{Case, sysctl};
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain("syn-flood: many sources, and cookies are at work", flood),
    plain(
        "syn-queue-full: one source and a small queue, cookies are at work",
        with_cookies,
    ),
    plain(
        "syn-queue-full: one source and a small queue, no cookies",
        without_cookies,
    ),
];

/// A server that accepts at once, with this backlog, and SYNs from beyond the link that lead to nothing.
fn half_open(link: &Link, backlog: &str, rate: &str, sources: &'static str) -> (Actor, Actor) {
    // They go to where nobody claims them, and are given up after 3 s.
    ip(&format!("route add 198.18.0.0/15 via {FAR}"));
    sysctl("ipv4.tcp_synack_retries", "1");
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
    let (_server, flood) = half_open(&link, "256", "1000", "many");
    let watch = Watch::begin();
    let _finding = watch.finds("syn-flood");
    flood.end();
    watch.goes(&["syn-flood"]);
}

fn with_cookies() {
    sysctl("ipv4.tcp_syncookies", "1");
    small_queue();
}

fn without_cookies() {
    sysctl("ipv4.tcp_syncookies", "0");
    small_queue();
}

fn small_queue() {
    let link = Link::new();
    let (_server, flood) = half_open(&link, "8", "50", "one");
    let watch = Watch::begin();
    let _finding = watch.finds("syn-queue-full");
    flood.end();
    watch.goes(&["syn-queue-full"]);
}
