//! The documentation of a finding, with the numbers in force.

use super::kind::FindingKind;

/// The documentation of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// Its kind, with its id and title.
    pub kind: &'static FindingKind,
    /// The condition under which it is reported.
    pub reported_when: String,
    /// Which severity it has when.
    pub severity: String,
    /// What looks like it and is not, and the causes that it distinguishes.
    pub look_alikes: String,
    /// What to do about it.
    pub remedy: String,
}
