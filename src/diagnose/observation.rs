//! What is seen to be wrong in one Sample.

use super::finding::{Evidence, Kind, Severity, Subject, Value};
use crate::model::Endpoint;

/// What is seen to be wrong in one Sample, before anybody is told.
#[derive(Debug, Clone)]
pub(super) struct Observation {
    pub(super) kind: Kind,
    pub(super) severity: Severity,
    /// Whether it is bad enough to be told of; otherwise it only stays if it was told already.
    pub(super) raises: bool,
    pub(super) subject: Subject,
    /// The number behind it.
    pub(super) number: f64,
    /// Whether it matters by how much that grows.
    pub(super) grows: bool,
    /// Since when it is so, ns of the monotonic clock, where that is known better than by looking.
    pub(super) since_ns: Option<u64>,
    pub(super) evidence: Evidence,
    /// What is wrong, as a sentence begins that goes on with since when.
    pub(super) summary: String,
    /// How the sentence ends after that, without a full stop: `: 5 connections wait`; empty if it need not go on.
    pub(super) rest: String,
    pub(super) advice: String,
    /// The end on this machine that it is about, where both ends are here.
    pub(super) towards_own: Option<Endpoint>,
}

impl Observation {
    /// An observation with a count behind it, of that name.
    pub(super) fn new(kind: Kind, subject: Subject, name: &'static str, value: Value) -> Self {
        let number = match value {
            Value::Count(count) | Value::Bytes(count) => count as f64,
            Value::Rate(number) | Value::Seconds(number) | Value::Share(number) => number,
            Value::Text(_) | Value::Flag(_) => 0.0,
        };
        Observation {
            kind,
            severity: Severity::Warning,
            raises: true,
            subject,
            number,
            grows: false,
            since_ns: None,
            evidence: vec![(name, value)],
            summary: String::new(),
            rest: String::new(),
            advice: String::new(),
            towards_own: None,
        }
    }

    /// Adds to what proves it.
    pub(super) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.evidence.push((name, value));
        self
    }

    /// The same if it is known.
    pub(super) fn with_known(self, name: &'static str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds which of several causes that look alike it is.
    pub(super) fn with_cause(self, cause: &str) -> Self {
        self.with("cause", Value::Text(cause.to_owned()))
    }
}
