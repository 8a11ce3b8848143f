//! How far a Sample that is being taken, or read from a recording, has come.

/// The step of taking or reading a Sample that is under way, with its extent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleProgress {
    /// The kernel's tables are dumped.
    Sockets {
        /// Sockets received.
        read: u64,
        /// Approximate number of all sockets, from the kernel's counts; `None` if they cannot be read.
        expected: Option<u64>,
    },
    /// Processes are searched for descriptors of sockets.
    Owners {
        /// Processes read.
        read: u64,
        /// Processes to read.
        expected: u64,
    },
    /// Sockets are attributed to processes.
    Attribution,
    /// A recorded Sample is decoded.
    Recorded {
        /// Its sockets.
        sockets: u64,
    },
    /// The recorded Samples before the one shown are decoded, for its charts.
    RecordedHistory {
        /// Samples decoded.
        read: u64,
        /// Samples to decode.
        expected: u64,
    },
}

/// Marks a Sample that has only the first sockets of the kernel's tables, without owners: it is shown while the first
/// complete Sample is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// Approximate number of all sockets, from the kernel's counts; `None` if they cannot be read.
    pub expected: Option<u64>,
}
