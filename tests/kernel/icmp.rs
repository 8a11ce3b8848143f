//! ICMP sockets (ping sockets), which `sock_diag` does not report.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, Protocol, SendFlags, SocketFlags, SocketType, bind, connect, ipproto, send,
    socket_with,
};
use serde_json::{Value, json};

use crate::support::network_namespace::ip;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, sysctl};
use crate::{panicking, run};

pub(crate) const CASES: &[Case] = &[panicking(
    "ping sockets are listed with their process, identifier and drops",
    &[Requirement::Root, Requirement::Ip],
    listed,
)];

fn socket(family: AddressFamily, protocol: Protocol) -> OwnedFd {
    // Not inherited by the program, which would be an owner as well.
    let flags = SocketFlags::CLOEXEC;
    socket_with(family, SocketType::DGRAM, flags, Some(protocol)).expect("a ping socket")
}

fn list(arguments: &[&str]) -> Vec<Value> {
    let output = run(&[&["list", "--json"], arguments].concat());
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let faults = document["faults"].to_string();
    assert!(!faults.contains("icmp"), "{faults}");
    document["sockets"].as_array().expect("a list").clone()
}

fn listed() {
    ip("link set lo up");
    sysctl("ipv4.ping_group_range", "0 2147483647");
    let four = socket(AddressFamily::INET, ipproto::ICMP);
    let localhost = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    connect(&four, &localhost).expect("connected");
    send(&four, b"\x08\0\0\0\0\0\0\x01hello", SendFlags::empty()).expect("sent");
    let six = socket(AddressFamily::INET6, ipproto::ICMPV6);
    let end = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 33);
    bind(&six, &end).expect("bound");

    let rows = list(&["-a", "-A", "icmp"]);
    assert_eq!(rows.len(), 2);
    let by = |protocol: &str| {
        let mut of_protocol = rows.iter().filter(|row| row["protocol"] == protocol);
        of_protocol.next().expect("it is listed")
    };
    let (four_row, six_row) = (by("icmp"), by("icmp6"));
    for (row, socket) in [(four_row, &four), (six_row, &six)] {
        let inode = rustix::fs::fstat(socket).expect("a socket").st_ino;
        assert_eq!(row["inode"], inode);
        assert_eq!(row["owners"][0]["pid"], std::process::id());
        assert_eq!(row["uid"], 0);
        assert_eq!(row["memory"]["drops"], 0);
        assert_eq!(row["memory"]["rcvbuf"], Value::Null);
    }
    assert_eq!(four_row["state"], "established");
    assert_eq!(four_row["family"], "inet");
    assert_eq!(four_row["remote"]["address"], "127.0.0.1");
    assert_ne!(four_row["local"]["port"], 0, "its identifier");
    assert_eq!(six_row["state"], "closed");
    assert_eq!(six_row["family"], "inet6");
    assert_eq!(six_row["local"], json!({"address": "::1", "port": 33}));

    assert_eq!(list(&["-a", "protocol", "icmp6"]).len(), 1);
    assert_eq!(list(&["-4", "-a", "-A", "icmp"]).len(), 1);
    assert_eq!(list(&["-w", "-a"]).len(), 0, "they are not raw sockets");
    assert_eq!(list(&["-A", "inet", "-l"]).len(), 1, "one is connected");
}
