//! Established connections wait for `accept()`.
//!
//! For the client they are open; it may have sent its request and waits for an answer that no process works on. A queue
//! that is filling or full is another finding.

use std::cmp::Reverse;

use crate::diagnose::ages::Ages;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::{listener_name, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::holders::Holders;
use crate::diagnose::measure::waiting::{WaitingConnections, unread_data, waiting_since};
use crate::diagnose::measure::waiting_at::{QueueAges, Waiter, waiters};
use crate::diagnose::need::Need;
use crate::diagnose::observation::{MAX_PER_KIND, Observation};
use crate::diagnose::threshold::thresholds;
use crate::diagnose::{help_text, phrases};
use crate::model::SeededMap;
use crate::model::{Protocol, SocketRef};

thresholds! {
    /// Thresholds for connections that wait for `accept()`.
    thresholds {
        /// Minimum number of established connections that wait at one listener. A single one is a client
        /// without service. Raise it where a listener is kept open on purpose without a server.
        connections: u32 = 1, ValueRule::COUNT;
        /// How long a connection must wait. A process that is merely busy accepts within milliseconds; a
        /// client that has waited for five seconds has often given up.
        age_s: f64 = 5.0, ValueRule::SECONDS;
    }
}

/// Detects listeners whose connections wait.
#[derive(Debug)]
pub(in crate::diagnose) struct NotAccepted {
    thresholds: Thresholds,
    ages: Ages,
    queues: QueueAges,
}

impl Detector for NotAccepted {
    const ID: &'static str = "not-accepted";
    const TITLE: &'static str = "Established connections wait for accept().";
    const LOOK_ALIKES: &'static str = "For the client, the connection is open. If the accept queue is filling or full, only that is \
         reported. Of several listeners on one address and port (SO_REUSEPORT), only those with connections in their \
         queue are named. Cause stopped: the process is in state T. Cause not-accepting: it is not stopped, but does \
         not accept.";
    const REMEDY: &'static str =
        "See what the process does instead of calling accept() (strace, gdb).";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        NotAccepted {
            thresholds: *thresholds,
            ages: Ages::default(),
            queues: QueueAges::default(),
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "A listener has at least {} waiting for accept(), each for {} or longer.",
            phrases::plural(thresholds.connections.into(), "connection", "connections"),
            help_text::seconds(thresholds.age_s)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let facts = &scan.facts;
        // By listener and control group: a connection has that of the listener in whose queue it waits.
        let mut groups: SeededMap<(u32, u64), WaitingConnections> = SeededMap::default();
        self.ages.begin();
        for &row in &facts.candidates.unaccepted {
            let Some(socket) = facts.socket(row) else {
                continue;
            };
            // It has waited since the client's last acknowledgment.
            let since = waiting_since(&mut self.ages, facts, socket);
            let Some(listener) = facts.listener_of(socket.socket) else {
                continue;
            };
            let is_stuck = facts.age_s(since) >= self.thresholds.age_s;
            let cgroup = socket.socket.cgroup_id;
            let waiting = groups.entry((listener, cgroup)).or_default();
            waiting.add(unread_data(socket.socket), since, is_stuck);
        }
        self.ages.end();
        self.queues.begin();
        let mut groups: Vec<_> = groups.into_iter().collect();
        // Each group costs a walk over all listeners on its address, so only the worst are examined.
        groups.sort_unstable_by_key(|(group, waiting)| (Reverse(waiting.stuck), *group));
        for ((listener, cgroup), waiting) in groups.into_iter().take(2 * MAX_PER_KIND) {
            let Some(listener) = facts.socket(listener) else {
                continue;
            };
            let age_s = self.thresholds.age_s;
            let waiters = waiters(facts, &mut self.queues, (listener, cgroup), &waiting, age_s);
            if waiting.stuck >= self.thresholds.connections.max(1) {
                out.extend(waiters.iter().map(|waiter| observe(scan, waiter, &waiting)));
            }
        }
        self.queues.end();
    }
}

fn observe(scan: &Scan<'_>, waiter: &Waiter<'_>, waiting: &WaitingConnections) -> Observation {
    let facts = &scan.facts;
    let socket: SocketRef<'_> = waiter.listener;
    let subject = subject_of(socket);
    let holders = Holders::of(socket);
    let who = listener_name(&subject);
    let connections = phrases::plural(waiter.connections.into(), "connection", "connections");
    let is_stopped = holders.are_stopped();
    let advice = if is_stopped {
        holders.continue_all()
    } else {
        let state = match (holders.are_several(), holders.are_running()) {
            (false, true) => "It is not stopped. See what it does",
            (false, false) => "See what its process does",
            (true, true) => {
                "None of the processes that share it accepts, and none is stopped. See what they do"
            }
            (true, false) => {
                "None of the processes that share it accepts. See what those do that are not stopped"
            }
        };
        format!(
            "{}{state} instead of calling accept(){}. All workers may be busy, or the listener may have been inherited \
             and forgotten.",
            holders.continue_some(),
            holders.tools()
        )
    };
    let count = Value::Count(waiter.connections.into());
    let stuck = waiting.stuck.min(waiter.connections);
    let mut observation = Observation::new(scan.kind, subject, "connections", count)
        .with("stuck", Value::Count(stuck.into()))
        .with_cause(if is_stopped {
            "stopped"
        } else {
            "not-accepting"
        })
        .with("oldest_s", Value::Seconds(facts.age_s(waiting.oldest_ns)));
    // Of connections in several queues, it is not known which is where.
    if waiter.waiting_at_others == 0 {
        observation = observation.with("unread_bytes", Value::Bytes(waiting.unread));
    }
    let backlog = socket.socket.send_queue;
    observation = observation
        .with("backlog", Value::Count(backlog.into()))
        .with_known("state", holders.state())
        .with_known("stopped", holders.stopped_names());
    if waiter.sharing > 1 {
        observation = observation
            .with("listeners", Value::Count(waiter.sharing.into()))
            .with("waiting_at_others", Value::Count(waiter.waiting_at_others));
        observation.rest = at_others(waiter);
    }
    observation.reports_growth = true;
    observation.since_ns = Some(waiting.oldest_ns);
    observation.summary = format!("{who} has kept {connections} waiting for accept()");
    observation.advice = advice;
    observation
}

/// Describes the queues of the other listeners on the same address and port.
fn at_others(waiter: &Waiter<'_>) -> String {
    let others = phrases::plural(
        (waiter.sharing - waiter.listeners).into(),
        "other listener",
        "other listeners",
    );
    match waiter.waiting_at_others {
        _ if waiter.sharing == waiter.listeners => String::new(),
        0 => format!(": none waits at the {others} on this address and port"),
        waiting => format!(
            ": {} at the {others} on this address and port",
            phrases::plural(waiting, "connection waits", "connections wait")
        ),
    }
}
