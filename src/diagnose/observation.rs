//! Observations of detectors in one Sample.

use super::finding::{Evidence, FindingKey, FindingNamespace, Severity, Value};
use super::kind::FindingKind;
use super::subject::Subject;
use crate::model::Endpoint;

/// Maximum number of subjects reported for one kind, the worst of them.
pub(super) const MAX_PER_KIND: usize = 20;

/// A condition of one subject in one Sample, before it has lasted long enough to be reported.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    pub(super) kind: &'static FindingKind,
    pub(super) severity: Severity,
    /// True if it exceeds the threshold for reporting; otherwise it only keeps an active finding.
    pub(super) over_threshold: bool,
    pub(super) subject: Subject,
    /// Its network namespace, if it is another one than that of the source.
    pub(super) namespace: Option<FindingNamespace>,
    /// The first value of the evidence, as a number.
    pub(super) number: f64,
    /// True if the growth of that number is worth reporting.
    pub(super) reports_growth: bool,
    /// When the condition began, ns of the monotonic clock, if the kernel reports a start before the first observation.
    pub(super) since_ns: Option<u64>,
    /// Since when the summary has held without interruption, if that may be later than the condition began, ns.
    pub(super) stated_since_ns: Option<u64>,
    pub(super) evidence: Evidence,
    /// First part of the sentence, before `since 20:14`.
    pub(super) summary: String,
    /// The rest of the sentence, without a period: `: 5 connections wait`; may be empty.
    pub(super) rest: String,
    pub(super) advice: String,
    /// The remote end, if it is on this machine.
    pub(super) own_end: Option<Endpoint>,
}

impl Observation {
    /// Makes a warning over its threshold, with the first value of its evidence.
    pub(super) fn new(
        kind: &'static FindingKind,
        subject: Subject,
        name: &'static str,
        value: Value,
    ) -> Self {
        let number = match value {
            Value::Count(count) | Value::Bytes(count) => count as f64,
            Value::Rate(number) | Value::Seconds(number) | Value::Share(number) => number,
            Value::Text(_) | Value::Flag(_) => 0.0,
        };
        Observation {
            kind,
            severity: Severity::Warning,
            over_threshold: true,
            subject,
            namespace: None,
            number,
            reports_growth: false,
            since_ns: None,
            stated_since_ns: None,
            evidence: vec![(name, value)],
            summary: String::new(),
            rest: String::new(),
            advice: String::new(),
            own_end: None,
        }
    }

    /// Returns its identity among those of a moment.
    pub(super) fn key(&self) -> FindingKey {
        let netns = self.namespace.as_ref().map(|namespace| namespace.inode);
        (self.kind, netns, self.subject.key())
    }

    /// Adds a value to the evidence.
    pub(super) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.evidence.push((name, value));
        self
    }

    /// Adds a value to the evidence if it is known.
    pub(super) fn with_known(self, name: &'static str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the cause to the evidence.
    pub(super) fn with_cause(self, cause: &str) -> Self {
        self.with("cause", Value::Text(cause.to_owned()))
    }
}
