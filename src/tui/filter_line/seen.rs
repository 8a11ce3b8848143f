//! Values that were seen, which a filter could name.

use std::net::IpAddr;

use rustc_hash::FxHashSet;

use crate::aggregate::Moment;
use crate::column::{SOCKET_COLUMNS, SocketRow};
use crate::filter::{End, Wanted};
use crate::model::{Endpoint, SocketRef};

/// Rows that are looked through for values.
const LOOKED_THROUGH: usize = 20_000;

/// Values that were seen.
pub(super) fn seen(moment: &Moment, wanted: Wanted) -> Vec<String> {
    let mut known = FxHashSet::default();
    let mut add = |value: String| {
        if !value.is_empty() && !value.contains(char::is_control) {
            known.insert(value);
        }
    };
    let sample = &moment.sample;
    let sockets = || sample.iter().take(LOOKED_THROUGH);
    match wanted {
        Wanted::Processes => {
            for row in &sample.processes {
                add(row.process.comm.clone());
            }
        }
        Wanted::Users => {
            for (_, name) in &sample.users {
                add(name.to_string());
            }
        }
        Wanted::Hosts(end) => {
            let ends = sockets().flat_map(|socket| endpoints(socket, end));
            let addresses: FxHashSet<IpAddr> = ends.map(|end| end.address).collect();
            let addresses = addresses.into_iter();
            addresses
                .filter(|address| !address.is_unspecified())
                .for_each(|address| add(host(address)));
            if end != End::Remote {
                sockets().filter_map(path).for_each(add);
            }
        }
        Wanted::Ports(end) => return ports(sockets(), end),
        Wanted::Devices => {
            for (_, name) in &sample.interfaces {
                add(name.clone());
            }
        }
        Wanted::Cgroups => {
            for (_, path) in &sample.cgroups {
                add(path.to_string());
            }
        }
        Wanted::Column(at) => {
            if let Some(column) = SOCKET_COLUMNS.get(usize::from(at)) {
                let mut text = String::new();
                for row in 0..sample.sockets.rows.len().min(LOOKED_THROUGH) {
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

/// The ends of a socket that are asked for.
fn endpoints(socket: SocketRef<'_>, end: End) -> impl Iterator<Item = Endpoint> {
    let local = socket.socket.local().filter(|_| end != End::Remote);
    let remote = socket.socket.remote().filter(|_| end != End::Local);
    local.into_iter().chain(remote)
}

/// An address as a filter takes it.
fn host(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The name of a unix socket, if it is no pattern of others.
fn path(socket: SocketRef<'_>) -> Option<String> {
    let name = std::str::from_utf8(socket.name()?).ok()?;
    let name = name.replace('\0', "@");
    let plain = name.starts_with(['/', '@']) && !name.contains(['*', '?', '[', '\\']);
    plain.then_some(name)
}

/// Ports of an end. What is listened on is connected to, from elsewhere or soon.
fn ports<'a>(sockets: impl Iterator<Item = SocketRef<'a>>, end: End) -> Vec<String> {
    let mut ports = std::collections::BTreeSet::new();
    for socket in sockets {
        let listened = socket.socket.local();
        let listened = listened.filter(|_| socket.socket.is_listener());
        let all = endpoints(socket, end).chain(listened);
        ports.extend(all.map(|end| end.port).filter(|&port| port != 0));
    }
    ports.iter().map(u16::to_string).collect()
}
