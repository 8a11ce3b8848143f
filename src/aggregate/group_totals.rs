//! Totals by process, by remote host and by listening port.

use std::net::IpAddr;

use crate::model::SeededMap;
use crate::model::{ClearForReuse, Protocol, RemoteHost, State};

use super::rates::ByteSum;
use super::{AverageRates, ChangeRates, Recent, Throughput};

/// Sockets and rates of one process.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessTotals {
    /// Index into [`Sample::processes`](crate::model::Sample::processes).
    pub process: u32,
    /// Sockets that it owns, remembered and inferred ones included.
    pub sockets: u32,
    /// TCP sockets of the process by `State as usize`.
    pub tcp: [u32; State::SLOTS],
    /// UDP sockets of the process.
    pub udp: u32,
    /// Unix sockets of the process.
    pub unix: u32,
    /// Rates over the last interval; `None` if it has no TCP connection or on a first sample.
    pub throughput: Throughput,
    /// Averages of the bytes received and sent; `None` if there is no connection to measure.
    pub average: Option<AverageRates>,
    /// Opened, closed, TIME-WAIT per second; `None` on a first sample.
    pub changes: Option<ChangeRates>,
    /// Received and sent bytes per second together, over the last minute.
    pub recent: Recent,
    /// Rates and connection counts over the last minute.
    pub trend: ProcessTrend,
}

/// Rates and connection counts of one process over the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessTrend {
    /// Received bytes per second.
    pub received: Recent,
    /// Sent bytes per second.
    pub sent: Recent,
    /// Established connections.
    pub established: Recent,
    /// Connections in TIME-WAIT.
    pub time_wait: Recent,
    /// Connections in CLOSE-WAIT.
    pub close_wait: Recent,
}

impl ProcessTrend {
    /// Appends the rates and connection counts of one Sample.
    pub(super) fn push(&mut self, tcp: &[u32; State::SLOTS], throughput: &Throughput) {
        let count = |state: State| Some(f64::from(tcp[state as usize]));
        self.received.push(throughput.received);
        self.sent.push(throughput.sent);
        self.established.push(count(State::Established));
        self.time_wait.push(count(State::TimeWait));
        self.close_wait.push(count(State::CloseWait));
    }
}

/// Sockets and rates of one remote host.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteTotals {
    /// Address of the host; a v4-mapped one as IPv4.
    pub address: IpAddr,
    /// The network namespace that the address is local to; 0 if it is the same host for all.
    pub local_to: u32,
    /// The network namespace of all sockets connected to it; `None` if they are in several.
    pub netns: Option<u32>,
    /// Sockets of all protocols connected to it.
    pub sockets: u32,
    /// TCP connections by `State as usize`.
    pub tcp: [u32; State::SLOTS],
    /// Rates over the last interval.
    pub throughput: Throughput,
    /// Averages of the bytes received and sent; `None` if there is no connection to measure.
    pub average: Option<AverageRates>,
    /// Smallest and largest smoothed round-trip time of its established connections, µs.
    pub rtt_us: Option<(u32, u32)>,
    /// Opened, closed, TIME-WAIT per second; `None` on a first sample.
    pub changes: Option<ChangeRates>,
    /// UDP sockets connected to the host.
    pub udp: u32,
    /// The processes that are connected to it.
    pub processes: FirstProcesses,
}

impl RemoteTotals {
    /// Returns the identity of the host.
    pub fn host(&self) -> RemoteHost {
        RemoteHost {
            address: self.address,
            netns: self.local_to,
        }
    }
}

/// The network namespaces of the sockets of a group: none, one, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SeenNamespaces {
    first: u32,
    are_several: bool,
}

impl SeenNamespaces {
    /// Adds the network namespace of a socket.
    #[inline]
    pub(super) fn add(&mut self, netns: u32) {
        self.are_several |= self.first != 0 && self.first != netns;
        if self.first == 0 {
            self.first = netns;
        }
    }

    /// Returns the only one; `None` if there are several.
    pub(super) fn only(self) -> Option<u32> {
        (!self.are_several).then_some(self.first)
    }
}

/// The first few processes of a group, and whether there are more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FirstProcesses {
    rows: [u32; 4],
    len: u8,
    more: bool,
}

impl FirstProcesses {
    /// Adds a process by its index into [`Sample::processes`](crate::model::Sample::processes), once.
    #[inline]
    pub fn add(&mut self, process: u32) {
        let len = usize::from(self.len);
        if self.rows[..len].contains(&process) {
            return;
        }
        if len == self.rows.len() {
            self.more = true;
            return;
        }
        self.rows[len] = process;
        self.len += 1;
    }

    /// Indices into [`Sample::processes`](crate::model::Sample::processes), in the order in which they were seen.
    pub fn rows(&self) -> &[u32] {
        &self.rows[..usize::from(self.len)]
    }

    /// Reports whether the group has processes beyond [`Self::rows`].
    pub fn more(&self) -> bool {
        self.more
    }
}

/// Connections and rates of one listening port.
#[derive(Debug, Clone, PartialEq)]
pub struct PortTotals {
    /// Protocol.
    pub protocol: Protocol,
    /// Local port.
    pub port: u16,
    /// Connections by `State as usize`, without the listeners.
    pub tcp: [u32; State::SLOTS],
    /// Rates over the last interval, including connections that closed in it.
    pub throughput: Throughput,
}

/// Connections opened, closed and moved to TIME-WAIT in one interval. A change that may have happened earlier counts by the
/// share of the interval in the time within which it happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChangeCounts {
    pub(super) opened: f64,
    pub(super) closed: f64,
    pub(super) time_wait: f64,
}

/// Bytes and changes of all connections in one interval.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IntervalSums {
    pub(super) volume: ByteSum,
    pub(super) changes: ChangeCounts,
}

impl ChangeCounts {
    /// Divides the counts by a time, s.
    pub(super) fn per_second(self, seconds: f64) -> ChangeRates {
        ChangeRates {
            opened: self.opened / seconds,
            closed: self.closed / seconds,
            time_wait: self.time_wait / seconds,
        }
    }
}

/// Counts, bytes and changes of one group in one interval.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GroupSum {
    pub(super) sockets: u32,
    pub(super) tcp: [u32; State::SLOTS],
    pub(super) udp: u32,
    pub(super) unix: u32,
    pub(super) volume: ByteSum,
    pub(super) changes: ChangeCounts,
    pub(super) rtt_us: Option<(u32, u32)>,
    pub(super) processes: FirstProcesses,
    pub(super) namespaces: SeenNamespaces,
}

impl GroupSum {
    /// Extends the range of round-trip times, µs.
    #[inline]
    pub(super) fn include_rtt(&mut self, rtt: u32) {
        self.rtt_us = Some(match self.rtt_us {
            None => (rtt, rtt),
            Some((low, high)) => (low.min(rtt), high.max(rtt)),
        });
    }
}

/// Group sums by key. The memory is reused for each Sample.
#[derive(Debug)]
pub(super) struct GroupSums<K> {
    index: SeededMap<K, u32>,
    rows: Vec<(K, GroupSum)>,
    /// The last key and its row: sockets of one host or port often follow each other.
    last: Option<(K, u32)>,
}

impl<K> Default for GroupSums<K> {
    fn default() -> Self {
        GroupSums {
            index: SeededMap::default(),
            rows: Vec::new(),
            last: None,
        }
    }
}

impl<K: Copy + Eq + std::hash::Hash> GroupSums<K> {
    /// Removes all groups and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.index.clear_for_reuse();
        self.rows.clear_for_reuse();
        self.last = None;
    }

    /// Returns the sum of a key, which is inserted if it is missing.
    #[inline]
    pub(super) fn entry(&mut self, key: K) -> &mut GroupSum {
        if let Some((last, at)) = self.last
            && last == key
        {
            return &mut self.rows[at as usize].1;
        }
        let at = *self.index.entry(key).or_insert_with(|| {
            self.rows.push((key, GroupSum::default()));
            (self.rows.len() - 1) as u32
        });
        self.last = Some((key, at));
        &mut self.rows[at as usize].1
    }

    /// Iterates over keys and sums in the order in which the keys were inserted.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, GroupSum)> {
        self.rows.iter()
    }
}
