//! Names of devices and control groups that sockets have outlived or that are patterns.

use std::net::{Ipv4Addr, TcpListener};

use libtest_mimic::Failed;
use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
use serde_json::Value as Json;

use crate::support::network_namespace::{device_index, ip};
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::{fallible, run, text};

pub(crate) const CASES: &[Case] = &[
    fallible(
        "a removed device is called by its index",
        &[Requirement::Root, Requirement::Ip],
        removed_devices_have_an_index,
    ),
    fallible(
        "names of cgroups, devices and states are patterns",
        &[Requirement::Root, Requirement::Ip, Requirement::Cgroup2],
        names_are_patterns,
    ),
];

fn removed_devices_have_an_index() -> Result<(), Failed> {
    ip("link add gone0 type veth peer name gone1");
    let server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    setsockopt(&server, BindToDevice, &"gone0".into())?;
    let port = server.local_addr()?.port();
    let index = device_index("gone0");
    let filter = format!("sport = {port}");
    let listed = |arguments: &[&str]| {
        let mut all = vec!["list", "-tlH"];
        all.extend(arguments);
        text(&run(&all).stdout)
    };
    assert!(listed(&["-r", &filter]).contains("0.0.0.0%gone0:"));
    ip("link del gone0");
    for resolved in ["-n", "-r"] {
        let line = listed(&[resolved, &filter]);
        assert!(line.contains(&format!("0.0.0.0%if{index}:")), "{line}");
    }
    let json: Json = serde_json::from_str(&listed(&["--json", &filter]))?;
    assert_eq!(json["sockets"][0]["interface"], format!("if{index}"));
    for name in [format!("if{index}"), index.to_string(), "if*".to_owned()] {
        let by_device = format!("dev {name} {filter}");
        assert_eq!(listed(&[&by_device]).lines().count(), 1, "{by_device}");
    }
    Ok(())
}

fn names_are_patterns() -> Result<(), Failed> {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let own = format!("sport = {}", server.local_addr()?.port());
    for (condition, count) in [
        ("cgroup = \"/*\"", 1),
        ("cgroup = \"/no such group*\"", 0),
        ("state list*", 1),
        ("state est*", 0),
        ("protocol tc*", 1),
        ("process =~ .", 1),
    ] {
        let filter = format!("{condition} {own}");
        let output = run(&["list", "-tlH", &filter]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        assert_eq!(lines.lines().count(), count, "{filter}: {lines}");
    }
    Ok(())
}
