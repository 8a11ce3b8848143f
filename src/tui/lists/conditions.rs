//! Filters that a row would pass.

use std::net::IpAddr;

use crate::column::SocketRow;
use crate::model::{Ends, Process};

/// Conditions, each with the column that it is about.
pub(super) type Conditions = Vec<(&'static str, String)>;

/// A value as a filter takes it: in quotes if it has to be.
fn value(text: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@".contains(c);
    if text.is_empty() {
        None
    } else if text.chars().all(plain) {
        Some(text.to_owned())
    } else if text.contains(['"', '*', '?', '[', '\\']) {
        // It would be a pattern, or could not be put into quotes.
        None
    } else {
        Some(format!("\"{text}\""))
    }
}

fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => format!("[{address}]"),
        },
    }
}

/// Those of a process.
pub(super) fn of_process(process: &Process) -> Conditions {
    let mut found = vec![("pid", format!("process {}", process.key.pid))];
    found.extend(value(&process.comm).map(|name| ("process", format!("process {name}"))));
    let user = process.user.as_deref().and_then(value);
    found.extend(user.map(|name| ("user", format!("user {name}"))));
    let cgroup = process.cgroup.as_deref().and_then(value);
    found.extend(cgroup.map(|path| ("cgroup", format!("cgroup {path}"))));
    found
}

/// Those of a remote host.
pub(super) fn of_remote(address: IpAddr, port: Option<(u16, bool)>) -> Conditions {
    let mut found = vec![("remote", format!("dst {}", host(address)))];
    found.extend(port.map(|(port, here)| {
        let side = if here { "sport" } else { "dport" };
        ("port", format!("{side} = {port}"))
    }));
    found
}

/// Those of a socket.
pub(super) fn of_socket(row: &SocketRow<'_>) -> Conditions {
    let socket = row.socket.socket;
    let mut found: Conditions = Vec::new();
    match row.socket.owner() {
        Some(owner) => {
            let process = &owner.process;
            found.extend(value(&process.comm).map(|name| ("process", format!("process {name}"))));
            found.push(("pid", format!("process {}", process.key.pid)));
        }
        None => {
            if let Some(why) = socket.attribution.unowned() {
                found.push(("process", format!("unowned {}", why.name())));
            }
        }
    }
    found.push(("state", format!("state {}", socket.state.filter_name())));
    match socket.ends {
        Ends::Inet { local, .. } => {
            if let Some(remote) = socket.remote() {
                found.push(("remote", format!("dst {}", host(remote.address))));
                found.push(("remote", format!("dport = {}", remote.port)));
            }
            found.push(("local", format!("sport = {}", local.port)));
            if !local.address.is_unspecified() {
                found.push(("local", format!("src {}", host(local.address))));
            }
        }
        Ends::Unix { .. } => {
            let name = row.socket.name().map(String::from_utf8_lossy);
            let name = name.map(|name| name.replace('\0', "@"));
            let name = name.as_deref().and_then(value);
            found.extend(name.map(|name| ("local", format!("src unix:{name}"))));
        }
        _ => {}
    }
    let protocol = match socket.ends {
        Ends::Netlink { .. } => "netlink",
        _ => row.socket.socket.protocol.netid(socket.family),
    };
    found.push(("netid", format!("protocol {protocol}")));
    found.push(("family", format!("family {}", socket.family.name())));
    let user = row.socket.user_name().and_then(value);
    found.extend(user.map(|name| ("user", format!("user {name}"))));
    let device = row.socket.interface_name().and_then(value);
    found.extend(device.map(|name| ("interface", format!("dev {name}"))));
    let cgroup = row
        .socket
        .sample
        .cgroup_path(socket.cgroup_id)
        .and_then(value);
    found.extend(cgroup.map(|path| ("cgroup", format!("cgroup {path}"))));
    let congestion = row.socket.congestion().and_then(value);
    found.extend(congestion.map(|name| ("congestion", format!("congestion = {name}"))));
    for (id, comparison) in [
        ("recv_queue", "recvq > 0"),
        ("send_queue", "sendq > 0"),
        ("retransmitted", "retransmitted > 0"),
        ("drops", "drops > 0"),
    ] {
        let column = crate::column::SocketColumn::by_id(id);
        let number = column.and_then(|column| column.number(row));
        if number.is_some_and(|number| number > 0.0) {
            found.push((id, comparison.to_owned()));
        }
    }
    found
}
