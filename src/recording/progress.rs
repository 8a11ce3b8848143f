//! Progress of a recording.

/// Counts of what has been recorded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Samples written.
    pub samples: u64,
    /// Sockets in the last of them.
    pub sockets: u32,
    /// Bytes written, in all files.
    pub bytes: u64,
    /// Samples that could not be written in time.
    pub dropped: u64,
    /// Files begun.
    pub files: u32,
    /// The reason why the recording ended by itself, such as a full disk.
    pub failed: Option<String>,
}
