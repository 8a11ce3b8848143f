//! Filter conditions that a row passes, offered by the filter picker.

use std::net::IpAddr;

use crate::column::{SOCKET_COLUMNS, SocketRow, VOCABULARY};
use crate::filter::{FieldKind, Unit};
use crate::model::{Container, Ends, Process, Sample, Socket, State, unit_of_cgroup};
use crate::tui::group::GroupKey;

/// Conditions, each with the id of the column that it is about.
pub(in crate::tui) type Conditions = Vec<(&'static str, String)>;

/// Quotes a value for a filter, if it has to be; `None` if it cannot be.
fn quoted(text: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@".contains(c);
    if text.is_empty() {
        None
    } else if text.chars().all(plain) {
        Some(text.to_owned())
    } else if text.contains(['"', '*', '?', '[', '\\']) {
        // It would be a pattern, or cannot be quoted.
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

/// The conditions on the container, its pod and the unit that the sockets of a workload pass.
fn of_workload(container: Option<&Container>, unit: Option<&str>) -> Conditions {
    let named = [
        ("container", container.map(Container::name_or_id)),
        ("pod", container.and_then(Container::pod_name_or_id)),
        ("namespace", container.and_then(Container::pod_namespace)),
        ("unit", unit),
    ];
    let conditions = named.into_iter().filter_map(|(id, name)| {
        let name = quoted(name?)?;
        Some((id, format!("{id} {name}")))
    });
    conditions.collect()
}

/// The conditions that a process of a Sample passes.
pub(super) fn of_process(process: &Process, sample: &Sample) -> Conditions {
    let mut found = vec![("pid", format!("process {}", process.key.pid))];
    found.extend(quoted(&process.comm).map(|name| ("process", format!("process {name}"))));
    let user = process.user.as_deref().and_then(quoted);
    found.extend(user.map(|name| ("user", format!("user {name}"))));
    let unit = process.cgroup.as_deref().and_then(unit_of_cgroup);
    found.extend(of_workload(sample.container_of(process), unit));
    let cgroup = process.cgroup.as_deref().and_then(quoted);
    found.extend(cgroup.map(|path| ("cgroup", format!("cgroup {path}"))));
    found
}

/// The conditions that a remote host passes, or one of its ports.
pub(super) fn of_remote(address: IpAddr, port: Option<(u16, bool)>) -> Conditions {
    let mut found = vec![("remote", format!("dst {}", host(address)))];
    found.extend(port.map(|(port, here)| {
        let side = if here { "sport" } else { "dport" };
        ("port", format!("{side} = {port}"))
    }));
    found
}

/// The condition for a state.
fn state_condition(state: State) -> String {
    let name = match state {
        State::Closed => "unconnected",
        other => other.filter_name(),
    };
    format!("state {name}")
}

fn protocol(socket: &Socket) -> String {
    let name = match socket.ends {
        Ends::Netlink { .. } => "netlink",
        _ => socket.protocol.netid(socket.family),
    };
    format!("protocol {name}")
}

/// The conditions that a group of sockets passes, given one of them.
pub(super) fn of_group(key: GroupKey, row: &SocketRow<'_>) -> Conditions {
    let socket = row.socket.socket;
    // First both parts of the group together, then each.
    let both = |column: &'static str, second: String| {
        let first = protocol(socket);
        vec![
            (column, format!("( {first} and {second} )")),
            (column, second),
            ("netid", first),
        ]
    };
    match key {
        GroupKey::Process(key) => {
            let mut found = vec![("process", format!("process {}", key.pid))];
            let owner = row.socket.owner();
            let name = owner.and_then(|owner| quoted(&owner.process.comm));
            found.extend(name.map(|name| ("process", format!("process {name}"))));
            found
        }
        GroupKey::Unowned(why) => vec![("process", format!("unowned {}", why.name()))],
        GroupKey::Remote(remote) => vec![("remote", format!("dst {}", host(remote.address)))],
        GroupKey::Port(_, port) => both("local", format!("sport = {port}")),
        GroupKey::State(_, of) => both("state", state_condition(of)),
        GroupKey::Cgroup(id) => {
            let path = row.socket.sample.cgroup_path(id).and_then(quoted);
            path.map(|path| ("cgroup", format!("cgroup {path}")))
                .into_iter()
                .collect()
        }
        GroupKey::Namespace(inode) => {
            let name = row.socket.namespace_name().and_then(quoted);
            let name = name.unwrap_or_else(|| inode.to_string());
            vec![("netns_name", format!("netns {name}"))]
        }
        GroupKey::Container(_) => of_workload(row.socket.container(), None),
        GroupKey::Pod(_) => {
            let mut found = of_workload(row.socket.container(), None);
            found.retain(|(id, _)| *id != "container");
            found
        }
        GroupKey::Unit(_) => of_workload(None, row.socket.unit()),
        GroupKey::OneOf(_) | GroupKey::Other => Vec::new(),
    }
}

/// The condition that a column is at least the value of a row, rounded down; `None` if that is zero or no number.
pub(super) fn at_least(column: usize, row: &SocketRow<'_>) -> Option<(&'static str, String)> {
    let FieldKind::Number(unit) = VOCABULARY.fields().get(column)?.kind else {
        return None;
    };
    let column = SOCKET_COLUMNS.get(column)?;
    let least = rounded_down(column.number(row)?, unit)?;
    Some((column.id, format!("{} >= {least}", column.id)))
}

/// Rounds a number down and adds its unit; `None` if it becomes zero.
fn rounded_down(number: f64, unit: Unit) -> Option<String> {
    let units: &[(f64, &str)] = match unit {
        Unit::Count | Unit::PerSecond => &[(1.0, "")],
        Unit::Bytes => &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "")],
        Unit::BytesPerSecond => &[(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")],
        Unit::Microseconds => &[(1e6, "s"), (1e3, "ms"), (1.0, "us")],
        Unit::Milliseconds => &[(1e3, "s"), (1.0, "ms")],
        Unit::Share => &[(0.01, "%")],
    };
    let fits = units.iter().find(|(factor, _)| number >= *factor);
    let &(factor, name) = fits.or(units.last())?;
    let mut tenths = (number / factor * 10.0).floor();
    if tenths / 10.0 * factor > number {
        tenths -= 1.0;
    }
    (tenths > 0.0).then(|| format!("{}{name}", tenths / 10.0))
}

/// The conditions that a socket passes in a state: an event is filtered by the state in which it happened.
pub(in crate::tui) fn of_socket(row: &SocketRow<'_>, in_state: State) -> Conditions {
    let socket = row.socket.socket;
    let mut found: Conditions = Vec::new();
    match row.socket.owner() {
        Some(owner) => {
            let process = &owner.process;
            found.extend(quoted(&process.comm).map(|name| ("process", format!("process {name}"))));
            found.push(("pid", format!("process {}", process.key.pid)));
        }
        None => {
            if let Some(why) = socket.attribution.unowned() {
                found.push(("process", format!("unowned {}", why.name())));
            }
        }
    }
    found.push(("state", state_condition(in_state)));
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
            let name = name.and_then(|name| quoted(&format!("unix:{name}")));
            found.extend(name.map(|name| ("local", format!("src {name}"))));
        }
        _ => {}
    }
    found.push(("netid", protocol(socket)));
    found.push(("family", format!("family {}", socket.family.name())));
    let user = row.socket.user_name().and_then(quoted);
    found.extend(user.map(|name| ("user", format!("user {name}"))));
    let device = row.socket.interface_name().and_then(quoted);
    found.extend(device.map(|name| ("interface", format!("dev {name}"))));
    found.extend(of_workload(row.socket.container(), row.socket.unit()));
    let cgroup = row
        .socket
        .sample
        .cgroup_path(socket.cgroup_id)
        .and_then(quoted);
    found.extend(cgroup.map(|path| ("cgroup", format!("cgroup {path}"))));
    let congestion = row.socket.congestion().and_then(quoted);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_down_with_their_unit() {
        for (number, unit, text) in [
            (7.0, Unit::Count, Some("7")),
            (1_999_999.0, Unit::BytesPerSecond, Some("1.9MB/s")),
            (512.0, Unit::Bytes, Some("512")),
            (12_345.0, Unit::Microseconds, Some("12.3ms")),
            (90_000.0, Unit::Milliseconds, Some("90s")),
            (0.0179, Unit::Share, Some("1.7%")),
            (0.0, Unit::Bytes, None),
        ] {
            assert_eq!(rounded_down(number, unit).as_deref(), text);
        }
    }

    #[test]
    fn values_are_quoted_if_they_have_to_be() {
        assert_eq!(quoted("/run/x.sock").as_deref(), Some("/run/x.sock"));
        let path = quoted("unix:/tmp/a sock");
        assert_eq!(path.as_deref(), Some("\"unix:/tmp/a sock\""));
        assert_eq!(quoted("a*"), None, "it would be a pattern");
    }
}
