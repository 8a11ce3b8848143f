//! Observation of half-open connections: evidence, sentence, and advice by verdict.

use super::{
    COOKIES, DROPPED, FEW, HalfOpenConnections, HalfOpenGroup, RETURNED, Thresholds, Verdict,
};
use crate::diagnose::facts::{Facts, listener_name};
use crate::diagnose::finding::{Severity, Value};
use crate::diagnose::help_text;
use crate::diagnose::kind::FindingKind;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

/// SYN cookies and drops of all listeners within the window, with the settings that matter.
#[derive(Debug, Clone, Copy)]
struct Defense {
    sent: f64,
    returned: f64,
    dropped: f64,
    /// `net.ipv4.tcp_syncookies`.
    syncookies: Option<u64>,
    somaxconn: Option<u64>,
}

impl HalfOpenConnections {
    /// Adds an observation of `kind` for each listener whose half-open connections have a verdict that is `wanted`.
    pub(in crate::diagnose) fn observe(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'_>,
        wanted: impl Fn(Verdict) -> bool,
        out: &mut Vec<Observation>,
    ) {
        let settings = facts.settings();
        let defense = Defense {
            sent: self.window.sum(COOKIES),
            returned: self.window.sum(RETURNED),
            dropped: self.window.sum(DROPPED),
            syncookies: settings.number("net.ipv4.tcp_syncookies", 0),
            somaxconn: settings.number("net.core.somaxconn", 0),
        };
        out.extend(self.groups.iter().filter_map(|group| {
            let verdict = group.verdict.filter(|&verdict| wanted(verdict))?;
            self.observe_group(kind, facts, group, verdict, defense)
        }));
    }

    fn observe_group(
        &self,
        kind: &'static FindingKind,
        facts: &Facts<'_>,
        group: &HalfOpenGroup,
        verdict: Verdict,
        defense: Defense,
    ) -> Option<Observation> {
        let thresholds = &self.thresholds;
        let share = group.share();
        let is_pressed = group.is_pressed(&self.window);
        let is_full = share >= thresholds.share || is_pressed;
        // A finding stays active while half as many are left.
        let few = thresholds.half_open.min(FEW);
        let stays = is_full || group.answers.unanswered * 2 >= thresholds.half_open;
        if !(is_pressed || group.answers.unanswered >= few && stays) {
            return None;
        }
        let subject = facts.subject_of_listeners(group.listener)?;
        let who = listener_name(&subject);
        let from = match (group.answers.fates.half_open, group.first_source) {
            (1, Some(source)) => format!("from {source}"),
            (sources, _) => format!(
                "from {}",
                phrases::plural(sources.into(), "address", "addresses")
            ),
        };
        let count = Value::Count(group.answers.half_open.into());
        let completed = match verdict {
            Verdict::NeverCompleted | Verdict::NoAnswer => group.answers.fates.unanswered_completed,
            Verdict::Backlog | Verdict::Deferred | Verdict::Undecided => {
                group.answers.fates.completed
            }
        };
        let mut observation = Observation::new(kind, subject, "half_open", count)
            .with_cause(verdict.name())
            .with("stuck", Value::Count(group.answers.unanswered.into()))
            .with("deferred", Value::Count(group.answers.deferred.into()))
            .with("backlog", Value::Count(group.backlog))
            .with(
                "sources",
                Value::Count(group.answers.fates.half_open.into()),
            )
            .with("sources_completed", Value::Count(completed.into()))
            .with("handshakes_completed", Value::Count(group.answers.opened))
            .with("cookies_at_work", Value::Flag(defense.is_at_work()))
            .with("cookies_sent", Value::Count(defense.sent as u64))
            .with("cookies_returned", Value::Count(defense.returned as u64))
            .with("dropped", Value::Count(defense.dropped as u64))
            .with_known("tcp_syncookies", defense.syncookies.map(Value::Count));
        observation.over_threshold = is_full || group.answers.unanswered >= thresholds.half_open;
        observation.severity =
            if defense.dropped > 0.0 || (is_full && defense.syncookies == Some(0)) {
                Severity::Critical
            } else if verdict == Verdict::Deferred {
                Severity::Info
            } else if is_full || share >= 0.5 {
                Severity::Warning
            } else {
                Severity::Info
            };
        observation.reports_growth = true;
        observation.since_ns = Some(group.since_ns);
        let half_open = phrases::plural(
            group.answers.half_open.into(),
            "half-open connection",
            "half-open connections",
        );
        observation.summary = format!("{who} has had {half_open} {from}");
        let effect = defense.effect(thresholds.window_s);
        let effect = effect.map_or_else(String::new, |effect| format!("; {effect}"));
        let others = group.other_clients(verdict, thresholds.window_s);
        observation.rest = format!(": {}{others}{effect}", group.answers(verdict));
        observation.advice = advice(verdict, group, defense);
        Some(observation)
    }
}

impl Defense {
    fn is_at_work(&self) -> bool {
        self.sent > 0.0 || self.syncookies == Some(2)
    }

    /// Describes the effect on further clients.
    fn effect(&self, window_s: f64) -> Option<String> {
        match (self.is_at_work(), self.dropped as u64, self.syncookies) {
            (true, ..) => Some("SYN cookies are active".to_owned()),
            (false, 0, Some(0)) => Some("SYN cookies are off".to_owned()),
            (false, 0, _) => None,
            (false, dropped, _) => Some(format!(
                "{} dropped in the last {}",
                phrases::plural(dropped, "SYN was", "SYNs were"),
                phrases::seconds(window_s)
            )),
        }
    }

    /// Returns the advice to turn on SYN cookies, if they are off.
    fn turn_on(&self) -> &'static str {
        match self.syncookies {
            Some(0) => "Turn on SYN cookies: `sysctl -w net.ipv4.tcp_syncookies=1`. ",
            _ => "",
        }
    }

    /// Describes the effect of SYN cookies, if they are at work.
    fn meanwhile(&self) -> &'static str {
        if self.is_at_work() {
            "Clients that answer can still connect through SYN cookies, but without window scaling unless they use \
             timestamps. "
        } else {
            ""
        }
    }
}

impl HalfOpenGroup {
    /// Describes the clients whose handshakes complete beside those that do not answer.
    fn other_clients(&self, verdict: Verdict, window_s: f64) -> String {
        let does_not_answer = matches!(verdict, Verdict::NeverCompleted | Verdict::NoAnswer);
        if !does_not_answer || self.answers.opened == 0 {
            return String::new();
        }
        format!(
            "; {} in the last {}",
            phrases::plural(
                self.answers.opened,
                "other handshake was completed",
                "other handshakes were completed"
            ),
            phrases::seconds(window_s)
        )
    }

    /// Describes whether the clients answer.
    fn answers(&self, verdict: Verdict) -> String {
        let fates = &self.answers.fates;
        let count = |number: u32| phrases::count(number.into());
        match verdict {
            Verdict::NeverCompleted if fates.unanswered_completed == 0 => {
                "no handshake from them was completed".to_owned()
            }
            Verdict::NeverCompleted => format!(
                "of {} addresses that did not answer, {} completed a handshake",
                count(fates.unanswered),
                count(fates.unanswered_completed)
            ),
            Verdict::NoAnswer if self.answers.repeated * 4 >= self.answers.unanswered => {
                "the clients repeat their SYNs, but do not answer the SYN-ACKs".to_owned()
            }
            Verdict::NoAnswer => {
                format!(
                    "{} of the SYN-ACKs got no answer",
                    count(self.answers.unanswered)
                )
            }
            Verdict::Backlog => format!(
                "their handshakes complete, but more are under way than its backlog of {} holds",
                phrases::count(self.backlog)
            ),
            Verdict::Deferred => format!(
                "{} of them are complete and wait for the client's first data (TCP_DEFER_ACCEPT)",
                count(self.answers.deferred)
            ),
            Verdict::Undecided => "whether their clients answer is not known".to_owned(),
        }
    }
}

fn advice(verdict: Verdict, group: &HalfOpenGroup, defense: Defense) -> String {
    let (turn_on, meanwhile) = (defense.turn_on(), defense.meanwhile());
    let backlog = phrases::count(group.backlog);
    let most = defense.somaxconn.map_or_else(String::new, |most| {
        format!(" (up to net.core.somaxconn = {most})")
    });
    match verdict {
        Verdict::NeverCompleted => format!(
            "The SYN-ACKs were retransmitted in vain. The source addresses are probably forged; clients whose return path \
             is broken for all of them would look the same. {turn_on}{meanwhile}Limit SYNs in the firewall (nftables `synproxy`, \
             `limit rate`) or upstream; a backlog above {backlog} does not stop a flood."
        ),
        Verdict::NoAnswer => format!(
            "{turn_on}The SYNs arrive, but the SYN-ACKs or the clients' answers are probably lost. Check the path to these \
             clients (routes, a firewall that sees only one direction, `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`). A port \
             scanner does not answer either. {meanwhile}"
        ),
        Verdict::Backlog => format!(
            "The clients are real: they answer, only later than new ones arrive. Raise the backlog that it passes to \
             listen(){most} and restart it. {turn_on}{meanwhile}"
        ),
        Verdict::Deferred => format!(
            "Nothing is lost: the clients have answered, and the kernel keeps the connection half-open until data \
             arrives, because the listener has TCP_DEFER_ACCEPT. Raise the backlog that it passes to listen(){most}, or \
             shorten the time of TCP_DEFER_ACCEPT. {turn_on}{meanwhile}"
        ),
        Verdict::Undecided => format!(
            "Compare the SYN cookies that come back with those sent (`nstat -az TcpExtSyncookiesSent \
             TcpExtSyncookiesRecv`): if most come back, the clients are real and a larger backlog helps{most}; if none \
             does, limit SYNs in the firewall. {turn_on}{meanwhile}"
        ),
    }
    .trim_end()
    .to_owned()
}

/// Describes the condition of a finding about half-open connections, of which `which`.
pub(in crate::diagnose) fn reported_when(which: &str, thresholds: &Thresholds) -> String {
    format!(
        "A listener has at least {} half-open connections whose SYN-ACK was retransmitted, or fewer that fill {} of its \
         backlog, or any that fill half of it while SYN cookies were sent or SYNs were dropped within {}; {which}.",
        phrases::count(thresholds.half_open.into()),
        help_text::share(thresholds.share),
        help_text::seconds(thresholds.window_s)
    )
}

/// Severity of a finding about half-open connections.
pub(in crate::diagnose) const SEVERITY: &str =
    "Info. Warning at half the backlog, critical if SYNs are dropped.";
