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

impl RecorderOptions {
    /// Returns the name of a full file; 1 is the newest.
    pub(super) fn full_file(&self, number: usize) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    /// Iterates over the names that full files get; empty if only one file is written.
    pub fn full_files(&self) -> impl Iterator<Item = PathBuf> {
        let keep = self.max_size.map_or(0, |_| self.keep);
        (1..=keep).map(|number| self.full_file(number))
    }
}
