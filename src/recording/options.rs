//! Options of a recorder.

use std::path::PathBuf;

/// Options of a recording: destination, rotation, redaction.
#[derive(Debug, Clone, Default)]
pub struct RecorderOptions {
    /// The file.
    pub path: PathBuf,
    /// True to overwrite an existing file.
    pub force: bool,
    /// Size, bytes, at which the next file is begun; `None` for one file of any size.
    pub max_size: Option<u64>,
    /// Number of complete files to keep; `FILE.1` is the latest of them.
    pub keep: usize,
}
