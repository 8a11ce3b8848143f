//! What is to be noted of a row: the gravest that is wrong with it.

use std::fmt::Write;

use super::SortKey;

/// What is wrong with a row, in a few words. Who finds it knows more; here is what a cell shows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// How grave it is, growing.
    pub rank: u8,
    /// A sign for that.
    pub sign: char,
    /// What it is called.
    pub name: &'static str,
    /// How much more is wrong.
    pub more: usize,
}

/// What the column of notes tells.
pub(super) const ABOUT: &str =
    "What is wrong with it: the gravest finding, and how many more. f tells them.";

/// Writes the sign and the name of a note, and how many more there are: `✗ NAME +1`.
pub(super) fn write(note: Option<Note>, out: &mut String) -> Option<()> {
    // Nothing wrong is known, and no news: the cell stays empty.
    let Some(note) = note else { return Some(()) };
    out.push(note.sign);
    out.push(' ');
    out.push_str(note.name);
    if note.more > 0 {
        write!(out, " +{}", note.more).ok()?;
    }
    Some(())
}

/// The gravest first.
pub(super) fn key(note: Option<Note>) -> Option<SortKey<'static>> {
    let note = note?;
    let more = note.more.min(999) as f64 / 1000.0;
    Some(SortKey::Number(f64::from(note.rank) + more))
}
