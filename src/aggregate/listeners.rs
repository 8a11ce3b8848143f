//! Listeners: accept queues, half-open and established connections, and drops.

mod owned;

use self::owned::OwnedListeners;
use super::Recent;
use super::namespace_intervals::{LastInterval, NamespaceIntervals};
use crate::model::{
    AcceptQueue, ClearForReuse, ListenerIndex, MemoryInfo, Protocol, Sample, Socket, SocketKey,
    State, Unowned,
};
use crate::model::{SeededMap, SeededSet};

/// One listening socket.
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerTotals {
    /// Row of the listener in the Sample.
    pub row: u32,
    /// Connections that wait for `accept()`. Kernel: `idiag_rqueue`.
    pub accept_queue: u32,
    /// The accept queue's limit; the queue can hold one more.
    pub backlog: u32,
    /// Half-open connections to it. Sockets bound to the same address all count the same ones. `None` if it is not
    /// TCP.
    pub syn_recv: Option<u32>,
    /// Established connections to it, those waiting for accept included. Of sockets bound to the same address, each has
    /// those of its own processes and of its own queue; all count a connection whose owner does not show which it was.
    /// `None` if it is not TCP.
    pub established: Option<u32>,
    /// Connections opened since the previous Sample: completed handshakes. Sockets bound to the same address all have
    /// their common number. `None` on a first Sample and if it is not TCP.
    pub opened: Option<u32>,
    /// Connections accepted per second: those opened, plus the decrease of the queue. Sockets bound to the same address
    /// all have their common rate. `None` on a first Sample and if it is not TCP.
    pub accepted_per_s: Option<f64>,
    /// Connections that its own processes were first seen to have open since the previous Sample. Fewer than it accepted
    /// if some have closed since. `None` unless it shares its address and its processes distinguish it from the others.
    pub accepted_by_owner: Option<u32>,
    /// Connections that it has dropped since `listen()`. Kernel: `SK_MEMINFO_DROPS`.
    pub drops: Option<u32>,
    /// Dropped per second over the last interval.
    pub drops_per_s: Option<f64>,
    /// Sockets that listen on the same address and port (`SO_REUSEPORT`), itself included.
    pub sharing: u32,
    /// The accept queue over the last minute.
    pub recent: Recent,
}

impl ListenerTotals {
    /// Returns the accept queue against its limit.
    pub fn queue(&self) -> AcceptQueue {
        AcceptQueue {
            waiting: self.accept_queue,
            backlog: self.backlog,
        }
    }
}

/// A listener in the previous Sample.
#[derive(Debug, Clone, Copy, Default)]
struct PreviousListener {
    drops: Option<u32>,
    queue: u32,
    recent: Recent,
}

/// Counts connections by listener, and keeps the state to compare with the next Sample.
#[derive(Debug, Default)]
pub(super) struct ListenerTracker {
    index: ListenerIndex,
    rows: Vec<ListenerTotals>,
    /// The listeners on ports with several of them.
    owned: OwnedListeners,
    before: SeededMap<SocketKey, PreviousListener>,
    now: SeededMap<SocketKey, PreviousListener>,
    /// For each row of `rows`.
    flow: Vec<QueueFlow>,
    /// For each row of `rows`, the first listener of those that share its address; `None` unless it is TCP.
    leaders: Vec<Option<usize>>,
    /// For each row of `rows`, the first listener of those that accept the same connections; `None` unless it is TCP.
    equals: Vec<Option<usize>>,
    /// For each row of `rows` that leads a group, the sums of the group.
    common: Vec<QueueFlow>,
    /// Inodes of the TCP listeners, if there are MPTCP ones.
    tcp_inodes: SeededSet<u32>,
}

/// A connection to a listener as counted since the previous Sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListenerCount {
    /// True if it was opened since then.
    pub(super) is_opened: bool,
    /// True if a process was first seen to have it open.
    pub(super) is_accepted: bool,
}

/// The flow through one accept queue since the previous Sample. What cannot be assigned to one of several listeners
/// on an address is counted for the first of them.
#[derive(Debug, Clone, Copy, Default)]
struct QueueFlow {
    /// Established and half-open connections that any listener equal to this one may have. They are counted for the
    /// first of these, so that a connection costs the same however many there are.
    established_by_any: u32,
    half_open_by_any: u32,
    /// Connections opened through the listener.
    opened: u32,
    /// Established connections that wait for `accept()`.
    waiting: u32,
    /// Connections that its own processes were first seen to have open.
    accepted: u32,
    /// Decrease of the queue's length; `None` if the listener is new.
    shrunk: Option<i64>,
}

impl ListenerTracker {
    /// Collects the listeners of a new Sample.
    pub(super) fn begin(&mut self, sample: &Sample, intervals: &NamespaceIntervals) {
        self.index.clear();
        self.owned.clear();
        self.rows.clear_for_reuse();
        self.flow.clear_for_reuse();
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear_for_reuse();
        self.collect_subflow_listeners(sample);
        let mut last = LastInterval::default();
        for (row, socket) in (0u32..).zip(&sample.sockets) {
            // A listener without a limit for its queue cannot be compared with the others.
            if socket.accept_queue().is_none()
                || socket.protocol == Protocol::Mptcp && self.tcp_inodes.contains(&socket.inode)
            {
                continue;
            }
            let is_tcp = self.index.insert(row, &socket);
            let seconds = last.of(intervals, sample, socket.netns).seconds();
            let queue = socket.recv_queue;
            let before = self.before.get(&socket.key());
            let drops = socket.memory().and_then(MemoryInfo::drops);
            let drops_before = before.and_then(|before| before.drops);
            let drops_per_s = match (drops, drops_before, seconds) {
                (Some(now), Some(before), Some(seconds)) => {
                    now.checked_sub(before).map(|new| f64::from(new) / seconds)
                }
                _ => None,
            };
            let mut recent = before.map_or_else(Recent::default, |before| before.recent);
            recent.push(Some(queue.into()));
            let shrunk = before.map(|before| i64::from(before.queue) - i64::from(queue));
            self.flow.push(QueueFlow {
                shrunk,
                ..QueueFlow::default()
            });
            self.now.insert(
                socket.key(),
                PreviousListener {
                    drops,
                    queue,
                    recent,
                },
            );
            self.rows.push(ListenerTotals {
                row,
                accept_queue: queue,
                backlog: socket.send_queue,
                syn_recv: is_tcp.then_some(0),
                established: is_tcp.then_some(0),
                opened: None,
                accepted_per_s: None,
                accepted_by_owner: None,
                drops,
                drops_per_s,
                sharing: 1,
                recent,
            });
        }
        self.find_groups(sample);
        let rows = &sample.sockets;
        for (at, totals) in self.rows.iter_mut().enumerate() {
            if self.leaders[at] == Some(at) {
                let listener = &rows[totals.row as usize];
                let sharing = self.index.find(listener, rows).count();
                totals.sharing = u32::try_from(sharing).unwrap_or(u32::MAX);
            }
        }
        for at in 0..self.rows.len() {
            let Some(leader) = self.leaders[at] else {
                continue;
            };
            self.rows[at].sharing = self.rows[leader].sharing;
            let listener = &rows[self.rows[at].row as usize];
            if self.index.are_several_on(listener) {
                self.owned.insert(sample, listener, at as u32);
            }
        }
    }

    /// Finds the first listener of each group that shares an address, and of those that are equal.
    fn find_groups(&mut self, sample: &Sample) {
        let mut leaders = std::mem::take(&mut self.leaders);
        leaders.clear_for_reuse();
        leaders.extend(self.rows.iter().map(|totals| {
            totals.syn_recv?;
            let listener = &sample.sockets[totals.row as usize];
            let first = self.index.find(listener, &sample.sockets).next()?;
            self.position(first)
        }));
        self.leaders = leaders;
        let mut equals = std::mem::take(&mut self.equals);
        equals.clear_for_reuse();
        equals.extend(self.rows.iter().map(|totals| {
            totals.syn_recv?;
            let listener = &sample.sockets[totals.row as usize];
            self.position(*self.index.equal_to(listener).first()?)
        }));
        self.equals = equals;
    }

    /// Collects the inodes of TCP listeners if there are MPTCP ones. Each of these has a TCP listener for its first
    /// subflow with the same inode and queue, which also knows drops and half-open connections: that one stands for both.
    fn collect_subflow_listeners(&mut self, sample: &Sample) {
        self.tcp_inodes.clear();
        let listeners = sample.sockets.iter();
        let listeners = listeners.filter(|socket| socket.state == State::Listen);
        if !listeners
            .clone()
            .any(|socket| socket.protocol == Protocol::Mptcp)
        {
            return;
        }
        let tcp = listeners.filter(|socket| socket.protocol == Protocol::Tcp && socket.inode != 0);
        self.tcp_inodes.extend(tcp.map(|socket| socket.inode));
    }

    /// Returns the index in `rows` of the listener in a row of the Sample.
    fn position(&self, row: u32) -> Option<usize> {
        // `rows` is sorted by row.
        self.rows
            .binary_search_by_key(&row, |totals| totals.row)
            .ok()
    }

    /// Reports whether a TCP socket listens on `port`.
    #[inline]
    pub(super) fn listens_on(&self, port: u16) -> bool {
        self.index.listens_on(port)
    }

    /// Counts a connection for the listener that accepted it, or for all that may have.
    #[inline]
    pub(super) fn count(&mut self, sample: &Sample, socket: &Socket, count: ListenerCount) {
        let is_established = socket.state == State::Established;
        if !is_established && !count.is_opened && socket.state != State::SynRecv {
            return;
        }
        let owner = if self.owned.is_empty() || socket.inode == 0 {
            None
        } else {
            let owner = self.owned.accepted_by(sample, socket);
            owner.filter(|&at| self.rows[at as usize].sharing > 1)
        };
        if let Some(at) = owner {
            let at = at as usize;
            let totals = &mut self.rows[at];
            totals.established = (totals.established).map(|n| n + u32::from(is_established));
            self.flow[at].opened += u32::from(count.is_opened);
            self.flow[at].accepted += u32::from(count.is_accepted);
            return;
        }
        let is_waiting =
            is_established && socket.attribution.unowned() == Some(Unowned::WaitingForAccept);
        let mut is_first = true;
        for equal in self.index.find_equal(socket, &sample.sockets) {
            let Some(at) = equal.first().and_then(|&row| self.position(row)) else {
                continue;
            };
            let is_shared = self.rows[at].sharing > 1;
            let counts = is_established && !(is_shared && is_waiting);
            self.flow[at].established_by_any += u32::from(counts);
            self.flow[at].half_open_by_any += u32::from(socket.state == State::SynRecv);
            if is_first {
                self.flow[at].opened += u32::from(count.is_opened);
                self.flow[at].waiting += u32::from(is_waiting && is_shared);
                is_first = false;
            }
        }
    }

    /// Counts a connection that opened and closed since the previous Sample.
    pub(super) fn count_opened(&mut self, sample: &Sample, socket: &Socket) {
        let first = self.index.find(socket, &sample.sockets).next();
        if let Some(at) = first.and_then(|row| self.position(row)) {
            self.flow[at].opened += 1;
        }
    }

    /// Computes the accept rates and copies the listeners to `into`, in the order of the Sample.
    pub(super) fn finish(
        &mut self,
        sample: &Sample,
        intervals: &NamespaceIntervals,
        into: &mut Vec<ListenerTotals>,
    ) {
        self.distribute_counts();
        self.sum_groups(sample);
        let mut last = LastInterval::default();
        for at in 0..self.rows.len() {
            let totals = &self.rows[at];
            let (Some(established), Some(leader)) = (totals.established, self.leaders[at]) else {
                continue;
            };
            let listener = &sample.sockets[totals.row as usize];
            let own = self.flow[at];
            let common = self.common[leader];
            let is_told_apart = totals.sharing > 1 && self.owned.has(sample, listener);
            let totals = &mut self.rows[at];
            // The queue of each is known, but not which connection waits in which.
            totals.established = Some(established + common.waiting.min(totals.accept_queue));
            if let Some(seconds) = last.of(intervals, sample, listener.netns).seconds()
                && own.shrunk.is_some()
            {
                totals.opened = Some(common.opened);
                let taken = i64::from(common.opened) + common.shrunk.unwrap_or(0);
                totals.accepted_per_s = Some(taken.max(0) as f64 / seconds);
                totals.accepted_by_owner = is_told_apart.then_some(own.accepted);
            }
        }
        into.clone_from(&self.rows);
    }

    /// Adds the connections that were counted for the first of equal listeners to all of them.
    fn distribute_counts(&mut self) {
        for (totals, first) in self.rows.iter_mut().zip(&self.equals) {
            if let Some(common) = first.and_then(|first| self.flow.get(first)) {
                totals.established = totals.established.map(|n| n + common.established_by_any);
                totals.syn_recv = totals.syn_recv.map(|n| n + common.half_open_by_any);
            }
        }
    }

    /// Sums the flows of each group of listeners that share an address.
    fn sum_groups(&mut self, sample: &Sample) {
        let mut common = std::mem::take(&mut self.common);
        common.clear_for_reuse();
        common.resize(self.rows.len(), QueueFlow::default());
        for (at, common) in common.iter_mut().enumerate() {
            if self.leaders[at] != Some(at) {
                continue;
            }
            let listener = &sample.sockets[self.rows[at].row as usize];
            let mut shrunk = 0;
            for row in self.index.find(listener, &sample.sockets) {
                let Some(flow) = self.position(row).map(|at| self.flow[at]) else {
                    continue;
                };
                common.opened += flow.opened;
                common.waiting += flow.waiting;
                shrunk += flow.shrunk.unwrap_or(0);
            }
            common.shrunk = Some(shrunk);
        }
        self.common = common;
    }
}

#[cfg(test)]
mod tests;
