//! Ended connections: not closed, or closed so often that TIME-WAIT sockets pile up.

use std::process::Command;

use serde_json::json;

use crate::actors::Actor;
use crate::support::diagnosis::Finding;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, sysctl};
use crate::support::wait;
use crate::watch::Watch;
use crate::{needing, plain};

pub(crate) const CASES: &[Case] = &[
    plain("close-wait-leak: a server that never closes", never_closes),
    plain(
        "ephemeral-ports-low: one destination uses nearly all ports",
        ports_low,
    ),
    needing(
        "time-wait-buildup: the client closes first",
        &[Requirement::Ss],
        client_closes_first,
    ),
    needing(
        "time-wait-buildup: the server closes first",
        &[Requirement::Ss],
        server_closes_first,
    ),
    plain("time-wait-overflow: more than tcp_max_tw_buckets", overflow),
];

fn never_closes() {
    let mut server = Actor::start("leaky-server", "keep", &["127.0.0.1"]);
    let target = place(&server);
    let mut clients = Actor::start("callers", "call", &[&target, "30"]);
    clients.send_order("close");
    let mut watch = Watch::begin();
    let finding = watch.finds("close-wait-leak");
    finding.assert_cause("not-closed");
    server.assert_named(&finding, &["30 connections", "127.0.0.1"]);
    finding.assert_subject("process", &json!({}));
    finding.assert_in("connections", 30.0..=30.0);
    server.send_order("close");
    watch.goes();
}

/// Returns the address and port of a server.
fn place(server: &Actor) -> String {
    format!("127.0.0.1:{}", server.port())
}

fn short_server(who_closes_first: &str) -> Actor {
    Actor::start(
        "short-server",
        "serve-short",
        &["127.0.0.1", who_closes_first],
    )
}

fn short_client(server: &Actor, rate: &str, who_closes_first: &str) -> Actor {
    let target = place(server);
    let arguments = [target.as_str(), rate, who_closes_first];
    Actor::start("short-client", "churn", &arguments)
}

/// A server and a client with a number of short connections per second.
fn churn(rate: &str, who_closes_first: &str) -> (Actor, Actor) {
    let server = short_server(who_closes_first);
    let client = short_client(&server, rate, who_closes_first);
    (server, client)
}

fn ports_low() {
    sysctl("ipv4.tcp_tw_reuse", "0");
    let server = short_server("client");
    sysctl("ipv4.ip_local_port_range", "20000 22499");
    sysctl("ipv4.ip_local_reserved_ports", "20100-20199");
    // Once they are all taken, the processes that took them cannot be found any more.
    let mut watch = Watch::begin();
    let mut client = short_client(&server, "2000", "client");
    let finding = watch.finds("ephemeral-ports-low");
    finding.assert_cause("time-wait");
    let destination = json!({"address": "127.0.0.1", "port": server.port()});
    let path = json!({"source": "127.0.0.1", "destination": destination});
    finding.assert_subject("path", &path);
    client.assert_named(&finding, &["from 127.0.0.1", &place(&server)]);
    finding.assert_in("used", 1920.0..=2400.0);
    finding.assert_in("pool", 2400.0..=2400.0);
    finding.assert_in("reserved", 100.0..=100.0);
    client.send_order("end");
    // The TIME-WAITs last too long for a test: the remedy in place of the time.
    sysctl("ipv4.ip_local_port_range", "20000 60999");
    watch.goes();
}

/// Ends every TIME-WAIT of this namespace, which would otherwise last a minute.
fn end_time_waits() {
    wait::until("the end of every TIME-WAIT", || {
        // The last connections may still be on their way there.
        let output = Command::new("ss")
            .args(["-K", "state", "time-wait"])
            .output();
        assert!(output.expect("ss runs").status.success(), "ss -K");
        time_waits() == 0
    });
}

fn time_waits() -> u64 {
    let table = std::fs::read_to_string("/proc/net/sockstat").expect("it can be read");
    let mut words = table.split_whitespace().skip_while(|word| *word != "tw");
    let count = words.nth(1).and_then(|count| count.parse().ok());
    count.unwrap_or_else(|| panic!("no TIME-WAITs in {table:?}"))
}

/// Asserts that there are about as many as the rate implies: the machine may be busy with other tests.
fn assert_built_up(finding: &Finding) {
    finding.assert_in("time_wait", 1000.0..=40_000.0);
    finding.assert_in("new_per_s", 150.0..=2200.0);
}

fn client_closes_first() {
    sysctl("ipv4.tcp_tw_reuse", "0");
    // Not so many that the ports near their end meanwhile.
    let (server, mut client) = churn("1500", "client");
    let mut watch = Watch::begin();
    let finding = watch.finds("time-wait-buildup");
    finding.assert_cause("client-closes-first");
    client.assert_named(&finding, &[&place(&server)]);
    let remote = json!({"address": "127.0.0.1", "port": server.port()});
    finding.assert_subject("remote", &remote);
    assert_built_up(&finding);
    client.send_order("end");
    end_time_waits();
    watch.goes();
}

fn server_closes_first() {
    let (server, mut client) = churn("2000", "server");
    let mut watch = Watch::begin();
    let finding = watch.finds("time-wait-buildup");
    finding.assert_cause("server-closes-first");
    server.assert_named(&finding, &[&place(&server)]);
    let local = json!({"address": "127.0.0.1", "port": server.port()});
    finding.assert_subject("socket", &json!({"protocol": "tcp", "local": local}));
    assert_built_up(&finding);
    client.send_order("end");
    end_time_waits();
    watch.goes();
}

fn overflow() {
    sysctl("ipv4.tcp_max_tw_buckets", "100");
    let (_server, mut client) = churn("200", "client");
    let mut watch = Watch::begin();
    let finding = watch.finds("time-wait-overflow");
    finding.assert_subject("host", &json!({}));
    finding.assert_in("time_wait", 80.0..=101.0);
    finding.assert_in("limit", 100.0..=100.0);
    client.send_order("end");
    // As above, the remedy.
    sysctl("ipv4.tcp_max_tw_buckets", "65536");
    watch.goes();
}
