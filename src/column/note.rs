//! Notes on rows: the most severe finding about each row.

use std::fmt::Write;

use super::SortKey;

/// The most severe finding about a row, as shown in a cell.
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

/// Description of the notes column.
pub(super) const ABOUT: &str =
    "Most severe finding about it, and the number of others. Press f to show them.";

/// Writes the sign and name of a note, and the number of further findings: `✗ NAME +1`.
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
