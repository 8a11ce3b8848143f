//! Values that occur in a moment, as completions of a filter.

use std::net::IpAddr;

use crate::aggregate::Moment;
use crate::column::{SOCKET_COLUMNS, SocketRow};
use crate::filter::{EndpointSide, ObservedValues};
use crate::model::SeededSet;
use crate::model::{Endpoint, SocketRef, unit_of_cgroup};

/// Number of rows of many that are searched for values: evenly spaced, so that a key does not wait for all of them.
const SEARCHED_ROWS: usize = 4_096;

/// Values of a kind that occur in a moment, without duplicates, in order.
pub(super) fn observed(moment: &Moment, wanted: ObservedValues) -> Vec<String> {
    let mut known = SeededSet::default();
    let mut add = |value: String| {
        if !value.is_empty() && !value.contains(char::is_control) {
            known.insert(value);
        }
    };
    let sample = &moment.sample;
    let all = sample.iter().len();
    let step = if moment.is_small() {
        1
    } else {
        all / SEARCHED_ROWS
    };
    let rows = || (0..all).step_by(step);
    let sockets = || rows().filter_map(|row| sample.socket(row));
    match wanted {
        ObservedValues::Processes => {
            for row in &sample.processes {
                add(row.process.comm.clone());
            }
        }
        ObservedValues::Users => {
            for name in sample.users.values() {
                add(name.to_string());
            }
        }
        ObservedValues::Hosts(end) => {
            let ends = sockets().flat_map(|socket| endpoints(socket, end));
            let addresses: SeededSet<IpAddr> = ends.map(|end| end.address).collect();
            let addresses = addresses.into_iter();
            addresses
                .filter(|address| !address.is_unspecified())
                .for_each(|address| add(host(address)));
            if end != EndpointSide::Remote {
                sockets().filter_map(path).for_each(add);
            }
        }
        ObservedValues::Ports(end) => return ports(sockets(), end),
        ObservedValues::Devices => {
            for name in sample.interfaces.values() {
                add(name.clone());
            }
        }
        ObservedValues::Cgroups => {
            for path in sample.cgroups.values() {
                add(path.to_string());
            }
        }
        ObservedValues::Containers => {
            for container in sample.containers.values() {
                add(container.name_or_id().to_owned());
            }
        }
        ObservedValues::Pods | ObservedValues::Namespaces => {
            for container in sample.containers.values() {
                let name = match wanted {
                    ObservedValues::Pods => container.pod_name_or_id(),
                    _ => container.pod_namespace(),
                };
                name.map(str::to_owned).into_iter().for_each(&mut add);
            }
        }
        ObservedValues::Units => {
            let processes = sample.processes.iter();
            let paths = processes.filter_map(|row| row.process.cgroup.as_deref());
            let units = paths.filter_map(unit_of_cgroup).map(str::to_owned);
            units.for_each(add);
        }
        ObservedValues::Column(at) => {
            let column = SOCKET_COLUMNS.get(usize::from(at));
            // An index of many peers is not built for completions.
            let has_peers = moment.known_peers().is_some() || moment.is_small();
            if let Some(column) = column.filter(|column| has_peers || column.id != "peer") {
                let mut text = String::new();
                for row in rows() {
                    text.clear();
                    let row = SocketRow::of(moment, row);
                    if row.is_some_and(|row| column.write_known(&row, &mut text)) {
                        add(text.clone());
                    }
                }
            }
        }
    }
    let mut values: Vec<String> = known.into_iter().collect();
    values.sort_unstable();
    values
}

/// The ends of a socket on the wanted side.
fn endpoints(socket: SocketRef<'_>, end: EndpointSide) -> impl Iterator<Item = Endpoint> {
    let local = socket
        .socket
        .local()
        .filter(|_| end != EndpointSide::Remote);
    let remote = socket
        .socket
        .remote()
        .filter(|_| end != EndpointSide::Local);
    local.into_iter().chain(remote)
}

/// An address in the syntax of filters.
fn host(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The name of a Unix socket, unless a filter would parse it as a pattern.
fn path(socket: SocketRef<'_>) -> Option<String> {
    let name = std::str::from_utf8(socket.name()?).ok()?;
    let name = name.replace('\0', "@");
    let plain = name.starts_with(['/', '@']) && !name.contains(['*', '?', '[', '\\']);
    plain.then_some(name)
}

/// Ports of an end. The ports of listeners count for both ends, since clients connect to them.
fn ports<'a>(sockets: impl Iterator<Item = SocketRef<'a>>, end: EndpointSide) -> Vec<String> {
    let mut ports = std::collections::BTreeSet::new();
    for socket in sockets {
        let listened = socket.socket.local();
        let listened = listened.filter(|_| socket.socket.is_listener());
        let all = endpoints(socket, end).chain(listened);
        ports.extend(all.map(|end| end.port).filter(|&port| port != 0));
    }
    ports.iter().map(u16::to_string).collect()
}
