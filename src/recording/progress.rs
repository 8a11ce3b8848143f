//! Progress of a recording.

/// Counts of what has been recorded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Samples written.
    pub samples: u64,
    /// Number of sockets in the last Sample.
    pub sockets: u32,
    /// Bytes written to all files.
    pub bytes: u64,
    /// Samples that could not be written in time.
    pub dropped: u64,
    /// Number of files begun.
    pub files: u32,
    /// The reason why the recording stopped, such as a full disk.
    pub failed: Option<String>,
}
