//! `accept-queue-full` and `accept-queue-filling`: a listener drops connections, or is about to.
//!
//! A connection whose handshake is complete waits in the accept queue until the process takes it with `accept()`. The
//! queue holds one more than its limit, which is the smaller of what `listen()` was told and `net.core.somaxconn`. When it
//! is full, the kernel drops what comes: the client sees no answer and asks again.
//!
//! Why it is full makes the difference: the process is stopped; or it runs and takes too few; or it takes them quickly,
//! and the queue is too small for how they come.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::diagnosis::Finder;
use super::facts::{Facts, activity, subject_of};
use super::finding::{Kind, Severity, Value};
use super::observation::Observation;
use super::window::Window;
use super::words;
use crate::aggregate::ListenerTotals;
use crate::model::{Activity, SocketKey, SocketRef};

/// When it is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Share of its limit from which on a queue that stays so is filling: a healthy process empties it time and again,
    /// whatever the load.
    pub filling_share: f64,
    /// Connections below which no queue counts as filling, however small its limit.
    pub filling_connections: u32,
    /// Seconds over which drops and what was accepted are summed up.
    pub window_s: f64,
    /// How often per second a process empties a queue of this size, from which on the size is to blame and not the
    /// process.
    pub quick_turns_per_s: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            filling_share: 0.7,
            filling_connections: 2,
            window_s: 10.0,
            quick_turns_per_s: 2.0,
        }
    }
}

/// The last seconds of one listener.
#[derive(Debug, Default)]
struct Lately {
    /// Dropped, accepted, whether the queue was full, and whether it was empty.
    window: Window<4>,
    since_ns: u64,
    round: u64,
}

const DROPPED: usize = 0;
const ACCEPTED: usize = 1;
const FULL: usize = 2;
const EMPTY: usize = 3;

#[derive(Debug, Default)]
pub(super) struct AcceptQueue {
    thresholds: Thresholds,
    lately: FxHashMap<SocketKey, Lately>,
    round: u64,
    /// `ListenOverflows` of the Sample before.
    overflows: Option<u64>,
}

impl AcceptQueue {
    pub(super) fn new(thresholds: Thresholds) -> Self {
        AcceptQueue {
            thresholds,
            ..AcceptQueue::default()
        }
    }
}

/// Why a queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Stopped,
    NotAccepting,
    Slow,
    Backlog,
    Somaxconn,
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
}

impl Finder for AcceptQueue {
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>) {
        self.round += 1;
        let seconds = facts.elapsed_s();
        let overflowed = self.overflowed(facts);
        for totals in &facts.moment.unfiltered().listeners {
            let Some(socket) = facts.socket(totals.row) else {
                continue;
            };
            let key = socket.socket.key();
            let dropped = totals.drops_per_s.unwrap_or(0.0);
            if totals.accept_queue == 0 && dropped == 0.0 && !self.lately.contains_key(&key) {
                continue;
            }
            let lately = self.lately.entry(key).or_default();
            lately.round = self.round;
            let is_full = totals.accept_queue > 0 && totals.accept_queue >= totals.backlog;
            // Between two Samples it can fill and be emptied: then its drops tell, if full queues dropped most of them.
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
                lately.window.push(facts.now_ns(), seconds, values, span);
            }
            out.extend(self.tell(facts, totals, socket, is_full));
        }
        let round = self.round;
        self.lately.retain(|_, lately| {
            // What has long been quiet starts anew.
            lately.round == round
                && (lately.window.count(DROPPED) + lately.window.count(FULL) > 0
                    || lately.window.len() < 3)
        });
    }
}

impl AcceptQueue {
    /// How many connections full accept queues have dropped since the Sample before, all listeners together.
    fn overflowed(&mut self, facts: &Facts<'_>) -> u64 {
        let now = facts.counter("TcpExt.ListenOverflows");
        let before = std::mem::replace(&mut self.overflows, now);
        match (now, before) {
            (Some(now), Some(before)) => now.saturating_sub(before),
            _ => 0,
        }
    }

    fn tell(
        &mut self,
        facts: &Facts<'_>,
        totals: &ListenerTotals,
        socket: SocketRef<'_>,
        is_full: bool,
    ) -> Option<Observation> {
        let thresholds = self.thresholds;
        let lately = self.lately.get_mut(&socket.socket.key())?;
        let window = &lately.window;
        let (queue, backlog) = (totals.accept_queue, totals.backlog);
        let dropped = window.sum(DROPPED);
        // More than the limit is the most that fits: the next one is dropped.
        let overflows = queue > backlog && queue > 0;
        let drops_now = totals.drops_per_s.is_some_and(|rate| rate > 0.0);
        // One look in between may find the queue just emptied.
        let drops_lately = dropped > 0.0 && window.count(FULL) * 3 >= window.len();
        let share = f64::from(queue) / f64::from(backlog.max(1));
        let full = overflows
            || (drops_now && window.count(FULL) > 0)
            || (drops_lately && drops_now)
            || (drops_lately && is_full);
        let filling = share >= thresholds.filling_share && queue >= thresholds.filling_connections;
        if !full && !filling {
            lately.since_ns = 0;
            return None;
        }
        if lately.since_ns == 0 {
            lately.since_ns = facts.now_ns();
        }
        let accepted = window
            .per_second(ACCEPTED)
            .filter(|_| totals.accepted_per_s.is_some());
        let activity = activity(socket);
        let is_emptied = window.count(EMPTY) * 2 >= window.len();
        let cause = cause(facts, totals, (accepted, is_emptied), activity, &thresholds);
        let kind = if full {
            Kind::AcceptQueueFull
        } else {
            Kind::AcceptQueueFilling
        };
        let subject = subject_of(socket);
        let name = subject.to_string();
        let whose = subject.process().map_or_else(
            || format!("The listener {name}"),
            |process| format!("{process} on {name}"),
        );
        let pid = subject.process().map(|process| process.key.pid);
        let somaxconn = facts.settings().number("net.core.somaxconn", 0);
        let mut observation =
            Observation::new(kind, subject, "waiting", Value::Count(queue.into()))
                .with("backlog", Value::Count(backlog.into()))
                .with_cause(cause.name())
                .with("dropped", Value::Count(dropped.round() as u64))
                .with("window_s", Value::Seconds(thresholds.window_s))
                .with_known("dropped_per_s", window.per_second(DROPPED).map(Value::Rate))
                .with_known("accepted_per_s", accepted.map(Value::Rate))
                .with_known(
                    "dropped_total",
                    totals.drops.map(|n| Value::Count(n.into())),
                )
                .with_known("half_open", totals.syn_recv.map(|n| Value::Count(n.into())))
                .with_known("somaxconn", somaxconn.map(Value::Count))
                .with_known("state", activity.map(|a| Value::Text(a.state.to_string())));
        observation.severity = if full {
            Severity::Critical
        } else {
            Severity::Warning
        };
        observation.since_ns = Some(lately.since_ns);
        observation.summary = format!("{whose} {}", why(cause, accepted));
        observation.rest = rest(totals, dropped, full, thresholds.window_s);
        observation.advice = advice(
            cause,
            pid,
            activity,
            totals,
            somaxconn,
            observation.subject.process().is_some(),
        );
        Some(observation)
    }
}

/// What its process does wrong, or its queue.
fn why(cause: Cause, accepted: Option<f64>) -> String {
    match (cause, accepted) {
        (Cause::Stopped, _) => "is stopped".to_owned(),
        (Cause::NotAccepting, _) => "does not accept".to_owned(),
        (Cause::Slow, Some(rate)) => format!("accepts only {}", words::per_second(rate)),
        (Cause::Slow, None) => "accepts too slowly".to_owned(),
        (Cause::Backlog | Cause::Somaxconn, Some(rate)) => {
            let rate = words::per_second(rate);
            format!("has too small a queue, though it accepts {rate},")
        }
        (Cause::Backlog | Cause::Somaxconn, None) => "has too small a queue".to_owned(),
    }
}

/// What becomes of connections. The kernel counts each attempt, also that of a client which tries again.
fn rest(totals: &ListenerTotals, dropped: f64, full: bool, window_s: f64) -> String {
    let waiting = match totals.accept_queue {
        0 => format!(": its queue for {} overflows", totals.backlog),
        waiting => format!(
            ": {} in a queue for {}",
            words::plural(waiting.into(), "connection waits", "connections wait"),
            totals.backlog
        ),
    };
    match dropped.round() as u64 {
        0 if full => format!("{waiting}, and the next one is dropped"),
        0 => waiting,
        dropped => format!(
            "{waiting}, and {} dropped in the last {}",
            words::plural(
                dropped,
                "attempt to connect was",
                "attempts to connect were"
            ),
            words::seconds(window_s)
        ),
    }
}

fn cause(
    facts: &Facts<'_>,
    totals: &ListenerTotals,
    (accepted, is_emptied): (Option<f64>, bool),
    activity: Option<Activity>,
    thresholds: &Thresholds,
) -> Cause {
    if activity.is_some_and(Activity::is_stopped) {
        return Cause::Stopped;
    }
    let room = f64::from(totals.backlog) + 1.0;
    match accepted {
        // Who takes all there is between two bursts is not slow, however rare they are.
        Some(rate) if rate >= room * thresholds.quick_turns_per_s || (rate > 0.0 && is_emptied) => {
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

fn advice(
    cause: Cause,
    pid: Option<u32>,
    activity: Option<Activity>,
    totals: &ListenerTotals,
    somaxconn: Option<u64>,
    is_owned: bool,
) -> String {
    let look = pid.map_or_else(String::new, |pid| {
        format!(" (`strace -fp {pid}`, `gdb -p {pid}`)")
    });
    match cause {
        Cause::Stopped => words::stopped(pid, activity),
        Cause::NotAccepting if !is_owned => {
            "No process that can be seen holds it: find who should accept here, as root if need be."
                .to_owned()
        }
        Cause::NotAccepting => format!(
            "It runs but has not called accept() for a while: see what it waits for{look}. A larger backlog would only \
             hide it."
        ),
        Cause::Slow => format!(
            "It runs but takes connections too slowly: give it more workers or threads, or move what blocks between two \
             accept() calls elsewhere{look}. A larger backlog only helps against bursts."
        ),
        Cause::Backlog => {
            let most = somaxconn.map_or_else(String::new, |most| {
                format!(" (up to net.core.somaxconn = {most})")
            });
            format!(
                "It accepts quickly; its queue for {} is too small for bursts: raise the backlog that it gives to \
                 listen(){most} and restart it.",
                totals.backlog
            )
        }
        Cause::Somaxconn => format!(
            "It accepts quickly; its queue for {} is too small for bursts and as large as net.core.somaxconn allows: \
             `sysctl -w net.core.somaxconn={}`, then raise its backlog for listen() if that is lower, and restart it.",
            totals.backlog,
            (u64::from(totals.backlog) * 4).max(4096)
        ),
    }
}
