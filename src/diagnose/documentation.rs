//! The documentation of a finding, with the numbers in force.

use super::kind::FindingKind;

/// The documentation of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// Kind of the finding, with its id and title.
    pub kind: &'static FindingKind,
    /// The condition under which it is reported.
    pub reported_when: String,
    /// Severities and their conditions.
    pub severity: String,
    /// Look-alikes that are not it, and the causes that it distinguishes.
    pub look_alikes: String,
    /// Remedy.
    pub remedy: String,
}
