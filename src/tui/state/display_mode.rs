//! The time that is shown.

/// The time that is shown: the present, a moment before, a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplayMode {
    /// The present.
    Live,
    /// A moment before, while sampling continues.
    Frozen,
    /// A recording.
    Replay,
}
