//! The findings of each moment: the active ones, and those that ended a while ago.

use std::collections::VecDeque;
use std::sync::Arc;

use super::diagnosis::Diagnosis;
use super::finding::{Finding, Severity};
use super::tracking::Change;
use crate::aggregate::{Moment, PortUsage};

/// Time for which a finding is kept after it ended, µs: long enough for a user who returns to the screen.
const KEEP_US: i64 = 10 * 60 * 1_000_000;

/// The most findings that are kept after they ended.
const MAX_ENDED: usize = 100;

/// The findings at one moment, without regard to a filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Active findings, the most severe first.
    pub active: Vec<Arc<Finding>>,
    /// Findings that ended in the last ten minutes, the newest first.
    pub ended: Vec<Arc<Finding>>,
    /// The time of the first moment that was examined, µs since 1970 UTC; `None` if none was.
    pub since_us: Option<i64>,
    /// The number of moments that were examined.
    pub samples: u64,
    /// Path with the most local ports in use; `None` if the range of ports is not known.
    pub ports: Option<PortUsage>,
}

impl Findings {
    /// Returns the highest severity of the active findings.
    pub fn max_severity(&self) -> Option<Severity> {
        self.active.iter().map(|finding| finding.severity).max()
    }
}

/// Diagnoses moments in order, and keeps findings for a while after they ended.
#[derive(Debug)]
pub struct Watch {
    diagnosis: Diagnosis,
    ended: VecDeque<Arc<Finding>>,
    since_us: Option<i64>,
    samples: u64,
    latest: Arc<Findings>,
}

impl Watch {
    /// Starts with a diagnosis that has examined nothing yet.
    pub fn new(diagnosis: Diagnosis) -> Watch {
        Watch {
            diagnosis,
            ended: VecDeque::new(),
            since_us: None,
            samples: 0,
            latest: Arc::default(),
        }
    }

    /// A watch with the same thresholds that has examined nothing yet.
    #[must_use]
    pub fn restarted(&self) -> Watch {
        Watch::new(self.diagnosis.restarted())
    }

    /// The findings of the latest moment.
    pub fn latest(&self) -> Arc<Findings> {
        Arc::clone(&self.latest)
    }

    /// Diagnoses the next moment, without regard to a filter.
    pub fn update(&mut self, moment: &Moment) -> Arc<Findings> {
        self.diagnosis.update(moment);
        let now_us = moment.sample.taken_at_us;
        let changes = self.diagnosis.take_changes().into_iter();
        let mut cleared: Vec<Finding> = changes
            .filter_map(|change| match change {
                Change::Cleared(finding) => Some(finding),
                Change::Raised(_) => None,
            })
            .collect();
        // Of those that ended together the most severe comes first.
        cleared.sort_by_cached_key(|finding| {
            let kind = std::cmp::Reverse(finding.kind);
            (finding.severity, kind, finding.subject.to_string())
        });
        for finding in cleared {
            self.ended.push_front(Arc::new(finding));
        }
        let oldest_us = now_us.saturating_sub(KEEP_US);
        self.ended
            .retain(|finding| finding.until_us.is_some_and(|us| us >= oldest_us));
        self.ended.truncate(MAX_ENDED);
        self.since_us.get_or_insert(now_us);
        self.samples += 1;
        let active = self.diagnosis.findings().iter();
        self.latest = Arc::new(Findings {
            active: active.cloned().map(Arc::new).collect(),
            ended: self.ended.iter().cloned().collect(),
            since_us: self.since_us,
            samples: self.samples,
            ports: self.diagnosis.ports(moment),
        });
        self.latest()
    }
}
