//! Counts of a recording in progress.

use std::time::Duration;

/// Samples and sockets recorded so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RecordingCounts {
    /// Samples passed to the writers.
    pub(super) samples: u64,
    /// Sockets in the last of them.
    pub(super) sockets: usize,
    /// Samples that were taken and could not be written in time.
    pub(super) dropped: u64,
    /// Time between two Samples, while they take longer than the interval.
    pub(super) stretched: Option<Duration>,
}
