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
    /// The file is not a recording, has an unsupported version, or is unreadable for another reason that the user can
    /// resolve.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason and the remedy.
        why: String,
    },
    /// The file cannot be written.
    #[error("{}: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The reason and the remedy.
        why: String,
    },
    /// The recording stopped because of an error.
    #[error("recording stopped: {0}")]
    Ended(String),
    /// A Sample cannot be read.
    #[error("corrupt Sample: {0}")]
    Damaged(String),
}

/// The reason why bytes cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Corrupt(pub(super) &'static str);

/// Reasons shared by several decoders.
impl Corrupt {
    /// A socket continues one that is not in the previous Sample.
    pub(super) const NO_EARLIER_SOCKET: Corrupt = Corrupt("a socket continues an unknown one");
    /// The frame continues one that was not decoded.
    pub(super) const NO_EARLIER_FRAME: Corrupt =
        Corrupt("the Sample that it depends on is missing");
    /// There are more sockets than a table can hold.
    pub(super) const TOO_MANY_SOCKETS: Corrupt = Corrupt("too many sockets");
    /// A value is outside the range of its stream.
    pub(super) const VALUE_OUT_OF_RANGE: Corrupt = Corrupt("a value is out of range");
    /// An integer is larger than its type.
    pub(super) const INTEGER_TOO_LARGE: Corrupt = Corrupt("integer too large");
    /// There are more sockets, or closed sockets, than the header of the frame states.
    pub(super) const UNANNOUNCED: Corrupt =
        Corrupt("it does not have as many sockets as its header states");
    /// It needs more memory or time than any recording of its size.
    pub(super) const OUT_OF_PROPORTION: Corrupt = Corrupt(
        "it expands to more than a recording of its size can hold; the file is damaged or was made to exhaust memory or time",
    );
    /// It needs more memory than this process may have.
    pub(super) const PROCESS_LIMIT: Corrupt =
        Corrupt("it needs more memory than this process may use; raise the limit with ulimit -v");
    /// References copy more text than the frame has use for.
    pub(super) const REPEATED_STRINGS: Corrupt =
        Corrupt("it repeats strings more often than a recording of its size can");
    /// References to lists of owners yield more owners than sockets have.
    pub(super) const TOO_MANY_HOLDERS: Corrupt =
        Corrupt("its sockets have more owners than a recording of its size can hold");
    /// A section is there twice.
    pub(super) const DUPLICATE_SECTION: Corrupt = Corrupt("a section is repeated");
    /// The bytes are truncated.
    pub(super) const TOO_SHORT: Corrupt = Corrupt("it is truncated");
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
