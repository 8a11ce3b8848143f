//! What recordings have in common, wherever they lie.

use std::io;
use std::path::PathBuf;

use super::Head;
use crate::model::{Sample, SocketKey};

/// One recorded Sample: what is known of it without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When it was taken, µs since 1970 UTC.
    pub taken_at_us: i64,
    /// The same on the monotonic clock, ns.
    pub monotonic_ns: u64,
    /// Sockets in it.
    pub sockets: u32,
    /// Samples that were taken between the one before and this and could not be recorded.
    pub dropped: u32,
}

/// A part of a recording that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The Sample before it, by its place in [`Archive::entries`]; `None` if it lies before the first.
    pub after: Option<usize>,
    /// First byte in the file.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What is wrong with it.
    pub why: String,
}

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The system said no.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// What was tried: `open`, `read`, `write to`.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is none, is of a later version, or cannot be read for another reason that its user can understand.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do about it.
        why: String,
    },
    /// It is not written there.
    #[error("{}: {why}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Why not, and what to do about it.
        why: String,
    },
    /// It ended before it was told to.
    #[error("the recording has ended: {0}")]
    Ended(String),
    /// One Sample of it cannot be read.
    #[error("a part of the recording is damaged: {0}")]
    Damaged(String),
}

/// A recording that can be read at any instant.
pub trait Archive: Send {
    /// What it says of itself.
    fn head(&self) -> &Head;

    /// Its Samples in the order of their time.
    fn entries(&self) -> &[Entry];

    /// What of it cannot be read, in the order of the file.
    fn losses(&self) -> &[Loss];

    /// Reads the Sample at a place in [`Self::entries`] into `sample`, whose memory is used again. One after the other is
    /// quickest.
    ///
    /// # Errors
    /// If there is no such Sample, or it is damaged.
    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError>;

    /// When each socket of the Sample read last was first seen in the recording, ns of the monotonic clock; without those
    /// that were there from the start.
    fn first_seen(&self) -> Vec<(SocketKey, u64)>;
}

/// The last of the entries that was taken at or before a time, or the first of all.
pub fn entry_at(entries: &[Entry], taken_at_us: i64) -> usize {
    entries
        .partition_point(|entry| entry.taken_at_us <= taken_at_us)
        .saturating_sub(1)
}

/// Samples as they are, for tests and for what is too small to be worth packing.
#[derive(Debug, Default)]
pub struct Samples {
    head: Head,
    entries: Vec<Entry>,
    recorded: Vec<Sample>,
    read: usize,
}

impl Samples {
    /// These Samples, in the order of their time.
    pub fn new(head: Head, samples: Vec<Sample>) -> Samples {
        let entry = |sample: &Sample| Entry {
            taken_at_us: sample.taken_at_us,
            monotonic_ns: sample.monotonic_ns,
            sockets: sample.sockets.rows.len() as u32,
            dropped: 0,
        };
        Samples {
            head,
            entries: samples.iter().map(entry).collect(),
            recorded: samples,
            read: 0,
        }
    }
}

impl Archive for Samples {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &[]
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        let recorded = self.recorded.get(at);
        let recorded =
            recorded.ok_or_else(|| RecordingError::Damaged(format!("no Sample {at}")))?;
        sample.clone_from(recorded);
        self.read = at;
        Ok(())
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        let Some((first, rest)) = self.recorded.split_first() else {
            return Vec::new();
        };
        let mut seen: rustc_hash::FxHashMap<SocketKey, Option<u64>> =
            rustc_hash::FxHashMap::default();
        seen.extend(first.sockets.rows.iter().map(|row| (row.key(), None)));
        for sample in rest.iter().take(self.read) {
            for row in &sample.sockets.rows {
                seen.entry(row.key()).or_insert(Some(sample.monotonic_ns));
            }
        }
        let keys = self.recorded[self.read].sockets.rows.iter();
        keys.filter_map(|row| Some((row.key(), (*seen.get(&row.key())?)?)))
            .collect()
    }
}
