//! Findings as text: badges, line, title, and the full text with evidence and advice.

use std::sync::Arc;

use crate::diagnose::{
    self, Concern, Evidence, Finding, Severity, evidence_name, evidence_value, findings_about,
    whole_seconds,
};
use crate::tui::appearance::Appearance;
use crate::tui::state::State;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::severity_tone;
use crate::tui::widget::pieces::Piece;

/// Gap between a name and its value, and between two pairs.
const GAPS: (usize, usize) = (2, 4);

/// Maximum number of findings on a page, one line each.
const MAX_LINES: usize = 3;

/// The numbers of active findings by severity, such as `✗3` and `⚠4`; those that inform only if there are no others.
pub(super) fn badges(state: &State) -> Vec<Piece> {
    let mut badges = Vec::new();
    for severity in [Severity::Critical, Severity::Warning, Severity::Info] {
        let active = state.findings.active.iter();
        let count = active
            .filter(|finding| finding.severity == severity)
            .count();
        if count > 0 && (severity > Severity::Info || badges.is_empty()) {
            badges.push((
                format!("{}{count}", severity.sign()),
                severity_tone(severity),
            ));
        }
    }
    badges
}

/// A finding in a line: sign and summary.
pub(super) fn line(finding: &Finding, room: usize) -> Vec<Piece> {
    let summary = text::sanitized(&finding.summary);
    let summary = text::cut_end(&summary, room.saturating_sub(2)).into_owned();
    vec![
        (
            format!("{} ", finding.severity.sign()),
            severity_tone(finding.severity),
        ),
        (summary, Tone::Plain),
    ]
}

/// A finding as a line of a list: sign, id, subject.
pub(in crate::tui) fn short_line(finding: &Finding) -> Vec<Piece> {
    let tone = match finding.until_us {
        None => severity_tone(finding.severity),
        Some(_) => Tone::Muted,
    };
    let ended = if finding.until_us.is_some() {
        "   ended"
    } else {
        ""
    };
    vec![
        (format!("{} ", finding.severity.sign()), tone),
        (format!("{:<22}", finding.kind.id()), tone),
        (text::sanitized(&finding.subject.to_string()), Tone::Strong),
        (ended.to_owned(), Tone::Muted),
    ]
}

/// The active findings that concern the subject of a page, a line each, the most severe first; the last line has the
/// number of those that do not fit, and the `key` that shows them.
pub(super) fn lines(
    findings: &diagnose::Findings,
    concern: &Concern,
    room: u16,
    key: &str,
) -> Vec<Vec<Piece>> {
    if findings.active.is_empty() {
        return Vec::new();
    }
    let found = findings_about(findings, std::slice::from_ref(concern));
    let found: Vec<&Arc<Finding>> = found.iter().filter(|f| f.until_us.is_none()).collect();
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    for (at, finding) in found.iter().take(MAX_LINES).enumerate() {
        let more = found.len().saturating_sub(MAX_LINES);
        let hint = match more {
            _ if at + 1 < found.len().min(MAX_LINES) => String::new(),
            0 => " for details".to_owned(),
            more => format!(" for {more} more"),
        };
        let taken = match hint.len() {
            0 => 0,
            length => length + key.len() + 2,
        };
        let mut pieces = line(finding, usize::from(room).saturating_sub(taken));
        if taken > 0 {
            pieces.push((format!("  {key}"), Tone::Key));
            pieces.push((hint, Tone::Muted));
        }
        lines.push(pieces);
    }
    lines
}

/// Describes the start of an active finding, or the end of an ended one, with its duration.
fn period(finding: &Finding, appearance: &Appearance, now_ns: u64) -> String {
    let end = finding.end_phrase(|us| appearance.time_of_day(us));
    end.unwrap_or_else(|| {
        let since = appearance.time_of_day(finding.since_us);
        let length = whole_seconds(finding.duration_us(now_ns));
        format!("since {since} ({length})")
    })
}

/// The title of a finding: severity, id, subject, period. In little room it has the sign alone for the severity, and
/// the subject is cut.
pub(in crate::tui) fn title(
    finding: &Finding,
    appearance: &Appearance,
    now_ns: u64,
    room: usize,
) -> String {
    let (severity, kind) = (finding.severity, finding.kind.id());
    let when = period(finding, appearance, now_ns);
    let subject = text::sanitized(&finding.subject.to_string());
    let with = |name: &str, subject: &str| {
        format!("{} {name}{kind} ─ {subject} ─ {when}", severity.sign())
    };
    let whole = with(&format!("{} ─ ", severity.name()), &subject);
    if text::width(&whole) <= room {
        return whole;
    }
    let bare = text::width(&with("", ""));
    let subject = text::cut_middle(&subject, room.saturating_sub(bare).max(8));
    with("", &subject)
}

/// The full text of a finding: summary, evidence, advice.
pub(in crate::tui) fn full_text(finding: &Finding, columns: usize) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let wrapped = |text: &str, tone: Tone| -> Vec<Vec<Piece>> {
        let parts = text::wrap(&text::sanitized(text), columns).into_iter();
        parts.map(|part| vec![(part, tone)]).collect()
    };
    lines.extend(wrapped(&finding.summary, Tone::Strong));
    lines.push(Vec::new());
    lines.extend(evidence(&finding.evidence, columns));
    lines.push(Vec::new());
    lines.extend(wrapped(&finding.advice, Tone::Plain));
    lines
}

/// The evidence as names and values in aligned columns.
fn evidence(evidence: &Evidence, columns: usize) -> Vec<Vec<Piece>> {
    let pairs: Vec<(String, String)> = evidence
        .iter()
        .map(|(name, value)| (evidence_name(name), evidence_value(name, value)))
        .collect();
    let widest = |of: fn(&(String, String)) -> &str| {
        let widths = pairs.iter().map(|pair| text::width(of(pair)));
        widths.max().unwrap_or(0)
    };
    let (name, value) = (widest(|pair| &pair.0), widest(|pair| &pair.1));
    let cell = name + GAPS.0 + value + GAPS.1;
    let per_line = ((columns + GAPS.1) / cell.max(1)).max(1);
    // Down each column first, as a list is read.
    let count = pairs.len();
    let rows = count.div_ceil(per_line).max(1);
    let mut lines = vec![Vec::new(); rows.min(pairs.len())];
    for (at, (what, how_much)) in pairs.into_iter().enumerate() {
        let what_gap = " ".repeat(name - text::width(&what) + GAPS.0);
        // A gap only before another pair.
        let gap = if at + rows < count {
            " ".repeat(value - text::width(&how_much) + GAPS.1)
        } else {
            String::new()
        };
        lines[at % rows].extend([
            (format!("{what}{what_gap}"), Tone::Muted),
            (format!("{how_much}{gap}"), Tone::Strong),
        ]);
    }
    lines
}
