//! The trait that the file of each finding implements.

use super::facts::Facts;
use super::finding::Severity;
use super::kind::FindingKind;
use super::measure::Measurements;
use super::need::Need;
use super::observation::Observation;

/// A finding: its documentation, its thresholds, and the condition under which it is reported.
///
/// Texts may refer to another finding by its index in the registry's list of related ones: `{0}`, `{1}`.
pub(super) trait Detector {
    /// Stable name in JSON and in the configuration.
    const ID: &'static str;
    /// Meaning, in one sentence.
    const TITLE: &'static str;
    /// Similar problems, and the causes that the finding distinguishes.
    const LOOK_ALIKES: &'static str;
    /// Remedy.
    const REMEDY: &'static str;

    /// Everything without which its condition cannot be seen, or not in every form.
    const NEEDS: &'static [Need];
    /// Highest severity that it can have.
    const MAX_SEVERITY: Severity = Severity::Critical;

    /// True if it examines processes or counters of the whole host, whatever network namespace they are in.
    const IS_OF_HOST: bool = false;

    /// Numbers of its condition, shared by findings that are measured together.
    type Thresholds;

    /// Starts with no earlier Samples.
    fn new(thresholds: &Self::Thresholds) -> Self;

    /// Describes the condition, with the thresholds in force.
    fn reported_when(thresholds: &Self::Thresholds) -> String;

    /// Describes the severities and their conditions, with the thresholds in force.
    fn severity(thresholds: &Self::Thresholds) -> String;

    /// Returns how long sockets must be watched until they can meet the condition, s. The kernel does not report since
    /// when some conditions last.
    fn min_watch_s(_thresholds: &Self::Thresholds) -> f64 {
        0.0
    }

    /// Examines one moment and adds an observation for each subject that meets the condition, or nearly does.
    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>);

    /// Returns the time for which measurements still show an ended condition, s: for that long, a cleared finding keeps
    /// suppressing its effects.
    fn memory_s(&self) -> f64 {
        0.0
    }
}

/// One moment as one detector receives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'m> {
    /// The kind of finding that the detector reports.
    pub(super) kind: &'static FindingKind,
    pub(super) facts: Facts<'m>,
    /// Measurements that several findings share.
    pub(super) measured: &'m Measurements,
}
