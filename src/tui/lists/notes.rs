//! Findings in the tables of what they are about: a sign and a name.

use std::borrow::Cow;

use crate::column::Note;
use crate::diagnose::{Concern, Findings, Severity};
use crate::tui::lists::severity_tone;
use crate::tui::text;
use crate::tui::theme::Tone;

/// Columns below which a note is its sign alone.
const NAMED: usize = 12;

/// The gravest that is wrong with a row, of what holds.
pub(super) fn of(findings: &Findings, concern: impl FnOnce() -> Concern) -> Option<Note> {
    // Most often nothing is wrong at all.
    if findings.now.is_empty() {
        return None;
    }
    let concern = concern();
    let mut found = findings.now.iter().filter(|finding| concern.has(finding));
    // The gravest comes first.
    let first = found.next()?;
    Some(Note {
        rank: first.severity as u8,
        sign: first.severity.sign(),
        name: first.kind.id(),
        more: found.count(),
    })
}

/// What a note looks like.
pub(super) fn tone(text: &str) -> Tone {
    let sign = text.chars().next();
    let severity = Severity::ALL.into_iter().find(|s| Some(s.sign()) == sign);
    severity.map_or(Tone::Muted, severity_tone)
}

/// A cell's text in so many columns: of a note the sign stays, whatever the room.
pub(super) fn cut<'t>(id: &str, text: &'t str, columns: usize) -> Cow<'t, str> {
    if id != "note" {
        return text::cut_middle(text, columns);
    }
    if columns >= NAMED {
        return text::cut_end(text, columns);
    }
    let end = text.char_indices().nth(1).map_or(text.len(), |(at, _)| at);
    Cow::Borrowed(if text.is_empty() { "" } else { &text[..end] })
}
