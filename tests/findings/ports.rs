//! Ended connections: not closed, or closed so often that TIME-WAIT sockets pile up.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::thread;

use rustix::net::{self, AddressFamily, SocketType};
use serde_json::json;

use crate::actors::Actor;
use crate::support::diagnosis::{self, Finding};
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, sysctl};
use crate::support::wait;
use crate::watch::Watch;
use crate::{needing, plain};

pub(crate) const CASES: &[Case] = &[
    plain("close-wait-leak: a server that never closes", never_closes),
    plain("close-wait-leak: a server that never reads", never_reads),
    plain(
        "close-wait-leak: connections that a child shares",
        never_closed_by_both,
    ),
    plain(
        "ephemeral-ports-low: one destination uses nearly all ports",
        ports_low,
    ),
    plain(
        "ephemeral-ports-low: bind() before connect() takes all ports, whatever the destination",
        bound_before_connect,
    ),
    plain(
        "connections without bind() share ports between destinations",
        shared_between_destinations,
    ),
    plain(
        "ephemeral-ports-low: listeners leave few ports to connections",
        listeners_in_the_range,
    ),
    plain(
        "ephemeral-ports-low: UDP sockets take all ports",
        all_datagram_ports,
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

/// The FINs are unread, and no data.
fn never_reads() {
    let server = Actor::start("deaf-server", "share", &["127.0.0.1", "8", "no"]);
    let target = place(&server);
    let mut clients = Actor::start("callers", "call", &[&target, "8"]);
    clients.send_order("close");
    let mut watch = Watch::begin();
    let finding = watch.finds("close-wait-leak");
    finding.assert_cause("not-read");
    finding.assert_in("unread_bytes", 0.0..=0.0);
    finding.assert_in("not_read_to_end", 8.0..=8.0);
    finding.assert_advises(&["They were not read to the end"]);
    server.end();
    watch.goes();
}

/// Each of both has to close them.
fn never_closed_by_both() {
    let mut server = Actor::start("forking-server", "share", &["127.0.0.1", "6", "reads"]);
    let target = place(&server);
    let mut clients = Actor::start("callers", "call", &[&target, "6"]);
    clients.send_order("close");
    let child: u32 = server.send_order("name the child").parse().expect("a pid");
    let mut watch = Watch::begin();
    let finding = watch.finds("close-wait-leak");
    finding.assert_cause("not-closed");
    let both = [server.written(), format!("sharer ({child})")];
    finding.assert_says(&[&both[0], &both[1], "has them open, too"]);
    finding.assert_in("processes", 2.0..=2.0);
    finding.assert_advises(&["restart of all of them"]);
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

fn short_client(server: &Actor, rate: &str, who_closes_first: &str, kept: &str) -> Actor {
    let target = place(server);
    let arguments = [target.as_str(), rate, who_closes_first, kept];
    Actor::start("short-client", "churn", &arguments)
}

/// A server and a client with a number of short connections per second.
fn churn(rate: &str, who_closes_first: &str) -> (Actor, Actor) {
    let server = short_server(who_closes_first);
    let client = short_client(&server, rate, who_closes_first, "0");
    (server, client)
}

fn ports_low() {
    sysctl("ipv4.tcp_tw_reuse", "0");
    let server = short_server("client");
    // So few that they are taken within seconds on a slow machine as well, and that they are low when they pile up.
    sysctl("ipv4.ip_local_port_range", "20000 20249");
    sysctl("ipv4.ip_local_reserved_ports", "20100-20109");
    // Once they are all taken, the process that took them can be found by the connections that it keeps.
    let mut watch = Watch::begin();
    let mut client = short_client(&server, "200", "client", "3");
    let finding = watch.finds("ephemeral-ports-low");
    finding.assert_cause("time-wait");
    let destination = json!({"address": "127.0.0.1", "port": server.port()});
    let path = json!({"source": "127.0.0.1", "destination": destination});
    finding.assert_subject("path", &path);
    client.assert_named(&finding, &["from 127.0.0.1", &place(&server)]);
    finding.assert_in("used", 192.0..=240.0);
    finding.assert_in("pool", 240.0..=240.0);
    finding.assert_in("reserved", 10.0..=10.0);
    client.send_order("end");
    // The TIME-WAITs last too long for a test: the remedy in place of the time.
    sysctl("ipv4.ip_local_port_range", "20000 60999");
    watch.goes();
}

/// Port of the server on all addresses, below the range of local ports.
const SERVICE: u16 = 7000;

/// Number of local ports that the kernel may choose from.
const POOL: u16 = 200;

/// Starts a server on all addresses that accepts and keeps connections, and leaves few local ports.
fn keep_all_on_few_ports() {
    sysctl("ipv4.ip_local_port_range", "40000 40199");
    let server = TcpListener::bind(("0.0.0.0", SERVICE)).expect("it binds");
    thread::spawn(move || {
        let kept: Vec<_> = server.incoming().collect();
        drop(kept);
    });
}

/// The service at one of twenty addresses.
fn destination(number: u16) -> SocketAddrV4 {
    let host = u8::try_from(number % 20 + 1).expect("a byte");
    SocketAddrV4::new(Ipv4Addr::new(127, 0, 1, host), SERVICE)
}

fn bound_before_connect() {
    keep_all_on_few_ports();
    let source = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
    let connect = |number| {
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
        net::bind(&socket, &source)?;
        net::connect(&socket, &destination(number))?;
        Ok(socket)
    };
    let mut watch = Watch::begin();
    let clients: Vec<OwnedFd> = (0..POOL)
        .map(connect)
        .collect::<io::Result<_>>()
        .expect("ports");
    let refused = connect(0).expect_err("no port is left");
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    let finding = watch.finds("ephemeral-ports-low");
    finding.assert_cause("bound");
    let subject = json!({"protocol": "tcp", "address": "127.0.0.1"});
    finding.assert_subject("local-ports", &subject);
    finding.assert_in("used", f64::from(POOL)..=f64::from(POOL));
    finding.assert_in("pool", f64::from(POOL)..=f64::from(POOL));
    assert!(
        finding.text("advice").contains("IP_BIND_ADDRESS_NO_PORT"),
        "{finding}"
    );
    drop(clients);
    sysctl("ipv4.ip_local_port_range", "20000 60999");
    watch.goes();
}

fn shared_between_destinations() {
    keep_all_on_few_ports();
    // Twice as many as there are ports.
    let connect = |number| TcpStream::connect(destination(number)).expect("a port");
    let _clients: Vec<TcpStream> = (0..2 * POOL).map(connect).collect();
    let report = diagnosis::watch(6);
    assert!(report.findings.is_empty(), "{report}");
}

fn listeners_in_the_range() {
    keep_all_on_few_ports();
    let listen = |number: u16| TcpListener::bind(("127.0.0.9", 40000 + number)).expect("it binds");
    let _listeners: Vec<TcpListener> = (0..100).map(listen).collect();
    // Half of the range is left to the path, which uses all of it.
    let connect = |_| TcpStream::connect(destination(0)).ok();
    let clients: Vec<TcpStream> = (0..POOL).filter_map(connect).collect();
    assert_eq!(clients.len(), 100);
    let report = diagnosis::watch(6);
    assert_eq!(report.ids(), ["ephemeral-ports-low"], "{report}");
    let finding = &report.findings[0];
    finding.assert_in("pool", 100.0..=100.0);
    finding.assert_in("not_connected", 100.0..=100.0);
}

fn all_datagram_ports() {
    keep_all_on_few_ports();
    let bind = |_| UdpSocket::bind("127.0.0.9:0").expect("a port");
    let mut watch = Watch::begin();
    let sockets: Vec<UdpSocket> = (0..POOL).map(bind).collect();
    let finding = watch.finds("ephemeral-ports-low");
    finding.assert_cause("datagram");
    finding.assert_subject("local-ports", &json!({"protocol": "udp", "address": null}));
    finding.assert_in("used", f64::from(POOL)..=f64::from(POOL));
    drop(sockets);
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
