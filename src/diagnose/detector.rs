//! The trait that the file of each finding implements.

use super::facts::Facts;
use super::kind::FindingKind;
use super::measure::Measurements;
use super::observation::Observation;

/// A finding: its documentation, its thresholds, and the condition under which it is reported.
///
/// Texts may refer to another finding by its number among those that the registry lists beside this one: `{0}`, `{1}`.
pub(super) trait Detector {
    /// Stable name of the finding, in JSON and in the configuration.
    const ID: &'static str;
    /// Meaning, in one sentence.
    const TITLE: &'static str;
    /// Look-alikes that are not it, and the causes that it distinguishes.
    const LOOK_ALIKES: &'static str;
    /// Remedy.
    const REMEDY: &'static str;

    /// The numbers of its condition; findings that are measured together share them.
    type Thresholds;

    /// Starts without any memory of earlier Samples.
    fn new(thresholds: &Self::Thresholds) -> Self;

    /// Describes the condition, with the numbers in force.
    fn reported_when(thresholds: &Self::Thresholds) -> String;

    /// Describes which severity it has when, with the numbers in force.
    fn severity(thresholds: &Self::Thresholds) -> String;

    /// Examines one moment and adds an observation for each subject that meets the condition, or nearly does.
    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>);

    /// Time for which its measurements still show a condition that has ended, s: for that long, a finding that has cleared continues
    /// to suppress what follows from it.
    fn memory_s(&self) -> f64 {
        0.0
    }
}

/// One moment, as it is presented to one detector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'m> {
    /// The kind of finding that the detector reports.
    pub(super) kind: &'static FindingKind,
    pub(super) facts: Facts<'m>,
    /// Measurements that several findings share.
    pub(super) measured: &'m Measurements,
}
