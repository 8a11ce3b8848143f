//! One moment as detectors receive it, with names for its processes and sockets.

use std::collections::BTreeSet;
use std::ops::Range;

use super::candidates::Candidates;
use super::phrases;
use super::subject::{ProcessName, Subject};
use crate::aggregate::{ListenerTotals, Moment};
use crate::column::format;
use crate::model::SeededSet;
use crate::model::{Endpoint, ProcessKey, Sample, Settings, Socket, SocketRef, TcpInfo};

/// One moment, and its rows that may be a problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'m> {
    pub(super) moment: &'m Moment,
    pub(super) candidates: &'m Candidates,
    /// The network namespace that is examined.
    pub(super) netns: u32,
    /// The rows of its sockets; `None` for all rows.
    pub(super) rows: Option<&'m [Range<u32>]>,
    /// Seconds over which its rates and changes are measured; `None` if nothing is.
    pub(super) elapsed_s: Option<f64>,
}

/// The owner of a socket: a process by its row, or a user whose processes cannot be read.
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
        self.moment.sample.settings_of(self.netns)
    }

    /// Iterates over the listeners of the network namespace, with their places among all.
    pub(super) fn listeners(&self) -> impl Iterator<Item = (usize, &'m ListenerTotals)> + use<'m> {
        // They are in the order of their rows.
        let all = &self.moment.unfiltered().listeners;
        let place = |row: u32| all.partition_point(|totals| totals.row < row);
        let whole = self.rows.is_none().then_some(0..all.len());
        let ranges = self.rows.unwrap_or(&[]).iter();
        let ranges = ranges.map(move |rows| place(rows.start)..place(rows.end));
        let places = whole.into_iter().chain(ranges).flatten();
        places.filter_map(|at| Some((at, all.get(at)?)))
    }

    /// Reports whether a socket is in the network namespace that is examined.
    pub(super) fn examines(&self, socket: &Socket) -> bool {
        self.netns == 0 || socket.netns == self.netns
    }

    /// Time of the Sample, ns of the monotonic clock.
    pub(super) fn now_ns(&self) -> u64 {
        self.moment.sample.monotonic_ns
    }

    /// Seconds since the network namespace was last examined: since the previous Sample, or longer if it was not checked for
    /// that.
    pub(super) fn elapsed_s(&self) -> Option<f64> {
        self.elapsed_s
    }

    /// The instant `ms` milliseconds ago, ns of the monotonic clock.
    fn ago_ns(&self, ms: u64) -> u64 {
        self.now_ns().saturating_sub(ms.saturating_mul(1_000_000))
    }

    /// When the last acknowledgment arrived, ns of the monotonic clock; now if the kernel does not report it.
    pub(super) fn last_ack_ns(&self, socket: SocketRef<'_>) -> u64 {
        let quiet_ms = socket.tcp_info().and_then(TcpInfo::last_ack_recv);
        self.ago_ns(quiet_ms.unwrap_or(0))
    }

    /// The time since an instant of the monotonic clock, s.
    pub(super) fn age_s(&self, since_ns: u64) -> f64 {
        self.now_ns().saturating_sub(since_ns) as f64 / 1e9
    }

    /// Returns a socket by its row.
    pub(super) fn socket(&self, row: u32) -> Option<SocketRef<'m>> {
        self.moment.sample.socket(row as usize)
    }

    /// Returns a counter's value.
    pub(super) fn counter(&self, name: &str) -> Option<u64> {
        self.counter_near(name, &mut 0)
    }

    /// Returns a counter's value, and looks for it at `place` first, which it sets to the place of the counter.
    pub(super) fn counter_near(&self, name: &str, place: &mut usize) -> Option<u64> {
        let counters = self.moment.sample.counters_of(self.netns);
        let value = counters.protocols.get_near(name, place)?;
        u64::try_from(value).ok()
    }

    /// Returns the owner of a socket as the subject of a finding, and as the start of a sentence.
    pub(super) fn subject_of_holder(&self, holder: Holder) -> Option<(Subject, String)> {
        Some(match holder {
            Holder::Process(row) => {
                let name = ProcessName::of(self.sample().processes.get(row as usize)?);
                let text = name.to_string();
                (Subject::Process(name), text)
            }
            Holder::User(uid) => {
                let name = self.sample().user_name(uid).map(str::to_owned);
                let subject = Subject::User { uid, name };
                // The user is the one who opened the sockets, not necessarily that of the process.
                let text = format!("An unidentified process with sockets of {subject}");
                (subject, text)
            }
        })
    }

    /// Returns the row of the listener that accepted a connection. If several share its address and port, the first
    /// stands for all of them.
    pub(super) fn listener_of(&self, socket: &Socket) -> Option<u32> {
        let rows = &self.moment.sample.sockets;
        self.candidates.listeners.find(socket, rows).next()
    }

    /// Returns the number of connections opened in [that time](Self::elapsed_s) through the listener in `row`, or through those
    /// that share its address and port; `None` if it is unknown.
    pub(super) fn opened_at(&self, row: u32) -> Option<u32> {
        // They are in the order of their rows.
        let all = &self.moment.unfiltered().listeners;
        let at = all.binary_search_by_key(&row, |totals| totals.row).ok()?;
        all[at].opened
    }

    /// Iterates over the rows of the listeners that share the address and port of one, itself included.
    pub(super) fn listener_rows_with(
        &self,
        listener: &'m Socket,
    ) -> impl Iterator<Item = u32> + use<'m> {
        let rows = &self.moment.sample.sockets;
        self.candidates.listeners.find(listener, rows)
    }

    /// Iterates over the listeners that share the address and port of one, itself included.
    pub(super) fn listeners_with(
        &self,
        listener: &'m Socket,
    ) -> impl Iterator<Item = SocketRef<'m>> + use<'m> {
        let sample = self.sample();
        let rows = self.listener_rows_with(listener);
        rows.filter_map(|row| sample.socket(row as usize))
    }

    /// Returns the listeners that share the address and port of the one in `row` as one subject, with all their processes.
    pub(super) fn subject_of_listeners(&self, row: u32) -> Option<Subject> {
        let listener = self.socket(row)?;
        let all = self.listeners_with(listener.socket);
        // Rows change their order, keys do not.
        let first = all.min_by_key(|socket| socket.socket.key())?;
        let mut subject = subject_of(first);
        if let Subject::Socket {
            process, others, ..
        } = &mut subject
        {
            let sharing = self.listeners_with(listener.socket);
            let named = process.iter().chain(others.iter());
            let mut known: SeededSet<ProcessKey> = named.map(|name| name.key).collect();
            for name in sharing.flat_map(process_names) {
                if !known.insert(name.key) {
                    continue;
                }
                match process {
                    Some(_) => others.push(name),
                    None => *process = Some(name),
                }
            }
        }
        Some(subject)
    }
}

/// Returns the processes that have a socket open.
fn process_names(socket: SocketRef<'_>) -> Vec<ProcessName> {
    let owners = socket.owners();
    owners.map(|(owner, _)| ProcessName::of(owner)).collect()
}

/// Returns the owner of a socket, if it has one.
pub(super) fn holder(socket: SocketRef<'_>) -> Option<Holder> {
    if let Some(holder) = socket.holders().first() {
        return Some(Holder::Process(holder.process));
    }
    let why = socket.socket.attribution.unowned()?;
    let uid = socket.socket.uid.filter(|_| why.may_have_owner())?;
    Some(Holder::User(uid))
}

/// Returns the process that owns a socket.
pub(super) fn process(socket: SocketRef<'_>) -> Option<ProcessName> {
    socket.owner().map(ProcessName::of)
}

/// Names the process of a socket at the start of a sentence, and counts the others of the same connections: `nginx (8)`,
/// `nginx (8), with 2 other processes,`. `processes` are the rows of all of them.
pub(super) fn process_with_others(
    named: Option<&ProcessName>,
    processes: &BTreeSet<u32>,
) -> String {
    let named = named.map_or_else(|| "This host".to_owned(), ToString::to_string);
    match processes.len() {
        0 | 1 => named,
        all => {
            let others = phrases::plural(all as u64 - 1, "other process", "other processes");
            format!("{named}, with {others},")
        }
    }
}

/// Adds the processes that hold a socket to those of a group, as rows.
pub(super) fn add_processes(processes: &mut BTreeSet<u32>, socket: SocketRef<'_>) {
    processes.extend(socket.holders().iter().map(|holder| holder.process));
}

/// Returns a socket as the subject of a finding.
pub(super) fn subject_of(socket: SocketRef<'_>) -> Subject {
    let path = socket.name().map(|name| {
        let mut out = String::new();
        format::sanitize(&mut out, name);
        out
    });
    Subject::Socket {
        key: socket.socket.key(),
        protocol: socket.socket.protocol.name(),
        local: socket.socket.local(),
        path,
        process: process(socket),
        others: process_names(socket).into_iter().skip(1).collect(),
    }
}

/// Names a listener at the start of a sentence: `nginx (8) on 10.0.0.1:80`, `The listener 10.0.0.1:80`, `The listener
/// 10.0.0.1:80, shared by nginx (8) and nginx (9),`.
pub(super) fn listener_name(listener: &Subject) -> String {
    let mut names = listener.processes().map(ToString::to_string);
    match (names.next(), names.next()) {
        (None, _) => format!("The listener {listener}"),
        (Some(only), None) => format!("{only} on {listener}"),
        (Some(first), Some(second)) => {
            let all: Vec<String> = [first, second].into_iter().chain(names).collect();
            format!(
                "The listener {listener}, shared by {},",
                phrases::names(&all)
            )
        }
    }
}

/// Returns the remote end of a connection within this machine: over loopback, or from an address to itself.
pub(super) fn own_end(socket: &Socket) -> Option<Endpoint> {
    let (local, remote) = (socket.local()?.canonical(), socket.remote()?.canonical());
    (remote.address.is_loopback() || remote.address == local.address).then_some(remote)
}
