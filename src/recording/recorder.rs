//! Writes frames to a file, on a thread of its own: a slow disk keeps nobody waiting.

use std::ops::Range;
use std::path::PathBuf;

use super::{Archive, Frame, Head, RecordingError};

/// Where and how to record.
#[derive(Debug, Clone, Default)]
pub struct RecorderOptions {
    /// The file.
    pub path: PathBuf,
    /// Whether a file that exists may be overwritten.
    pub force: bool,
    /// From how many bytes on the next file is begun; `None` for one file however large.
    pub max_size: Option<u64>,
    /// How many files are kept beside the one being written: `FILE.1` is the latest of them.
    pub keep: usize,
}

/// How far a recording is.
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
    /// Why it has ended, if it has by itself: a full disk, a file that was removed.
    pub failed: Option<String>,
}

/// A recording that is being made.
#[derive(Debug)]
pub struct Recorder {}

impl Recorder {
    /// Creates the file and starts to write.
    ///
    /// # Errors
    /// If the file exists (and `force` is not set), another recorder writes it, or it cannot be created.
    pub fn start(_options: RecorderOptions, _head: Head) -> Result<Recorder, RecordingError> {
        todo!()
    }

    /// Whether only a key frame can go on from here: at the start, after a drop, in a new file.
    pub fn needs_key(&self) -> bool {
        todo!()
    }

    /// Hands a frame over to be written; answers whether it was taken. Never waits.
    pub fn offer(&mut self, _frame: &Frame) -> bool {
        todo!()
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        todo!()
    }

    /// Writes what is left, the index and the end.
    ///
    /// # Errors
    /// Why not all of it is in the file.
    pub fn finish(self) -> Result<Progress, RecordingError> {
        todo!()
    }
}

/// Writes a part of a recording to a file of its own, `range` being places in [`Archive::entries`].
///
/// # Errors
/// If the file cannot be written.
pub fn save(
    _archive: &mut dyn Archive,
    _range: Range<usize>,
    _options: RecorderOptions,
) -> Result<Progress, RecordingError> {
    todo!()
}
