//! Everything that is derived, over some of the sockets alone: what a filter leaves.
//!
//! The rates of each socket are known; here they are summed again over those that are wanted. A history over them begins
//! when somebody begins to want them.

use std::collections::VecDeque;
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::aggregator::Aggregate;
use super::groups::Changes;
use super::{
    Change, Event, FewProcesses, History, Moment, PortTotals, ProcessTotals, Recent, RemoteTotals,
    SocketRates, Throughput, Trend,
};
use crate::model::{ProcessKey, Protocol, Sample, Socket, SocketRef, State, TcpInfo};

/// What is left of a moment, and what was taken away.
#[derive(Debug, Clone, Default)]
pub struct Narrowed {
    /// Rows of the sockets that are left.
    pub rows: Vec<u32>,
    /// Numbers of the events that are left, oldest first.
    pub events: Vec<u64>,
    /// What is wanted, as it was typed.
    pub text: String,
    /// What is derived from all sockets, without [`Aggregate::sockets`], [`Aggregate::closed`] and [`Aggregate::events`],
    /// which stay where they were.
    pub(super) whole: Box<Aggregate>,
}

/// Narrows one moment after the other.
#[derive(Debug, Default)]
pub struct Narrower {
    history: History,
    recent: FxHashMap<ProcessKey, (Recent, Trend, u64)>,
    /// Number of each batch's first event, and the numbers of those that are wanted.
    batches: VecDeque<(u64, Vec<u64>)>,
    moments: u64,
}

/// A sum in the making.
#[derive(Debug, Clone, Default)]
struct Sum {
    sockets: u32,
    tcp: [u32; State::SLOTS],
    udp: u32,
    unix: u32,
    throughput: Throughput,
    changes: Changes,
    rtt_us: Option<(u32, u32)>,
    processes: FewProcesses,
}

impl Throughput {
    /// Adds the rates of one socket.
    pub(crate) fn add(&mut self, rates: &SocketRates) {
        let add = |sum: &mut Option<f64>, rate: Option<f32>| {
            if let Some(rate) = rate {
                *sum = Some(sum.unwrap_or(0.0) + f64::from(rate));
            }
        };
        add(&mut self.received, rates.received);
        add(&mut self.sent, rates.sent);
        add(&mut self.wire_sent, rates.wire_sent);
        add(&mut self.retransmitted, rates.retransmitted);
    }
}

impl Sum {
    fn take(&mut self, socket: &Socket, rates: &SocketRates) {
        self.sockets += 1;
        match socket.protocol {
            Protocol::Tcp => self.tcp[socket.state as usize] += 1,
            Protocol::Udp => self.udp += 1,
            Protocol::Stream | Protocol::Dgram | Protocol::Seqpacket => self.unix += 1,
            _ => {}
        }
        if socket.protocol == Protocol::Tcp {
            self.throughput.add(rates);
            self.changes.opened += u32::from(opened(socket, rates));
            self.changes.time_wait += u32::from(entered_time_wait(socket, rates));
        }
    }

    fn take_closed(&mut self, rates: &SocketRates) {
        self.throughput.add(rates);
        self.changes.closed += 1;
        self.changes.opened += u32::from(rates.change == Some(Change::Opened));
    }
}

fn opened(socket: &Socket, rates: &SocketRates) -> bool {
    rates.change == Some(Change::Opened)
        && !matches!(
            socket.state,
            State::Listen | State::BoundInactive | State::Closed
        )
}

fn entered_time_wait(socket: &Socket, rates: &SocketRates) -> bool {
    rates.change.is_some() && socket.state == State::TimeWait
}

impl Moment {
    /// Appends the rows of the sockets that are wanted: all, or what is left.
    pub fn extend_rows(&self, out: &mut Vec<u32>) {
        match &self.narrowed {
            Some(narrowed) => out.extend_from_slice(&narrowed.rows),
            None => out.extend(0..self.sample.sockets.rows.len() as u32),
        }
    }

    /// The sockets that are wanted, with their rows.
    pub fn wanted(&self) -> impl Iterator<Item = (u32, SocketRef<'_>)> {
        let all = match &self.narrowed {
            Some(_) => 0..0,
            None => 0..self.sample.sockets.rows.len() as u32,
        };
        let left = self
            .narrowed
            .iter()
            .flat_map(|narrowed| narrowed.rows.iter().copied());
        all.chain(left)
            .filter_map(|row| Some((row, self.sample.socket(row as usize)?)))
    }

    /// What is left and wanted, if not everything is.
    pub fn narrowed(&self) -> Option<&Narrowed> {
        self.narrowed.as_ref()
    }

    /// What is derived from all sockets, whatever is wanted: but for the sockets' own rates and the events, which
    /// [`Moment::aggregate`] has.
    pub fn whole(&self) -> &Aggregate {
        self.narrowed
            .as_ref()
            .map_or(&self.aggregate, |narrowed| &narrowed.whole)
    }

    /// Makes everything wanted again.
    pub fn widen(&mut self) {
        if let Some(narrowed) = self.narrowed.take() {
            let mut whole = *narrowed.whole;
            whole.sockets = std::mem::take(&mut self.aggregate.sockets);
            whole.closed = std::mem::take(&mut self.aggregate.closed);
            whole.events = std::mem::take(&mut self.aggregate.events);
            self.aggregate = whole;
        }
    }
}

impl Narrower {
    /// Begins without history.
    pub fn new() -> Narrower {
        Narrower::default()
    }

    /// Leaves of a moment the sockets and events for which `holds` and `holds_event` hold; `text` says what that is.
    pub fn narrow(
        &mut self,
        moment: &mut Moment,
        text: &str,
        holds: impl Fn(&Moment, u32) -> bool,
        holds_event: impl Fn(&Event, SocketRef<'_>) -> bool,
    ) {
        moment.widen();
        self.moments += 1;
        let rows: Vec<u32> = (0..moment.sample.sockets.rows.len() as u32)
            .filter(|&row| holds(moment, row))
            .collect();
        let events = self.events(moment, &holds_event);
        let closed: Vec<usize> = moment
            .sample
            .closed
            .iter()
            .enumerate()
            .filter(|(_, closed)| {
                let event = Event::closed(closed, &moment.sample);
                let socket = moment.sample.closed_socket(closed);
                socket.is_some_and(|socket| holds_event(&event, socket))
            })
            .map(|(at, _)| at)
            .collect();
        let narrow = self.derive(moment, &rows, &closed);
        let mut whole = std::mem::replace(&mut moment.aggregate, narrow);
        moment.aggregate.sockets = std::mem::take(&mut whole.sockets);
        moment.aggregate.closed = std::mem::take(&mut whole.closed);
        moment.aggregate.events = std::mem::take(&mut whole.events);
        moment.narrowed = Some(Narrowed {
            rows,
            events,
            text: text.to_owned(),
            whole: Box::new(whole),
        });
    }

    /// The events that are wanted. A batch never changes, so each is looked at once.
    fn events(
        &mut self,
        moment: &Moment,
        holds: &impl Fn(&Event, SocketRef<'_>) -> bool,
    ) -> Vec<u64> {
        let log = &moment.aggregate.events;
        let oldest = log.batches().next().map_or(u64::MAX, |batch| batch.first);
        while self
            .batches
            .front()
            .is_some_and(|(first, _)| *first < oldest)
        {
            self.batches.pop_front();
        }
        let newest = self.batches.back().map(|(first, _)| *first);
        for batch in log
            .batches()
            .filter(|batch| newest.is_none_or(|newest| batch.first > newest))
        {
            let numbers = (batch.first..)
                .zip(&batch.events)
                .filter_map(|(number, event)| {
                    let socket = batch.sample.socket(event.row as usize)?;
                    holds(event, socket).then_some(number)
                });
            self.batches.push_back((batch.first, numbers.collect()));
        }
        self.batches
            .iter()
            .flat_map(|(_, numbers)| numbers.iter().copied())
            .collect()
    }

    /// Sums up what is left.
    fn derive(&mut self, moment: &Moment, rows: &[u32], closed: &[usize]) -> Aggregate {
        let (sample, whole) = (&moment.sample, &moment.aggregate);
        let seconds = whole.interval_ns.map(|ns| ns as f64 / 1e9);
        let mut out = Aggregate {
            interval_ns: whole.interval_ns,
            ..Aggregate::default()
        };
        let mut all = Sum::default();
        let mut processes = vec![Sum::default(); sample.processes.len()];
        let mut remotes: FxHashMap<IpAddr, Sum> = FxHashMap::default();
        let mut ports: FxHashMap<u16, Sum> = whole
            .ports
            .iter()
            .map(|port| (port.port, Sum::default()))
            .collect();
        let nothing = SocketRates::default();
        for &row in rows {
            let Some(view) = sample.socket(row as usize) else {
                continue;
            };
            let socket = view.socket;
            let rates = whole.sockets.get(row as usize).unwrap_or(&nothing);
            out.totals.add(socket);
            all.take(socket, rates);
            each_owner(view, |process| {
                if let Some(sum) = processes.get_mut(process as usize) {
                    sum.take(socket, rates);
                }
            });
            if !socket.family.is_inet() {
                continue;
            }
            if let Some(remote) = socket.remote() {
                let sum = remotes.entry(remote.canonical().address).or_default();
                sum.take(socket, rates);
                each_owner(view, |process| sum.processes.add(process));
                let rtt = view.tcp_info().as_ref().and_then(TcpInfo::measured_rtt);
                if let (State::Established, Some(rtt)) = (socket.state, rtt) {
                    let rtt = rtt as u32;
                    let (low, high) = sum.rtt_us.unwrap_or((rtt, rtt));
                    sum.rtt_us = Some((low.min(rtt), high.max(rtt)));
                }
            }
            let connection = !matches!(
                socket.state,
                State::Listen | State::BoundInactive | State::Closed
            );
            if socket.protocol == Protocol::Tcp
                && connection
                && let Some(local) = socket.local()
                && let Some(sum) = ports.get_mut(&local.port)
            {
                sum.take(socket, rates);
            }
        }
        for &at in closed {
            take_closed(moment, at, &mut all, &mut processes, &mut remotes);
        }
        out.throughput = all.throughput;
        out.changes = seconds.map(|seconds| all.changes.over(seconds));
        out.processes = self.processes(sample, processes, seconds);
        out.remotes = remotes
            .into_iter()
            .map(|(address, sum)| RemoteTotals {
                address,
                sockets: sum.sockets,
                tcp: sum.tcp,
                throughput: sum.throughput,
                rtt_us: sum.rtt_us,
                changes: seconds.map(|seconds| sum.changes.over(seconds)),
                udp: sum.udp,
                processes: sum.processes,
            })
            .collect();
        out.remotes.sort_unstable_by_key(|remote| remote.address);
        out.ports = whole
            .ports
            .iter()
            .map(|port| {
                let sum = ports.remove(&port.port).unwrap_or_default();
                PortTotals {
                    protocol: port.protocol,
                    port: port.port,
                    tcp: sum.tcp,
                    throughput: sum.throughput,
                }
            })
            .collect();
        let left = |row: u32| rows.binary_search(&row).is_ok();
        let listeners = whole.listeners.iter().filter(|listener| left(listener.row));
        out.listeners = listeners.cloned().collect();
        self.history
            .push(sample.taken_at_us, &out.totals, out.throughput, out.changes);
        out.history.clone_from(&self.history);
        out
    }

    fn processes(
        &mut self,
        sample: &Sample,
        sums: Vec<Sum>,
        seconds: Option<f64>,
    ) -> Vec<ProcessTotals> {
        let moments = self.moments;
        let totals = sums
            .into_iter()
            .zip(&sample.processes)
            .enumerate()
            .map(|(index, (sum, row))| {
                let (recent, trend, seen) = self.recent.entry(row.process.key).or_default();
                if seconds.is_some() {
                    recent.push(sum.throughput.total());
                    trend.push(&sum.tcp, &sum.throughput);
                }
                *seen = moments;
                ProcessTotals {
                    process: index as u32,
                    sockets: sum.sockets,
                    tcp: sum.tcp,
                    udp: sum.udp,
                    unix: sum.unix,
                    throughput: sum.throughput,
                    changes: seconds.map(|seconds| sum.changes.over(seconds)),
                    recent: *recent,
                    trend: *trend,
                }
            })
            .collect();
        self.recent.retain(|_, (_, _, seen)| *seen == moments);
        totals
    }
}

/// Adds what a freed connection moved and that it ended.
fn take_closed(
    moment: &Moment,
    at: usize,
    all: &mut Sum,
    processes: &mut [Sum],
    remotes: &mut FxHashMap<IpAddr, Sum>,
) {
    let closed = moment.sample.closed.get(at);
    let view = closed.and_then(|closed| moment.sample.closed_socket(closed));
    let rates = moment.aggregate.closed.get(at).copied().flatten();
    // Without rates it counts for nothing: no connection, or told twice.
    let (Some(view), Some(rates)) = (view, rates) else {
        return;
    };
    all.take_closed(&rates);
    each_owner(view, |process| {
        if let Some(sum) = processes.get_mut(process as usize) {
            sum.take_closed(&rates);
        }
    });
    if let Some(remote) = view.socket.remote() {
        let sum = remotes.entry(remote.canonical().address).or_default();
        sum.take_closed(&rates);
        each_owner(view, |process| sum.processes.add(process));
    }
}

/// Calls `f` with the index of each process that owns the socket, once for each.
fn each_owner(view: SocketRef<'_>, mut f: impl FnMut(u32)) {
    let mut last = None;
    for holder in view.holders() {
        if last != Some(holder.process) {
            last = Some(holder.process);
            f(holder.process);
        }
    }
}
