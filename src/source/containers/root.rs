//! Reads files of runtimes below a root directory.
//!
//! Users write some of these files, and so do containers in which a runtime runs. A file is read only if it is a regular
//! one of limited size. Links in its path do not lead out of the root, and the last component must not be one. Nothing that
//! is not a regular file is opened, because opening a device may have an effect.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::de::DeserializeOwned;

/// Maximum number of entries of a directory that are read.
const MAX_ENTRIES: usize = 16_384;

/// A directory below which files are read.
#[derive(Debug, Clone)]
pub(super) struct Root {
    path: PathBuf,
}

/// The requirements of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requirements {
    /// Maximum size, bytes.
    pub(super) bytes: u64,
    /// User that must own it.
    pub(super) owner: Option<u32>,
}

/// A file's contents, `None` if it does not exist, or why it cannot be read.
pub(super) type Contents<T> = Result<Option<T>, String>;

/// The identity of a file's contents: a runtime replaces the file or writes it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    path: String,
    inode: u64,
    bytes: i64,
    modified: (i64, u64),
}

impl Stamp {
    /// Reports whether the file is still the same, or can no longer be examined.
    pub(super) fn is_current(&self, root: &Root) -> bool {
        // The name of a container whose files are being removed stays.
        root.stamp(&self.path).is_none_or(|now| now == *self)
    }
}

impl Root {
    /// Returns the identity of a file's contents; `None` if it cannot be examined.
    pub(super) fn stamp(&self, path: &str) -> Option<Stamp> {
        let found = self.open(path, OFlags::PATH | OFlags::NOFOLLOW).ok()??;
        let stat = rustix::fs::fstat(&found).ok()?;
        Some(Stamp {
            path: path.to_owned(),
            inode: stat.st_ino,
            bytes: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
        })
    }

    pub(super) fn new(path: &Path) -> Root {
        Root {
            path: path.to_owned(),
        }
    }

    /// Reads a file. The path begins with a slash.
    pub(super) fn read(&self, path: &str, required: Requirements) -> Contents<Vec<u8>> {
        let failed = |reason: &dyn std::fmt::Display| format!("cannot read {path}: {reason}");
        let Some(found) = self
            .open(path, OFlags::PATH | OFlags::NOFOLLOW)
            .map_err(|error| failed(&described(error)))?
        else {
            return Ok(None);
        };
        let stat = rustix::fs::fstat(&found).map_err(|error| failed(&described(error)))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(failed(&"not a regular file"));
        }
        if required.owner.is_some_and(|owner| owner != stat.st_uid) {
            return Err(failed(&"it belongs to another user"));
        }
        let too_large = || failed(&format_args!("larger than {} kB", required.bytes / 1000));
        if u64::try_from(stat.st_size).is_ok_and(|size| size > required.bytes) {
            return Err(too_large());
        }
        // Opens the same file again, whatever its name stands for by now.
        let again = format!("/proc/self/fd/{}", found.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::open(again, flags, Mode::empty());
        let file = file.map_err(|error| failed(&described(error)))?;
        let mut bytes = Vec::new();
        let mut limited = File::from(file).take(required.bytes + 1);
        limited
            .read_to_end(&mut bytes)
            .map_err(|error| failed(&error))?;
        if bytes.len() as u64 > required.bytes {
            return Err(too_large());
        }
        Ok(Some(bytes))
    }

    /// Lists the names in a directory that are UTF-8, at most [`MAX_ENTRIES`]. The path begins with a slash.
    pub(super) fn list(&self, path: &str) -> Contents<Vec<String>> {
        let failed = |error| format!("cannot read {path}: {}", described(error));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let Some(directory) = self.open(path, flags).map_err(failed)? else {
            return Ok(None);
        };
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(directory)
            .map_err(failed)?
            .take(MAX_ENTRIES)
        {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            names.extend(
                name.to_str()
                    .filter(|name| !name.starts_with('.'))
                    .map(str::to_owned),
            );
        }
        Ok(Some(names))
    }

    /// Opens a path; `None` if it does not exist.
    fn open(&self, path: &str, flags: OFlags) -> Result<Option<OwnedFd>, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        match self.open_within(path, flags) {
            Ok(file) => Ok(Some(file)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_within(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let below = path.trim_start_matches('/');
        let root = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(&self.path, root, Mode::empty())?;
        let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&root, below, flags, Mode::empty(), within) {
            // Before Linux 5.6, or not permitted by a seccomp profile. Links below the root of the host lead nowhere else.
            Err(Errno::NOSYS | Errno::PERM) if self.path == Path::new("/") => {
                rustix::fs::openat(&root, below, flags, Mode::empty())
            }
            opened => opened,
        }
    }
}

/// Describes an error, with the remedy if there is one.
fn described(error: Errno) -> String {
    match error {
        Errno::ACCESS | Errno::PERM => {
            "permission denied; run as root or grant CAP_DAC_READ_SEARCH".to_owned()
        }
        Errno::LOOP => "too many symbolic links".to_owned(),
        error => error.to_string(),
    }
}

/// Parses JSON. The error never quotes it.
pub(super) fn parse<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("cannot read {path}: not the expected JSON, at line {line}, column {column}")
    })
}
