//! The Samples of a recording at which findings were raised and cleared.

use std::sync::Arc;

use crate::diagnose::{FindingKey, Findings, Severity};
use crate::model::SeededMap;

/// Maximum memory for the findings of each Sample, bytes. Beyond that only the marks are kept.
const MAX_BYTES: usize = 64 << 20;

/// The Samples at which a finding was active, by their indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingSpan {
    /// The first Sample.
    pub from: usize,
    /// The last Sample, as far as known.
    pub to: usize,
    /// Highest severity that the finding had.
    pub severity: Severity,
    /// True if the finding was raised at the first Sample; one that is active at the start of the recording, or at the first
    /// Sample whose findings are known, may be older.
    pub was_raised: bool,
}

/// The findings of a recording, Sample by Sample from the first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingMarks {
    /// The findings at each Sample; `None` where they exceeded the memory limit.
    by_sample: Vec<Option<Arc<Findings>>>,
    bytes: usize,
    /// Number of Samples at the start whose findings are unknown.
    first_known: usize,
    /// Spans in the order in which their findings were raised.
    spans: Vec<FindingSpan>,
    /// The findings that are active at the last Sample, by the index of their span.
    active: SeededMap<FindingKey, usize>,
}

impl FindingMarks {
    /// The number of Samples that have been scanned.
    pub fn len(&self) -> usize {
        self.by_sample.len()
    }

    /// True if no Sample has been scanned.
    pub fn is_empty(&self) -> bool {
        self.by_sample.is_empty()
    }

    /// The spans of findings, in the order in which they were raised.
    pub fn spans(&self) -> &[FindingSpan] {
        &self.spans
    }

    /// Returns the findings at a Sample; `None` if they were not kept.
    pub fn findings_at(&self, at: usize) -> Option<Arc<Findings>> {
        self.by_sample.get(at)?.clone()
    }

    /// Appends the findings of the next Sample.
    pub fn push(&mut self, findings: &Arc<Findings>) {
        let at = self.by_sample.len();
        self.by_sample.push(None);
        let first_known = self.first_known;
        let (spans, active) = (&mut self.spans, &mut self.active);
        active.retain(|key, _| findings.active.iter().any(|finding| finding.key() == *key));
        for finding in &findings.active {
            let place = *active.entry(finding.key()).or_insert_with(|| {
                spans.push(FindingSpan {
                    from: at,
                    to: at,
                    severity: finding.severity,
                    was_raised: at > first_known,
                });
                spans.len() - 1
            });
            if let Some(span) = spans.get_mut(place) {
                span.to = at;
                span.severity = span.severity.max(finding.severity);
            }
        }
        let before = at
            .checked_sub(1)
            .and_then(|before| self.by_sample[before].as_deref());
        let bytes = findings.memory(before);
        if self.bytes + bytes <= MAX_BYTES {
            self.bytes += bytes;
            self.by_sample[at] = Some(Arc::clone(findings));
        }
    }

    /// Appends a Sample whose findings are unknown, before all others.
    pub fn push_unknown(&mut self) {
        self.by_sample.push(None);
        self.first_known = self.by_sample.len();
    }

    /// The next Sample after `at` at which a finding was raised, or the last one before it.
    pub fn next_mark(&self, at: usize, forward: bool) -> Option<usize> {
        let raised = self.spans.iter().filter(|span| span.was_raised);
        let mut places = raised.map(|span| span.from);
        if forward {
            places.find(|&from| from > at)
        } else {
            places.rfind(|&from| from < at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{FINDINGS, Finding, FindingKind, Subject};

    fn finding(kind: &'static FindingKind, severity: Severity) -> Arc<Finding> {
        Arc::new(Finding::about(kind, severity, Subject::Host))
    }

    /// The marks of findings at consecutive Samples, by kind and severity.
    fn marks(samples: &[&[(&'static FindingKind, Severity)]]) -> FindingMarks {
        let mut marks = FindingMarks::default();
        for findings in samples {
            let active = findings
                .iter()
                .map(|&(kind, severity)| finding(kind, severity));
            marks.push(&Arc::new(Findings {
                active: active.collect(),
                ..Findings::default()
            }));
        }
        marks
    }

    static ORPHANS: (&FindingKind, Severity) = (&FINDINGS[0], Severity::Warning);
    static WORSE: (&FindingKind, Severity) = (&FINDINGS[0], Severity::Critical);
    static DROPS: (&FindingKind, Severity) = (&FINDINGS[1], Severity::Info);

    #[test]
    fn a_finding_is_marked_where_raised_and_spans_until_cleared() {
        let marks = marks(&[&[], &[ORPHANS], &[WORSE, DROPS], &[DROPS], &[], &[ORPHANS]]);
        let spans: Vec<_> = marks.spans().iter().map(|s| (s.from, s.to)).collect();
        assert_eq!(spans, [(1, 2), (2, 3), (5, 5)]);
        assert_eq!(marks.spans()[0].severity, Severity::Critical);
        assert_eq!(
            marks.findings_at(3).map(|findings| findings.active.len()),
            Some(1)
        );
        assert_eq!(marks.findings_at(6), None);
    }

    #[test]
    fn next_mark_steps_from_mark_to_mark_and_ends_at_the_last() {
        let marks = marks(&[&[], &[ORPHANS], &[WORSE, DROPS], &[DROPS], &[], &[ORPHANS]]);
        let way = |from: usize, forward| marks.next_mark(from, forward);
        assert_eq!(
            (way(0, true), way(1, true), way(2, true)),
            (Some(1), Some(2), Some(5))
        );
        assert_eq!(
            (way(5, true), way(5, false), way(1, false)),
            (None, Some(2), None)
        );
    }

    #[test]
    fn a_finding_active_from_the_start_has_no_raised_mark() {
        let marks = marks(&[&[ORPHANS], &[ORPHANS]]);
        assert_eq!(marks.next_mark(1, false), None);
        assert_eq!(marks.spans().len(), 1);
        let mut later = FindingMarks::default();
        later.push_unknown();
        later.push(&marks.findings_at(0).expect("it is kept"));
        assert_eq!(later.findings_at(0), None);
        assert!(!later.spans()[0].was_raised);
    }
}
