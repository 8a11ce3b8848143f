//! Data that is stuck because a process does not read.

use serde_json::json;

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis::Finding;
use crate::support::network_namespace::{FAR, Link};
use crate::support::sandbox::Case;
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain(
        "receiver-stalled and zero-window: both ends on one machine",
        both_ends,
    ),
    plain("zero-window: a slow reader", slow_reader),
    plain(
        "receiver-stalled and zero-window: one process has both ends",
        one_process,
    ),
    plain(
        "receiver-stalled and zero-window: a child shares the connection",
        two_readers,
    ),
    plain("receiver-stalled: only the reader is local", the_reader),
    plain("zero-window: only the writer is local", the_writer),
];

fn assert_unread(finding: &Finding, server: &Actor) {
    finding.assert_cause("not-reading");
    server.assert_named(finding, &[]);
    finding.assert_subject("process", &json!({}));
    finding.assert_in("unread_bytes", 30_000.0..);
    finding.assert_in("connections", 1.0..=1.0);
}

fn assert_unsent(finding: &Finding, client: &Actor, to: &str) {
    client.assert_named(finding, &[to]);
    let (address, port) = to.split_once(':').expect("an address and a port");
    let port: u16 = port.parse().expect("a port");
    finding.assert_subject("remote", &json!({"address": address, "port": port}));
    finding.assert_in("unacknowledged_bytes", 1.0..);
    finding.assert_in("connections", 1.0..=1.0);
}

fn both_ends() {
    let mut server = Actor::start("deaf-server", "read", &["127.0.0.1", "later"]);
    let target = format!("127.0.0.1:{}", server.port());
    let client = Actor::start("eager-client", "send", &[&target, "65536", "20"]);
    let ids = ["receiver-stalled", "zero-window"];
    let mut watch = Watch::begin();
    let findings = watch.find(&ids);
    assert_unread(&findings[0], &server);
    assert_unsent(&findings[1], &client, &target);
    // On one machine both ends are known.
    assert_eq!(findings[1].evidence("reader"), &server.written());
    server.send_order("read");
    watch.goes();
}

/// It reads, but the window stays closed for many seconds.
fn slow_reader() {
    let server = Actor::start("slow-server", "read-slowly", &["127.0.0.1", "500", "500"]);
    let target = format!("127.0.0.1:{}", server.port());
    let client = Actor::start("eager-client", "send", &[&target, "65536", "20"]);
    let mut watch = Watch::begin();
    let finding = watch.finds_with("zero-window", |finding| {
        finding.text("summary").contains("reads too slowly, its")
    });
    assert_unsent(&finding, &client, &target);
    finding.assert_says(&[&format!("{} reads too slowly", server.written())]);
    assert!(
        !finding.text("advice").contains("receiver-stalled"),
        "{finding}"
    );
    client.end();
    drop(server);
    watch.goes();
}

/// None of the two reads.
fn two_readers() {
    let mut server = Actor::start("forking-server", "share", &["127.0.0.1", "1", "no"]);
    let target = format!("127.0.0.1:{}", server.port());
    let client = Actor::start("eager-client", "send", &[&target, "65536", "20"]);
    let child: u32 = server.send_order("name the child").parse().expect("a pid");
    let mut watch = Watch::begin();
    let findings = watch.find(&["receiver-stalled", "zero-window"]);
    let both = [server.written(), format!("sharer ({child})")];
    findings[0].assert_says(&[&both[0], &both[1], "has it open, too"]);
    findings[0].assert_advises(&["They mostly sleep"]);
    findings[1].assert_says(&[&both[0], &both[1], " not read"]);
    client.end();
    server.end();
    watch.goes();
}

fn one_process() {
    let mut both = Actor::start("both-ends", "talk-to-itself", &[]);
    let mut watch = Watch::begin();
    let findings = watch.find(&["receiver-stalled", "zero-window"]);
    assert_unread(&findings[0], &both);
    findings[1].assert_advises(&[&format!("{} holds both ends", both.written())]);
    both.send_order("end");
    watch.goes();
}

/// A server across the link that does not read, and a local client.
fn across(link: &Link) -> (Actor, Actor) {
    let server = link.far(|| Actor::start("deaf-server", "read", &[&FAR.to_string(), "later"]));
    let target = format!("{FAR}:{}", server.port());
    let client = Actor::start("eager-client", "send", &[&target, "65536", "20"]);
    (server, client)
}

fn the_reader() {
    let link = Link::new();
    let (mut server, _client) = across(&link);
    let ids = ["receiver-stalled"];
    let mut watch = Watch::begin_far(&link);
    let findings = watch.find(&ids);
    assert_unread(&findings[0], &server);
    server.send_order("read");
    watch.goes();
}

fn the_writer() {
    let link = Link::new();
    let (mut server, client) = across(&link);
    let mut watch = Watch::begin();
    let finding = watch.finds("zero-window");
    assert_unsent(&finding, &client, &format!("{FAR}:{}", server.port()));
    server.send_order("read");
    watch.goes();
}
