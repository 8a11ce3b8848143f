//! What findings look at: a moment, and the rows of it that may be trouble, gathered in one walk over the sockets.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::finding::{Named, Subject};
use crate::aggregate::{Moment, SocketRates};
use crate::model::{
    Activity, Endpoint, ListenerIndex, LocalPorts, ProcessRow, Protocol, Reuse, Sample, Settings,
    Socket, SocketRef, State, TcpInfo, Timer, TimerKind, Unowned,
};

/// All connections from one address to one port of another, which share the local ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Path {
    /// Inode number of the network namespace.
    pub(super) netns: u32,
    /// The address here.
    pub(super) source: IpAddr,
    /// The other end.
    pub(super) destination: Endpoint,
}

/// Local ports of one path from which on it is remembered who has had them.
const MANY_PORTS: u32 = 100;

/// How many of the local ports a path takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// All.
    pub(super) ports: u32,
    /// By TIME-WAITs.
    pub(super) time_wait: u32,
    /// A row that takes one.
    pub(super) row: u32,
    /// A row that takes one and has an owner.
    pub(super) owned: Option<u32>,
}

/// Rows of a Sample that may be trouble. Their memory is used again.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// TCP in CLOSE-WAIT that some process has accepted or opened.
    pub(super) close_wait: Vec<u32>,
    /// TCP in SYN-SENT.
    pub(super) syn_sent: Vec<u32>,
    /// TCP in SYN-RECV.
    pub(super) syn_recv: Vec<u32>,
    /// Established, and no `accept()` has taken it.
    pub(super) unaccepted: Vec<u32>,
    /// TCP that receives and has something unread.
    pub(super) unread: Vec<u32>,
    /// TCP that has sent or queued something, and waits.
    pub(super) unacknowledged: Vec<u32>,
    /// TCP that has sent something again since the Sample before.
    pub(super) retransmitted: Vec<u32>,
    /// TCP in TIME-WAIT.
    pub(super) time_wait: Vec<u32>,
    /// UDP that can receive.
    pub(super) udp: Vec<u32>,
    /// Who listens.
    pub(super) listeners: ListenerIndex,
    /// What takes the local ports that the kernel chooses from.
    pub(super) paths: FxHashMap<Path, Taken>,
    /// Who has had connections of a path, of those with many: what is left of short ones does not tell.
    owners: FxHashMap<Path, Named>,
    /// The path asked last: connections of one path often follow each other.
    ports: Option<(Path, Taken)>,
}

impl Lists {
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
        self.ports = None;
    }

    /// Walks over all sockets once.
    pub(super) fn gather(&mut self, moment: &Moment) {
        self.clear();
        let ports = moment.sample.settings.local_ports();
        let rates = &moment.aggregate.sockets;
        for (row, socket) in (0u32..).zip(&moment.sample.sockets.rows) {
            match socket.protocol {
                Protocol::Tcp => {
                    self.take(row, socket, rates.get(row as usize), ports.as_ref());
                }
                Protocol::Udp => self.udp.push(row),
                _ => {}
            }
        }
        self.put_ports();
        self.note_owners(moment);
    }

    /// Remembers who has had connections of paths that take many ports.
    fn note_owners(&mut self, moment: &Moment) {
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
                self.owners.insert(*path, named(owner));
            }
        }
    }

    /// Who has connections of a path, or had some.
    pub(super) fn owner_of(&self, path: &Path) -> Option<Named> {
        self.owners.get(path).cloned()
    }

    #[inline]
    fn take(
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
            self.take_port(path, row, socket, why.is_none());
        }
    }

    #[inline]
    fn take_port(&mut self, path: Path, row: u32, socket: &Socket, is_owned: bool) {
        if !self.ports.is_some_and(|(last, _)| last == path) {
            self.put_ports();
            let taken = self.paths.get(&path).copied().unwrap_or(Taken {
                row,
                ..Taken::default()
            });
            self.ports = Some((path, taken));
        }
        if let Some((_, taken)) = &mut self.ports {
            taken.ports += 1;
            taken.time_wait += u32::from(socket.state == State::TimeWait);
            if is_owned {
                taken.owned.get_or_insert(row);
            }
        }
    }

    fn put_ports(&mut self) {
        if let Some((path, taken)) = self.ports.take() {
            self.paths.insert(path, taken);
        }
    }
}

/// Whether the kernel waits for the peer to acknowledge, or to open its window.
fn waits_for_peer(timer: Option<Timer>) -> bool {
    timer.is_some_and(|timer| matches!(timer.kind, TimerKind::Retransmit | TimerKind::Probe))
}

/// One moment as findings see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'m> {
    pub(super) moment: &'m Moment,
    pub(super) lists: &'m Lists,
}

/// Who holds a socket: a process by its row, or a user whose processes may not be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Process(u32),
    User(u32),
}

impl<'m> Facts<'m> {
    pub(super) fn sample(&self) -> &'m Sample {
        &self.moment.sample
    }

    pub(super) fn settings(&self) -> &'m Settings {
        &self.moment.sample.settings
    }

    /// Time of the Sample, ns of the monotonic clock.
    pub(super) fn now_ns(&self) -> u64 {
        self.moment.sample.monotonic_ns
    }

    /// Seconds since the Sample before.
    pub(super) fn elapsed_s(&self) -> Option<f64> {
        let interval = self.moment.unfiltered().interval_ns?;
        Some(interval as f64 / 1e9)
    }

    /// So many milliseconds ago, ns of the monotonic clock.
    fn ago_ns(&self, ms: u64) -> u64 {
        self.now_ns().saturating_sub(ms.saturating_mul(1_000_000))
    }

    /// When the peer was last heard of, ns of the monotonic clock; now if the kernel does not tell.
    pub(super) fn last_heard_ns(&self, socket: SocketRef<'_>) -> u64 {
        let quiet_ms = socket.tcp_info().and_then(TcpInfo::last_ack_recv);
        self.ago_ns(quiet_ms.unwrap_or(0))
    }

    /// For how long something has been so, s.
    pub(super) fn age_s(&self, since_ns: u64) -> f64 {
        self.now_ns().saturating_sub(since_ns) as f64 / 1e9
    }

    pub(super) fn socket(&self, row: u32) -> Option<SocketRef<'m>> {
        self.moment.sample.socket(row as usize)
    }

    /// A counter's value.
    pub(super) fn counter(&self, name: &str) -> Option<u64> {
        let value = self.moment.sample.counters.protocols.get(name)?;
        u64::try_from(value).ok()
    }

    /// Who holds a socket as the subject of a finding, and as a sentence begins with it.
    pub(super) fn whose(&self, holder: Holder) -> Option<(Subject, String)> {
        Some(match holder {
            Holder::Process(row) => {
                let named = named(self.sample().processes.get(row as usize)?);
                let text = named.to_string();
                (Subject::Process(named), text)
            }
            Holder::User(uid) => {
                let name = self.sample().user_name(uid).map(str::to_owned);
                let subject = Subject::User { uid, name };
                let text = format!("A process of {subject}");
                (subject, text)
            }
        })
    }

    /// The listener that a connection came in by, by its row; of those that share its port the first.
    pub(super) fn listener_of(&self, socket: &Socket) -> Option<u32> {
        let rows = &self.moment.sample.sockets.rows;
        self.lists.listeners.of(socket, rows).next()
    }
}

/// Who holds a socket, if anybody does.
pub(super) fn holder(socket: SocketRef<'_>) -> Option<Holder> {
    if let Some(holder) = socket.holders().first() {
        return Some(Holder::Process(holder.process));
    }
    let why = socket.socket.attribution.unowned()?;
    let uid = socket.socket.uid.filter(|_| why.hides_an_owner())?;
    Some(Holder::User(uid))
}

/// The process that holds a socket.
pub(super) fn process(socket: SocketRef<'_>) -> Option<Named> {
    socket.owner().map(named)
}

/// What a socket's owners do, of all that were looked at: stopped if all are; else that of the first that is not.
pub(super) fn activity(socket: SocketRef<'_>) -> Option<Activity> {
    let known = || socket.owners().filter_map(|(row, _)| row.activity);
    let goes_on = known().find(|activity| !activity.is_stopped());
    goes_on.or_else(|| known().next())
}

/// A socket as the subject of a finding.
pub(super) fn subject_of(socket: SocketRef<'_>) -> Subject {
    let path = socket.name().map(|name| {
        let mut out = String::new();
        crate::column::format::harmless(&mut out, name);
        out
    });
    Subject::Socket {
        key: socket.socket.key(),
        protocol: socket.socket.protocol.name(),
        local: socket.socket.local(),
        path,
        process: process(socket),
    }
}

/// A process by its name.
pub(super) fn named(row: &ProcessRow) -> Named {
    Named {
        key: row.process.key,
        comm: row.process.comm.clone(),
    }
}

/// The other end of a connection within this machine: by loopback, or from an address to itself.
pub(super) fn own_end(socket: &Socket) -> Option<Endpoint> {
    let (local, remote) = (socket.local()?.canonical(), socket.remote()?.canonical());
    (remote.address.is_loopback() || remote.address == local.address).then_some(remote)
}
