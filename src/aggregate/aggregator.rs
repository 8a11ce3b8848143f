//! Processes Samples in order and derives the displayed values.

mod sockets;

use crate::model::SeededMap;
use crate::model::{
    ClearForReuse, Endpoint, PageLinks, ProcessKey, Protocol, RecentLosses, RemoteHost, Sample,
    SocketKey, SocketTable, State, Tracker, Visit,
};

use super::averages::{Average, AverageClock, Averages};
use super::events::EventCollector;
use super::group_totals::{ChangeCounts, GroupSum, GroupSums, IntervalSums};
use super::listeners::ListenerTracker;
use super::namespace_intervals::{LastInterval, NamespaceClocks, NamespaceIntervals};
use super::rates::MIN_WINDOW_NS;
use super::system::SystemTracker;
use super::tracked_socket::TrackedSocket;
use super::{
    AverageRates, ChangeRates, EventLog, FinalTotals, History, ListenerTotals, PortTotals,
    ProcessTotals, ProcessTrend, RateTable, Recent, RemoteTotals, SocketRates, SystemTrends,
    Throughput, Totals,
};

/// Consecutive Samples that a socket may be missing from before it is dropped: a dump can miss a row whose hash bucket
/// changes.
const FORGET_AFTER: u8 = 3;

/// The same while dumps are incomplete and absence proves nothing.
const FORGET_AFTER_INCOMPLETE: u8 = 30;

/// Everything derived from one Sample and the previous ones.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    /// Time since the previous Sample, ns; `None` on the first.
    pub interval_ns: Option<u64>,
    /// Counts.
    pub totals: Totals,
    /// Rates of all TCP connections together. Both ends of a connection within this machine count.
    pub throughput: Throughput,
    /// Opened, closed, TIME-WAIT per second; `None` on a first sample.
    pub changes: Option<ChangeRates>,
    /// Rates of each socket, in the order of [`Sample::sockets`].
    pub sockets: RateTable,
    /// Rates of each freed connection since the previous Sample, in the order of [`Sample::closed`]; opened in that time
    /// too if so marked. `None` if it is not a connection, or already counted.
    pub closed: Vec<Option<SocketRates>>,
    /// By process, in the order of [`Sample::processes`].
    pub processes: Vec<ProcessTotals>,
    /// Totals by remote host.
    pub remotes: Vec<RemoteTotals>,
    /// Totals by listening port.
    pub ports: Vec<PortTotals>,
    /// Listening TCP sockets.
    pub listeners: Vec<ListenerTotals>,
    /// The host's counters and network devices.
    pub system: SystemTrends,
    /// The intervals over which changes in network namespaces are measured.
    pub namespaces: NamespaceIntervals,
    /// The last ten minutes.
    pub history: History,
    /// The latest socket events.
    pub events: EventLog,
}

/// The last minute of a process.
#[derive(Debug, Default)]
struct RecentProcess {
    total: Recent,
    trend: ProcessTrend,
    average: Average,
    /// Number of the last Sample that it was in.
    seen: u64,
}

/// Derives an [`Aggregate`] from each Sample and the state kept from the previous ones.
#[derive(Debug, Default)]
pub struct Aggregator {
    sockets: Tracker<TrackedSocket>,
    /// The sockets of the previous Sample, and the pages that the present one shares with them.
    previous: SocketTable,
    links: PageLinks,
    before_ns: Option<u64>,
    namespace_clocks: NamespaceClocks,
    history: History,
    recent: SeededMap<ProcessKey, RecentProcess>,
    average_clock: AverageClock,
    averages: Averages,
    /// Averages of the remote hosts that have sent or received within the last minute.
    remote_averages: SeededMap<RemoteHost, Average>,
    processes: Vec<GroupSum>,
    remotes: GroupSums<RemoteHost>,
    ports: GroupSums<u16>,
    listeners: ListenerTracker,
    system: SystemTracker,
    collector: EventCollector,
    /// Sockets that disappeared with this Sample, the state of the mini-socket that remains, if any, and the bytes that
    /// they are known to have transferred.
    gone: Vec<(SocketKey, Option<State>, Option<FinalTotals>)>,
    /// Sockets that left the kernel's tables with this Sample but are still held by a process.
    left: Vec<SocketKey>,
    /// Payload sent by the connections that were freed with this Sample, by network namespace, local and remote end.
    closed_pairs: SeededMap<(u32, Endpoint, Endpoint), u64>,
    losses: RecentLosses,
    samples: u64,
}

impl Aggregator {
    /// Creates an aggregator without history.
    pub fn new() -> Aggregator {
        Aggregator::default()
    }

    /// Keeps every event of a Sample, without a maximum.
    #[must_use]
    pub fn with_all_events(mut self) -> Aggregator {
        self.collector.keep_all = true;
        self
    }

    /// Creates an aggregator with the same options and without history.
    #[must_use]
    pub fn without_history(&self) -> Aggregator {
        let mut new = Aggregator::new();
        new.collector.keep_all = self.collector.keep_all;
        new
    }

    /// Sets when sockets were first seen (ns of the monotonic clock), as known from Samples before the first one
    /// processed here.
    pub fn set_first_seen(&mut self, first_seen: &[(SocketKey, u64)]) {
        for (key, first_ns) in first_seen {
            let (Visit::New(last) | Visit::Known(last) | Visit::Repeated(last)) =
                self.sockets.visit(*key);
            last.set_first_ns(*first_ns);
        }
    }

    /// Processes the next Sample and fills `out`, reusing its memory. Samples are passed in the order of their time.
    pub fn update(&mut self, sample: &Sample, out: &mut Aggregate) {
        self.samples += 1;
        let now = sample.monotonic_ns;
        // Events are reported at any interval; rates need a minimum.
        let since = self.before_ns.and_then(|before| now.checked_sub(before));
        let interval = since.filter(|&ns| ns >= MIN_WINDOW_NS);
        let seconds = interval.map(|ns| ns as f64 / 1e9);
        if let Some(before) = self.before_ns.replace(now) {
            self.average_clock.advance(before, now);
        }

        out.interval_ns = interval;
        out.totals.clear();
        out.sockets.begin(sample.sockets.len());
        self.processes.clear_for_reuse();
        self.processes
            .resize(sample.processes.len(), GroupSum::default());
        self.remotes.clear();
        self.ports.clear();
        self.namespace_clocks
            .update(sample, since, &mut out.namespaces);
        self.listeners.begin(sample, &out.namespaces);
        self.sockets.begin_round(sample.sockets.len());
        self.collector.begin(sample);

        let mut sums = IntervalSums::default();
        let mut links = std::mem::take(&mut self.links);
        links.update(&self.previous, &sample.sockets);
        let mut last = LastInterval::default();
        for (row, unchanged) in sample.sockets.iter().zip(links.unchanged_rows()) {
            let interval = last.of(&out.namespaces, sample, row.netns);
            self.add_socket(sample, row, unchanged, interval, out, &mut sums);
        }
        self.links = links;
        self.previous.clone_from(&sample.sockets);
        let IntervalSums {
            volume: mut all,
            mut changes,
        } = sums;
        out.closed.clear_for_reuse();
        self.collect_closed_pairs(sample);
        if since.is_some() {
            for closed in &sample.closed {
                let socket = sample.closed_socket(closed);
                let rates = socket.and_then(|view| {
                    let interval = out.namespaces.of(sample, view.socket.netns);
                    self.add_closed(view, closed, &interval, &mut all, &mut changes)
                });
                out.closed.push(rates);
            }
        } else {
            for closed in &sample.closed {
                if let Some(socket) = sample.closed_socket(closed) {
                    self.add_closed_in_first_sample(socket, closed);
                }
            }
        }
        self.forget(sample, &mut changes);

        out.throughput = seconds
            .map(|seconds| all.per_second(seconds))
            .unwrap_or_default();
        out.changes = seconds.map(|seconds| changes.per_second(seconds));
        self.finish_processes(sample, seconds, out);
        self.finish_groups(seconds, out);
        self.listeners
            .finish(sample, &out.namespaces, &mut out.listeners);
        self.system.update(sample, since, seconds, &mut out.system);
        self.history.push(
            sample.monotonic_ns,
            &out.totals,
            out.throughput,
            out.changes,
        );
        out.history.clone_from(&self.history);
        self.collector.finish(&mut out.events);
    }

    /// Removes the state of sockets that have disappeared. Without destroy events, that counts as closing. With them, a
    /// socket whose end was not reported has only left the tables: the kernel reset it, and a process still holds it.
    fn forget(&mut self, sample: &Sample, changes: &mut ChangeCounts) {
        let limit = if sample.is_complete() {
            FORGET_AFTER
        } else {
            FORGET_AFTER_INCOMPLETE
        };
        let events = sample.events_available;
        let events_lost = self.losses.update(sample.lost_events) || !events;
        let (gone, left) = (&mut self.gone, &mut self.left);
        let averages = &mut self.averages;
        gone.clear();
        left.clear();
        self.sockets.retain(|key, seen, last| {
            if seen {
                if last.unreported_end >= FORGET_AFTER && events {
                    // It became a mini-socket, and its event was lost.
                    last.closed = true;
                    changes.closed += 1.0;
                    gone.push((*key, last.state, FinalTotals::last_known(last, sample)));
                }
                return true;
            }
            last.missed = last.missed.saturating_add(1);
            last.has_end_event &= !events_lost;
            let waits = last.has_end_event && last.missed >= limit;
            if waits && !last.closed && last.state != Some(State::Closed) {
                last.state = Some(State::Closed);
                left.push(*key);
            }
            let keep = !last.closed && (last.missed < limit || waits);
            if !keep && !events && last.opened {
                changes.closed += 1.0;
            }
            if !keep && !last.closed {
                gone.push((*key, None, FinalTotals::last_known(last, sample)));
            }
            if !keep {
                averages.release(&mut last.average);
            }
            keep
        });
        for (key, remains, totals) in &self.gone {
            self.collector.disappeared(*key, *remains, *totals);
        }
        for key in &self.left {
            if self.collector.left_tables(*key)
                && let Some(last) = self.sockets.get_mut(*key)
            {
                last.alive = Some(State::Closed);
            }
        }
    }

    fn finish_processes(&mut self, sample: &Sample, seconds: Option<f64>, out: &mut Aggregate) {
        out.processes.clear_for_reuse();
        for (index, (sum, row)) in self.processes.iter().zip(&sample.processes).enumerate() {
            let throughput = seconds
                .map(|seconds| sum.volume.per_second(seconds))
                .unwrap_or_default();
            let recent = self.recent.entry(row.process.key).or_default();
            let mut average = None;
            if seconds.is_some() {
                recent.total.push(throughput.total());
                recent.trend.push(&sum.tcp, &throughput);
                let added = recent
                    .average
                    .add(&self.average_clock, sum.volume.payload());
                average = throughput.total().map(|_| added);
            }
            recent.seen = self.samples;
            out.processes.push(ProcessTotals {
                process: index as u32,
                sockets: sum.sockets,
                tcp: sum.tcp,
                udp: sum.udp,
                unix: sum.unix,
                throughput,
                changes: seconds.map(|seconds| sum.changes.per_second(seconds)),
                average,
                recent: recent.total,
                trend: recent.trend,
            });
        }
        let samples = self.samples;
        self.recent
            .retain(|_, recent| recent.seen + u64::from(FORGET_AFTER) > samples);
    }

    fn finish_groups(&mut self, seconds: Option<f64>, out: &mut Aggregate) {
        let over = |sum: &GroupSum| {
            seconds
                .map(|seconds| sum.volume.per_second(seconds))
                .unwrap_or_default()
        };
        let (averages, clock) = (&mut self.remote_averages, &self.average_clock);
        let mut average_of = |host: &RemoteHost, sum: &GroupSum| {
            let measured = seconds.and_then(|seconds| sum.volume.per_second(seconds).total());
            let bytes = sum.volume.payload();
            measured?;
            match averages.get_mut(host) {
                Some(average) => Some(average.add(clock, bytes)),
                None if bytes == 0 => Some(AverageRates::default()),
                None => Some(averages.entry(*host).or_default().add(clock, bytes)),
            }
        };
        out.remotes.clear_for_reuse();
        out.remotes
            .extend(self.remotes.iter().map(|(host, sum)| RemoteTotals {
                average: average_of(host, sum),
                address: host.address,
                local_to: host.netns,
                netns: sum.namespaces.only(),
                sockets: sum.sockets,
                tcp: sum.tcp,
                throughput: over(sum),
                rtt_us: sum.rtt_us,
                changes: seconds.map(|seconds| sum.changes.per_second(seconds)),
                udp: sum.udp,
                processes: sum.processes,
            }));
        // Those of hosts without a socket age as well, and leave in the end.
        if seconds.is_some() {
            averages.retain(|_, average| !average.is_idle_at(clock));
        }
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

#[cfg(test)]
mod tests;
