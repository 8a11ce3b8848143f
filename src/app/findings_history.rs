//! The findings at each Sample of the history in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::diagnose::Findings;
use crate::recording::Entry;
use crate::tui::timeline::FindingMarks;

/// The findings at the Samples of the history, limited by size.
#[derive(Debug, Default)]
pub(super) struct FindingsHistory {
    /// Findings with the time of their Sample, ns of the monotonic clock, and their size, bytes.
    samples: VecDeque<(u64, Arc<Findings>, usize)>,
    bytes: usize,
}

impl FindingsHistory {
    /// Appends the findings at a time, and removes those before another time, and the oldest ones beyond a size.
    pub(super) fn push(
        &mut self,
        at_ns: u64,
        findings: &Arc<Findings>,
        since_ns: u64,
        max_bytes: usize,
    ) {
        let before = self.samples.back().map(|(_, before, _)| &**before);
        let bytes = findings.memory(before);
        self.samples.push_back((at_ns, Arc::clone(findings), bytes));
        self.bytes += bytes;
        while let Some((ns, _, bytes)) = self.samples.front()
            && (*ns < since_ns || self.bytes > max_bytes)
        {
            self.bytes -= bytes;
            self.samples.pop_front();
        }
    }

    /// Returns the bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the findings at each entry of a history. Those at the oldest entries may be unknown.
    pub(super) fn marks(&self, entries: &[Entry]) -> FindingMarks {
        let mut samples = self.samples.iter().peekable();
        let mut marks = FindingMarks::default();
        let mut latest = None;
        for entry in entries {
            let until_ns = entry.time.monotonic_ns;
            while let Some((_, findings, _)) = samples.next_if(|(ns, ..)| *ns <= until_ns) {
                latest = Some(findings);
            }
            match latest {
                Some(findings) => marks.push(findings),
                None => marks.push_unknown(),
            }
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SampleTime;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_oldest_findings_are_unknown_beyond_the_limit_of_size() {
        let mut history = FindingsHistory::default();
        let findings = Arc::new(Findings::default());
        let max_bytes = findings.memory(None) * 10;
        let mut entries = Vec::new();
        for second in 0..100_u64 {
            let monotonic_ns = second * SECOND;
            history.push(monotonic_ns, &findings, 0, max_bytes);
            assert!(history.bytes() <= max_bytes);
            let time = SampleTime {
                monotonic_ns,
                ..SampleTime::default()
            };
            entries.push(Entry {
                time,
                ..Entry::default()
            });
        }
        let marks = history.marks(&entries);
        assert_eq!(marks.len(), 100);
        let known = |at: &usize| marks.findings_at(*at).is_some();
        assert_eq!(
            (0..100).filter(known).collect::<Vec<_>>(),
            (90..100).collect::<Vec<_>>()
        );
    }

    #[test]
    fn old_findings_are_removed() {
        let mut history = FindingsHistory::default();
        for second in 0..100_u64 {
            let since_ns = second.saturating_sub(10) * SECOND;
            history.push(second * SECOND, &Arc::default(), since_ns, usize::MAX);
        }
        assert_eq!(history.samples.len(), 11);
        assert_eq!(history.bytes(), 11 * Findings::default().memory(None));
    }
}
