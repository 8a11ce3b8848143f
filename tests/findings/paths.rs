//! Paths that lose packets, that break, and without a host at the end.

use serde_json::json;

use crate::actors::Actor;
use crate::support::network_namespace::{
    DEVICE, FAR, FAR_BROKEN, Link, NOBODY, break_path, mend_path,
};
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, nft};
use crate::watch::Watch;
use crate::{needing, plain};

pub(crate) const CASES: &[Case] = &[
    needing("retransmitting: a lossy path", &[Requirement::Nft], lossy),
    needing(
        "retransmitting: a queue that loses packets (netem)",
        &[Requirement::Netem],
        lossy_queue,
    ),
    plain(
        "sender-stalled: a path that breaks during a transfer",
        broken,
    ),
    plain("connect-stuck: an address without a host", unanswered),
];

/// A server across the link that reads everything, and a local client that sends some bytes every 10 ms.
fn transfer(link: &Link, to: std::net::Ipv4Addr, bytes: &str) -> (Actor, Actor) {
    let server = link.far(|| Actor::start("far-server", "read", &["0.0.0.0", "at-once"]));
    let target = format!("{to}:{}", server.port());
    let client = Actor::start("bulk-sender", "send", &[&target, bytes, "10"]);
    (server, client)
}

fn lossy() {
    let link = Link::new();
    link.far(|| {
        nft("add table ip lossy; \
             add chain ip lossy in { type filter hook input priority 0; }; \
             add rule ip lossy in numgen random mod 100 < 6 drop");
    });
    let (_server, client) = transfer(&link, FAR, "30000");
    let mut watch = Watch::begin();
    let finding = watch.finds("retransmitting");
    finding.assert_cause("loss");
    client.assert_named(&finding, &[&FAR.to_string()]);
    finding.assert_subject("remote", &json!({"address": FAR.to_string(), "port": null}));
    finding.assert_in("share", 0.02..=0.2);
    finding.assert_in("sent_bytes", 100_000.0..);
    link.far(|| nft("delete table ip lossy"));
    watch.goes();
}

fn lossy_queue() {
    let link = Link::new();
    tc(&format!("qdisc add dev {DEVICE} root netem loss 20%"));
    let (_server, client) = transfer(&link, FAR, "30000");
    let mut watch = Watch::begin();
    let finding = watch.finds("retransmitting");
    client.assert_named(&finding, &[&FAR.to_string()]);
    finding.assert_in("share", 0.05..=0.5);
    tc(&format!("qdisc del dev {DEVICE} root"));
    watch.goes();
}

/// Runs `tc` and panics if it fails.
fn tc(arguments: &str) {
    let mut command = std::process::Command::new("tc");
    let status = command.args(arguments.split_whitespace()).status();
    assert!(status.expect("tc runs").success(), "tc {arguments}");
}

fn broken() {
    let link = Link::new();
    let (server, client) = transfer(&link, FAR_BROKEN, "30000");
    break_path();
    let mut watch = Watch::begin();
    let finding = watch.finds("sender-stalled");
    let place = format!("{FAR_BROKEN}:{}", server.port());
    client.assert_named(&finding, &[&place]);
    let remote = json!({"address": FAR_BROKEN.to_string(), "port": server.port()});
    finding.assert_subject("remote", &remote);
    finding.assert_in("unacknowledged_bytes", 1.0..);
    finding.assert_in("retries", 3.0..=7.0);
    mend_path();
    watch.goes();
}

fn unanswered() {
    let _link = Link::new();
    let target = format!("{NOBODY}:443");
    let mut client = Actor::start("patient-client", "call", &[&target, "3"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("connect-stuck");
    client.assert_named(&finding, &[&target, "3 connection attempts"]);
    finding.assert_subject(
        "remote",
        &json!({"address": NOBODY.to_string(), "port": 443}),
    );
    finding.assert_in("requests", 3.0..=3.0);
    finding.assert_in("retries", 2.0..=8.0);
    client.send_order("close");
    watch.goes();
}
