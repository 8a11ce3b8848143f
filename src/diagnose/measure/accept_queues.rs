//! Measures the accept queues of listeners: fill level, drops and their cause.
//!
//! A connection whose handshake is complete waits in the accept queue until the process calls `accept()`. The queue takes
//! one connection more than its limit, which is the smaller of the backlog passed to `listen()` and `net.core.somaxconn`.
//! When it is full, the kernel drops new connections: the client gets no answer and tries again.
//!
//! The causes are a process that is stopped, one that accepts too few connections, and a queue that is too small for the
//! bursts of a process that accepts quickly.

mod report;

use rustc_hash::FxHashMap;

use super::counter::CounterStep;
use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::{Facts, activity};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::window::Window;
use crate::model::{Activity, SocketKey, SocketRef};

thresholds! {
    /// Thresholds for accept queues that are filling or full.
    thresholds {
        /// A queue that stays at this share of its limit is about to overflow. A healthy process keeps
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

/// A queue that is full or filling.
#[derive(Debug)]
pub(in crate::diagnose) struct PressedQueue {
    /// True if the queue drops connections; false if it is about to.
    pub(in crate::diagnose) is_full: bool,
    /// Index of the listener among the totals of listeners.
    listener: usize,
    /// When the queue began to be full or filling, ns of the monotonic clock.
    since_ns: u64,
    cause: Cause,
    activity: Option<Activity>,
    /// Connections dropped within the window, and per second.
    dropped: f64,
    dropped_per_s: Option<f64>,
    accepted_per_s: Option<f64>,
}

/// Measurements of one queue over the window.
#[derive(Debug, Default)]
struct RecentQueue {
    /// Connections dropped and accepted, and 1 if the queue was full and if it was empty.
    window: Window<4>,
    since_ns: u64,
    round: u64,
}

const DROPPED: usize = 0;
const ACCEPTED: usize = 1;
const FULL: usize = 2;
const EMPTY: usize = 3;

/// The accept queues that hold connections or have dropped some.
#[derive(Debug)]
pub(in crate::diagnose) struct AcceptQueues {
    thresholds: Thresholds,
    recent: FxHashMap<SocketKey, RecentQueue>,
    round: u64,
    overflows: CounterStep,
    pressed: Vec<PressedQueue>,
}

impl AcceptQueues {
    pub(in crate::diagnose) fn new(thresholds: Thresholds) -> Self {
        AcceptQueues {
            thresholds,
            recent: FxHashMap::default(),
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
        for (listener, totals) in facts.moment.unfiltered().listeners.iter().enumerate() {
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
            let is_full = totals.accept_queue > 0 && totals.accept_queue >= totals.backlog;
            // A queue can fill and drain between two Samples: its drops show that, if full queues dropped most of them.
            let was_full = dropped > 0.0
                && seconds.is_some_and(|seconds| overflowed as f64 * 2.0 >= dropped * seconds);
            if let Some(seconds) = seconds {
                let values = [
                    dropped * seconds,
                    totals.accepted_per_s.unwrap_or(0.0) * seconds,
                    f64::from(u8::from(is_full || was_full)),
                    f64::from(u8::from(totals.accept_queue == 0)),
                ];
                let span = self.thresholds.window_s;
                recent.window.push(facts.now_ns(), seconds, values, span);
            }
            let pressed = recent.assess(facts, listener, (totals, socket), self.thresholds);
            self.pressed.extend(pressed);
        }
        let round = self.round;
        self.recent.retain(|_, recent| {
            // A queue without recent drops starts over.
            recent.round == round
                && (recent.window.count(DROPPED) + recent.window.count(FULL) > 0
                    || recent.window.len() < 3)
        });
    }
}

impl RecentQueue {
    /// Decides whether the queue is full or filling, and why.
    fn assess(
        &mut self,
        facts: &Facts<'_>,
        listener: usize,
        (totals, socket): (&ListenerTotals, SocketRef<'_>),
        thresholds: Thresholds,
    ) -> Option<PressedQueue> {
        let window = &self.window;
        let (queue, backlog) = (totals.accept_queue, totals.backlog);
        let dropped = window.sum(DROPPED);
        // The queue fits one more than its limit; the next connection is dropped.
        let overflows = queue > backlog && queue > 0;
        let drops_now = totals.drops_per_s.is_some_and(|rate| rate > 0.0);
        // A single Sample may find the queue just emptied.
        let dropped_recently = dropped > 0.0 && window.count(FULL) * 3 >= window.len();
        let share = f64::from(queue) / f64::from(backlog.max(1));
        let is_full = overflows
            || (drops_now && window.count(FULL) > 0)
            || (dropped_recently && drops_now)
            || (dropped_recently
                && totals.accept_queue > 0
                && totals.accept_queue >= totals.backlog);
        let is_filling =
            share >= thresholds.filling_share && queue >= thresholds.filling_connections;
        if !is_full && !is_filling {
            self.since_ns = 0;
            return None;
        }
        if self.since_ns == 0 {
            self.since_ns = facts.now_ns();
        }
        let accepted_per_s = window
            .per_second(ACCEPTED)
            .filter(|_| totals.accepted_per_s.is_some());
        let activity = activity(socket);
        let is_emptied = window.count(EMPTY) * 2 >= window.len();
        let accepts = (accepted_per_s, is_emptied);
        Some(PressedQueue {
            is_full,
            listener,
            since_ns: self.since_ns,
            cause: Cause::of(facts, totals, accepts, activity, &thresholds),
            activity,
            dropped,
            dropped_per_s: window.per_second(DROPPED),
            accepted_per_s,
        })
    }
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
        (accepted, is_emptied): (Option<f64>, bool),
        activity: Option<Activity>,
        thresholds: &Thresholds,
    ) -> Cause {
        if activity.is_some_and(Activity::is_stopped) {
            return Cause::Stopped;
        }
        let capacity = f64::from(totals.backlog) + 1.0;
        match accepted {
            // A process that accepts everything between two bursts is not slow, even if bursts are rare.
            Some(rate)
                if rate >= capacity * thresholds.quick_turns_per_s
                    || (rate > 0.0 && is_emptied) =>
            {
                let most = facts.settings().number("net.core.somaxconn", 0);
                if most.is_some_and(|most| most <= u64::from(totals.backlog)) {
                    Cause::Somaxconn
                } else {
                    Cause::Backlog
                }
            }
            Some(rate) if rate > 0.0 => Cause::Slow,
            Some(_) => Cause::NotAccepting,
            None => Cause::Slow,
        }
    }
}
