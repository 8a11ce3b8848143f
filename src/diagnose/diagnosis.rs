//! Lets what is observed become findings, and go again.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use super::absorb::{Grave, Seen, absorbs};
use super::facts::{Facts, Lists};
use super::finding::{Finding, Kind, SubjectKey};
use super::observation::Observation;
use super::{
    Thresholds, accept_queue, close_wait_leak, connect_stuck, descriptors_low, ephemeral_ports_low,
    host_limits, not_accepted, receiver_stalled, retransmitting, sender_stalled, syn_queue,
    time_wait_buildup, udp_drops,
};
use crate::aggregate::{Moment, PortUsage, Recent};
use crate::column::when;
use crate::model::Endpoint;

/// Subjects of one kind that are told, the worst of them: more say no more.
pub(super) const MOST_OF_A_KIND: usize = 20;

/// Growth per minute below which nothing is said of it.
const GROWTH_PER_MINUTE: f64 = 1.0;

/// How long something has to be looked at before its growth is told, s.
const GROWTH_AFTER_S: f64 = 10.0;

/// Samples that it takes at least to come and to go, however far apart they are.
const LEAST_SAMPLES: u32 = 2;

/// Something that one of the findings looks at.
pub(super) trait Finder: Send {
    /// Looks at a moment and adds what is wrong.
    fn look(&mut self, facts: &Facts<'_>, out: &mut Vec<Observation>);
}

/// A finding that has come or gone.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It holds from now on.
    Come(Finding),
    /// It is over.
    Gone(Finding),
}

/// What is known of something observed, whether it has been told or not.
struct Watched {
    finding: Finding,
    /// As it was when it was worst, and the number then, once it was told.
    worst: Option<(f64, Finding)>,
    told: bool,
    /// When it was observed first, ns of the monotonic clock, and the number then.
    first_ns: u64,
    first_number: f64,
    /// Since when it is bad enough to be told, and in how many Samples; 0 while it is not.
    bad_since_ns: u64,
    bad_samples: u32,
    /// When it was observed last.
    last_ns: u64,
    /// Samples since then.
    missed: u32,
    towards_own: Option<Endpoint>,
    observed: bool,
}

impl Watched {
    fn grave(&self) -> Grave {
        Grave {
            kind: self.finding.kind,
            subject: self.finding.subject.clone(),
            towards_own: self.towards_own,
        }
    }
}

/// Takes moments in order and tells what is wrong.
pub struct Diagnosis {
    thresholds: Thresholds,
    zone: TimeZone,
    lists: Lists,
    finders: Vec<Box<dyn Finder>>,
    observed: Vec<Observation>,
    watched: FxHashMap<(Kind, SubjectKey), Watched>,
    /// What was over a short while ago, and when: what follows from it may still be seen.
    aftermath: Vec<(u64, Grave)>,
    findings: Vec<Finding>,
    changes: Vec<Change>,
}

impl std::fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnosis")
            .field("findings", &self.findings.len())
            .finish_non_exhaustive()
    }
}

impl Diagnosis {
    /// Has seen nothing yet. Times of day in its sentences are of `zone`.
    pub fn new(thresholds: Thresholds, zone: TimeZone) -> Diagnosis {
        Diagnosis {
            finders: finders(&thresholds),
            thresholds,
            zone,
            lists: Lists::default(),
            observed: Vec::new(),
            watched: FxHashMap::default(),
            aftermath: Vec::new(),
            findings: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The same thresholds, and nothing seen yet.
    #[must_use]
    pub fn anew(&self) -> Diagnosis {
        Diagnosis::new(self.thresholds.clone(), self.zone.clone())
    }

    /// The findings that hold, the gravest first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What has come and gone since this was asked last.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Where the most local ports are taken, at the moment taken last; `None` if the range of ports is not known.
    pub fn ports(&self, moment: &Moment) -> Option<PortUsage> {
        moment.sample.settings.local_ports()?;
        let paths = self.lists.paths.iter();
        let most = paths.max_by_key(|(path, taken)| (taken.ports, path.destination, path.source));
        Some(PortUsage {
            path: most.map(|(path, _)| (path.source, path.destination)),
            taken: most.map_or(0, |(_, taken)| taken.ports),
        })
    }

    /// Takes the next moment; answers the findings that hold then.
    pub fn update(&mut self, moment: &Moment) -> &[Finding] {
        self.lists.gather(moment);
        let facts = Facts {
            moment,
            lists: &self.lists,
        };
        self.observed.clear();
        for finder in &mut self.finders {
            finder.look(&facts, &mut self.observed);
        }
        let (now_ns, now_us) = (moment.sample.monotonic_ns, moment.sample.taken_at_us);
        self.leave_out();
        self.leave_to_graver(now_ns);
        keep_the_worst(&mut self.observed);
        self.watched
            .values_mut()
            .for_each(|watched| watched.observed = false);
        for observation in std::mem::take(&mut self.observed) {
            self.watch(observation, now_ns, now_us);
        }
        self.let_go(now_ns, now_us);
        self.findings.clear();
        let told = self.watched.values().filter(|watched| watched.told);
        self.findings
            .extend(told.map(|watched| watched.finding.clone()));
        self.findings.sort_by(|a, b| {
            let number = |finding: &Finding| finding.recent.values().next_back().flatten();
            (b.severity.cmp(&a.severity))
                .then(a.kind.cmp(&b.kind))
                .then(
                    number(b)
                        .partial_cmp(&number(a))
                        .unwrap_or(std::cmp::Ordering::Equal),
                )
                .then_with(|| a.subject.to_string().cmp(&b.subject.to_string()))
        });
        &self.findings
    }

    /// Drops what nobody wants to be told of.
    fn leave_out(&mut self) {
        let Thresholds {
            disable,
            ignore_processes,
            ..
        } = &self.thresholds;
        self.observed.retain(|observation| {
            let process = observation.subject.process();
            let is_ignored = process.is_some_and(|named| ignore_processes.contains(&named.comm));
            !is_ignored && !disable.contains(&observation.kind)
        });
    }

    /// Drops observations that only follow from others, from findings that have just ceased to be observed, or from those
    /// that were over a short while ago: after a path was mended, what was lost is sent again.
    fn leave_to_graver(&mut self, now_ns: u64) {
        // As long as what is summed up still has traces of it.
        let span_ns = (self.thresholds.retransmitting.window_s * 1e9) as u64;
        self.aftermath
            .retain(|(gone_ns, _)| now_ns.saturating_sub(*gone_ns) < span_ns);
        let mut graver: Vec<Grave> = self.observed.iter().map(Grave::of).collect();
        let told = self.watched.values().filter(|watched| watched.told);
        graver.extend(told.map(Watched::grave));
        graver.extend(self.aftermath.iter().map(|(_, grave)| grave.clone()));
        self.observed.retain(|lesser| {
            let lesser = Seen {
                kind: lesser.kind,
                subject: &lesser.subject,
                towards_own: lesser.towards_own,
            };
            !graver.iter().any(|graver| absorbs(graver.seen(), lesser))
        });
    }

    /// Takes up one observation.
    fn watch(&mut self, observation: Observation, now_ns: u64, now_us: i64) {
        let key = (observation.kind, observation.subject.key());
        let Observation {
            severity, number, ..
        } = observation;
        let since_us = |since_ns: u64| {
            let ago = now_ns.saturating_sub(since_ns) / 1000;
            now_us.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX))
        };
        let watched = self.watched.entry(key).or_insert_with(|| Watched {
            finding: Finding {
                kind: observation.kind,
                severity,
                subject: observation.subject.clone(),
                since_us: since_us(observation.since_ns.unwrap_or(now_ns)),
                until_us: None,
                evidence: Vec::new(),
                summary: String::new(),
                advice: String::new(),
                recent: Recent::default(),
            },
            worst: None,
            told: false,
            first_ns: now_ns,
            first_number: number,
            bad_since_ns: now_ns,
            bad_samples: 0,
            last_ns: now_ns,
            missed: 0,
            towards_own: None,
            observed: false,
        });
        watched.observed = true;
        watched.last_ns = now_ns;
        watched.missed = 0;
        watched.towards_own = observation.towards_own;
        if observation.raises {
            if watched.bad_samples == 0 {
                watched.bad_since_ns = now_ns;
                if !watched.told {
                    watched.finding.since_us = since_us(observation.since_ns.unwrap_or(now_ns));
                }
            }
            watched.bad_samples = watched.bad_samples.saturating_add(1);
        } else {
            watched.bad_samples = 0;
        }
        let held_s = now_ns.saturating_sub(watched.bad_since_ns) as f64 / 1e9;
        let is_news = !watched.told
            && watched.bad_samples >= LEAST_SAMPLES
            && held_s >= self.thresholds.hold_s;
        watched.told |= is_news;

        let looked_s = now_ns.saturating_sub(watched.first_ns) as f64 / 1e9;
        let per_minute = (number - watched.first_number) / looked_s * 60.0;
        let grows = observation.grows && looked_s >= GROWTH_AFTER_S;
        let finding = &mut watched.finding;
        finding.recent.push(Some(number));
        finding.subject = observation.subject;
        finding.evidence = observation.evidence;
        finding.summary = observation.summary;
        finding.advice = observation.advice;
        // It grows graver at once, and less grave only by going.
        finding.severity = if watched.told && !is_news {
            finding.severity.max(severity)
        } else {
            severity
        };
        if grows {
            let value = super::Value::Rate((per_minute * 10.0).round() / 10.0);
            finding.evidence.push(("growth_per_min", value));
            if per_minute >= GROWTH_PER_MINUTE {
                let comma = if finding.summary.ends_with(',') {
                    ""
                } else {
                    ","
                };
                let _ = write!(finding.summary, "{comma} growing {per_minute:.0}/min");
            }
        }
        let since = time_of_day(finding.since_us, now_us, &self.zone);
        let _ = write!(finding.summary, " since {since}{}.", observation.rest);
        if is_news {
            self.changes.push(Change::Come(finding.clone()));
        }
        let is_worse = watched
            .worst
            .as_ref()
            .is_none_or(|(most, worst)| (finding.severity, number) > (worst.severity, *most));
        if watched.told && is_worse {
            watched.worst = Some((number, finding.clone()));
        }
    }

    /// Lets go of what is no longer observed: at once if nobody was told, else once it has been well for some time.
    fn let_go(&mut self, now_ns: u64, now_us: i64) {
        let clear_s = self.thresholds.clear_s;
        let (changes, aftermath) = (&mut self.changes, &mut self.aftermath);
        self.watched.retain(|_, watched| {
            if watched.observed {
                return true;
            }
            let well_s = now_ns.saturating_sub(watched.last_ns) as f64 / 1e9;
            watched.missed = watched.missed.saturating_add(1);
            if watched.told && (well_s < clear_s || watched.missed < LEAST_SAMPLES) {
                watched.finding.recent.push(None);
                return true;
            }
            if watched.told {
                aftermath.push((now_ns, watched.grave()));
                // What it was like at its worst says more than its last moment, when it was nearly well.
                let worst = watched.worst.take().map(|(_, finding)| finding);
                let mut finding = worst.unwrap_or_else(|| watched.finding.clone());
                finding.recent = watched.finding.recent;
                let ago = i64::try_from(now_ns.saturating_sub(watched.last_ns) / 1000);
                finding.until_us = Some(now_us.saturating_sub(ago.unwrap_or(0)));
                changes.push(Change::Gone(finding));
            }
            false
        });
    }
}

/// The time of day, with the date if that is another.
pub(super) fn time_of_day(us: i64, now_us: i64, zone: &TimeZone) -> String {
    let (then, now) = (when::show(us, zone), when::show(now_us, zone));
    match (then.split_once(' '), now.split_once(' ')) {
        (Some((day, time)), Some((today, _))) if day == today => time.to_owned(),
        _ => then,
    }
}

/// Leaves the worst subjects of each kind.
fn keep_the_worst(observed: &mut Vec<Observation>) {
    if observed.len() <= MOST_OF_A_KIND {
        return;
    }
    let rank = |o: &Observation| (o.kind, std::cmp::Reverse(o.severity));
    observed.sort_by(|a, b| {
        (rank(a).cmp(&rank(b))).then(
            b.number
                .partial_cmp(&a.number)
                .unwrap_or(std::cmp::Ordering::Equal),
        )
    });
    let (mut kind, mut count) = (None, 0);
    observed.retain(|observation| {
        if kind != Some(observation.kind) {
            (kind, count) = (Some(observation.kind), 0);
        }
        count += 1;
        count <= MOST_OF_A_KIND
    });
}

/// Everybody who looks, in the order of [`Kind::ALL`].
fn finders(thresholds: &Thresholds) -> Vec<Box<dyn Finder>> {
    let t = thresholds.clone();
    vec![
        Box::new(close_wait_leak::CloseWaitLeak::new(t.close_wait_leak)),
        Box::new(time_wait_buildup::TimeWaitBuildup::new(t.time_wait_buildup)),
        Box::new(ephemeral_ports_low::EphemeralPortsLow::new(
            t.ephemeral_ports_low,
        )),
        Box::new(accept_queue::AcceptQueue::new(t.accept_queue)),
        Box::new(not_accepted::NotAccepted::new(t.not_accepted)),
        Box::new(syn_queue::SynQueue::new(t.syn_queue)),
        Box::new(connect_stuck::ConnectStuck::new(t.connect_stuck)),
        Box::new(receiver_stalled::ReceiverStalled::new(t.receiver_stalled)),
        Box::new(sender_stalled::SenderStalled::new(t.sender_stalled)),
        Box::new(retransmitting::Retransmitting::new(t.retransmitting)),
        Box::new(udp_drops::UdpDrops::new(t.udp_drops)),
        Box::new(descriptors_low::DescriptorsLow::new(t.descriptors_low)),
        Box::new(host_limits::HostLimits::new(&t)),
    ]
}

#[cfg(test)]
mod tests;
