//! The display mode: live, frozen or replay.

/// The display mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// Shows every new Sample.
    Live,
    /// Shows an earlier moment while sampling continues.
    Frozen,
    /// Shows a recording.
    Replay,
}
