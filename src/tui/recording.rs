//! A recording that is being made, as the screen tells of it.

/// How far a recording is that is being made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// The file.
    pub file: String,
    /// From its first Sample to its last, µs.
    pub length_us: i64,
    /// Samples written.
    pub samples: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Samples that could not be written in time.
    pub dropped: u64,
    /// Why it has ended by itself, if it has.
    pub failed: Option<String>,
}
