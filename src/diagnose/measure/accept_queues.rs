//! Measures the accept queues of listeners: fill level, drops and their cause.
//!
//! A connection whose handshake is complete waits in the accept queue until the process calls `accept()`. The queue takes
//! one connection more than its limit, which is the smaller of the backlog passed to `listen()` and `net.core.somaxconn`.
//! When it is full, the kernel drops new connections: the client gets no answer and tries again.
//!
//! The causes are a process that is stopped, one that accepts too few connections, and a queue that is too small for the
//! bursts of a process that accepts quickly.
//!
//! Listeners that share an address and port (`SO_REUSEPORT`) have a queue each, but the connections that they accept are
//! only distinguished by the processes that have them open.

mod groups;
mod report;

use std::collections::BTreeMap;

use self::groups::Groups;
use crate::model::SeededMap;

use super::counter::CounterStep;
use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::Facts;
use crate::diagnose::holders::Holders;
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::model::{SocketKey, SocketRef};

thresholds! {
    /// Thresholds for accept queues that are filling or full.
    thresholds {
        /// A queue that stays at this share of its capacity is about to overflow. A healthy process keeps
        /// emptying its queue under any load, so most samples find it empty.
        filling_share: f64 = 0.7, ValueRule::Share;
        /// Minimum number of connections in a queue that counts as filling. With a limit of one, a single
        /// connection already fills it.
        filling_connections: u32 = 2, ValueRule::COUNT;
        /// Length of the window over which drops and accepted connections are added up. It is long enough
        /// to see repeated overflows, and short enough to see that they have stopped.
        window_s: f64 = 10.0, ValueRule::WINDOW;
        /// How many times its queue's capacity a process must accept per second for the queue to be too
        /// small, rather than the process too slow. Such a queue is empty most of the time, and only
        /// bursts overflow it.
        quick_turns_per_s: f64 = 2.0, ValueRule::PerSecond;
    }
}

/// The cause of a full queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Stopped,
    NotAccepting,
    Slow,
    Backlog,
    Somaxconn,
}

/// A queue that is full or filling, or several of one process on one port for the same cause.
#[derive(Debug)]
pub(in crate::diagnose) struct PressedQueue {
    /// True if the queue drops connections; false if it is about to.
    pub(in crate::diagnose) is_full: bool,
    /// Identity of the listener.
    key: SocketKey,
    /// Index of the listener among the totals of listeners.
    listener: usize,
    /// Number of listeners counted here.
    listeners: u32,
    /// Number of listeners on the same address and port, and how many of the others are full too.
    sharing: u32,
    others_full: u32,
    /// Connections in the queues.
    waiting: u64,
    /// When the queue began to be full or filling, ns of the monotonic clock.
    since_ns: u64,
    /// When a connection was last seen to be accepted, ns; 0 if none was.
    accepted_ns: u64,
    cause: Cause,
    /// Connections dropped within the window, and per second.
    dropped: f64,
    dropped_per_s: Option<f64>,
    /// Connections dropped since `listen()`.
    dropped_total: Option<u64>,
    accepted_per_s: Option<f64>,
}

/// Measurements of one queue over the window.
#[derive(Debug, Default)]
struct RecentQueue {
    /// Connections dropped and accepted, 1 if the queue was full and if it was empty, and connections that other listeners
    /// on the same address and port accepted.
    window: Window<5>,
    since_ns: u64,
    accepted_ns: u64,
    round: u64,
}

const DROPPED: usize = 0;
const ACCEPTED: usize = 1;
const FULL: usize = 2;
const EMPTY: usize = 3;
const ACCEPTED_BY_OTHERS: usize = 4;

/// Number of connections that other listeners must have accepted for none at this one to mean anything.
const MANY_ACCEPTED: f64 = 5.0;

/// The accept queues that hold connections or have dropped some.
#[derive(Debug)]
pub(in crate::diagnose) struct AcceptQueues {
    thresholds: Thresholds,
    recent: SeededMap<SocketKey, RecentQueue>,
    round: u64,
    overflows: CounterStep,
    pressed: Vec<PressedQueue>,
}

impl AcceptQueues {
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        AcceptQueues {
            thresholds,
            recent: SeededMap::default(),
            round: 0,
            overflows: CounterStep::new("TcpExt.ListenOverflows"),
            pressed: Vec::new(),
        }
    }

    /// Returns the queues that are full or filling, in the order of the listeners.
    pub(in crate::diagnose) fn pressed(&self) -> &[PressedQueue] {
        &self.pressed
    }

    /// Measures the queues of the next moment.
    pub(in crate::diagnose) fn update(&mut self, facts: &Facts<'_>) {
        self.round += 1;
        self.pressed.clear();
        let seconds = facts.elapsed_s();
        // Dropped by the full accept queues of all listeners since the previous Sample.
        let overflowed = self.overflows.step(facts).unwrap_or(0);
        let groups = Groups::of(facts);
        for (listener, totals) in facts.listeners() {
            let Some(socket) = facts.socket(totals.row) else {
                continue;
            };
            let key = socket.socket.key();
            let dropped = totals.drops_per_s.unwrap_or(0.0);
            if totals.accept_queue == 0 && dropped == 0.0 && !self.recent.contains_key(&key) {
                continue;
            }
            let recent = self.recent.entry(key).or_default();
            recent.round = self.round;
            let is_full = totals.queue().is_full();
            // A queue can fill and drain between two Samples: its drops show that, if full queues dropped most of them.
            let was_full = dropped > 0.0
                && seconds.is_some_and(|seconds| overflowed as f64 * 2.0 >= dropped * seconds);
            if let Some(seconds) = seconds {
                let (own, others) = match totals.sharing {
                    1 => (totals.accepted_per_s.unwrap_or(0.0) * seconds, 0.0),
                    _ => groups.accepted(facts, totals),
                };
                let values = [
                    dropped * seconds,
                    own,
                    f64::from(u8::from(is_full || was_full)),
                    f64::from(u8::from(totals.accept_queue == 0)),
                    others,
                ];
                if own > 0.0 {
                    recent.accepted_ns = facts.now_ns();
                }
                let span = self.thresholds.window_s;
                recent.window.push(facts.now_ns(), seconds, values, span);
            }
            let pressed =
                recent.assess(facts, &groups, listener, (totals, socket), self.thresholds);
            self.pressed.extend(pressed);
        }
        self.merge_queues_of_a_process(facts);
        let round = self.round;
        self.recent.retain(|_, recent| {
            // A queue without recent drops starts over.
            recent.round == round
                && (recent.window.count(DROPPED) + recent.window.count(FULL) > 0
                    || recent.window.len() < 3)
        });
    }

    /// Merges the queues that one process has on one port, if they are full or filling for the same cause.
    fn merge_queues_of_a_process(&mut self, facts: &Facts<'_>) {
        let mut merged: BTreeMap<(u32, u16, bool, &str), PressedQueue> = BTreeMap::new();
        let mut pressed = std::mem::take(&mut self.pressed);
        // Rows change their order, keys do not.
        pressed.sort_by_key(|queue| queue.key);
        for queue in pressed {
            let totals = facts.moment.unfiltered().listeners.get(queue.listener);
            let socket = totals.and_then(|totals| facts.socket(totals.row));
            let key = socket.and_then(|socket| {
                let process = socket.holders().first()?.process;
                let port = socket.socket.local()?.port;
                Some((process, port, queue.is_full, queue.cause.name()))
            });
            match key.and_then(|key| merged.get_mut(&key)) {
                Some(first) => first.merge(&queue),
                None => match key {
                    Some(key) => drop(merged.insert(key, queue)),
                    None => self.pressed.push(queue),
                },
            }
        }
        self.pressed.extend(merged.into_values());
    }
}

impl PressedQueue {
    /// Adds another queue of the same process.
    fn merge(&mut self, other: &PressedQueue) {
        self.listeners += 1;
        self.waiting += other.waiting;
        self.since_ns = self.since_ns.min(other.since_ns);
        self.accepted_ns = self.accepted_ns.max(other.accepted_ns);
        self.dropped += other.dropped;
        let sum = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b);
        self.dropped_per_s = sum(self.dropped_per_s, other.dropped_per_s);
        self.accepted_per_s = sum(self.accepted_per_s, other.accepted_per_s);
        self.dropped_total = (self.dropped_total.zip(other.dropped_total)).map(|(a, b)| a + b);
        // The other one was among those that are full too.
        self.others_full = self.others_full.saturating_sub(u32::from(other.is_full));
    }
}

impl RecentQueue {
    /// Decides whether the queue is full or filling, and why.
    fn assess(
        &mut self,
        facts: &Facts<'_>,
        groups: &Groups,
        listener: usize,
        (totals, socket): (&ListenerTotals, SocketRef<'_>),
        thresholds: Thresholds,
    ) -> Option<PressedQueue> {
        let window = &self.window;
        let queue = totals.queue();
        let dropped = window.sum(DROPPED);
        let drops_now = totals.drops_per_s.is_some_and(|rate| rate > 0.0);
        // A single Sample may find the queue just emptied.
        let dropped_recently = dropped > 0.0 && window.count(FULL) * 3 >= window.len();
        let is_filling = queue.fill() >= thresholds.filling_share
            && queue.waiting >= thresholds.filling_connections;
        let is_full = queue.is_full()
            || (drops_now && window.count(FULL) > 0)
            || (dropped_recently && (drops_now || is_filling));
        if !is_full && !is_filling {
            self.since_ns = 0;
            return None;
        }
        if self.since_ns == 0 {
            self.since_ns = facts.now_ns();
        }
        let is_alone = totals.sharing == 1;
        let accepted_per_s = window
            .per_second(ACCEPTED)
            .filter(|_| totals.accepted_per_s.is_some() && is_alone);
        let holders = Holders::of(socket);
        let accepts = Accepts {
            per_s: accepted_per_s,
            // Connections that close within an interval are not seen to be accepted. Those of the others would be missing
            // as well.
            is_known_not_to: !is_alone
                && window.sum(ACCEPTED) == 0.0
                && (window.sum(ACCEPTED_BY_OTHERS) >= MANY_ACCEPTED
                    || queue.is_full() && groups.all_wait_at(facts, totals)),
            is_emptied: window.count(EMPTY) * 2 >= window.len(),
        };
        let others_full = groups.others_full(facts, totals);
        Some(PressedQueue {
            is_full,
            key: socket.socket.key(),
            listener,
            listeners: 1,
            sharing: totals.sharing,
            others_full,
            waiting: queue.waiting.into(),
            since_ns: self.since_ns,
            accepted_ns: self.accepted_ns,
            cause: Cause::of(facts, totals, accepts, &holders, &thresholds),
            dropped,
            dropped_per_s: window.per_second(DROPPED),
            dropped_total: totals.drops.map(u64::from),
            accepted_per_s,
        })
    }
}

/// How fast a process accepts connections, as far as that is known.
#[derive(Debug, Clone, Copy)]
struct Accepts {
    /// Accepted per second; `None` if that is unknown.
    per_s: Option<f64>,
    /// True if it shares its address and port, and its own connections show that it accepts none.
    is_known_not_to: bool,
    /// True if at least half of the Samples found the queue empty.
    is_emptied: bool,
}

impl Cause {
    fn name(self) -> &'static str {
        match self {
            Cause::Stopped => "stopped",
            Cause::NotAccepting => "not-accepting",
            Cause::Slow => "slow",
            Cause::Backlog => "backlog",
            Cause::Somaxconn => "somaxconn",
        }
    }

    fn of(
        facts: &Facts<'_>,
        totals: &ListenerTotals,
        accepts: Accepts,
        holders: &Holders<'_>,
        thresholds: &Thresholds,
    ) -> Cause {
        if holders.are_stopped() {
            return Cause::Stopped;
        }
        let quick = totals.queue().capacity() as f64 * thresholds.quick_turns_per_s;
        // A process that accepts everything between two bursts is not slow, even if bursts are rare.
        let is_quick = match accepts.per_s {
            Some(rate) => rate >= quick || (rate > 0.0 && accepts.is_emptied),
            None => accepts.is_emptied && !accepts.is_known_not_to,
        };
        if is_quick {
            let most = facts.settings().number("net.core.somaxconn", 0);
            return match most {
                Some(most) if most <= u64::from(totals.backlog) => Cause::Somaxconn,
                _ => Cause::Backlog,
            };
        }
        match accepts.per_s {
            Some(rate) if rate > 0.0 => Cause::Slow,
            Some(_) => Cause::NotAccepting,
            None if accepts.is_known_not_to => Cause::NotAccepting,
            None => Cause::Slow,
        }
    }
}
