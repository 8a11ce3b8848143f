//! Rows of a Sample that may be a problem, collected in one walk over the sockets.

use std::ops::Range;
use std::sync::Arc;

pub(super) use super::path::{Path, PortUse};
use super::plain_pages::PlainPages;
use super::port_pools::{PoolKey, PoolUse, PortRows, count_pools, may_be_bound};
use super::subject::ProcessName;
use crate::aggregate::{LimitScope, Moment, PortUsage, SocketRates};
use crate::model::SeededMap;
use crate::model::{
    ClearForReuse, ListenerIndex, LocalPorts, Protocol, Settings, Socket, State, Timer, TimerKind,
    Unowned,
};

/// Number of local ports of a path at which its owner is remembered.
const MANY_PORTS: u32 = 100;

/// Rows of a Sample that may be a problem, by the detectors that examine them. The lists are reused.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// TCP sockets in CLOSE-WAIT that a process has accepted or opened.
    pub(super) close_wait: Vec<u32>,
    /// TCP sockets in SYN-SENT.
    pub(super) syn_sent: Vec<u32>,
    /// TCP sockets in SYN-RECV.
    pub(super) syn_recv: Vec<u32>,
    /// Established TCP connections that wait for `accept()`.
    pub(super) unaccepted: Vec<u32>,
    /// TCP sockets that can receive and have unread bytes.
    pub(super) unread: Vec<u32>,
    /// TCP sockets with bytes in the send queue that wait for their peer.
    pub(super) unacknowledged: Vec<u32>,
    /// TCP sockets that have retransmitted since the previous Sample.
    pub(super) retransmitted: Vec<u32>,
    /// TCP sockets in TIME-WAIT.
    pub(super) time_wait: Vec<u32>,
    /// UDP sockets that can receive.
    pub(super) udp: Vec<u32>,
    /// Listeners by local end.
    pub(super) listeners: ListenerIndex,
    /// Number of TCP sockets that listen.
    listening: usize,
    /// Local ports in use of the ephemeral port range, by path.
    pub(super) paths: SeededMap<Path, PortUse>,
    /// Listeners, and bound sockets without a connection, that use a port of the range.
    idle_ports: Vec<u32>,
    /// Number of those ports, which `connect()` leaves out at every address.
    pub(super) idle_count: u32,
    /// UDP and UDP-Lite sockets that use a port of the range.
    datagram_ports: Vec<u32>,
    /// Ports in use over all destinations, of pools that may run out.
    pub(super) pools: Vec<(PoolKey, PoolUse)>,
    /// Owner of the connections of each path with many ports: a TIME-WAIT socket no longer has one.
    owners: PathOwners,
    /// The pages without a row in any of the lists.
    plain: PlainPages,
    /// The network namespace whose rows are collected.
    netns: u32,
    /// Its settings, and the ports that the kernel chooses from by them.
    ports: (Arc<Settings>, Option<Arc<LocalPorts>>),
}

/// Owners of the connections of paths with many ports in a network namespace.
pub(super) type PathOwners = SeededMap<Path, ProcessName>;

impl Candidates {
    /// Returns the number of rows in all lists.
    fn listed(&self) -> usize {
        let lists = [
            &self.close_wait,
            &self.syn_sent,
            &self.syn_recv,
            &self.unaccepted,
            &self.unread,
            &self.unacknowledged,
            &self.retransmitted,
            &self.time_wait,
            &self.udp,
            &self.idle_ports,
            &self.datagram_ports,
        ];
        let rows: usize = lists.iter().map(|list| list.len()).sum();
        rows + self.listening
    }

    fn clear(&mut self) {
        for list in [
            &mut self.close_wait,
            &mut self.syn_sent,
            &mut self.syn_recv,
            &mut self.unaccepted,
            &mut self.unread,
            &mut self.unacknowledged,
            &mut self.retransmitted,
            &mut self.time_wait,
            &mut self.udp,
            &mut self.idle_ports,
            &mut self.datagram_ports,
        ] {
            list.clear_for_reuse();
        }
        self.listeners.clear();
        self.listening = 0;
        self.paths.clear_for_reuse();
    }

    /// Collects the rows of the network namespace of the source, in one walk over the sockets of a moment.
    pub(super) fn collect(&mut self, moment: &Moment) {
        self.clear();
        self.netns = moment.sample.own_netns;
        let ports = self.update_ports(&moment.sample.settings);
        let ports = ports.as_deref();
        let mut plain = std::mem::take(&mut self.plain);
        plain.visit(&moment.sample.sockets, ports, |page, found| {
            if let Some(known) = page.known {
                for path in known {
                    self.count_path(path);
                }
                return true;
            }
            let listed = self.listed();
            for row in page.rows {
                if let Some((path, used)) = self.classify_row(row, moment, ports) {
                    // Connections of one path are often adjacent.
                    match found.last_mut() {
                        Some((last, taken)) if *last == path => taken.add(used),
                        _ => found.push((path, used)),
                    }
                }
            }
            for path in &*found {
                self.count_path(path);
            }
            self.listed() == listed
        });
        self.plain = plain;
        self.count_ports(moment, ports);
        self.remember_owners(moment);
    }

    /// Collects these rows, which are those of another network namespace.
    pub(super) fn collect_rows(&mut self, moment: &Moment, netns: u32, rows: &[Range<u32>]) {
        self.clear();
        self.netns = netns;
        let ports = self.update_ports(moment.sample.settings_of(netns));
        let ports = ports.as_deref();
        for row in rows.iter().cloned().flatten() {
            if let Some(path) = self.classify_row(row, moment, ports) {
                self.count_path(&path);
            }
        }
        self.count_ports(moment, ports);
        self.remember_owners(moment);
    }

    /// Returns the ports that the kernel chooses from in the network namespace; `None` if they are not known.
    pub(super) fn local_ports(&self) -> Option<&LocalPorts> {
        self.ports.1.as_deref()
    }

    /// Notes the settings of the network namespace, and returns the ports by them. Namespaces share equal settings.
    fn update_ports(&mut self, settings: &Arc<Settings>) -> Option<Arc<LocalPorts>> {
        if !Arc::ptr_eq(&self.ports.0, settings) {
            self.ports = (Arc::clone(settings), settings.local_ports().map(Arc::new));
        }
        self.ports.1.clone()
    }

    /// Returns the connections or sockets of the collected rows with the fewest local ports left.
    pub(super) fn port_usage(&self) -> PortUsage {
        let idle = self.idle_count;
        let paths = self.paths.iter();
        let path = paths.max_by_key(|(path, taken)| (taken.ports, path.destination, path.source));
        let path = path.map(|(path, taken)| PortUsage {
            scope: Some(LimitScope::Path(path.source, path.destination)),
            used: taken.ports + idle,
        });
        let pools = self.pools.iter();
        let pool = pools.max_by_key(|(pool, taken)| (taken.ports, pool.address));
        let pool = pool.map(|(pool, taken)| PortUsage {
            scope: Some(match pool.address {
                Some(address) if pool.protocol == Protocol::Tcp => LimitScope::Address(address),
                _ => LimitScope::Protocol(pool.protocol),
            }),
            used: taken.ports,
        });
        let most = path.into_iter().chain(pool);
        let most = most.max_by_key(|usage| usage.used);
        most.unwrap_or(PortUsage {
            scope: None,
            used: idle,
        })
    }

    /// Exchanges the owners of paths for those of another network namespace.
    pub(super) fn swap_owners(&mut self, owners: &mut PathOwners) {
        std::mem::swap(&mut self.owners, owners);
    }

    /// Counts ports over all destinations.
    fn count_ports(&mut self, moment: &Moment, ports: Option<&LocalPorts>) {
        self.idle_count = different_ports(&self.idle_ports, moment);
        self.pools.clear();
        if let Some(ports) = ports {
            let rows = PortRows {
                paths: &self.paths,
                idle: &self.idle_ports,
                datagram: &self.datagram_ports,
            };
            count_pools(&moment.sample, ports, rows, &mut self.pools);
        }
    }

    /// Remembers the processes of paths with many ports in use.
    fn remember_owners(&mut self, moment: &Moment) {
        let paths = &self.paths;
        let is_many = |path: &Path| {
            paths
                .get(path)
                .is_some_and(|taken| taken.ports >= MANY_PORTS)
        };
        self.owners.retain(|path, _| is_many(path));
        for (path, taken) in paths.iter().filter(|(_, taken)| taken.ports >= MANY_PORTS) {
            let socket = taken
                .owned
                .and_then(|row| moment.sample.socket(row as usize));
            if let Some(owner) = socket.and_then(|socket| socket.owner()) {
                self.owners.insert(*path, ProcessName::of(owner));
            }
        }
    }

    /// Returns the process that has or had connections of a path.
    pub(super) fn owner_of(&self, path: &Path) -> Option<ProcessName> {
        self.owners.get(path).cloned()
    }

    fn classify_datagram(&mut self, row: u32, socket: &Socket, ports: Option<&LocalPorts>) {
        if is_in_range(socket, ports) {
            self.datagram_ports.push(row);
        }
    }

    /// Adds a row to the lists that it belongs to, and returns its use of a port.
    #[inline]
    fn classify_row(
        &mut self,
        row: u32,
        moment: &Moment,
        ports: Option<&LocalPorts>,
    ) -> Option<(Path, PortUse)> {
        let socket = moment.sample.sockets.get(row as usize)?.socket;
        if socket.netns != self.netns && self.netns != 0 {
            return None;
        }
        match socket.protocol {
            Protocol::Tcp => {
                let rates = moment.aggregate.sockets.get(row as usize);
                return self.classify(row, socket, rates.as_ref(), ports);
            }
            Protocol::Udp => {
                self.udp.push(row);
                self.classify_datagram(row, socket, ports);
            }
            Protocol::UdpLite => self.classify_datagram(row, socket, ports),
            _ => {}
        }
        None
    }

    #[inline]
    fn classify(
        &mut self,
        row: u32,
        socket: &Socket,
        rates: Option<&SocketRates>,
        ports: Option<&LocalPorts>,
    ) -> Option<(Path, PortUse)> {
        let why = socket.attribution.unowned();
        let is_unaccepted = why == Some(Unowned::WaitingForAccept);
        match socket.state {
            State::Listen => {
                self.listeners.insert(row, socket);
                self.listening += 1;
                if is_in_range(socket, ports) {
                    self.idle_ports.push(row);
                }
                return None;
            }
            State::BoundInactive => {
                if is_in_range(socket, ports) {
                    self.idle_ports.push(row);
                }
                return None;
            }
            State::Closed => return None,
            State::CloseWait if !is_unaccepted => self.close_wait.push(row),
            State::SynSent => self.syn_sent.push(row),
            State::SynRecv => {
                self.syn_recv.push(row);
                return None;
            }
            State::TimeWait => self.time_wait.push(row),
            _ => {}
        }
        if is_unaccepted {
            self.unaccepted.push(row);
        } else if socket.recv_queue > 0
            && matches!(
                socket.state,
                State::Established | State::FinWait1 | State::FinWait2
            )
        {
            self.unread.push(row);
        }
        if socket.send_queue > 0
            && waits_for_peer(socket.timer.after(0))
            && socket.state != State::SynSent
        {
            self.unacknowledged.push(row);
        }
        if rates.is_some_and(|rates| rates.retransmitted.is_some_and(|rate| rate > 0.0)) {
            self.retransmitted.push(row);
        }
        let (local, remote) = (socket.local()?, socket.remote()?);
        let ports = ports.filter(|ports| ports.contains(local.port))?;
        let path = Path {
            netns: socket.netns,
            source: local.address.to_canonical(),
            destination: remote.canonical(),
        };
        let used = PortUse {
            ports: 1,
            may_be_bound: u32::from(may_be_bound(socket, local.port, ports)),
            time_wait: u32::from(socket.state == State::TimeWait),
            row,
            owned: why.is_none().then_some(row),
        };
        Some((path, used))
    }

    /// Counts the ports that a page uses.
    #[inline]
    fn count_path(&mut self, (path, used): &(Path, PortUse)) {
        let taken = self.paths.entry(*path);
        taken.and_modify(|taken| taken.add(*used)).or_insert(*used);
    }
}

/// Returns the number of different local ports of some sockets.
fn different_ports(rows: &[u32], moment: &Moment) -> u32 {
    let rows = rows.iter();
    let sockets = rows.filter_map(|&row| moment.sample.sockets.get(row as usize));
    let ports = sockets.filter_map(|socket| Some((socket.netns, socket.local()?.port)));
    let mut ports: Vec<(u32, u16)> = ports.collect();
    ports.sort_unstable();
    ports.dedup();
    ports.len() as u32
}

/// Reports whether the local port is one of those that the kernel chooses from.
fn is_in_range(socket: &Socket, ports: Option<&LocalPorts>) -> bool {
    ports
        .zip(socket.local())
        .is_some_and(|(ports, local)| ports.contains(local.port))
}

/// Reports whether the kernel waits for the peer to acknowledge, or to open its window.
fn waits_for_peer(timer: Option<Timer>) -> bool {
    timer.is_some_and(|timer| matches!(timer.kind, TimerKind::Retransmit | TimerKind::Probe))
}
