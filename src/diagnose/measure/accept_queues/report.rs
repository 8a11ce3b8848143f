//! Observation of a full or filling accept queue: evidence, sentence, and advice by cause.

use super::{Cause, PressedQueue, Thresholds};
use crate::aggregate::ListenerTotals;
use crate::diagnose::facts::{Facts, listener_name, subject_of};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::holders::Holders;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

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
        let socket = facts.socket(totals.row)?;
        let subject = subject_of(socket);
        let holders = Holders::of(socket);
        let who = listener_name(&subject);
        let somaxconn = facts.settings().number("net.core.somaxconn", 0);
        let waiting = Value::Count(self.waiting);
        let mut observation = Observation::new(kind, subject, "waiting", waiting)
            .with("backlog", Value::Count(totals.backlog.into()))
            .with_cause(self.cause.name())
            .with("dropped", Value::Count(self.dropped.round() as u64))
            .with("window_s", Value::Seconds(thresholds.window_s))
            .with_known("dropped_per_s", self.dropped_per_s.map(Value::Rate))
            .with_known("accepted_per_s", self.accepted_per_s.map(Value::Rate))
            .with_known("dropped_total", self.dropped_total.map(Value::Count))
            .with_known("half_open", totals.syn_recv.map(|n| Value::Count(n.into())))
            .with_known("somaxconn", somaxconn.map(Value::Count))
            .with_known("state", holders.state())
            .with_known("stopped", holders.stopped_names());
        if self.listeners > 1 {
            observation = observation.with("queues", Value::Count(self.listeners.into()));
        }
        if self.sharing > 1 {
            observation = observation
                .with("listeners", Value::Count(self.sharing.into()))
                .with("others_full", Value::Count(self.others_full.into()));
        }
        observation.severity = severity;
        observation.since_ns = Some(self.since_ns);
        // The queue may have been emptied in between, and the finding stays for some seconds.
        observation.stated_since_ns = match self.cause {
            Cause::NotAccepting => Some(self.since_ns.max(self.accepted_ns)),
            _ => Some(self.since_ns),
        };
        observation.summary = format!("{who} {}", self.fault(holders.are_several()));
        let rate = match (self.cause, self.accepted_per_s) {
            (Cause::Backlog | Cause::Somaxconn, Some(rate)) => {
                format!(": it accepts {}; ", phrases::per_second(rate))
            }
            _ => ": ".to_owned(),
        };
        let consequence = self.consequence(totals, thresholds.window_s);
        observation.rest = rate + &consequence + &self.others_in_group();
        observation.advice = self.advice(&holders, totals, somaxconn) + &self.share_of_group();
        Some(observation)
    }

    /// Describes the fault of the process, or of its queue.
    fn fault(&self, is_shared: bool) -> String {
        match (self.cause, self.accepted_per_s) {
            (Cause::Stopped, _) if is_shared => "has had all its processes stopped".to_owned(),
            (Cause::Stopped, _) => "has been stopped".to_owned(),
            (Cause::NotAccepting, _) => "has accepted no connections".to_owned(),
            (Cause::Slow, Some(rate)) => format!("has accepted only {}", phrases::per_second(rate)),
            (Cause::Slow, None) => "has not emptied its accept queue".to_owned(),
            (Cause::Backlog | Cause::Somaxconn, _) => "has had too small a backlog".to_owned(),
        }
    }

    /// Returns the consequence for connections. The kernel counts each segment that it drops: SYNs, also those that
    /// are sent again, and the ACKs that would complete a handshake.
    fn consequence(&self, totals: &ListenerTotals, window_s: f64) -> String {
        let backlog = totals.backlog;
        let queues = match self.listeners {
            1 => format!("an accept queue of {backlog}"),
            listeners => format!("{listeners} accept queues of {backlog}"),
        };
        let waiting = match (self.waiting, self.listeners) {
            (0, 1) => format!("its accept queue of {backlog} overflows"),
            (0, _) => format!("its {queues} overflow"),
            (waiting, _) => format!(
                "{} in {queues}",
                phrases::plural(waiting, "connection waits", "connections wait")
            ),
        };
        match self.dropped.round() as u64 {
            0 if self.is_full => format!("{waiting}; the next one will be dropped"),
            0 => waiting,
            dropped => format!(
                "{waiting}; {} dropped in the last {}",
                phrases::plural(
                    dropped,
                    "SYN or ACK of a handshake was",
                    "SYNs or ACKs of handshakes were"
                ),
                phrases::seconds(window_s)
            ),
        }
    }

    /// Returns the number of other listeners on the same address and port.
    fn others(&self) -> u32 {
        self.sharing.saturating_sub(self.listeners)
    }

    /// Describes the state of the other listeners on the same address and port.
    fn others_in_group(&self) -> String {
        let others = self.others();
        let full = phrases::count(self.others_full.into());
        match (others, self.others_full) {
            (0, _) => String::new(),
            (1, 0) => "; the other listener on this address and port is not full".to_owned(),
            (_, 0) => {
                format!("; the {others} other listeners on this address and port are not full")
            }
            (1, _) => "; the other listener on this address and port is full too".to_owned(),
            _ => format!(
                "; {full} of the {others} other listeners on this address and port are full too"
            ),
        }
    }

    /// Explains the share of new connections that arrive here. The kernel spreads them evenly, by a hash of their ends,
    /// unless a BPF program chooses.
    fn share_of_group(&self) -> String {
        if self.others() == 0 {
            return String::new();
        }
        let share = f64::from(self.listeners) / f64::from(self.sharing.max(1));
        let rest = if self.others_full == 0 && self.is_full {
            ": these are dropped although the others have room"
        } else {
            ""
        };
        format!(
            " The kernel sends about {:.0} % of new connections here{rest}.",
            share * 100.0
        )
    }

    fn advice(
        &self,
        holders: &Holders<'_>,
        totals: &ListenerTotals,
        somaxconn: Option<u64>,
    ) -> String {
        let tools = holders.tools();
        // Others may accept, so one that is stopped is not the whole explanation.
        let stopped = holders.continue_some();
        match self.cause {
            Cause::Stopped => holders.continue_all(),
            Cause::NotAccepting if holders.count() == 0 => {
                "No visible process owns this listener. Run sockwatch as root to find the process that should accept."
                    .to_owned()
            }
            Cause::NotAccepting => format!(
                "{stopped}{}{tools}. A larger backlog only hides the problem.",
                not_accepting(holders)
            ),
            Cause::Slow if self.accepted_per_s.is_none() => format!(
                "{stopped}Whether it accepts too slowly or not at all is not known: the kernel does not count it for \
                 this listener. See what it waits for{tools}. A larger backlog only helps with bursts."
            ),
            Cause::Slow => format!(
                "{stopped}{} connections too slowly. Add workers or threads, or move blocking work out of the accept \
                 loop{tools}. A larger backlog only helps with bursts.",
                if holders.are_several() {
                    "Its processes together accept"
                } else {
                    "It is running but accepts"
                }
            ),
            Cause::Backlog => {
                let most = somaxconn.map_or_else(String::new, |most| {
                    format!(" (up to net.core.somaxconn = {most})")
                });
                format!(
                    "It accepts quickly, but its accept queue of {} is too small for bursts. Raise the backlog that it \
                     passes to listen(){most} and restart it.",
                    totals.backlog
                )
            }
            Cause::Somaxconn => format!(
                "It accepts quickly, but its accept queue of {} is too small for bursts and as large as \
                 net.core.somaxconn allows. Run `sysctl -w net.core.somaxconn={}`, raise the backlog that it passes to \
                 listen() if that is lower, and restart it.",
                totals.backlog,
                (u64::from(totals.backlog) * 4).max(4096)
            ),
        }
    }
}

/// Describes processes that are not all stopped, and accept nothing.
fn not_accepting(holders: &Holders<'_>) -> &'static str {
    match (holders.are_several(), holders.are_running()) {
        (false, true) => {
            "It is not stopped, but has accepted nothing recently. See what it waits for"
        }
        (false, false) => "It has accepted nothing recently. See what it waits for",
        (true, true) => {
            "None of its processes is stopped, but none has accepted anything recently. See what they wait for"
        }
        (true, false) => {
            "None of its processes has accepted anything recently. See what those wait for that are not stopped"
        }
    }
}
