//! Finds which of several listeners on one address and port (`SO_REUSEPORT`) connections wait at.
//!
//! The kernel does not report in which queue a connection waits: it has no inode yet. But the length of each queue is
//! known, so listeners with an empty queue are ruled out, and so are those whose queue was empty more recently than the
//! connections began to wait.

use std::collections::BTreeMap;

use super::waiting::WaitingConnections;
use crate::diagnose::ages::Ages;
use crate::diagnose::facts::Facts;
use crate::diagnose::holders::are_stopped;
use crate::model::{SocketKey, SocketRef};

/// Since when the accept queue of each listener has not been seen empty.
#[derive(Debug, Default)]
pub(in crate::diagnose) struct QueueAges(Ages);

impl QueueAges {
    /// Begins the round of a Sample.
    pub(in crate::diagnose) fn begin(&mut self) {
        self.0.begin();
    }

    /// Ends the round: queues that were not visited are empty.
    pub(in crate::diagnose) fn end(&mut self) {
        self.0.end();
    }

    /// Returns since when a queue that is not empty has not been seen empty, ns of the monotonic clock. The queues of the
    /// first Sample began to fill at an unknown time.
    fn since(&mut self, facts: &Facts<'_>, key: SocketKey) -> u64 {
        let is_first = facts.elapsed_s().is_none();
        let earlier_ns = if is_first { 0 } else { facts.now_ns() };
        self.0.since(key, 0, earlier_ns, facts.now_ns())
    }
}

/// A listener whose connections wait; of several that one process has on a port, the first for all of them.
#[derive(Debug)]
pub(in crate::diagnose) struct Waiter<'m> {
    pub(in crate::diagnose) listener: SocketRef<'m>,
    /// Connections in its accept queue.
    pub(in crate::diagnose) connections: u32,
    /// Number of listeners of the process that are counted here.
    pub(in crate::diagnose) listeners: u32,
    /// Number of listeners on the same address and port.
    pub(in crate::diagnose) sharing: u32,
    /// Connections in the accept queues of the other listeners on that address and port.
    pub(in crate::diagnose) waiting_at_others: u64,
}

/// Returns the listeners at which connections wait too long: of those that share the address and port of `listener`, the
/// ones in the control group of the connections (`cgroup`) whose queues may hold them. `waiting` are the connections at
/// all of them; one waits too long after `age_s`.
pub(in crate::diagnose) fn waiters<'m>(
    facts: &Facts<'m>,
    ages: &mut QueueAges,
    (listener, cgroup): (SocketRef<'m>, u64),
    waiting: &WaitingConnections,
    age_s: f64,
) -> Vec<Waiter<'m>> {
    let queue_of = |listener: &SocketRef<'_>| listener.socket.recv_queue;
    let all: Vec<SocketRef<'m>> = facts.listeners_with(listener.socket).collect();
    let sharing = all.len() as u32;
    let total: u64 = all
        .iter()
        .map(|listener| u64::from(queue_of(listener)))
        .sum();
    let mut candidates = all;
    candidates.retain(|listener| queue_of(listener) > 0);
    let is_same_cgroup = |listener: &SocketRef<'_>| listener.socket.cgroup_id == cgroup;
    if candidates.iter().any(is_same_cgroup) {
        candidates.retain(is_same_cgroup);
    }
    let has_waited = |listener: &SocketRef<'_>, ages: &mut QueueAges| {
        let since = ages.since(facts, listener.socket.key());
        sharing == 1 || facts.age_s(since) >= age_s
    };
    candidates.retain(|listener| has_waited(listener, ages));
    // Stopped processes accept nothing. If their queues hold enough, the others are merely busy.
    let is_stopped = |listener: &SocketRef<'_>| are_stopped(*listener);
    let stopped = candidates.iter().filter(|listener| is_stopped(listener));
    let at_stopped: u64 = stopped.map(|listener| u64::from(queue_of(listener))).sum();
    if at_stopped >= u64::from(waiting.stuck.max(1)) {
        candidates.retain(is_stopped);
    }
    // Rows change their order, keys do not.
    candidates.sort_by_key(|listener| listener.socket.key());
    let mut by_process: BTreeMap<(u32, u32), Waiter<'m>> = BTreeMap::new();
    for (at, listener) in (0..).zip(candidates) {
        let holder = listener.holders().first().map(|holder| holder.process);
        // Without a known process, each stands for itself.
        let key = holder.map_or((u32::MAX, at), |process| (process, 0));
        let waiter = by_process.entry(key).or_insert(Waiter {
            listener,
            connections: 0,
            listeners: 0,
            sharing,
            waiting_at_others: total,
        });
        waiter.connections = waiter.connections.saturating_add(queue_of(&listener));
        waiter.listeners += 1;
        waiter.waiting_at_others -= u64::from(queue_of(&listener));
    }
    by_process.into_values().collect()
}
