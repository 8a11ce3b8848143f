//! What can lie over a screen, and the time that is shown.

use crate::diagnose::FindingKey;
use crate::tui::kill_target::KillTarget;

/// What lies over a screen until it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Popup {
    /// The keys, scrolled down by so many lines.
    Help(usize),
    /// What could not be read, scrolled down by so many lines.
    Faults(usize),
    /// Columns to sort by, and the line the cursor is on.
    PickSort(usize),
    /// Columns to show, and the line the cursor is on.
    PickColumns(usize),
    /// Filters that the row would pass, whether to leave such rows out, and the line the cursor is on.
    FilterBy(Vec<String>, bool, usize),
    /// Findings that concern the row or the page, which of them is chosen, and by how many lines its text is scrolled down.
    Findings(Vec<FindingKey>, usize, usize),
    /// How much of what is kept can be saved, and the line the cursor is on.
    Save(usize),
    /// What can be ended, the line the cursor is on, and whether it was asked about.
    Kill(Box<KillTarget>, usize, bool),
}

/// What is shown: the machine as it is, or as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// What is now.
    Live,
    /// What was, while sampling goes on.
    Frozen,
    /// A recording.
    Replay,
}
