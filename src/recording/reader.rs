//! Reads a recording from a file, which may be cut, damaged or made by an enemy.

use std::path::Path;

use super::{Archive, Entry, Head, Loss, RecordingError};
use crate::model::{Sample, SocketKey};

/// A recording in a file.
#[derive(Debug)]
pub struct Reader {}

/// How a recording is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of the format.
    pub version: u16,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Key frames.
    pub chunks: u64,
    /// Bytes of all frames, unpacked.
    pub unpacked_bytes: u64,
    /// Unpacked bytes by column, the largest first.
    pub columns: Vec<(String, u64)>,
    /// Whether its recorder came to an end in order.
    pub closed: bool,
}

impl Reader {
    /// Opens a recording. What of it is damaged is told by [`Archive::losses`].
    ///
    /// # Errors
    /// If the file cannot be read, is no recording, or one of a later version.
    pub fn open(_path: &Path) -> Result<Reader, RecordingError> {
        todo!()
    }

    /// Looks at every byte.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn inspect(&mut self) -> Result<Inspection, RecordingError> {
        todo!()
    }
}

impl Archive for Reader {
    fn head(&self) -> &Head {
        todo!()
    }
    fn entries(&self) -> &[Entry] {
        todo!()
    }
    fn losses(&self) -> &[Loss] {
        todo!()
    }
    fn read_into(&mut self, _at: usize, _sample: &mut Sample) -> Result<(), RecordingError> {
        todo!()
    }
    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        todo!()
    }
}
