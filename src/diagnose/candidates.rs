//! Rows of a Sample that may be a problem, collected in one walk over the sockets.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::subject::ProcessName;
use crate::aggregate::{Moment, SocketRates};
use crate::model::{
    ClearForReuse, Endpoint, ListenerIndex, LocalPorts, Protocol, Socket, State, Timer, TimerKind,
    Unowned,
};

/// All connections from one address to one port of another, which compete for local ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Path {
    /// Inode number of the network namespace.
    pub(super) netns: u32,
    /// The local address.
    pub(super) source: IpAddr,
    /// The remote end.
    pub(super) destination: Endpoint,
}

/// Number of local ports of a path at which its owner is remembered.
const MANY_PORTS: u32 = 100;

/// Local ports in use by the connections of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PortUse {
    /// Local ports in use.
    pub(super) ports: u32,
    /// Local ports in use by TIME-WAIT sockets.
    pub(super) time_wait: u32,
    /// Row of a socket that uses a port.
    pub(super) row: u32,
    /// Row of a socket that uses a port and has an owner.
    pub(super) owned: Option<u32>,
}

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
    pub(super) paths: FxHashMap<Path, PortUse>,
    /// Owner of the connections of each path with many ports: a TIME-WAIT socket no longer has one.
    owners: FxHashMap<Path, ProcessName>,
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
        for (row, socket) in (0u32..).zip(&moment.sample.sockets.rows) {
            match socket.protocol {
                Protocol::Tcp => {
                    self.classify(row, socket, rates.get(row as usize), ports.as_ref());
                }
                Protocol::Udp => self.udp.push(row),
                _ => {}
            }
        }
        self.store_last_path();
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
                return;
            }
            State::BoundInactive | State::Closed => return,
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
        if socket.send_queue > 0 && waits_for_peer(socket.timer) && socket.state != State::SynSent {
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
        if !self.last_path.is_some_and(|(last, _)| last == path) {
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

/// Reports whether the kernel waits for the peer to acknowledge, or to open its window.
fn waits_for_peer(timer: Option<Timer>) -> bool {
    timer.is_some_and(|timer| matches!(timer.kind, TimerKind::Retransmit | TimerKind::Probe))
}
