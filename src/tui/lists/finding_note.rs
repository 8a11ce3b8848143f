//! The note about a finding on the row that it concerns: a sign and a name.

use std::borrow::Cow;

use crate::column::Note;
use crate::diagnose::{Concern, Findings, Severity};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::severity_tone;

/// Minimum width at which a note has a name after its sign.
const MIN_NAMED_WIDTH: usize = 12;

/// Returns the note about the most severe active finding that concerns a row.
pub(super) fn most_severe(findings: &Findings, concern: impl FnOnce() -> Concern) -> Option<Note> {
    // Usually there are no findings.
    if findings.active.is_empty() {
        return None;
    }
    let concern = concern();
    let mut found = findings
        .active
        .iter()
        .filter(|finding| concern.has(finding));
    // The most severe comes first.
    let first = found.next()?;
    Some(Note {
        rank: first.severity as u8,
        sign: first.severity.sign(),
        name: first.kind.id(),
        more: found.count(),
    })
}

/// Returns the tone of a note.
pub(super) fn tone(text: &str) -> Tone {
    let sign = text.chars().next();
    let severity = Severity::ALL.into_iter().find(|s| Some(s.sign()) == sign);
    severity.map_or(Tone::Muted, severity_tone)
}

/// Shortens a cell to a width; a note keeps at least its sign.
pub(super) fn shorten<'t>(id: &str, text: &'t str, width: usize) -> Cow<'t, str> {
    if id != "note" {
        return text::cut_middle(text, width);
    }
    if width >= MIN_NAMED_WIDTH {
        return text::cut_end(text, width);
    }
    let end = text.char_indices().nth(1).map_or(text.len(), |(at, _)| at);
    Cow::Borrowed(if text.is_empty() { "" } else { &text[..end] })
}
