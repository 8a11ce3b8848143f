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

/// The reasons that several decoders give.
impl Corrupt {
    /// A socket continues one that the Sample before does not have.
    pub(super) const NO_EARLIER_SOCKET: Corrupt = Corrupt("a socket goes on from none");
    /// The frame continues one that was not decoded.
    pub(super) const NO_EARLIER_FRAME: Corrupt = Corrupt("what it goes on from is missing");
    /// There are more sockets than a table can hold.
    pub(super) const TOO_MANY_SOCKETS: Corrupt = Corrupt("there are more sockets than fit");
    /// A value is outside the range of its stream.
    pub(super) const VALUE_OUT_OF_RANGE: Corrupt = Corrupt("a value does not fit its stream");
    /// An integer is larger than its type.
    pub(super) const INTEGER_TOO_LARGE: Corrupt = Corrupt("an integer is too large");
    /// The bytes end too early.
    pub(super) const TOO_SHORT: Corrupt = Corrupt("it ends too early");
}

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
