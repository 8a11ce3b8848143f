//! A finding: a problem of one subject, with evidence and advice.

use std::sync::Arc;

use super::duration::whole_seconds;
use super::kind::FindingKind;
use super::subject::{Subject, SubjectKey};
use crate::aggregate::Recent;

pub use super::severity::Severity;

/// A value of the evidence. Its unit is part of its name, as in JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number of things.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// Events per second, or per minute if the name says so.
    Rate(f64),
    /// Seconds.
    Seconds(f64),
    /// A share, 0 to 1.
    Share(f64),
    /// A word.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

/// The values that support a finding, by name: `("connections", 341)`, `("unread_bytes", 4096)`, `("cause", "stopped")`.
pub type Evidence = Vec<(&'static str, Value)>;

/// A reported condition of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Kind of the finding, as the registry lists it.
    pub kind: &'static FindingKind,
    /// Current severity.
    pub severity: Severity,
    /// The process, socket, host or path that it is about.
    pub subject: Subject,
    /// Its network namespace, if it is another one than that of the source.
    pub namespace: Option<FindingNamespace>,
    /// When it began, µs since 1970 UTC; before the first Sample where the kernel reports that.
    pub since_us: i64,
    /// When it ended, µs since 1970 UTC; `None` while it is active.
    pub until_us: Option<i64>,
    /// When it began, ns of the monotonic clock: the wall clock may have been set since.
    pub since_ns: u64,
    /// When it ended, ns of the monotonic clock; `None` while it is active.
    pub until_ns: Option<u64>,
    /// The values that support it. After its end, these and the sentences are those of its worst moment.
    pub evidence: Evidence,
    /// The problem in one sentence, with names and numbers.
    pub summary: String,
    /// The remedy.
    pub advice: String,
    /// The first value of its evidence over the last minute.
    pub recent: Recent,
}

#[cfg(test)]
impl Finding {
    /// Returns an active one without times and sentences, for tests.
    pub(crate) fn about(
        kind: &'static FindingKind,
        severity: Severity,
        subject: Subject,
    ) -> Finding {
        Finding {
            kind,
            severity,
            subject,
            namespace: None,
            since_us: 0,
            until_us: None,
            since_ns: 0,
            until_ns: None,
            evidence: Vec::new(),
            summary: String::new(),
            advice: String::new(),
            recent: Recent::default(),
        }
    }
}

/// The network namespace of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingNamespace {
    /// Its number. Kernel: inode of the `nsfs` file.
    pub inode: u32,
    /// Its name.
    pub name: Arc<str>,
}

/// Bytes that the names in a subject take, approximately.
const NAMES: usize = 128;

/// Identity of a finding among the active ones: its kind, another network namespace than that of the source, its subject.
pub type FindingKey = (&'static FindingKind, Option<u32>, SubjectKey);

impl Finding {
    /// Returns the identity of the finding among the active ones.
    pub fn key(&self) -> FindingKey {
        let netns = self.namespace.as_ref().map(|namespace| namespace.inode);
        (self.kind, netns, self.subject.key())
    }

    /// Returns the approximate memory that it takes, bytes.
    pub fn memory(&self) -> usize {
        let texts = self.evidence.iter().map(|(_, value)| match value {
            Value::Text(text) => text.capacity(),
            _ => 0,
        });
        size_of::<Finding>()
            + self.evidence.capacity() * size_of::<(&str, Value)>()
            + texts.sum::<usize>()
            + self.summary.capacity()
            + self.advice.capacity()
            + NAMES
    }

    /// Returns the duration until `now_ns`, ns of the monotonic clock, or in total, µs.
    pub fn duration_us(&self, now_ns: u64) -> i64 {
        let until_ns = self.until_ns.unwrap_or(now_ns);
        (until_ns.saturating_sub(self.since_ns) / 1000).cast_signed()
    }

    /// Describes the end of a finding, such as `ended at 17:20:00 (lasted 6 min)`, with the time as `format_time` writes
    /// µs since 1970 UTC; `None` while it is active.
    pub fn end_phrase(&self, format_time: impl Fn(i64) -> String) -> Option<String> {
        let until_us = self.until_us?;
        let lasted = whole_seconds(self.duration_us(self.until_ns.unwrap_or(self.since_ns)));
        Some(format!(
            "ended at {} (lasted {lasted})",
            format_time(until_us)
        ))
    }

    /// Returns the cause, for a kind that has several.
    pub fn cause(&self) -> Option<&str> {
        self.evidence.iter().find_map(|(name, value)| match value {
            Value::Text(cause) if *name == "cause" => Some(cause.as_str()),
            _ => None,
        })
    }
}
