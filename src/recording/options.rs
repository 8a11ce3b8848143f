//! Options of a recorder.

use std::path::PathBuf;

/// Options of a recording: destination, rotation, redaction.
#[derive(Debug, Clone, Default)]
pub struct RecorderOptions {
    /// The file.
    pub path: PathBuf,
    /// True to overwrite an existing file.
    pub force: bool,
    /// Size, in bytes, at which the next file begins; `None` for a single file of any size.
    pub max_size: Option<u64>,
    /// Number of complete files to keep; `FILE.1` is the newest.
    pub keep: usize,
}
