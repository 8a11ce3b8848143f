//! Runs the detectors of all findings over each moment, and tracks what they observe.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::candidates::Candidates;
use super::facts::Facts;
use super::finding::Finding;
use super::findings::{Detectors, Thresholds};
use super::namespaces::OtherNamespaces;
use super::observation::Observation;
use super::tracking::{Change, FindingTracker, Now};
use super::unchecked::{Blindness, BlindnessLog, RecordedSockets};
use crate::aggregate::{Moment, PortUsage};

/// Diagnoses moments in order.
pub struct Diagnosis {
    thresholds: Thresholds,
    zone: TimeZone,
    candidates: Candidates,
    detectors: Detectors,
    /// The other network namespaces.
    others: OtherNamespaces,
    observations: Vec<Observation>,
    tracker: FindingTracker,
    recorded: RecordedSockets,
    /// Findings that could not be checked at the latest moment, and at all of them.
    blindness: Blindness,
    blindness_log: BlindnessLog,
}

impl std::fmt::Debug for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Diagnosis")
            .field("findings", &self.findings().len())
            .finish_non_exhaustive()
    }
}

impl Diagnosis {
    /// Starts with nothing examined. Times of day in sentences are in `zone`.
    pub fn new(thresholds: Thresholds, zone: TimeZone) -> Diagnosis {
        let detectors = Detectors::new(&thresholds);
        let tracker = FindingTracker::new(
            thresholds.hold_s,
            thresholds.clear_s,
            detectors.memory_s(),
            zone.clone(),
        );
        Diagnosis {
            thresholds,
            zone,
            candidates: Candidates::default(),
            detectors,
            others: OtherNamespaces::default(),
            observations: Vec::new(),
            tracker,
            recorded: RecordedSockets::default(),
            blindness: Blindness::default(),
            blindness_log: BlindnessLog::default(),
        }
    }

    /// Diagnoses a recording of these sockets.
    #[must_use]
    pub fn of_recording(self, recorded: RecordedSockets) -> Diagnosis {
        Diagnosis { recorded, ..self }
    }

    /// Returns a diagnosis with the same thresholds that has examined nothing.
    #[must_use]
    pub fn restarted(&self) -> Diagnosis {
        Diagnosis::new(self.thresholds.clone(), self.zone.clone())
            .of_recording(self.recorded.clone())
    }

    /// Returns what cannot be checked at the latest moment.
    pub fn blindness(&self) -> &Blindness {
        &self.blindness
    }

    /// Returns what could not be checked in most moments of a watch that lasted `watched_s`.
    pub fn blindness_of_watch(&self, watched_s: f64) -> Blindness {
        let mut blindness = self.blindness_log.most();
        blindness.add_too_short(watched_s, &self.thresholds);
        blindness
    }

    /// Returns the same of a recording with some corrupt parts, whose Samples were not examined.
    pub fn blindness_of_recording(&self, watched_s: f64, corrupt_parts: u64) -> Blindness {
        let mut blindness = self.blindness_of_watch(watched_s);
        blindness.add_corrupt(corrupt_parts, &self.thresholds);
        blindness
    }

    /// Returns the active findings, the most severe first.
    pub fn findings(&self) -> &[Finding] {
        self.tracker.findings()
    }

    /// Removes and returns the findings that were raised or cleared since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.tracker.take_changes()
    }

    /// Returns the connections or sockets with the fewest local ports left at the latest moment; `None` if the port range
    /// is unknown.
    pub fn ports(&self, moment: &Moment) -> Option<PortUsage> {
        moment.sample.settings.local_ports()?;
        Some(self.candidates.port_usage())
    }

    /// Returns the same of the other network namespaces whose port range is known, by their numbers.
    pub fn other_ports(&self) -> &Arc<Vec<(u32, PortUsage)>> {
        self.others.ports()
    }

    /// Examines the next moment; returns the active findings.
    pub fn update(&mut self, moment: &Moment) -> &[Finding] {
        self.blindness = Blindness::of(&moment.sample, &self.recorded, &self.thresholds);
        self.blindness_log.add(&self.blindness);
        self.candidates.collect(moment);
        self.others.find_rows(&moment.sample);
        let facts = Facts {
            moment,
            candidates: &self.candidates,
            netns: moment.sample.own_netns,
            rows: self.others.own_rows(),
            elapsed_s: moment.unfiltered().interval_ns.map(|ns| ns as f64 / 1e9),
        };
        self.observations.clear();
        self.detectors.detect(facts, true, &mut self.observations);
        self.others
            .detect(moment, &self.thresholds, &mut self.observations);
        self.track(moment)
    }

    /// Turns the observations of a moment into findings.
    fn track(&mut self, moment: &Moment) -> &[Finding] {
        let Thresholds {
            disable,
            ignore_processes,
            ..
        } = &self.thresholds;
        self.observations.retain(|observation| {
            let mut processes = observation.subject.processes().peekable();
            let is_ignored = processes.peek().is_some()
                && processes.all(|named| ignore_processes.contains(&named.comm));
            !is_ignored && !disable.contains(&observation.kind)
        });
        let now = Now {
            monotonic_ns: moment.sample.monotonic_ns,
            wall_us: moment.sample.taken_at_us,
        };
        self.tracker
            .update(&mut self.observations, self.others.unexamined(), now);
        self.tracker.findings()
    }
}

#[cfg(test)]
mod tests;
