//! The interface of every readable recording, in a file or in memory.

use super::error::RecordingError;
use super::metadata::Metadata;
use crate::model::{Sample, SocketKey};

/// Facts about a recorded Sample that are available without decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Time of the Sample, µs since 1970 UTC.
    pub taken_at_us: i64,
    /// Time on the monotonic clock, ns.
    pub monotonic_ns: u64,
    /// Number of sockets.
    pub sockets: u32,
    /// Samples between the previous entry and this one that could not be recorded.
    pub dropped: u32,
}

/// A range of a recording that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Index in [`Archive::entries`] of the Sample before the range; `None` if the range precedes the first.
    pub after: Option<usize>,
    /// First byte in the file.
    pub offset: u64,
    /// Length, bytes.
    pub bytes: u64,
    /// Description of the damage.
    pub why: String,
}

/// A recording with random access to its Samples.
pub trait Archive: Send {
    /// Facts about the whole recording.
    fn metadata(&self) -> &Metadata;

    /// The Samples in chronological order.
    fn entries(&self) -> &[Entry];

    /// The ranges that cannot be read, in file order.
    fn losses(&self) -> &[Loss];

    /// Reads the Sample at an index of [`Self::entries`] into `sample`, reusing its memory. Sequential reads are
    /// fastest.
    ///
    /// # Errors
    /// If there is no such Sample, or it is corrupt.
    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError>;

    /// Returns when each socket of the last Sample read was first seen, ns of the monotonic clock. Omits sockets that
    /// existed when the recording began.
    fn first_seen(&self) -> Vec<(SocketKey, u64)>;
}

/// Returns the index of the last entry at or before a time, or 0 if all are later.
pub fn entry_at(entries: &[Entry], taken_at_us: i64) -> usize {
    entries
        .partition_point(|entry| entry.taken_at_us <= taken_at_us)
        .saturating_sub(1)
}
