//! Documentation of a finding, with the thresholds in force.

use super::kind::FindingKind;

/// Documentation of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// Kind of the finding, with its id and title.
    pub kind: &'static FindingKind,
    /// Condition for reporting.
    pub reported_when: String,
    /// Severities and their conditions.
    pub severity: String,
    /// Similar problems, and the causes that the finding distinguishes.
    pub look_alikes: String,
    /// Remedy.
    pub remedy: String,
}
