//! The interface of every readable recording, in a file or in memory.

use super::error::RecordingError;
use super::metadata::Metadata;
use crate::model::{Sample, SampleTime, SocketKey, TimeAxis};

/// Facts about a recorded Sample that are available without decoding it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry {
    /// The clocks at the Sample.
    pub time: SampleTime,
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
    /// True if Samples were in it, apart from one that the end of the file cuts.
    pub loses_samples: bool,
}

/// A recording with random access to its Samples.
pub trait Archive: Send {
    /// Facts about the whole recording.
    fn metadata(&self) -> &Metadata;

    /// The Samples in the order in which they were taken, by the monotonic clock.
    fn entries(&self) -> &[Entry];

    /// The ranges that cannot be read, in file order.
    fn losses(&self) -> &[Loss];

    /// Reads the Sample at an index of [`Self::entries`] into `sample`, reusing its memory. Sequential reads are
    /// fastest.
    ///
    /// # Errors
    /// If there is no such Sample, or it is corrupt.
    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError>;

    /// Reports whether the recording is known to have ended with its last Sample.
    fn is_closed(&self) -> bool {
        true
    }

    /// Returns the times of the Samples.
    fn time_axis(&self) -> TimeAxis {
        self.entries().iter().map(|entry| entry.time).collect()
    }

    /// Returns when each socket of the last Sample read was first seen, ns of the monotonic clock. Omits sockets that
    /// existed when the recording began.
    fn first_seen(&self) -> Vec<(SocketKey, u64)>;
}
