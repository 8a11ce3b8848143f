//! Names of addresses and ports, if they are resolved in time.

use std::net::IpAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::aggregate::Moment;
use crate::column::{SocketColumn, SocketRow, format, write_device};
use crate::export::table::CellNames;
use crate::model::{Endpoint, Ends, Protocol, SocketRef};
use crate::model::{SeededMap, SeededSet};
use crate::source::SystemNames;

/// Total time to wait for names. Addresses that are still unresolved are shown as numbers.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Addresses that are resolved at the same time: without an answer from the name server, each blocks a thread.
const THREADS: usize = 16;

/// Names of hosts by their addresses, and names of services by their ports.
#[derive(Debug)]
pub(super) struct ReverseNames {
    hosts: SeededMap<IpAddr, String>,
    system: SystemNames,
}

impl ReverseNames {
    /// Resolves all addresses in some rows, until all are answered or the timeout expires.
    pub(super) fn resolve(moment: &Moment, rows: &[u32], system: SystemNames) -> ReverseNames {
        let mut addresses = SeededSet::default();
        for &row in rows {
            let socket = moment.sample.sockets.get(row as usize);
            if let Some(Ends::Inet { local, remote }) = socket.map(|socket| socket.ends) {
                addresses.extend([local, remote].map(|end| end.address.to_canonical()));
            }
        }
        addresses.retain(|address| !address.is_unspecified());
        ReverseNames {
            hosts: resolve_all(addresses.into_iter().collect()),
            system,
        }
    }

    /// Appends an endpoint, with the names that are known; `device` belongs to the local end.
    fn write_endpoint(
        &self,
        out: &mut String,
        end: Endpoint,
        device: Option<SocketRef<'_>>,
        protocol: Protocol,
    ) -> Option<()> {
        use std::fmt::Write;
        match (self.hosts.get(&end.address.to_canonical()), end.address) {
            (Some(name), _) => format::sanitize(out, name.as_bytes()),
            (None, IpAddr::V4(address)) => write!(out, "{address}").ok()?,
            (None, IpAddr::V6(address)) => write!(out, "[{address}]").ok()?,
        }
        if let Some(socket) = device {
            write_device(out, socket);
        }
        let protocol = match protocol {
            Protocol::Udp | Protocol::UdpLite => "udp",
            _ => "tcp",
        };
        match (end.port, self.system.service_name(end.port, protocol)) {
            (0, _) => out.push_str(":*"),
            (_, Some(name)) => {
                out.push(':');
                format::sanitize(out, name.as_bytes());
            }
            (port, None) => write!(out, ":{port}").ok()?,
        }
        Some(())
    }
}

impl CellNames for ReverseNames {
    fn write(&self, row: &SocketRow<'_>, column: &SocketColumn, out: &mut String) -> bool {
        let socket = row.socket.socket;
        let Ends::Inet { local, remote } = socket.ends else {
            return false;
        };
        let (end, device) = match column.id {
            "local" => (local, Some(row.socket)),
            "remote" if !remote.is_unset() => (remote, None),
            _ => return false,
        };
        self.write_endpoint(out, end, device, socket.protocol)
            .is_some()
    }
}

/// Resolves addresses on several threads. Threads that take too long are abandoned.
fn resolve_all(addresses: Vec<IpAddr>) -> SeededMap<IpAddr, String> {
    let all = addresses.len();
    let queue = Arc::new(Mutex::new(addresses));
    let (sender, receiver) = mpsc::channel();
    for _ in 0..THREADS.min(all) {
        let (queue, sender) = (Arc::clone(&queue), sender.clone());
        let work = move || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(address) = next else { return };
                let name = dns_lookup::lookup_addr(&address).ok();
                if sender.send((address, name)).is_err() {
                    return;
                }
            }
        };
        // With fewer threads, it takes longer.
        let _ = std::thread::Builder::new().name("names".into()).spawn(work);
    }
    drop(sender);
    let start = Instant::now();
    let mut names = SeededMap::default();
    for _ in 0..all {
        let rest = TIMEOUT.saturating_sub(start.elapsed());
        let Ok((address, name)) = receiver.recv_timeout(rest) else {
            break;
        };
        if let Some(name) = name.filter(|name| name.parse::<IpAddr>().is_err()) {
            names.insert(address, name);
        }
    }
    names
}
