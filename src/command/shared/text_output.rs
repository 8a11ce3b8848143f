//! Files that commands write to, and standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::recording::interference;

/// An output that was named on the command line.
#[derive(Debug)]
pub(in crate::command) enum TextOutput {
    Stdout(io::Stdout),
    File {
        file: File,
        path: PathBuf,
        /// True if this command created it.
        is_new: bool,
        /// Bytes written.
        written: u64,
    },
}

impl TextOutput {
    /// Opens a file; `-` is standard output. An existing file keeps its contents until [`Self::truncate`].
    ///
    /// # Errors
    /// If the file exists and `force` is false, or it cannot be opened.
    pub(in crate::command) fn open(path: &Path, force: bool) -> anyhow::Result<TextOutput> {
        if path == Path::new("-") {
            return Ok(TextOutput::stdout());
        }
        let cannot = || format!("cannot write to {}", path.display());
        // At its end, wherever that is: after another process truncated it, a hole would look as if nothing had happened.
        let new = OpenOptions::new().append(true).create_new(true).open(path);
        let (file, is_new) = match new {
            Ok(file) => (file, true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // A device or a pipe has no contents to overwrite.
                let has_contents = path.metadata().is_ok_and(|metadata| metadata.is_file());
                if has_contents && !force {
                    return Err(anyhow!(
                        "{} already exists; use another name, or --force to overwrite it",
                        path.display()
                    ));
                }
                let file = OpenOptions::new().append(true).open(path);
                let file = file.with_context(cannot)?;
                let lock = || flock(&file, FlockOperation::NonBlockingLockShared);
                if has_contents && lock() == Err(Errno::WOULDBLOCK) {
                    return Err(anyhow!(
                        "{}: a recorder is writing it; use another name",
                        path.display()
                    ));
                }
                (file, false)
            }
            Err(error) => return Err(error).with_context(cannot),
        };
        Ok(TextOutput::File {
            file,
            path: path.to_owned(),
            is_new,
            written: 0,
        })
    }

    /// Returns standard output.
    pub(in crate::command) fn stdout() -> TextOutput {
        TextOutput::Stdout(io::stdout())
    }

    /// Reports whether it is a terminal.
    pub(in crate::command) fn is_terminal(&self) -> bool {
        match self {
            TextOutput::Stdout(out) => out.is_terminal(),
            TextOutput::File { file, .. } => file.is_terminal(),
        }
    }

    /// Truncates a regular file.
    ///
    /// # Errors
    /// If the file cannot be truncated.
    pub(in crate::command) fn truncate(&self) -> anyhow::Result<()> {
        if let TextOutput::File { file, path, .. } = self
            && file.metadata().is_ok_and(|metadata| metadata.is_file())
        {
            file.set_len(0)
                .with_context(|| format!("cannot write to {}", path.display()))?;
        }
        Ok(())
    }

    /// Reports whether it is the same file as another.
    pub(in crate::command) fn is_same(&self, other: &Path) -> bool {
        let TextOutput::File { file, .. } = self else {
            return false;
        };
        let same = file.metadata().ok().zip(other.metadata().ok());
        same.is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino()))
    }

    /// Returns what another process did to a regular file, so that what is written would be lost; see [`interference`].
    pub(in crate::command) fn interference(&self) -> Option<&'static str> {
        match self {
            TextOutput::File {
                file,
                path,
                written,
                ..
            } if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {
                interference(file, path, *written)
            }
            _ => None,
        }
    }

    /// Converts an error of writing it. A named output whose reader has gone is incomplete, while standard output is
    /// closed on purpose, as by `head`.
    pub(in crate::command) fn write_error(name: Option<&str>, error: io::Error) -> anyhow::Error {
        match name {
            Some(name) if error.kind() == io::ErrorKind::BrokenPipe => {
                anyhow!("{name}: its reader has gone; the output is incomplete")
            }
            name => {
                let name = name.unwrap_or("standard output");
                anyhow::Error::new(error).context(format!("cannot write to {name}"))
            }
        }
    }

    /// Removes the file if this command created it.
    pub(in crate::command) fn discard(self) {
        if let TextOutput::File {
            path, is_new: true, ..
        } = self
        {
            // It is empty: a failure to remove it does no harm.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Reports whether it is not standard output.
    pub(in crate::command) fn is_named(&self) -> bool {
        matches!(self, TextOutput::File { .. })
    }

    /// Returns its name for messages.
    pub(in crate::command) fn name(&self) -> String {
        match self {
            TextOutput::Stdout(_) => "standard output".to_owned(),
            TextOutput::File { path, .. } => path.display().to_string(),
        }
    }
}

impl Write for TextOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            TextOutput::Stdout(out) => out.write(bytes),
            TextOutput::File { file, written, .. } => {
                let count = file.write(bytes)?;
                *written += count as u64;
                Ok(count)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            TextOutput::Stdout(out) => out.flush(),
            TextOutput::File { file, .. } => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lines");
        let mut made = TextOutput::open(&path, false).unwrap();
        made.write_all(b"hello").unwrap();
        let said = TextOutput::open(&path, false).unwrap_err().to_string();
        assert!(said.contains("--force"), "{said}");

        let again = TextOutput::open(&path, true).unwrap();
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"hello",
            "until it is truncated"
        );
        assert!(again.is_same(&path) && !again.is_same(directory.path()));
        again.truncate().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        again.discard();
        assert!(path.exists(), "it existed before");

        std::fs::remove_file(&path).unwrap();
        TextOutput::open(&path, false).unwrap().discard();
        assert!(!path.exists());
        assert!(TextOutput::open(Path::new("/dev/null"), false).is_ok());
        assert!(TextOutput::open(Path::new("/nonexistent/x"), true).is_err());
    }
}
