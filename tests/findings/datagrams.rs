//! Dropped datagrams: a process that does not read, or a buffer that is too small for bursts.

use serde_json::json;

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis::Finding;
use crate::support::sandbox::Case;
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain("udp-drops: a process that does not read", unread),
    plain("udp-drops: a buffer too small for bursts", small_buffer),
    plain("udp-drops: several sockets of one process", several),
];

/// A receiver that reads all datagrams once per period, and a sender of bursts.
fn datagrams(name: &'static str, how: [&str; 2], bursts: [&str; 2]) -> (Actor, Actor) {
    let receiver = Actor::start(name, "receive-datagrams", &["127.0.0.1", how[0], how[1]]);
    let target = format!("127.0.0.1:{}", receiver.port());
    let arguments = [target.as_str(), bursts[0], bursts[1]];
    let sender = Actor::start("gram-sender", "send-datagrams", &arguments);
    (receiver, sender)
}

fn assert_dropped(finding: &Finding, receiver: &Actor, cause: &str) {
    finding.assert_cause(cause);
    let place = format!("127.0.0.1:{}", receiver.port());
    receiver.assert_named(finding, &[&place]);
    let local = json!({"address": "127.0.0.1", "port": receiver.port()});
    finding.assert_subject("socket", &json!({"protocol": "udp", "local": local}));
    finding.assert_in("dropped", 50.0..);
    finding.assert_in("dropped_per_s", 20.0..=2000.0);
}

fn unread() {
    let (mut receiver, _sender) = datagrams("deaf-collector", ["0", "0"], ["20", "20"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("udp-drops");
    assert_dropped(&finding, &receiver, "slow");
    receiver.send_order("read");
    watch.goes();
}

fn small_buffer() {
    let (mut receiver, _sender) = datagrams("tiny-collector", ["8192", "2"], ["60", "100"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("udp-drops");
    assert_dropped(&finding, &receiver, "buffer");
    receiver.send_order("200000");
    watch.goes();
}

/// They share a port, and are one finding.
fn several() {
    let mut receiver = Actor::start(
        "shared-port",
        "receive-datagrams",
        &["127.0.0.1", "0", "0", "4"],
    );
    let target = format!("127.0.0.1:{}", receiver.port());
    let senders = [
        "sender-0", "sender-1", "sender-2", "sender-3", "sender-4", "sender-5",
    ]
    .map(|name| Actor::start(name, "send-datagrams", &[&target, "20", "100"]));
    let mut watch = Watch::begin();
    let finding = watch.finds("udp-drops");
    assert_dropped(&finding, &receiver, "slow");
    finding.assert_in("sockets", 2.0..=4.0);
    drop(senders);
    receiver.send_order("read");
    watch.goes();
}
