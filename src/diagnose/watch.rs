//! The findings of each moment: active ones, and recently ended ones.

use std::collections::VecDeque;
use std::sync::Arc;

use super::diagnosis::Diagnosis;
use super::finding::{Finding, Severity};
use super::tracking::Change;
use super::unchecked::{Blindness, Unchecked};
use crate::aggregate::{Moment, PortUsage};

/// Time for which an ended finding is kept, ns: long enough for a user who returns to the screen.
const KEEP_NS: u64 = 10 * 60 * 1_000_000_000;

/// Maximum number of ended findings to keep.
const MAX_ENDED: usize = 100;

/// The findings at one moment, unfiltered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// Active findings, the most severe first.
    pub active: Vec<Arc<Finding>>,
    /// Findings that ended in the last ten minutes, the newest first.
    pub ended: Vec<Arc<Finding>>,
    /// Time of the first examined moment, µs since 1970 UTC; `None` without one.
    pub since_us: Option<i64>,
    /// The same on the monotonic clock, ns.
    pub since_ns: Option<u64>,
    /// Number of examined moments.
    pub samples: u64,
    /// Path with the most local ports in use; `None` if the port range is unknown.
    pub ports: Option<PortUsage>,
    /// The same of the other network namespaces whose port range is known, by their numbers in ascending order.
    pub other_ports: Arc<Vec<(u32, PortUsage)>>,
    /// What cannot be checked.
    pub blindness: Blindness,
}

impl Findings {
    /// Returns the highest severity of the active findings.
    pub fn max_severity(&self) -> Option<Severity> {
        self.active.iter().map(|finding| finding.severity).max()
    }

    /// Returns the approximate memory that these findings take beyond those of the moment before, bytes.
    pub fn memory(&self, before: Option<&Findings>) -> usize {
        let lists = self.active.capacity() + self.ended.capacity();
        let Blindness {
            not_checked,
            limited,
        } = &self.blindness;
        let unchecked = not_checked.iter().chain(limited);
        let unchecked = unchecked.map(|each| size_of::<Unchecked>() + each.why.capacity());
        // Ended findings are shared with the moments before, except those that have just ended.
        let known = before.and_then(|before| before.ended.first());
        let is_new =
            |finding: &&Arc<Finding>| known.is_none_or(|known| !Arc::ptr_eq(finding, known));
        let own = self
            .active
            .iter()
            .chain(self.ended.iter().take_while(is_new));
        let is_shared =
            before.is_some_and(|before| Arc::ptr_eq(&before.other_ports, &self.other_ports));
        let other_ports = if is_shared {
            0
        } else {
            self.other_ports.capacity() * size_of::<(u32, PortUsage)>()
        };
        size_of::<Findings>()
            + other_ports
            + lists * size_of::<Arc<Finding>>()
            + unchecked.sum::<usize>()
            + own.map(|finding| finding.memory()).sum::<usize>()
    }
}

/// Diagnoses moments in order, and keeps ended findings for a while.
#[derive(Debug)]
pub struct Watch {
    diagnosis: Diagnosis,
    ended: VecDeque<Arc<Finding>>,
    since_us: Option<i64>,
    since_ns: Option<u64>,
    samples: u64,
    latest: Arc<Findings>,
}

impl Watch {
    /// Starts with a diagnosis that has examined nothing.
    pub fn new(diagnosis: Diagnosis) -> Watch {
        Watch {
            diagnosis,
            ended: VecDeque::new(),
            since_us: None,
            since_ns: None,
            samples: 0,
            latest: Arc::default(),
        }
    }

    /// Returns a watch with the same thresholds that has examined nothing.
    #[must_use]
    pub fn restarted(&self) -> Watch {
        Watch::new(self.diagnosis.restarted())
    }

    /// Returns the findings of the latest moment.
    pub fn latest(&self) -> Arc<Findings> {
        Arc::clone(&self.latest)
    }

    /// Diagnoses the next moment, unfiltered.
    pub fn update(&mut self, moment: &Moment) -> Arc<Findings> {
        self.diagnosis.update(moment);
        let (now_us, now_ns) = (moment.sample.taken_at_us, moment.sample.monotonic_ns);
        let changes = self.diagnosis.take_changes().into_iter();
        let mut cleared: Vec<Finding> = changes
            .filter_map(|change| match change {
                Change::Cleared(finding) => Some(finding),
                Change::Raised(_) => None,
            })
            .collect();
        // The most severe of those that ended together comes first.
        cleared.sort_by_cached_key(|finding| {
            let kind = std::cmp::Reverse(finding.kind);
            (finding.severity, kind, finding.subject.to_string())
        });
        for finding in cleared {
            self.ended.push_front(Arc::new(finding));
        }
        let oldest_ns = now_ns.saturating_sub(KEEP_NS);
        self.ended
            .retain(|finding| finding.until_ns.is_some_and(|ns| ns >= oldest_ns));
        self.ended.truncate(MAX_ENDED);
        self.since_us.get_or_insert(now_us);
        self.since_ns.get_or_insert(now_ns);
        self.samples += 1;
        let active = self.diagnosis.findings().iter();
        self.latest = Arc::new(Findings {
            active: active.cloned().map(Arc::new).collect(),
            ended: self.ended.iter().cloned().collect(),
            since_us: self.since_us,
            since_ns: self.since_ns,
            samples: self.samples,
            ports: self.diagnosis.ports(moment),
            other_ports: Arc::clone(self.diagnosis.other_ports()),
            blindness: self.diagnosis.blindness().clone(),
        });
        self.latest()
    }
}
