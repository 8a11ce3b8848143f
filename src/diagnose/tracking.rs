//! Tracks observations from Sample to Sample: raises a finding once its condition has persisted, and clears it once the
//! condition has been absent for some time. Suppresses observations that another finding explains.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::finding::{Finding, FindingKey, Value};
use super::findings::SUPPRESSION;
use super::observation::{MAX_PER_KIND, Observation};
use super::phrases;
use super::suppress::{Cause, Causes, Effect};
use super::time_of_day::time_of_day;
use crate::aggregate::Recent;
use crate::model::SeededSet;
use crate::printable::sanitized;

/// Growth per minute below which growth is not reported.
const MIN_GROWTH_PER_MINUTE: f64 = 1.0;

/// Time for which a condition must be observed before its growth is reported, s.
const GROWTH_AFTER_S: f64 = 10.0;

/// Minimum number of Samples to raise and to clear a finding, at any interval.
const MIN_SAMPLES: u32 = 2;

/// A finding that was raised or cleared.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The finding is now active.
    Raised(Finding),
    /// The finding has ended.
    Cleared(Finding),
}

/// Time of a Sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// ns of the monotonic clock.
    pub(super) monotonic_ns: u64,
    /// µs since 1970 UTC.
    pub(super) wall_us: i64,
}

impl Now {
    /// Converts an instant of the monotonic clock to µs since 1970 UTC.
    fn wall_us_at(self, monotonic_ns: u64) -> i64 {
        let ago_us = self.monotonic_ns.saturating_sub(monotonic_ns) / 1000;
        self.wall_us
            .saturating_sub(i64::try_from(ago_us).unwrap_or(i64::MAX))
    }

    /// Returns the time since an instant of the monotonic clock, s.
    fn seconds_since(self, monotonic_ns: u64) -> f64 {
        self.monotonic_ns.saturating_sub(monotonic_ns) as f64 / 1e9
    }
}

/// An observed condition, reported or not.
#[derive(Debug)]
struct Tracked {
    finding: Finding,
    /// The finding at its worst, with its number then, once it was raised.
    worst: Option<(f64, Finding)>,
    is_raised: bool,
    /// When it was first observed, ns of the monotonic clock, and its number then.
    first_ns: u64,
    first_number: f64,
    /// When it went over its threshold, and the number of Samples since; 0 while it is below.
    over_since_ns: u64,
    over_samples: u32,
    /// When it was last observed, ns of the monotonic clock and µs since 1970 UTC.
    last_ns: u64,
    last_us: i64,
    /// Samples since then.
    missed: u32,
    is_observed: bool,
}

impl Tracked {
    fn new(observation: &Observation, now: Now) -> Tracked {
        let since_ns = observation.since_ns.unwrap_or(now.monotonic_ns);
        Tracked {
            finding: Finding {
                kind: observation.kind,
                severity: observation.severity,
                subject: observation.subject.clone(),
                namespace: observation.namespace.clone(),
                since_us: now.wall_us_at(since_ns),
                until_us: None,
                since_ns,
                until_ns: None,
                evidence: Vec::new(),
                summary: String::new(),
                advice: String::new(),
                recent: Recent::default(),
            },
            worst: None,
            is_raised: false,
            first_ns: now.monotonic_ns,
            first_number: observation.number,
            over_since_ns: now.monotonic_ns,
            over_samples: 0,
            last_ns: now.monotonic_ns,
            last_us: now.wall_us,
            missed: 0,
            is_observed: false,
        }
    }

    fn cause(&self) -> Cause {
        Cause {
            kind: self.finding.kind,
            netns: self.finding.key().1,
            subject: self.finding.subject.clone(),
        }
    }

    /// Applies an observation; returns the finding if this raises it.
    fn update(
        &mut self,
        observation: Observation,
        now: Now,
        hold_s: f64,
        zone: &TimeZone,
    ) -> Option<Finding> {
        let Observation {
            severity, number, ..
        } = observation;
        self.is_observed = true;
        (self.last_ns, self.last_us) = (now.monotonic_ns, now.wall_us);
        self.missed = 0;
        if observation.over_threshold {
            if self.over_samples == 0 {
                self.over_since_ns = now.monotonic_ns;
                if !self.is_raised {
                    let since_ns = observation.since_ns.unwrap_or(now.monotonic_ns);
                    self.finding.since_us = now.wall_us_at(since_ns);
                    self.finding.since_ns = since_ns;
                }
            }
            self.over_samples = self.over_samples.saturating_add(1);
        } else {
            self.over_samples = 0;
        }
        let is_news = !self.is_raised
            && self.over_samples >= MIN_SAMPLES
            && now.seconds_since(self.over_since_ns) >= hold_s;
        self.is_raised |= is_news;

        let observed_s = now.seconds_since(self.first_ns);
        let per_minute = (number - self.first_number) / observed_s * 60.0;
        let reports_growth = observation.reports_growth && observed_s >= GROWTH_AFTER_S;
        let finding = &mut self.finding;
        finding.recent.push(Some(number));
        finding.subject = observation.subject;
        finding.evidence = observation.evidence;
        finding.summary = match &observation.namespace {
            Some(namespace) => format!(
                "In network namespace {}: {}",
                sanitized(&namespace.name),
                observation.summary
            ),
            None => observation.summary,
        };
        finding.namespace = observation.namespace;
        finding.advice = observation.advice;
        // A raised finding can become more severe at once, but less severe only by clearing.
        finding.severity = if self.is_raised && !is_news {
            finding.severity.max(severity)
        } else {
            severity
        };
        if reports_growth {
            let value = Value::Rate((per_minute * 10.0).round() / 10.0);
            finding.evidence.push(("growth_per_min", value));
        }
        let stated_ns = observation.stated_since_ns;
        let since_us = match stated_ns.filter(|stated_ns| *stated_ns > finding.since_ns) {
            Some(stated_ns) => now.wall_us_at(stated_ns),
            None => finding.since_us,
        };
        let since = time_of_day(since_us, now.wall_us, zone);
        let _ = write!(finding.summary, " since {since}");
        if reports_growth && per_minute >= MIN_GROWTH_PER_MINUTE {
            let growth = match finding.evidence.first() {
                Some((_, Value::Bytes(_))) => phrases::bytes(per_minute as u64),
                _ => format!("{per_minute:.0}"),
            };
            let _ = write!(finding.summary, ", growing by {growth}/min");
        }
        let _ = write!(finding.summary, "{}.", observation.rest);
        let raised = is_news.then(|| finding.clone());
        let is_worse = self
            .worst
            .as_ref()
            .is_none_or(|(most, worst)| (finding.severity, number) > (worst.severity, *most));
        if self.is_raised && is_worse {
            self.worst = Some((number, finding.clone()));
        }
        raised
    }

    /// Returns the finding as reported after its end: as it was at its worst, because in its last Samples it had nearly
    /// ended.
    fn cleared(&mut self) -> Finding {
        let worst = self.worst.take().map(|(_, finding)| finding);
        let mut finding = worst.unwrap_or_else(|| self.finding.clone());
        finding.recent = self.finding.recent;
        finding.until_us = Some(self.last_us);
        finding.until_ns = Some(self.last_ns);
        finding
    }
}

/// Observed conditions, by kind and subject.
#[derive(Debug)]
pub(super) struct FindingTracker {
    hold_s: f64,
    clear_s: f64,
    /// Time for which a cleared finding still suppresses others, s.
    aftermath_s: f64,
    zone: TimeZone,
    tracked: BTreeMap<FindingKey, Tracked>,
    /// Recently cleared findings with their time, ns of the monotonic clock: their effects may still be observed.
    aftermath: Vec<(u64, Cause)>,
    findings: Vec<Finding>,
    changes: Vec<Change>,
}

impl FindingTracker {
    /// Starts with nothing observed.
    pub(super) fn new(hold_s: f64, clear_s: f64, aftermath_s: f64, zone: TimeZone) -> Self {
        FindingTracker {
            hold_s,
            clear_s,
            aftermath_s,
            zone,
            tracked: BTreeMap::new(),
            aftermath: Vec::new(),
            findings: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Returns the active findings, the most severe first.
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Removes and returns the findings that were raised or cleared since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Applies all observations of the next Sample, and empties their list. Conditions in the network namespaces that were not
    /// examined stay as they are.
    pub(super) fn update(
        &mut self,
        observations: &mut Vec<Observation>,
        unexamined: &SeededSet<u32>,
        now: Now,
    ) {
        self.suppress_effects(observations, now);
        keep_worst(observations);
        for tracked in self.tracked.values_mut() {
            tracked.is_observed = false;
        }
        for observation in observations.drain(..) {
            let tracked = self.tracked.entry(observation.key());
            let tracked = tracked.or_insert_with(|| Tracked::new(&observation, now));
            let raised = tracked.update(observation, now, self.hold_s, &self.zone);
            self.changes.extend(raised.map(Change::Raised));
        }
        self.clear_ended(unexamined, now);
        self.collect_findings();
    }

    /// Removes observations that are explained by others, by findings that are no longer observed but not cleared yet, or
    /// by recently cleared ones: after a path was repaired, lost segments are retransmitted.
    fn suppress_effects(&mut self, observations: &mut Vec<Observation>, now: Now) {
        // Measurements show traces of a cleared finding for that long.
        let span_ns = (self.aftermath_s * 1e9) as u64;
        self.aftermath
            .retain(|(cleared_ns, _)| now.monotonic_ns.saturating_sub(*cleared_ns) < span_ns);
        let observed = observations.iter();
        let observed = observed.filter(|observation| SUPPRESSION.has_effects(observation.kind));
        let raised = self.tracked.values().filter(|tracked| tracked.is_raised);
        let mut causes = Causes::default();
        for cause in observed.map(Cause::of).chain(raised.map(Tracked::cause)) {
            causes.add(&cause);
        }
        for (_, cause) in &self.aftermath {
            causes.add(cause);
        }
        observations
            .retain(|observation| !SUPPRESSION.suppresses(&causes, Effect::of(observation)));
    }

    /// Removes conditions that are no longer observed: at once if not raised, else once absent for some time.
    fn clear_ended(&mut self, unexamined: &SeededSet<u32>, now: Now) {
        let clear_s = self.clear_s;
        let (changes, aftermath) = (&mut self.changes, &mut self.aftermath);
        self.tracked.retain(|_, tracked| {
            let namespace = tracked.finding.namespace.as_ref();
            if tracked.is_observed || namespace.is_some_and(|it| unexamined.contains(&it.inode)) {
                return true;
            }
            let absent_s = now.seconds_since(tracked.last_ns);
            tracked.missed = tracked.missed.saturating_add(1);
            if tracked.is_raised && (absent_s < clear_s || tracked.missed < MIN_SAMPLES) {
                tracked.finding.recent.push(None);
                return true;
            }
            if tracked.is_raised {
                aftermath.push((now.monotonic_ns, tracked.cause()));
                changes.push(Change::Cleared(tracked.cleared()));
            }
            false
        });
    }

    /// Lists the raised findings: the most severe first, then by kind, number and subject.
    fn collect_findings(&mut self) {
        self.findings.clear();
        let raised = self.tracked.values().filter(|tracked| tracked.is_raised);
        self.findings
            .extend(raised.map(|tracked| tracked.finding.clone()));
        self.findings.sort_by(|a, b| {
            let number = |finding: &Finding| finding.recent.values().next_back().flatten();
            (b.severity.cmp(&a.severity))
                .then(a.kind.cmp(b.kind))
                .then(
                    number(b)
                        .partial_cmp(&number(a))
                        .unwrap_or(std::cmp::Ordering::Equal),
                )
                .then_with(|| a.subject.to_string().cmp(&b.subject.to_string()))
        });
    }
}

/// Keeps the worst subjects of each kind, in an order that depends on nothing else.
fn keep_worst(observations: &mut Vec<Observation>) {
    let rank = |o: &Observation| (o.kind, Reverse(o.severity));
    observations.sort_by(|a, b| {
        (rank(a).cmp(&rank(b)))
            .then(b.number.total_cmp(&a.number))
            .then_with(|| a.key().cmp(&b.key()))
    });
    let (mut kind, mut count) = (None, 0);
    observations.retain(|observation| {
        if kind != Some(observation.kind) {
            (kind, count) = (Some(observation.kind), 0);
        }
        count += 1;
        count <= MAX_PER_KIND
    });
}
