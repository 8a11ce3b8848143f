//! Files that commands write to, and standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::usage_error::UsageError;

/// An output that was named on the command line.
#[derive(Debug)]
pub(in crate::command) enum TextOutput {
    Stdout(io::Stdout),
    File {
        file: File,
        path: PathBuf,
        /// True if this command created it.
        is_new: bool,
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
        let new = OpenOptions::new().write(true).create_new(true).open(path);
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
                let file = OpenOptions::new().write(true).open(path);
                (file.with_context(cannot)?, false)
            }
            Err(error) => return Err(error).with_context(cannot),
        };
        Ok(TextOutput::File {
            file,
            path: path.to_owned(),
            is_new,
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

    /// Checks that it is not the same file as another.
    ///
    /// # Errors
    /// If it is.
    pub(in crate::command) fn refuse_if_same(&self, other: &Path) -> Result<(), UsageError> {
        let TextOutput::File { file, path, .. } = self else {
            return Ok(());
        };
        let same = file.metadata().ok().zip(other.metadata().ok());
        if same.is_some_and(|(a, b)| (a.dev(), a.ino()) == (b.dev(), b.ino())) {
            return Err(UsageError::new(format!(
                "{} is both the input and the output; use another output",
                path.display()
            )));
        }
        Ok(())
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
            TextOutput::File { file, .. } => file.write(bytes),
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
        assert!(again.refuse_if_same(&path).is_err());
        assert!(again.refuse_if_same(directory.path()).is_ok());
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
