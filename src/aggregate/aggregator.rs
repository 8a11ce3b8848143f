//! Takes Samples in order and derives everything that is shown.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::model::{
    ClosedSocket, ProcessKey, Protocol, Reuse, Sample, Socket, SocketKey, SocketRef, State,
    TcpInfo, Tracker, Visit,
};

use super::events::Recorder;
use super::groups::{Changes, Sum, Sums};
use super::limit::limit;
use super::listeners::Listeners;
use super::rates::{Counted, Last, MIN_WINDOW_NS, Volume};
use super::{
    Change, ChangeRates, EventLog, History, ListenerTotals, PortTotals, ProcessTotals, Recent,
    RemoteTotals, SocketRates, Throughput, Totals, Trend,
};

/// Samples that a socket may be missing from before it is forgotten: a dump can miss a row whose hash bucket changes.
const FORGET_AFTER: u8 = 3;

/// The same while dumps are incomplete, when absence proves nothing.
const FORGET_AFTER_INCOMPLETE: u8 = 30;

/// Everything derived from one Sample and those before it.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// Time since the Sample before, ns; `None` on the first.
    pub interval_ns: Option<u64>,
    /// Counts.
    pub totals: Totals,
    /// Rates of all TCP connections together. Both ends of a connection within this machine count.
    pub throughput: Throughput,
    /// Opened, closed, TIME-WAIT per second; `None` on a first sample.
    pub changes: Option<ChangeRates>,
    /// Rates of each socket, in the order of [`Sample::sockets`].
    pub sockets: Vec<SocketRates>,
    /// By process, in the order of [`Sample::processes`].
    pub processes: Vec<ProcessTotals>,
    /// By remote host.
    pub remotes: Vec<RemoteTotals>,
    /// By listening port.
    pub ports: Vec<PortTotals>,
    /// Listening TCP sockets.
    pub listeners: Vec<ListenerTotals>,
    /// The last ten minutes.
    pub history: History,
    /// What happened to sockets, the last of it.
    pub events: EventLog,
}

/// Keeps what the next Sample is compared with.
#[derive(Debug, Default)]
pub struct Aggregator {
    sockets: Tracker<Last>,
    before_ns: Option<u64>,
    history: History,
    recent: FxHashMap<ProcessKey, (Recent, Trend, u64)>,
    processes: Vec<Sum>,
    remotes: Sums<IpAddr>,
    ports: Sums<u16>,
    listeners: Listeners,
    recorder: Recorder,
    /// Sockets that are gone with this Sample.
    gone: Vec<SocketKey>,
    samples: u64,
}

impl Aggregator {
    /// Starts without history.
    pub fn new() -> Aggregator {
        Aggregator::default()
    }

    /// Takes the next Sample and fills `out`, whose memory is used again. Samples come in the order of their time.
    pub fn update(&mut self, sample: &Sample, out: &mut Aggregate) {
        self.samples += 1;
        let now = sample.monotonic_ns;
        // However short: what happened since is told. Rates need a longer time.
        let since = self.before_ns.and_then(|before| now.checked_sub(before));
        let interval = since.filter(|&ns| ns >= MIN_WINDOW_NS);
        let seconds = interval.map(|ns| ns as f64 / 1e9);
        self.before_ns = Some(now);

        out.interval_ns = interval;
        out.totals.clear();
        out.sockets.clear_for_reuse();
        out.sockets.reserve(sample.sockets.rows.len());
        self.processes.clear_for_reuse();
        self.processes
            .resize(sample.processes.len(), Sum::default());
        self.remotes.clear();
        self.ports.clear();
        self.listeners.begin(sample, seconds);
        self.sockets.begin_round();
        self.recorder.begin(sample);

        let mut all = Volume::default();
        let mut changes = Changes::default();
        for socket in &sample.sockets.rows {
            self.take(sample, socket, since, out, &mut all, &mut changes);
        }
        if let Some(since) = since {
            for closed in &sample.closed {
                if let Some(socket) = sample.closed_socket(closed) {
                    self.take_closed(socket, closed, since, &mut all, &mut changes);
                }
            }
        }
        self.forget(sample, &mut changes);

        out.throughput = seconds.map(|seconds| all.over(seconds)).unwrap_or_default();
        out.changes = seconds.map(|seconds| changes.over(seconds));
        self.finish_processes(sample, seconds, out);
        self.finish_groups(seconds, out);
        self.listeners.finish(sample, seconds, &mut out.listeners);
        self.history
            .push(sample.taken_at_us, &out.totals, out.throughput, out.changes);
        out.history.clone_from(&self.history);
        self.recorder.finish(&mut out.events);
    }

    /// Counts one socket and derives its rates.
    #[inline]
    fn take(
        &mut self,
        sample: &Sample,
        socket: &Socket,
        since: Option<u64>,
        out: &mut Aggregate,
        all: &mut Volume,
        changes: &mut Changes,
    ) {
        let now = sample.monotonic_ns;
        out.totals.add(socket);
        let is_tcp = socket.protocol == Protocol::Tcp;
        let info = if is_tcp && socket.state != State::Listen {
            sample.sockets.tcp_info(socket)
        } else {
            None
        };
        let counted = match socket.protocol {
            Protocol::Mptcp => sample
                .sockets
                .mptcp_info(socket)
                .and_then(Counted::read_mptcp),
            _ => info.and_then(Counted::read),
        };

        let visit = self.sockets.visit(socket.key());
        let is_new = matches!(visit, Visit::New(_));
        let (Visit::New(last) | Visit::Known(last) | Visit::Repeated(last)) = visit;
        let mut rates = SocketRates::default();
        let mut delta = None;
        if let (Some(counted), Some(since)) = (&counted, since) {
            // Not seen before although it is not the first Sample: all that it counted happened since.
            let (before, window) = match last.counted {
                Some(before) => (before, now.saturating_sub(last.at_ns)),
                None => (Counted::default(), since),
            };
            delta = counted.since(&before);
            if let (Some(delta), true) = (&delta, window >= MIN_WINDOW_NS) {
                let seconds = window as f64 / 1e9;
                let rate = |bytes: u64| Some((bytes as f64 / seconds) as f32);
                rates.received = rate(delta.bytes_received);
                rates.sent = rate(delta.bytes_acked);
                rates.wire_sent = rate(delta.bytes_sent);
                rates.retransmitted = rate(u64::from(delta.bytes_retrans));
                if let (Some(info), State::Established | State::CloseWait) = (info, socket.state) {
                    rates.limit = Some(limit(delta, info, window / 1000));
                }
            }
        }
        // A mini-socket (TIME-WAIT, or FIN-WAIT-2 without tcp_info) is counted by its destroy event, and SYN-RECV once the
        // handshake is complete.
        let connection = is_tcp
            && !matches!(
                socket.state,
                State::Listen | State::BoundInactive | State::Closed
            );
        let whole = connection && info.is_some();
        let opened = whole && !last.opened && since.is_some();
        let is_other = last.state != Some(socket.state);
        if since.is_some() && is_other {
            // What remains of a connection is told by the kernel's event of its end, if these are heard.
            let remains = connection && !whole;
            rates.change = if opened || (is_new && !connection) {
                self.recorder.opened(view(sample, socket));
                Some(Change::Opened)
            } else if last.opened || !connection {
                if !(remains && sample.events_available) {
                    self.recorder.changed(view(sample, socket), last.state);
                }
                Some(Change::State)
            } else {
                None
            };
        }
        if !is_tcp && socket.protocol != Protocol::Udp {
            self.recorder
                .remember(view(sample, socket), since.is_none());
        }
        out.sockets.push(rates);
        last.opened |= whole;
        if whole || !connection {
            last.alive = Some(socket.state);
        }
        let time_wait = since.is_some()
            && is_tcp
            && socket.state == State::TimeWait
            && last.state != Some(State::TimeWait);
        if counted.is_some() {
            last.counted = counted;
        }
        last.at_ns = now;
        last.state = Some(socket.state);
        last.missed = 0;

        changes.opened += u32::from(opened);
        changes.time_wait += u32::from(time_wait);
        // What an MPTCP connection moves is counted by its subflows.
        let delta = delta.filter(|_| is_tcp);
        if let Some(delta) = &delta {
            all.add(delta);
        }
        let add = |sum: &mut Sum| {
            sum.sockets += 1;
            match socket.protocol {
                Protocol::Tcp => sum.tcp[socket.state as usize] += 1,
                Protocol::Udp => sum.udp += 1,
                Protocol::Stream | Protocol::Dgram | Protocol::Seqpacket => sum.unix += 1,
                _ => {}
            }
            if let Some(delta) = &delta {
                sum.volume.add(delta);
            }
            sum.changes.opened += u32::from(opened);
            sum.changes.time_wait += u32::from(time_wait);
        };
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize) {
                add(sum);
            }
        });
        if !socket.family.is_inet() {
            return;
        }
        if let Some(remote) = socket.remote() {
            let sum = self.remotes.of(remote.canonical().address);
            add(sum);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
            if socket.state == State::Established
                && let Some(rtt) = info.as_ref().and_then(TcpInfo::measured_rtt)
            {
                sum.rtt(rtt as u32);
            }
        }
        if connection
            && let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            add(self.ports.of(local.port));
            self.listeners.count(sample, socket, opened);
        }
    }

    /// Counts what a freed connection moved since it was last looked at.
    fn take_closed(
        &mut self,
        view: SocketRef<'_>,
        closed: &ClosedSocket,
        since: u64,
        all: &mut Volume,
        changes: &mut Changes,
    ) {
        let (sample, socket) = (view.sample, view.socket);
        if self
            .sockets
            .get(socket.key())
            .is_none_or(|last| !last.closed)
        {
            let last = self.sockets.get(socket.key());
            let alive = last.and_then(|last| last.alive);
            let remains = last.and_then(|last| last.state).filter(|_| {
                // It is there still, as a mini-socket.
                last.is_some_and(|last| {
                    last.at_ns == sample.monotonic_ns && last.alive != last.state
                })
            });
            self.recorder.closed(view, closed, alive, remains, since);
        }
        if socket.protocol != Protocol::Tcp {
            if let Some(last) = self.sockets.get_mut(socket.key()) {
                last.closed = true;
            }
            return;
        }
        let counted = sample
            .closed_sockets
            .tcp_info(socket)
            .and_then(Counted::read);
        let last = self.sockets.get_mut(socket.key());
        let opened = last.as_ref().is_none_or(|last| !last.opened);
        let before = last
            .as_ref()
            .and_then(|last| last.counted)
            .unwrap_or_default();
        let delta = counted.and_then(|counted| counted.since(&before));
        if let Some(last) = last {
            if last.closed || matches!(last.state, Some(State::Listen | State::BoundInactive)) {
                last.closed = true;
                return;
            }
            last.closed = true;
            last.opened = true;
            last.counted = counted.or(last.counted);
        } else if socket.remote().is_none() {
            // A listener or an unconnected socket that lived between two samples is no connection.
            return;
        }
        if let Some(delta) = &delta {
            all.add(delta);
        }
        let add = |changes: &mut Changes| {
            changes.closed += 1;
            changes.opened += u32::from(opened);
        };
        add(changes);
        let into = |sum: &mut Sum| {
            add(&mut sum.changes);
            if let Some(delta) = &delta {
                sum.volume.add(delta);
            }
        };
        for_each_owner(sample, socket, |process| {
            if let Some(sum) = self.processes.get_mut(process as usize) {
                into(sum);
            }
        });
        if let Some(remote) = socket.remote() {
            let sum = self.remotes.of(remote.canonical().address);
            into(sum);
            for_each_owner(sample, socket, |process| sum.processes.add(process));
        }
        if let Some(local) = socket.local()
            && self.listeners.listens_on(local.port)
        {
            into(self.ports.of(local.port));
            if opened {
                self.listeners.count_opened(sample, socket);
            }
        }
    }

    /// Drops the memory of sockets that are gone; without destroy events, their going counts as closing.
    fn forget(&mut self, sample: &Sample, changes: &mut Changes) {
        let limit = if sample.is_complete() {
            FORGET_AFTER
        } else {
            FORGET_AFTER_INCOMPLETE
        };
        let events = sample.events_available;
        let gone = &mut self.gone;
        gone.clear();
        self.sockets.retain(|key, seen, last| {
            if seen {
                return true;
            }
            last.missed = last.missed.saturating_add(1);
            let keep = !last.closed && last.missed < limit;
            if !keep && !events && last.opened {
                changes.closed += 1;
            }
            if !keep && !last.closed {
                gone.push(*key);
            }
            keep
        });
        for key in &self.gone {
            self.recorder.gone(*key);
        }
    }

    fn finish_processes(&mut self, sample: &Sample, seconds: Option<f64>, out: &mut Aggregate) {
        out.processes.clear_for_reuse();
        for (index, (sum, row)) in self.processes.iter().zip(&sample.processes).enumerate() {
            let throughput = seconds
                .map(|seconds| sum.volume.over(seconds))
                .unwrap_or_default();
            let (recent, trend, seen) = self.recent.entry(row.process.key).or_default();
            if seconds.is_some() {
                recent.push(throughput.total());
                trend.push(&sum.tcp, &throughput);
            }
            *seen = self.samples;
            out.processes.push(ProcessTotals {
                process: index as u32,
                sockets: sum.sockets,
                tcp: sum.tcp,
                udp: sum.udp,
                unix: sum.unix,
                throughput,
                changes: seconds.map(|seconds| sum.changes.over(seconds)),
                recent: *recent,
                trend: *trend,
            });
        }
        let samples = self.samples;
        self.recent
            .retain(|_, (_, _, seen)| *seen + u64::from(FORGET_AFTER) > samples);
    }

    fn finish_groups(&mut self, seconds: Option<f64>, out: &mut Aggregate) {
        let over = |sum: &Sum| {
            seconds
                .map(|seconds| sum.volume.over(seconds))
                .unwrap_or_default()
        };
        out.remotes.clear_for_reuse();
        out.remotes
            .extend(self.remotes.iter().map(|(address, sum)| RemoteTotals {
                address: *address,
                sockets: sum.sockets,
                tcp: sum.tcp,
                throughput: over(sum),
                rtt_us: sum.rtt_us,
                changes: seconds.map(|seconds| sum.changes.over(seconds)),
                udp: sum.udp,
                processes: sum.processes,
            }));
        out.ports.clear_for_reuse();
        out.ports
            .extend(self.ports.iter().map(|(port, sum)| PortTotals {
                protocol: Protocol::Tcp,
                port: *port,
                tcp: sum.tcp,
                throughput: over(sum),
            }));
    }
}

/// A row of a Sample's sockets with what belongs to it.
fn view<'s>(sample: &'s Sample, socket: &'s Socket) -> SocketRef<'s> {
    SocketRef {
        sample,
        table: &sample.sockets,
        socket,
    }
}

/// Calls `f` with the index of each process that owns the socket, once for each process.
#[inline]
fn for_each_owner(sample: &Sample, socket: &Socket, mut f: impl FnMut(u32)) {
    let from = socket.holders_at as usize;
    let holders = sample
        .holders
        .get(from..from + usize::from(socket.holders_len))
        .unwrap_or(&[]);
    let mut last = None;
    for holder in holders {
        if last != Some(holder.process) {
            last = Some(holder.process);
            f(holder.process);
        }
    }
}

#[cfg(test)]
mod tests;
