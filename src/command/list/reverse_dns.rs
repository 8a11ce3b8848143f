//! Names for addresses and ports, as far as they are known in time.

use std::net::IpAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::aggregate::Moment;
use crate::column::{SocketColumn, SocketRow, format};
use crate::export::table::Naming;
use crate::model::{Endpoint, Ends, Protocol};
use crate::source::System;

/// How long names are waited for in all. Who has none by then is shown by number.
const WAIT: Duration = Duration::from_secs(1);

/// Addresses that are asked for at the same time: a name server that does not answer holds one thread each.
const ASKING: usize = 16;

/// Names that were found.
#[derive(Debug)]
pub(super) struct Resolved {
    hosts: FxHashMap<IpAddr, String>,
    system: System,
}

impl Resolved {
    /// Asks for the names of all addresses in some rows, and waits no longer than it has to.
    pub(super) fn new(moment: &Moment, rows: &[u32], system: System) -> Resolved {
        let mut addresses = FxHashSet::default();
        for &row in rows {
            let socket = moment.sample.sockets.rows.get(row as usize);
            if let Some(Ends::Inet { local, remote }) = socket.map(|socket| socket.ends) {
                addresses.extend([local, remote].map(|end| end.address.to_canonical()));
            }
        }
        addresses.retain(|address| !address.is_unspecified());
        Resolved {
            hosts: ask(addresses.into_iter().collect()),
            system,
        }
    }

    fn write(&self, out: &mut String, end: Endpoint, protocol: Protocol) -> Option<()> {
        use std::fmt::Write;
        match (self.hosts.get(&end.address.to_canonical()), end.address) {
            (Some(name), _) => format::harmless(out, name.as_bytes()),
            (None, IpAddr::V4(address)) => write!(out, "{address}").ok()?,
            (None, IpAddr::V6(address)) => write!(out, "[{address}]").ok()?,
        }
        let protocol = match protocol {
            Protocol::Udp | Protocol::UdpLite => "udp",
            _ => "tcp",
        };
        match (end.port, self.system.service_name(end.port, protocol)) {
            (0, _) => out.push_str(":*"),
            (_, Some(name)) => {
                out.push(':');
                format::harmless(out, name.as_bytes());
            }
            (port, None) => write!(out, ":{port}").ok()?,
        }
        Some(())
    }
}

impl Naming for Resolved {
    fn write(&self, row: &SocketRow<'_>, column: &SocketColumn, out: &mut String) -> bool {
        let socket = row.socket.socket;
        let Ends::Inet { local, remote } = socket.ends else {
            return false;
        };
        let end = match column.id {
            "local" => local,
            "remote" if !remote.is_unset() => remote,
            _ => return false,
        };
        Resolved::write(self, out, end, socket.protocol).is_some()
    }
}

/// Asks for the names of addresses on some threads, which are left behind if they take too long.
fn ask(addresses: Vec<IpAddr>) -> FxHashMap<IpAddr, String> {
    let all = addresses.len();
    let left = Arc::new(Mutex::new(addresses));
    let (sender, receiver) = mpsc::channel();
    for _ in 0..ASKING.min(all) {
        let (left, sender) = (Arc::clone(&left), sender.clone());
        let work = move || {
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(address) = next else { return };
                let name = dns_lookup::lookup_addr(&address).ok();
                if sender.send((address, name)).is_err() {
                    return;
                }
            }
        };
        // With fewer threads it takes longer, no more.
        let _ = std::thread::Builder::new().name("names".into()).spawn(work);
    }
    drop(sender);
    let start = Instant::now();
    let mut names = FxHashMap::default();
    for _ in 0..all {
        let rest = WAIT.saturating_sub(start.elapsed());
        let Ok((address, name)) = receiver.recv_timeout(rest) else {
            break;
        };
        if let Some(name) = name.filter(|name| name.parse::<IpAddr>().is_err()) {
            names.insert(address, name);
        }
    }
    names
}
