//! Observation of a full or filling accept queue: evidence, sentence, and advice by cause.

use super::{Cause, PressedQueue, Thresholds};
use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::{Facts, listener_name, subject_of};
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
        let who = listener_name(&subject);
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
        observation.summary = format!("{who} {}", fault(self.cause, self.accepted_per_s));
        observation.rest =
            match (self.cause, self.accepted_per_s) {
                (Cause::Backlog | Cause::Somaxconn, Some(rate)) => {
                    format!(": it accepts {}; ", phrases::per_second(rate))
                }
                _ => ": ".to_owned(),
            } + &consequence(totals, self.dropped, self.is_full, thresholds.window_s);
        observation.advice = advice(self.cause, pid, self.activity, totals, somaxconn, is_owned);
        Some(observation)
    }
}

/// Describes the fault of the process, or of its queue.
fn fault(cause: Cause, accepted: Option<f64>) -> String {
    match (cause, accepted) {
        (Cause::Stopped, _) => "has been stopped".to_owned(),
        (Cause::NotAccepting, _) => "has accepted no connections".to_owned(),
        (Cause::Slow, Some(rate)) => format!("has accepted only {}", phrases::per_second(rate)),
        (Cause::Slow, None) => "has accepted connections too slowly".to_owned(),
        (Cause::Backlog | Cause::Somaxconn, _) => "has had too small a backlog".to_owned(),
    }
}

/// Returns the consequence for connections. The kernel counts each attempt, even that of a client which tries again.
fn consequence(totals: &ListenerTotals, dropped: f64, full: bool, window_s: f64) -> String {
    let waiting = match totals.accept_queue {
        0 => format!("its accept queue of {} overflows", totals.backlog),
        waiting => format!(
            "{} in an accept queue of {}",
            phrases::plural(waiting.into(), "connection waits", "connections wait"),
            totals.backlog
        ),
    };
    match dropped.round() as u64 {
        0 if full => format!("{waiting}; the next one will be dropped"),
        0 => waiting,
        dropped => format!(
            "{waiting}; {} dropped in the last {}",
            phrases::plural(
                dropped,
                "connection attempt was",
                "connection attempts were"
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
    let tools = pid.map_or_else(String::new, |pid| {
        format!(" (`strace -fp {pid}`, `gdb -p {pid}`)")
    });
    match cause {
        Cause::Stopped => phrases::stopped(pid, activity),
        Cause::NotAccepting if !is_owned => {
            "No visible process owns this listener. Run sockwatch as root to find the process that should accept."
                .to_owned()
        }
        Cause::NotAccepting => format!(
            "It is running but has accepted nothing recently. See what it waits for{tools}. A larger backlog only hides \
             the problem."
        ),
        Cause::Slow => format!(
            "It is running but accepts connections too slowly. Add workers or threads, or move blocking work out of the \
             accept loop{tools}. A larger backlog only helps with bursts."
        ),
        Cause::Backlog => {
            let most = somaxconn.map_or_else(String::new, |most| {
                format!(" (up to net.core.somaxconn = {most})")
            });
            format!(
                "It accepts quickly, but its accept queue of {} is too small for bursts. Raise the backlog that it passes to \
                 listen(){most} and restart it.",
                totals.backlog
            )
        }
        Cause::Somaxconn => format!(
            "It accepts quickly, but its accept queue of {} is too small for bursts and as large as net.core.somaxconn \
             allows. Run `sysctl -w net.core.somaxconn={}`, raise the backlog that it passes to listen() if that is \
             lower, and restart it.",
            totals.backlog,
            (u64::from(totals.backlog) * 4).max(4096)
        ),
    }
}
