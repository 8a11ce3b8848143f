//! Notes on rows: the most severe finding about each.

use std::fmt::Write;

use super::SortKey;

/// The most severe finding about a row, as a cell shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// Severity; a higher one is more severe.
    pub rank: u8,
    /// Sign of the severity.
    pub sign: char,
    /// Name of the finding.
    pub name: &'static str,
    /// Number of further findings.
    pub more: usize,
}

/// Description of the column of notes.
pub(super) const ABOUT: &str =
    "What is wrong with it: the gravest finding, and how many more. f tells them.";

/// Writes the sign and the name of a note, and how many more there are: `✗ NAME +1`.
pub(super) fn write(note: Option<Note>, out: &mut String) -> Option<()> {
    // Without a finding the cell is empty, not missing.
    let Some(note) = note else { return Some(()) };
    out.push(note.sign);
    out.push(' ');
    out.push_str(note.name);
    if note.more > 0 {
        write!(out, " +{}", note.more).ok()?;
    }
    Some(())
}

/// Returns the key that orders by severity.
pub(super) fn key(note: Option<Note>) -> Option<SortKey<'static>> {
    let note = note?;
    let more = note.more.min(999) as f64 / 1000.0;
    Some(SortKey::Number(f64::from(note.rank) + more))
}
