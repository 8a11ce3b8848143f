//! The columns of a table of findings.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use super::duration::whole_seconds;
use super::evidence::{evidence_name, evidence_value};
use super::finding::Finding;
use super::time_of_day::time_of_day;
use crate::column::sparkline;
use crate::column::{Column, Kind, SortKey, format};

/// Tables of findings.
#[derive(Debug)]
pub struct FindingRows;

impl Kind for FindingRows {
    type Row<'a> = FindingLine<'a>;
}

/// A finding as shown at one moment.
#[derive(Debug, Clone, Copy)]
pub struct FindingLine<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// When it is shown, µs since 1970 UTC.
    pub now_us: i64,
    /// The same on the monotonic clock, ns.
    pub now_ns: u64,
    /// The time zone of times of day.
    pub zone: &'a TimeZone,
}

impl FindingLine<'_> {
    /// Returns the duration so far, or in total, µs.
    pub fn duration_us(&self) -> i64 {
        self.finding.duration_us(self.now_ns)
    }
}

type FindingColumn = Column<FindingRows>;

/// Width of the sparkline of the last minute, in columns.
const BARS: usize = 10;

fn number(line: &FindingLine<'_>) -> Option<f64> {
    line.finding.recent.values().flatten().next_back()
}

/// Every column, in the order of the screen.
pub static FINDING_COLUMNS: LazyLock<Vec<FindingColumn>> = LazyLock::new(|| {
    vec![
        FindingColumn::text(
            ("severity", "SEVERITY", 10),
            "Severity: critical (connections or data are lost), warning (service suffers), info (worth knowing).",
            |line, out| {
                out.push(line.finding.severity.sign());
                out.push(' ');
                out.push_str(line.finding.severity.name());
                Some(())
            },
            |line, _| {
                let severity = f64::from(line.finding.severity as u8);
                Some(SortKey::Number(severity))
            },
        ),
        FindingColumn::text(
            ("finding", "FINDING", 20),
            "Kind of finding, as in diagnose --json.",
            |line, out| {
                out.push_str(line.finding.kind.id());
                Some(())
            },
            |line, _| Some(SortKey::Text(Cow::Borrowed(line.finding.kind.id()))),
        ),
        FindingColumn::text(
            ("subject", "SUBJECT", 24),
            "Affected process, listener, remote host, path, or this host.",
            |line, out| {
                format::sanitize(out, line.finding.subject.to_string().as_bytes());
                Some(())
            },
            |line, _| Some(SortKey::Text(Cow::Owned(line.finding.subject.to_string()))),
        ),
        FindingColumn::text(
            ("since", "SINCE", 8),
            "Start time.",
            |line, out| {
                let since_us = line.finding.since_us;
                out.push_str(&time_of_day(since_us, line.now_us, line.zone));
                Some(())
            },
            |line, _| Some(SortKey::Number(line.finding.since_ns as f64)),
        ),
        FindingColumn::text(
            ("for", "DURATION", 8),
            "Duration so far, or in total.",
            |line, out| {
                out.push_str(&whole_seconds(line.duration_us()));
                Some(())
            },
            |line, _| Some(SortKey::Number(line.duration_us() as f64)),
        )
        .right_aligned(),
        FindingColumn::text(
            ("number", "VALUE", 8),
            "First value of the evidence.",
            |line, out| {
                let (name, value) = line.finding.evidence.first()?;
                out.push_str(&evidence_value(name, value));
                Some(())
            },
            |line, _| number(line).map(SortKey::Number),
        )
        .right_aligned(),
        FindingColumn::text(
            ("of", "METRIC", 12),
            "Name of that value.",
            |line, out| {
                let (name, _) = line.finding.evidence.first()?;
                out.push_str(&evidence_name(name));
                Some(())
            },
            |line, _| {
                let (name, _) = line.finding.evidence.first()?;
                Some(SortKey::Text(Cow::Owned(evidence_name(name))))
            },
        ),
        FindingColumn::text(
            ("minute", "60 s", 10),
            "That value over the last minute.",
            |line, out| {
                number(line)?;
                sparkline::minute_sparkline(out, &line.finding.recent, BARS);
                Some(())
            },
            |line, _| number(line).map(SortKey::Number),
        ),
        FindingColumn::text(
            ("summary", "SUMMARY", 60),
            "The finding in one sentence.",
            |line, out| {
                let format_time = |us| time_of_day(us, line.now_us, line.zone);
                if let Some(end) = line.finding.end_phrase(format_time) {
                    out.push_str(&end);
                    out.push_str(": ");
                }
                format::sanitize(out, line.finding.summary.as_bytes());
                Some(())
            },
            |line, _| Some(SortKey::Text(Cow::Borrowed(&line.finding.summary))),
        ),
    ]
});
