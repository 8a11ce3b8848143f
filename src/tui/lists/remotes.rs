//! Remote hosts, and below each the ports at which one meets it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Conditions, Fit, UNASKED, conditions, headings, notes, retransmitted_tone};
use crate::aggregate::{FirstProcesses, Moment, RemoteTotals, Throughput};
use crate::column::format::MISSING;
use crate::column::{REMOTE_COLUMNS, RemoteLine, Remotes as RemoteKind, Service};
use crate::diagnose::{Concern, Findings};
use crate::model::{Protocol, Socket, State};
use crate::tui::table::{Heading, List, Outlining, Shape};
use crate::tui::target::Target;
use crate::tui::theme::Tone;

/// Set in the number of a port below its host.
const PORT: u32 = 1 << 31;

/// All remote hosts.
#[derive(Debug, Default)]
pub struct Remotes {
    unfolded: FxHashSet<IpAddr>,
    /// Ports of the hosts that are unfolded.
    ports: Vec<(Service, RemoteTotals)>,
    /// What is wrong, with any of them.
    pub notes: Arc<Findings>,
}

const FIT: [Fit; 18] = [
    ("remote", 17, 45, 0),
    ("sockets", 6, 7, 0),
    ("rate", 9, 9, 6),
    ("received_rate", 9, 9, 1),
    ("sent_rate", 9, 9, 1),
    ("established", 6, 7, 2),
    ("time_wait", 7, 7, 3),
    ("rtt_low", 8, 8, 4),
    ("rtt_high", 8, 8, 4),
    ("retransmitted", 7, 7, 5),
    ("processes", 16, 60, 2),
    ("opened", 8, 8, 8),
    ("closed", 8, 8, 8),
    ("close_wait", 7, 7, 9),
    ("syn_sent", 8, 8, 10),
    ("syn_recv", 8, 8, 11),
    ("udp", 5, 5, UNASKED),
    ("note", 4, 24, 2),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&REMOTE_COLUMNS, &FIT));

static SHAPE: Shape<RemoteKind> = Shape {
    columns: &REMOTE_COLUMNS,
    headings: &HEADINGS,
    totals: &["sockets", "received_rate", "sent_rate"],
};

impl List for Remotes {
    type Kind = RemoteKind;
    type Key = (IpAddr, Option<Service>);

    fn shape() -> &'static Shape<RemoteKind> {
        &SHAPE
    }

    fn rows(&mut self, moment: &Moment, out: &mut Vec<u32>) {
        out.extend(0..moment.aggregate.remotes.len() as u32);
    }

    fn whole(&self, moment: &Moment) -> usize {
        moment.unfiltered().remotes.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<RemoteLine<'m>> {
        let (service, totals) = if number & PORT == 0 {
            (None, moment.aggregate.remotes.get(number as usize)?)
        } else {
            let (service, totals) = self.ports.get((number & !PORT) as usize)?;
            (Some(*service), totals)
        };
        Some(RemoteLine {
            moment,
            totals,
            service,
            unfolded: self.unfolded.contains(&totals.address),
            note: match service {
                // What is wrong with a port is known of theirs alone.
                Some(Service { here: true, .. }) => None,
                _ => notes::of(&self.notes, || {
                    Concern::Remote(totals.address, service.map(|service| service.port))
                }),
            },
        })
    }

    fn cut<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        column: usize,
        text: &'t str,
        columns: usize,
    ) -> Cow<'t, str> {
        notes::cut(REMOTE_COLUMNS[column].id, text, columns)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<Self::Key> {
        let line = self.row(moment, number)?;
        Some((line.totals.address, line.service))
    }

    fn tie(&self, moment: &Moment, number: u32) -> u64 {
        let Some(line) = self.row(moment, number) else {
            return 0;
        };
        // More sockets first, then by the address.
        let low = match line.totals.address {
            IpAddr::V4(address) => u32::from(address),
            IpAddr::V6(address) => u128::from(address) as u32,
        };
        u64::from(u32::MAX - line.totals.sockets) << 32 | u64::from(low)
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<Target> {
        let (address, service) = self.key(moment, number)?;
        Some(Target::Remote(address, service))
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let Some(line) = self.row(moment, number) else {
            return Vec::new();
        };
        let port = line.service.map(|service| (service.port, service.here));
        conditions::of_remote(line.totals.address, port)
    }

    fn tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Plain;
        };
        match REMOTE_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "note" => notes::tone(text),
            "remote" if line.service.is_none() => Tone::Strong,
            "close_wait" if text != "0" => Tone::Warning,
            "retransmitted" => retransmitted_tone(line.totals.throughput.retransmitted_share()),
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }

    fn is_outlined(&self) -> bool {
        !self.unfolded.is_empty()
    }

    fn outline(&mut self, outlining: &mut Outlining<'_>, order: &mut Vec<u32>) {
        let (moment, sort) = (outlining.moment, outlining.sort);
        if !outlining.in_order {
            outlining.sorter.sort(self, moment, sort, order);
        }
        self.ports = ports(moment, &self.unfolded);
        let mut ports: Vec<u32> = (0..self.ports.len() as u32).map(|at| at | PORT).collect();
        outlining.sorter.sort(self, moment, sort, &mut ports);
        let hosts = std::mem::take(order);
        for host in hosts {
            order.push(host);
            let Some(address) = self.row(moment, host).map(|line| line.totals.address) else {
                continue;
            };
            if self.unfolded.contains(&address) {
                let below = ports.iter().copied().filter(|&port| {
                    let ports = self.ports.get((port & !PORT) as usize);
                    ports.is_some_and(|(_, totals)| totals.address == address)
                });
                order.extend(below);
            }
        }
    }

    fn leaves(&self) -> Option<usize> {
        None
    }

    fn fold(&mut self, moment: &Moment, number: u32) -> bool {
        let Some(address) = self.row(moment, number).map(|line| line.totals.address) else {
            return false;
        };
        if !self.unfolded.remove(&address) {
            self.unfolded.insert(address);
        }
        true
    }

    fn fold_all(&mut self, moment: &Moment) -> bool {
        if self.unfolded.is_empty() {
            let hosts = moment.aggregate.remotes.iter();
            self.unfolded.extend(hosts.map(|remote| remote.address));
        } else {
            self.unfolded.clear();
        }
        true
    }
}

/// Whether one meets the other end of a socket at this port.
pub(super) fn is_met_at(moment: &Moment, socket: &Socket, service: Service) -> bool {
    service_of(socket, |port| listens(moment, port)) == Some(service)
}

fn listens(moment: &Moment, port: u16) -> bool {
    let mut ports = moment.aggregate.ports.iter();
    ports.any(|totals| totals.port == port)
}

/// Our port if we listen on it, or else theirs.
fn service_of(socket: &Socket, listens: impl Fn(u16) -> bool) -> Option<Service> {
    let (local, remote) = (socket.local()?, socket.remote()?);
    let here = socket.protocol == Protocol::Tcp && listens(local.port);
    let port = if here { local.port } else { remote.port };
    Some(Service { port, here })
}

/// What one has with some hosts, port by port.
fn ports(moment: &Moment, hosts: &FxHashSet<IpAddr>) -> Vec<(Service, RemoteTotals)> {
    let listening: FxHashSet<u16> = moment.aggregate.ports.iter().map(|p| p.port).collect();
    let mut index: FxHashMap<(IpAddr, Service), usize> = FxHashMap::default();
    let mut ports: Vec<(Service, RemoteTotals)> = Vec::new();
    for (number, socket) in moment.filtered_sockets() {
        let Some(rates) = moment.aggregate.sockets.get(number as usize) else {
            continue;
        };
        let row = socket.socket;
        let Some(remote) = row.remote().filter(|_| row.family.is_inet()) else {
            continue;
        };
        let address = remote.canonical().address;
        if !hosts.contains(&address) {
            continue;
        }
        let Some(service) = service_of(row, |port| listening.contains(&port)) else {
            continue;
        };
        let at = *index.entry((address, service)).or_insert_with(|| {
            let nothing = RemoteTotals {
                address,
                sockets: 0,
                tcp: [0; State::SLOTS],
                throughput: Throughput::default(),
                rtt_us: None,
                changes: None,
                udp: 0,
                processes: FirstProcesses::default(),
            };
            ports.push((service, nothing));
            ports.len() - 1
        });
        let totals = &mut ports[at].1;
        totals.sockets += 1;
        match row.protocol {
            Protocol::Tcp => totals.tcp[row.state as usize] += 1,
            Protocol::Udp => totals.udp += 1,
            _ => {}
        }
        if row.protocol == Protocol::Tcp {
            totals.throughput.add(rates);
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
