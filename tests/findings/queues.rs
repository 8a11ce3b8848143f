//! Accept queues of a stopped, a slow, and a bursty server; and connections that wait in a queue that is not full.

use std::net::Ipv4Addr;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::actors::Actor;
use crate::plain;
use crate::support::diagnosis::Finding;
use crate::support::network_namespace::{Link, NEAR};
use crate::support::sandbox::Case;
use crate::watch::Watch;

pub(crate) const CASES: &[Case] = &[
    plain("accept-queue-full: a stopped process", stopped),
    plain(
        "accept-queue-full: its clients on the same machine",
        with_its_clients,
    ),
    plain("accept-queue-full: a slow process", slow),
    plain("accept-queue-full: a small backlog", small_backlog),
    plain(
        "accept-queue-full: a small backlog under rare bursts",
        rare_bursts,
    ),
    plain(
        "accept-queue-full: one of several workers on a port is stopped",
        stopped_worker,
    ),
    plain(
        "accept-queue-full: one of several processes that share a listener is stopped",
        stopped_child,
    ),
    plain("accept-queue-filling: most of a backlog in use", filling),
    plain(
        "not-accepted: connections that are never accepted",
        not_accepted,
    ),
    plain(
        "not-accepted: clients that have closed wait, and no data",
        closed_while_waiting,
    ),
    plain(
        "not-accepted: one of several workers on a port is stopped",
        stopped_worker_with_room,
    ),
    plain(
        "not-accepted: a listener that children have inherited",
        inherited,
    ),
];

/// A local server with a backlog and a mode of accepting, and its address.
fn server(name: &'static str, backlog: &str, manner: &str) -> (Actor, String) {
    let server = Actor::start(name, "accept", &[&NEAR.to_string(), backlog, manner]);
    let target = format!("{NEAR}:{}", server.port());
    (server, target)
}

/// Clients across the link, where their unanswered attempts are no local finding.
fn clients(link: &Link, role: &'static str, arguments: &[&str]) -> Actor {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    link.far(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Actor::start("clients", role, &arguments)
    })
}

fn signal(actor: &Actor, signal: Signal) {
    let pid = Pid::from_raw(actor.pid().cast_signed()).expect("not 0");
    kill_process(pid, signal).expect("it is our child");
}

/// A stopped local server, and clients across the link that keep connecting.
pub(crate) fn stop_server(link: &Link) -> (Actor, Actor) {
    let (server, target) = server("stopped-server", "4", "all 2");
    signal(&server, Signal::STOP);
    let clients = clients(link, "arrive", &[&target, "2", "200", "4000"]);
    (server, clients)
}

/// Asserts that it names the server and its address.
fn assert_at(finding: &Finding, server: &Actor, address: Ipv4Addr) {
    let (address, port) = (address.to_string(), server.port());
    server.assert_named(finding, &[&format!("{address}:{port}")]);
    let local = json!({"address": address, "port": port});
    finding.assert_subject("socket", &json!({"protocol": "tcp", "local": local}));
}

/// Asserts that it is about this server, whose backlog of 4 overflows.
fn assert_full(finding: &Finding, server: &Actor, address: Ipv4Addr) {
    assert_at(finding, server, address);
    assert_eq!(finding.text("severity"), "critical", "{finding}");
    finding.assert_in("backlog", 4.0..=4.0);
    finding.assert_in("dropped", 1.0..);
}

fn stopped() {
    let link = Link::new();
    let (server, _clients) = stop_server(&link);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_cause("stopped");
    assert_full(&finding, &server, NEAR);
    finding.assert_in("waiting", 5.0..=5.0);
    signal(&server, Signal::CONT);
    watch.goes();
}

/// The unanswered attempts of the clients are part of it.
fn with_its_clients() {
    let server = Actor::start("stopped-server", "accept", &["127.0.0.1", "4", "all 2"]);
    signal(&server, Signal::STOP);
    let target = format!("127.0.0.1:{}", server.port());
    let mut clients = Actor::start("clients", "call", &[&target, "12"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_cause("stopped");
    assert_full(&finding, &server, Ipv4Addr::LOCALHOST);
    clients.send_order("close");
    signal(&server, Signal::CONT);
    watch.goes();
}

fn slow() {
    let link = Link::new();
    let (mut server, target) = server("slow-server", "4", "one 500");
    let _clients = clients(&link, "arrive", &[&target, "2", "100", "3000"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_cause("slow");
    assert_full(&finding, &server, NEAR);
    finding.assert_in("accepted_per_s", 1.0..=3.0);
    server.send_order("all 2");
    watch.goes();
}

fn small_backlog() {
    bursts("200");
}

fn rare_bursts() {
    bursts("2500");
}

/// A server that accepts everything, and bursts at an interval, ms.
fn bursts(period: &str) {
    let link = Link::new();
    let (server, target) = server("burst-server", "4", "all 10");
    let clients = clients(&link, "arrive", &[&target, "40", period, "300"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_cause("backlog");
    assert_full(&finding, &server, NEAR);
    clients.end();
    watch.goes();
}

fn filling() {
    let link = Link::new();
    let (mut server, target) = server("busy-server", "20", "one 250");
    let clients = clients(&link, "stand-in-line", &[&target, "17"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-filling");
    assert_at(&finding, &server, NEAR);
    finding.assert_in("waiting", 14.0..=18.0);
    finding.assert_in("backlog", 20.0..=20.0);
    finding.assert_in("dropped", 0.0..=0.0);
    clients.end();
    server.send_order("all 2");
    watch.goes();
}

fn not_accepted() {
    let link = Link::new();
    let (mut server, target) = server("idle-server", "128", "never");
    let _clients = clients(&link, "call", &[&target, "5"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("not-accepted");
    finding.assert_cause("not-accepting");
    assert_at(&finding, &server, NEAR);
    finding.assert_in("connections", 5.0..=5.0);
    finding.assert_in("backlog", 128.0..=128.0);
    server.send_order("all 2");
    watch.goes();
}

/// A FIN is no unread byte.
fn closed_while_waiting() {
    let mut server = Actor::start("idle-server", "accept", &["127.0.0.1", "128", "never"]);
    let target = format!("127.0.0.1:{}", server.port());
    let mut clients = Actor::start("clients", "call", &[&target, "6"]);
    clients.send_order("close");
    let mut watch = Watch::begin();
    let finding = watch.finds("not-accepted");
    finding.assert_in("connections", 6.0..=6.0);
    finding.assert_in("unread_bytes", 0.0..=0.0);
    server.send_order("all 2");
    watch.goes();
}

/// Three workers with a listener each on one port, the second of them stopped.
fn workers(backlog: &str) -> ([Actor; 3], String) {
    let first = Actor::start("worker-0", "accept", &["127.0.0.1:0", backlog, "all 2"]);
    let place = format!("127.0.0.1:{}", first.port());
    let [second, third] = ["worker-1", "worker-2"]
        .map(|name| Actor::start(name, "accept", &[&place, backlog, "all 2"]));
    signal(&second, Signal::STOP);
    ([first, second, third], place)
}

/// The kernel spreads connections over the workers by a hash.
fn stopped_worker() {
    let ([_first, stopped, _third], target) = workers("4");
    let clients = Actor::start("clients", "arrive", &[&target, "2", "50", "300"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_cause("stopped");
    stopped.assert_named(&finding, &[&target, "the 2 other listeners"]);
    finding.assert_in("waiting", 5.0..=5.0);
    finding.assert_in("listeners", 3.0..=3.0);
    finding.assert_in("others_full", 0.0..=0.0);
    signal(&stopped, Signal::CONT);
    watch.goes();
    drop(clients);
}

fn stopped_worker_with_room() {
    let ([_first, stopped, _third], target) = workers("128");
    let _clients = Actor::start("clients", "arrive", &[&target, "1", "200", "1000"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("not-accepted");
    finding.assert_cause("stopped");
    stopped.assert_named(&finding, &[&target]);
    // About a third of the connections arrive there.
    finding.assert_in("connections", 2.0..=60.0);
    finding.assert_in("waiting_at_others", 0.0..=0.0);
    signal(&stopped, Signal::CONT);
    watch.goes();
}

/// The one that is stopped is named, and the state is that of the one that the finding is about.
fn stopped_child() {
    let mut parent = Actor::start("parent", "inherit", &["127.0.0.1", "2"]);
    let target = format!("127.0.0.1:{}", parent.port());
    let children = parent.send_order("name the children");
    let (stopped, _) = children.split_once(' ').expect("there are two");
    let pid = Pid::from_raw(stopped.parse().expect("a pid")).expect("not 0");
    kill_process(pid, Signal::STOP).expect("it is ours");
    let clients = Actor::start("clients", "call", &[&target, "80"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("accept-queue-full");
    finding.assert_says(&["shared by", &parent.written(), "SYNs or ACKs"]);
    finding.assert_advises(&[&format!(
        "child ({stopped}) is stopped (state T): continue it with `kill -CONT {stopped}`."
    )]);
    let named = finding.0["subject"]["process"]["pid"].as_u64();
    let is_stopped = named == stopped.parse().ok();
    let state = if is_stopped { "T" } else { "S" };
    assert_eq!(finding.evidence("state"), state, "{finding}");
    assert_eq!(finding.evidence("stopped"), &format!("child ({stopped})"));
    clients.end();
    parent.end();
    watch.goes();
}

/// The parent is not blamed alone.
fn inherited() {
    let parent = Actor::start("parent", "inherit", &["127.0.0.1", "2"]);
    let target = format!("127.0.0.1:{}", parent.port());
    let clients = Actor::start("clients", "call", &[&target, "3"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("not-accepted");
    finding.assert_cause("not-accepting");
    finding.assert_says(&["shared by", &parent.written(), "child ("]);
    finding.assert_in("connections", 3.0..=3.0);
    parent.end();
    watch.goes();
    drop(clients);
}
