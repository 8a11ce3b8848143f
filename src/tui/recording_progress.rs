//! The progress of the active recording, as the screen shows it.

/// The progress of the active recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordingProgress {
    /// The file.
    pub file: String,
    /// The time from its first Sample to its last, µs.
    pub length_us: i64,
    /// Samples written.
    pub samples: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Samples that could not be written in time.
    pub dropped: u64,
    /// The error that stopped it, if any.
    pub failed: Option<String>,
}
