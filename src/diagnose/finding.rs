//! A finding: what is wrong with one subject, with the evidence and the advice.

use super::kind::FindingKind;
use super::subject::{Subject, SubjectKey};
use crate::aggregate::Recent;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing fails by it.
    Info,
    /// Something suffers by it, or soon will.
    Warning,
    /// Connections or data are refused or lost.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Critical];

    /// Returns the name of the severity.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }

    /// A sign for it, one column wide, that is distinct without color.
    pub fn sign(self) -> char {
        match self {
            Severity::Info => 'i',
            Severity::Warning => '⚠',
            Severity::Critical => '✗',
        }
    }
}

/// A value that proves a finding. The unit is part of its name, as in JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Things that are counted.
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

/// The values that prove a finding, by name: `("connections", 341)`, `("unread_bytes", 4096)`, `("cause", "stopped")`.
pub type Evidence = Vec<(&'static str, Value)>;

/// A condition of one subject that is reported, as long as it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Kind of the finding, as the registry lists it.
    pub kind: &'static FindingKind,
    /// Severity now.
    pub severity: Severity,
    /// The process, socket, host or path that it is about.
    pub subject: Subject,
    /// Since when it holds, µs since 1970 UTC; before the first Sample where the kernel reports that.
    pub since_us: i64,
    /// When it ended, µs since 1970 UTC; `None` as long as it holds.
    pub until_us: Option<i64>,
    /// The values that prove it. Of one that has ended, these and the sentences are those of when it was worst.
    pub evidence: Evidence,
    /// One sentence that says what is wrong, and names names.
    pub summary: String,
    /// Remedy, in sentences.
    pub advice: String,
    /// The first value of its evidence over the last minute.
    pub recent: Recent,
}

/// Identity of a finding among the active ones.
pub type FindingKey = (&'static FindingKind, SubjectKey);

impl Finding {
    /// Returns the identity of the finding among the active ones.
    pub fn key(&self) -> FindingKey {
        (self.kind, self.subject.key())
    }

    /// Returns the cause, for a kind that has several.
    pub fn cause(&self) -> Option<&str> {
        self.evidence.iter().find_map(|(name, value)| match value {
            Value::Text(cause) if *name == "cause" => Some(cause.as_str()),
            _ => None,
        })
    }
}
