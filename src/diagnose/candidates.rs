//! Rows of a Sample that may be a problem, collected in one walk over the sockets.

pub(super) use super::path::{Path, PortUse};
use super::port_pools::{PoolKey, PoolUse, PortRows, count_pools};
use super::subject::ProcessName;
use crate::aggregate::{Moment, SocketRates};
use crate::model::SeededMap;
use crate::model::{
    ClearForReuse, ListenerIndex, LocalPorts, Protocol, Socket, State, Timer, TimerKind, Unowned,
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
    owners: SeededMap<Path, ProcessName>,
    /// The last counted path: connections of one path are often adjacent.
    last_path: Option<(Path, PortUse)>,
}

impl Candidates {
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
        self.paths.clear_for_reuse();
        self.last_path = None;
    }

    /// Collects the rows of a moment, in one walk over its sockets.
    pub(super) fn collect(&mut self, moment: &Moment) {
        self.clear();
        let ports = moment.sample.settings.local_ports();
        let rates = &moment.aggregate.sockets;
        for (row, socket) in (0u32..).zip(&moment.sample.sockets) {
            match socket.protocol {
                Protocol::Tcp => {
                    self.classify(row, &socket, rates.get(row as usize).as_ref(), ports.as_ref());
                }
                Protocol::Udp => {
                    self.udp.push(row);
                    self.classify_datagram(row, &socket, ports.as_ref());
                }
                Protocol::UdpLite => self.classify_datagram(row, &socket, ports.as_ref()),
                _ => {}
            }
        }
        self.store_last_path();
        self.idle_count = different_ports(&self.idle_ports, moment);
        self.pools.clear();
        if let Some(ports) = &ports {
            let rows = PortRows {
                paths: &self.paths,
                idle: &self.idle_ports,
                datagram: &self.datagram_ports,
            };
            count_pools(&moment.sample, ports, rows, &mut self.pools);
        }
        self.remember_owners(moment);
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

    #[inline]
    fn classify(
        &mut self,
        row: u32,
        socket: &Socket,
        rates: Option<&SocketRates>,
        ports: Option<&LocalPorts>,
    ) {
        let why = socket.attribution.unowned();
        let is_unaccepted = why == Some(Unowned::WaitingForAccept);
        match socket.state {
            State::Listen => {
                self.listeners.insert(row, socket);
                if is_in_range(socket, ports) {
                    self.idle_ports.push(row);
                }
                return;
            }
            State::BoundInactive => {
                if is_in_range(socket, ports) {
                    self.idle_ports.push(row);
                }
                return;
            }
            State::Closed => return,
            State::CloseWait if !is_unaccepted => self.close_wait.push(row),
            State::SynSent => self.syn_sent.push(row),
            State::SynRecv => {
                self.syn_recv.push(row);
                return;
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
        if socket.send_queue > 0 && waits_for_peer(socket.timer.after(0)) && socket.state != State::SynSent {
            self.unacknowledged.push(row);
        }
        if rates.is_some_and(|rates| rates.retransmitted.is_some_and(|rate| rate > 0.0)) {
            self.retransmitted.push(row);
        }
        if let (Some(ports), Some(local), Some(remote)) = (ports, socket.local(), socket.remote())
            && ports.contains(local.port)
        {
            let path = Path {
                netns: socket.netns,
                source: local.address.to_canonical(),
                destination: remote.canonical(),
            };
            self.count_port(path, row, socket, why.is_none());
        }
    }

    #[inline]
    fn count_port(&mut self, path: Path, row: u32, socket: &Socket, is_owned: bool) {
        if self.last_path.is_none_or(|(last, _)| last != path) {
            self.store_last_path();
            let taken = self.paths.get(&path).copied().unwrap_or(PortUse {
                row,
                ..PortUse::default()
            });
            self.last_path = Some((path, taken));
        }
        if let Some((_, taken)) = &mut self.last_path {
            taken.ports += 1;
            taken.time_wait += u32::from(socket.state == State::TimeWait);
            if is_owned {
                taken.owned.get_or_insert(row);
            }
        }
    }

    fn store_last_path(&mut self) {
        if let Some((path, taken)) = self.last_path.take() {
            self.paths.insert(path, taken);
        }
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
