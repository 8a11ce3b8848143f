//! What is told with a moment: the findings that hold, and those that were over a while ago.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Change, Diagnosis, Finding, Severity};
use crate::aggregate::{Moment, PortUsage};

/// How long a finding is kept after it was over, µs: long enough for somebody who comes back to the screen.
const KEPT_US: i64 = 10 * 60 * 1_000_000;

/// The most that are kept after they were over.
const MOST_KEPT: usize = 100;

/// The findings at one moment, of the whole machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Those that hold, the gravest first.
    pub now: Vec<Arc<Finding>>,
    /// Those that were over in the last ten minutes, the newest first.
    pub over: Vec<Arc<Finding>>,
    /// Since when moments have been looked at, µs since 1970 UTC; `None` if none has.
    pub since_us: Option<i64>,
    /// How many moments have been looked at.
    pub samples: u64,
    /// Where the most local ports are taken; `None` if the range of ports is not known.
    pub ports: Option<PortUsage>,
}

impl Findings {
    /// How grave the gravest is that holds.
    pub fn gravest(&self) -> Option<Severity> {
        self.now.iter().map(|finding| finding.severity).max()
    }
}

/// Takes moments in order; keeps what was over a while ago beside what holds.
#[derive(Debug)]
pub struct Watch {
    diagnosis: Diagnosis,
    over: VecDeque<Arc<Finding>>,
    since_us: Option<i64>,
    samples: u64,
    latest: Arc<Findings>,
}

impl Watch {
    /// Has seen nothing yet.
    pub fn new(diagnosis: Diagnosis) -> Watch {
        Watch {
            diagnosis,
            over: VecDeque::new(),
            since_us: None,
            samples: 0,
            latest: Arc::default(),
        }
    }

    /// The same thresholds, and nothing seen yet.
    #[must_use]
    pub fn anew(&self) -> Watch {
        Watch::new(self.diagnosis.anew())
    }

    /// What was told last.
    pub fn latest(&self) -> Arc<Findings> {
        Arc::clone(&self.latest)
    }

    /// Takes the next moment, as it is without a filter.
    pub fn take(&mut self, moment: &Moment) -> Arc<Findings> {
        self.diagnosis.update(moment);
        let now_us = moment.sample.taken_at_us;
        let changes = self.diagnosis.take_changes().into_iter();
        let mut gone: Vec<Finding> = changes
            .filter_map(|change| match change {
                Change::Gone(finding) => Some(finding),
                Change::Come(_) => None,
            })
            .collect();
        // The gravest of those that ended together comes to stand first.
        gone.sort_by_cached_key(|finding| {
            let kind = std::cmp::Reverse(finding.kind);
            (finding.severity, kind, finding.subject.to_string())
        });
        for finding in gone {
            self.over.push_front(Arc::new(finding));
        }
        let oldest_us = now_us.saturating_sub(KEPT_US);
        self.over
            .retain(|finding| finding.until_us.is_some_and(|us| us >= oldest_us));
        self.over.truncate(MOST_KEPT);
        self.since_us.get_or_insert(now_us);
        self.samples += 1;
        let now = self.diagnosis.findings().iter();
        self.latest = Arc::new(Findings {
            now: now.cloned().map(Arc::new).collect(),
            over: self.over.iter().cloned().collect(),
            since_us: self.since_us,
            samples: self.samples,
            ports: self.diagnosis.ports(moment),
        });
        self.latest()
    }
}
