//! Errors of writing and reading recordings.

use std::io;
use std::path::PathBuf;

use crate::model::Unrepresentable;

/// Error of writing or reading a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A system call failed.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// The operation: `open`, `read`, `write to`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file is not a recording, is of another version, or is unreadable for another reason that its user can act on.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason, and the remedy.
        why: String,
    },
    /// The file must not be written.
    #[error("{}: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The reason, and the remedy.
        why: String,
    },
    /// The recording ended by itself.
    #[error("the recording has ended: {0}")]
    Ended(String),
    /// A Sample cannot be read.
    #[error("a part of the recording is damaged: {0}")]
    Damaged(String),
}

/// The reason why bytes cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Corrupt(pub(super) &'static str);

impl From<Unrepresentable> for Corrupt {
    fn from(value: Unrepresentable) -> Corrupt {
        Corrupt(value.0)
    }
}

impl From<Corrupt> for RecordingError {
    fn from(corrupt: Corrupt) -> RecordingError {
        RecordingError::Damaged(corrupt.to_string())
    }
}
