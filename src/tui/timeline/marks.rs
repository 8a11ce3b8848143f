//! Where in a recording findings came and went.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::diagnose::{Finding, FindingKey, Findings, Severity};

/// The most that is kept of what findings said at each Sample, bytes. Of a recording that says more only the marks are
/// known.
const MOST_BYTES: usize = 64 << 20;

/// From which Sample to which a finding held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first Sample at which it is told.
    pub from: usize,
    /// The last one, as far as is known.
    pub to: usize,
    /// How grave it was at its gravest.
    pub severity: Severity,
    /// Whether it came there; what holds at the first Sample of all may have come before.
    pub came: bool,
}

/// What is known of the findings of a recording: from its first Sample on, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marks {
    /// What is told at each Sample; `None` where it was too much to be kept.
    told: Vec<Option<Arc<Findings>>>,
    bytes: usize,
    /// In the order in which they came.
    spans: Vec<Span>,
    /// Those that hold at the last Sample, by their places.
    holding: FxHashMap<FindingKey, usize>,
}

impl Marks {
    /// How many Samples have been gone through.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// From where to where findings held, in the order in which they came.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The findings at a Sample, if they are known.
    pub fn at(&self, at: usize) -> Option<Arc<Findings>> {
        self.told.get(at)?.clone()
    }

    /// Takes up the findings of the next Sample.
    pub fn push(&mut self, findings: &Arc<Findings>) {
        let at = self.told.len();
        self.told.push(None);
        let (spans, holding) = (&mut self.spans, &mut self.holding);
        holding.retain(|key, _| findings.now.iter().any(|finding| finding.key() == *key));
        for finding in &findings.now {
            let place = *holding.entry(finding.key()).or_insert_with(|| {
                spans.push(Span {
                    from: at,
                    to: at,
                    severity: finding.severity,
                    came: at > 0,
                });
                spans.len() - 1
            });
            if let Some(span) = spans.get_mut(place) {
                span.to = at;
                span.severity = span.severity.max(finding.severity);
            }
        }
        let bytes: usize = findings.now.iter().map(|finding| size(finding)).sum();
        let bytes = bytes + size_of::<Findings>() + size_of_val(findings.over.as_slice());
        if self.bytes + bytes <= MOST_BYTES {
            self.bytes += bytes;
            self.told[at] = Some(Arc::clone(findings));
        }
    }

    /// The next Sample after `at` at which a finding came, or the last before it.
    pub fn beside(&self, at: usize, forward: bool) -> Option<usize> {
        let came = self.spans.iter().filter(|span| span.came);
        let mut places = came.map(|span| span.from);
        if forward {
            places.find(|&from| from > at)
        } else {
            places.rfind(|&from| from < at)
        }
    }
}

/// Bytes that a finding takes, about.
fn size(finding: &Finding) -> usize {
    let evidence = std::mem::size_of_val(finding.evidence.as_slice());
    size_of::<Finding>() + evidence + finding.summary.len() + finding.advice.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Recent;
    use crate::diagnose::{FINDINGS, FindingKind, Subject};

    fn finding(kind: &'static FindingKind, severity: Severity) -> Arc<Finding> {
        Arc::new(Finding {
            kind,
            severity,
            subject: Subject::Host,
            since_us: 0,
            until_us: None,
            evidence: Vec::new(),
            summary: String::new(),
            advice: String::new(),
            recent: Recent::default(),
        })
    }

    /// What is told at Samples one after the other, by kind and severity.
    fn marks(told: &[&[(&'static FindingKind, Severity)]]) -> Marks {
        let mut marks = Marks::default();
        for now in told {
            let now = now.iter().map(|&(kind, severity)| finding(kind, severity));
            marks.push(&Arc::new(Findings {
                now: now.collect(),
                ..Findings::default()
            }));
        }
        marks
    }

    static ORPHANS: (&FindingKind, Severity) = (&FINDINGS[0], Severity::Warning);
    static WORSE: (&FindingKind, Severity) = (&FINDINGS[0], Severity::Critical);
    static DROPS: (&FindingKind, Severity) = (&FINDINGS[1], Severity::Info);

    #[test]
    fn a_finding_has_a_mark_where_it_comes_and_holds_until_it_goes() {
        let marks = marks(&[&[], &[ORPHANS], &[WORSE, DROPS], &[DROPS], &[], &[ORPHANS]]);
        let spans: Vec<_> = marks.spans().iter().map(|s| (s.from, s.to)).collect();
        assert_eq!(spans, [(1, 2), (2, 3), (5, 5)]);
        assert_eq!(marks.spans()[0].severity, Severity::Critical);
        assert_eq!(marks.at(3).map(|findings| findings.now.len()), Some(1));
        assert_eq!(marks.at(6), None);
    }

    #[test]
    fn one_goes_from_mark_to_mark_and_no_further() {
        let marks = marks(&[&[], &[ORPHANS], &[WORSE, DROPS], &[DROPS], &[], &[ORPHANS]]);
        let way = |from: usize, forward| marks.beside(from, forward);
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
    fn what_holds_from_the_start_may_have_come_before() {
        let marks = marks(&[&[ORPHANS], &[ORPHANS]]);
        assert_eq!(marks.beside(1, false), None);
        assert_eq!(marks.spans().len(), 1);
    }
}
