//! Recomputes the aggregate for the sockets that a filter selects.
//!
//! Rates of single sockets are summed, not recomputed. The history of the selected sockets begins when the
//! filter is set.

use std::collections::VecDeque;

use super::aggregator::Aggregate;
use super::group_totals::{ChangeCounts, SeenNamespaces};
use super::moment::{FilterResult, Moment};
use super::namespace_intervals::LastInterval;
use super::{
    AverageRates, Cancellation, Change, Event, FirstProcesses, History, PortTotals, ProcessTotals,
    ProcessTrend, Recent, RemoteTotals, SocketRates, Throughput,
};
use crate::model::SeededMap;
use crate::model::{
    Attribution, Family, ProcessKey, Protocol, RemoteHost, Sample, Socket, SocketRef, State,
    TcpInfo,
};

/// Applies one filter to successive moments, and keeps the history of the selected sockets.
#[derive(Debug, Default)]
pub struct FilteredView {
    history: History,
    recent: SeededMap<ProcessKey, (Recent, ProcessTrend, u64)>,
    /// For each batch of events the number of its first event, and the numbers of the selected ones.
    batches: VecDeque<(u64, Vec<u64>)>,
    moments: u64,
}

/// Counts and rates of a group of selected sockets.
#[derive(Debug, Clone, Default)]
struct RateSum {
    sockets: u32,
    tcp: [u32; State::SLOTS],
    udp: u32,
    unix: u32,
    throughput: Throughput,
    average: Option<AverageRates>,
    changes: ChangeCounts,
    rtt_us: Option<(u32, u32)>,
    processes: FirstProcesses,
    namespaces: SeenNamespaces,
}

impl RateSum {
    /// Adds a socket, whose changes count as a `share`.
    fn add(&mut self, socket: &Socket, rates: &SocketRates, share: f64) {
        self.sockets += 1;
        match socket.protocol {
            Protocol::Tcp => self.tcp[socket.state as usize] += 1,
            Protocol::Udp => self.udp += 1,
            _ if socket.family == Family::Unix => self.unix += 1,
            _ => {}
        }
        if socket.protocol == Protocol::Tcp {
            self.throughput.add(rates);
            if let Some(average) = &rates.average {
                self.average.get_or_insert_default().add(average);
            }
            if opened(socket, rates) {
                self.changes.opened += share;
            }
            if entered_time_wait(socket, rates) {
                self.changes.time_wait += share;
            }
        }
    }

    fn add_closed(&mut self, rates: &SocketRates, share: f64) {
        self.throughput.add(rates);
        self.changes.closed += 1.0;
        if rates.change == Some(Change::Opened) {
            self.changes.opened += share;
        }
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

impl FilteredView {
    /// Creates a view without history.
    pub fn new() -> FilteredView {
        FilteredView::default()
    }

    /// Restricts a moment to the sockets and events that `selects` and `selects_event` accept; `text` is the filter as
    /// it was typed. Returns false if it was cancelled: then the moment has no filter, and the history lacks it.
    pub fn apply(
        &mut self,
        moment: &mut Moment,
        text: &str,
        cancellation: &Cancellation,
        selects: impl Fn(&Moment, u32) -> bool,
        selects_event: impl Fn(&Event, SocketRef<'_>) -> bool,
    ) -> bool {
        moment.clear_filter();
        let mut rows = Vec::new();
        for row in 0..moment.sample.sockets.len() {
            if cancellation.is_cancelled_at(row) {
                return false;
            }
            if selects(moment, row as u32) {
                rows.push(row as u32);
            }
        }
        self.moments += 1;
        let events = self.select_events(moment, &selects_event);
        let closed: Vec<usize> = moment
            .sample
            .closed
            .iter()
            .enumerate()
            .filter(|(_, closed)| {
                let event = Event::closed(closed, &moment.sample);
                let socket = moment.sample.closed_socket(closed);
                socket.is_some_and(|socket| selects_event(&event, socket))
            })
            .map(|(at, _)| at)
            .collect();
        let filtered = self.derive(moment, &rows, &closed);
        let mut unfiltered = std::mem::replace(&mut moment.aggregate, filtered);
        moment.aggregate.sockets = std::mem::take(&mut unfiltered.sockets);
        moment.aggregate.closed = std::mem::take(&mut unfiltered.closed);
        moment.aggregate.events = std::mem::take(&mut unfiltered.events);
        moment.filtered = Some(FilterResult {
            rows,
            events,
            text: text.to_owned(),
            unfiltered: Box::new(unfiltered),
        });
        true
    }

    /// Returns the numbers of the selected events. A batch never changes, so each is evaluated once.
    fn select_events(
        &mut self,
        moment: &Moment,
        selects: &impl Fn(&Event, SocketRef<'_>) -> bool,
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
                    selects(event, socket).then_some(number)
                });
            self.batches.push_back((batch.first, numbers.collect()));
        }
        self.batches
            .iter()
            .flat_map(|(_, numbers)| numbers.iter().copied())
            .collect()
    }

    /// Sums up the selected sockets and closed connections.
    fn derive(&mut self, moment: &Moment, rows: &[u32], closed: &[usize]) -> Aggregate {
        let (sample, unfiltered) = (&moment.sample, &moment.aggregate);
        let seconds = unfiltered.interval_ns.map(|ns| ns as f64 / 1e9);
        let mut out = Aggregate {
            interval_ns: unfiltered.interval_ns,
            ..Aggregate::default()
        };
        let mut all = RateSum::default();
        let mut processes = vec![RateSum::default(); sample.processes.len()];
        let mut remotes: SeededMap<RemoteHost, RateSum> = SeededMap::default();
        let mut ports: SeededMap<u16, RateSum> = unfiltered
            .ports
            .iter()
            .map(|port| (port.port, RateSum::default()))
            .collect();
        let mut last = LastInterval::default();
        for &row in rows {
            let Some(view) = sample.socket(row as usize) else {
                continue;
            };
            let socket = view.socket;
            let rates = unfiltered.sockets.get(row as usize);
            let rates = &rates.unwrap_or_default();
            let interval = last.of(&unfiltered.namespaces, sample, socket.netns);
            let share = interval.share;
            out.totals.add(socket);
            all.add(socket, rates, share);
            for_each_owner(view, |process| {
                if let Some(sum) = processes.get_mut(process as usize) {
                    sum.add(socket, rates, share);
                }
            });
            if !socket.family.is_inet() {
                continue;
            }
            if let Some(remote) = RemoteHost::of(socket) {
                let sum = remotes.entry(remote).or_default();
                sum.add(socket, rates, share);
                sum.namespaces.add(socket.netns);
                for_each_owner(view, |process| sum.processes.add(process));
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
                sum.add(socket, rates, share);
            }
        }
        for &at in closed {
            add_closed(moment, at, &mut all, &mut processes, &mut remotes);
        }
        out.throughput = all.throughput;
        out.changes = seconds.map(|seconds| all.changes.per_second(seconds));
        out.processes = self.processes(sample, processes, seconds);
        out.remotes = remotes
            .into_iter()
            .map(|(host, sum)| RemoteTotals {
                address: host.address,
                local_to: host.netns,
                netns: sum.namespaces.only(),
                sockets: sum.sockets,
                tcp: sum.tcp,
                throughput: sum.throughput,
                average: sum.average,
                rtt_us: sum.rtt_us,
                changes: seconds.map(|seconds| sum.changes.per_second(seconds)),
                udp: sum.udp,
                processes: sum.processes,
            })
            .collect();
        out.remotes.sort_unstable_by_key(RemoteTotals::host);
        out.ports = unfiltered
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
        let is_selected = |row: u32| rows.binary_search(&row).is_ok();
        let listeners = unfiltered
            .listeners
            .iter()
            .filter(|listener| is_selected(listener.row));
        out.listeners = listeners.cloned().collect();
        self.history.push(
            sample.monotonic_ns,
            &out.totals,
            out.throughput,
            out.changes,
        );
        out.history.clone_from(&self.history);
        out
    }

    fn processes(
        &mut self,
        sample: &Sample,
        sums: Vec<RateSum>,
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
                    changes: seconds.map(|seconds| sum.changes.per_second(seconds)),
                    average: sum.average,
                    recent: *recent,
                    trend: *trend,
                }
            })
            .collect();
        self.recent.retain(|_, (_, _, seen)| *seen == moments);
        totals
    }
}

/// Adds the last transfers and the end of a closed connection.
fn add_closed(
    moment: &Moment,
    at: usize,
    all: &mut RateSum,
    processes: &mut [RateSum],
    remotes: &mut SeededMap<RemoteHost, RateSum>,
) {
    let closed = moment.sample.closed.get(at);
    let view = closed.and_then(|closed| moment.sample.closed_socket(closed));
    let rates = moment.aggregate.closed.get(at).copied().flatten();
    // No rates: not a connection, or already counted.
    let (Some(view), Some(rates)) = (view, rates) else {
        return;
    };
    let netns = view.socket.netns;
    let interval = moment.aggregate.namespaces.of(&moment.sample, netns);
    let share = interval.unchecked_share;
    all.add_closed(&rates, share);
    for_each_owner(view, |process| {
        if let Some(sum) = processes.get_mut(process as usize) {
            sum.add_closed(&rates, share);
        }
    });
    if let Some(remote) = RemoteHost::of(view.socket) {
        let sum = remotes.entry(remote).or_default();
        sum.namespaces.add(view.socket.netns);
        sum.add_closed(&rates, share);
        for_each_owner(view, |process| sum.processes.add(process));
    }
}

/// Calls `f` once for each process that owns the socket, with its index. One of several that may have owned it is not
/// known to be the owner.
fn for_each_owner(view: SocketRef<'_>, mut f: impl FnMut(u32)) {
    if view.socket.attribution == Attribution::OneOf {
        return;
    }
    let mut last = None;
    for holder in view.holders() {
        if last != Some(holder.process) {
            last = Some(holder.process);
            f(holder.process);
        }
    }
}
