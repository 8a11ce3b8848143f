//! The ports of remote hosts: the service that a socket uses, and the totals of a host by port.

use crate::aggregate::{Cancellation, FirstProcesses, Moment, RemoteTotals, Throughput};
use crate::column::Service;
use crate::model::{Protocol, RemoteHost, Socket, State};
use crate::model::{SeededMap, SeededSet};

/// The ports on which this machine listens.
pub(super) fn listening_ports(moment: &Moment) -> SeededSet<u16> {
    moment.aggregate.ports.iter().map(|p| p.port).collect()
}

/// The service port of a socket: the local port if this machine listens on it, otherwise the remote port.
pub(super) fn service_of(socket: &Socket, listening: &SeededSet<u16>) -> Option<Service> {
    let (local, remote) = (socket.local()?, socket.remote()?);
    let here = socket.protocol == Protocol::Tcp && listening.contains(&local.port);
    let port = if here { local.port } else { remote.port };
    Some(Service { port, here })
}

/// The totals of some hosts, port by port.
pub(super) fn port_totals(
    moment: &Moment,
    has_ports: impl Fn(&RemoteHost) -> bool,
    cancellation: &Cancellation,
) -> Vec<(Service, RemoteTotals)> {
    let listening = listening_ports(moment);
    let mut index: SeededMap<(RemoteHost, Service), usize> = SeededMap::default();
    let mut ports: Vec<(Service, RemoteTotals)> = Vec::new();
    for (at, (number, socket)) in moment.filtered_sockets().enumerate() {
        if cancellation.is_cancelled_at(at) {
            break;
        }
        let Some(rates) = moment.aggregate.sockets.get(number as usize) else {
            continue;
        };
        let row = socket.socket;
        let Some(host) = RemoteHost::of(row).filter(|_| row.family.is_inet()) else {
            continue;
        };
        if !has_ports(&host) {
            continue;
        }
        let Some(service) = service_of(row, &listening) else {
            continue;
        };
        let at = *index.entry((host, service)).or_insert_with(|| {
            let empty = RemoteTotals {
                address: host.address,
                local_to: host.netns,
                netns: Some(row.netns),
                sockets: 0,
                tcp: [0; State::SLOTS],
                throughput: Throughput::default(),
                average: None,
                rtt_us: None,
                changes: None,
                udp: 0,
                processes: FirstProcesses::default(),
            };
            ports.push((service, empty));
            ports.len() - 1
        });
        let totals = &mut ports[at].1;
        totals.sockets += 1;
        if totals.netns != Some(row.netns) {
            totals.netns = None;
        }
        match row.protocol {
            Protocol::Tcp => totals.tcp[row.state as usize] += 1,
            Protocol::Udp => totals.udp += 1,
            _ => {}
        }
        if row.protocol == Protocol::Tcp {
            totals.throughput.add(&rates);
            if let Some(average) = &rates.average {
                totals.average.get_or_insert_default().add(average);
            }
        }
        let rtt = socket.tcp_info().and_then(|info| info.measured_rtt());
        if let Some(rtt) = rtt.filter(|_| row.state == State::Established) {
            let rtt = rtt as u32;
            let (low, high) = totals.rtt_us.unwrap_or((rtt, rtt));
            totals.rtt_us = Some((low.min(rtt), high.max(rtt)));
        }
        for holder in socket.holders() {
            totals.processes.add(holder.process);
        }
    }
    ports
}
