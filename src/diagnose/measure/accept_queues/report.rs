//! The observation of a pressed accept queue: its evidence, its sentence, and the advice by its cause.

use super::{Cause, PressedQueue, Thresholds};
use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::{Facts, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;
use crate::model::Activity;

impl PressedQueue {
    /// The observation of this queue, as a finding of a kind.
    pub(in crate::diagnose) fn observe(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'_>,
        thresholds: &Thresholds,
        severity: Severity,
    ) -> Option<Observation> {
        let totals = facts.moment.unfiltered().listeners.get(self.listener)?;
        let subject = subject_of(facts.socket(totals.row)?);
        let name = subject.to_string();
        let whose = subject.process().map_or_else(
            || format!("The listener {name}"),
            |process| format!("{process} on {name}"),
        );
        let pid = subject.process().map(|process| process.key.pid);
        let is_owned = subject.process().is_some();
        let somaxconn = facts.settings().number("net.core.somaxconn", 0);
        let waiting = Value::Count(totals.accept_queue.into());
        let state = self.activity.map(|a| Value::Text(a.state.to_string()));
        let mut observation = Observation::new(kind, subject, "waiting", waiting)
            .with("backlog", Value::Count(totals.backlog.into()))
            .with_cause(self.cause.name())
            .with("dropped", Value::Count(self.dropped.round() as u64))
            .with("window_s", Value::Seconds(thresholds.window_s))
            .with_known("dropped_per_s", self.dropped_per_s.map(Value::Rate))
            .with_known("accepted_per_s", self.accepted_per_s.map(Value::Rate))
            .with_known(
                "dropped_total",
                totals.drops.map(|n| Value::Count(n.into())),
            )
            .with_known("half_open", totals.syn_recv.map(|n| Value::Count(n.into())))
            .with_known("somaxconn", somaxconn.map(Value::Count))
            .with_known("state", state);
        observation.severity = severity;
        observation.since_ns = Some(self.since_ns);
        observation.summary = format!("{whose} {}", fault(self.cause, self.accepted_per_s));
        observation.rest = rest(totals, self.dropped, self.is_full, thresholds.window_s);
        observation.advice = advice(self.cause, pid, self.activity, totals, somaxconn, is_owned);
        Some(observation)
    }
}

/// The fault of the process, or of its queue.
fn fault(cause: Cause, accepted: Option<f64>) -> String {
    match (cause, accepted) {
        (Cause::Stopped, _) => "is stopped".to_owned(),
        (Cause::NotAccepting, _) => "does not accept".to_owned(),
        (Cause::Slow, Some(rate)) => format!("accepts only {}", phrases::per_second(rate)),
        (Cause::Slow, None) => "accepts too slowly".to_owned(),
        (Cause::Backlog | Cause::Somaxconn, Some(rate)) => {
            let rate = phrases::per_second(rate);
            format!("has too small a queue, though it accepts {rate},")
        }
        (Cause::Backlog | Cause::Somaxconn, None) => "has too small a queue".to_owned(),
    }
}

/// The consequence for connections. The kernel counts each attempt, also that of a client which tries again.
fn rest(totals: &ListenerTotals, dropped: f64, full: bool, window_s: f64) -> String {
    let waiting = match totals.accept_queue {
        0 => format!(": its queue for {} overflows", totals.backlog),
        waiting => format!(
            ": {} in a queue for {}",
            phrases::plural(waiting.into(), "connection waits", "connections wait"),
            totals.backlog
        ),
    };
    match dropped.round() as u64 {
        0 if full => format!("{waiting}, and the next one is dropped"),
        0 => waiting,
        dropped => format!(
            "{waiting}, and {} dropped in the last {}",
            phrases::plural(
                dropped,
                "attempt to connect was",
                "attempts to connect were"
            ),
            phrases::seconds(window_s)
        ),
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
        Cause::Stopped => phrases::stopped(pid, activity),
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
