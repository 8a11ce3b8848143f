//! Writes frames to files, with rotation.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock};
use rustix::io::Errno;

use super::error::RecordingError;
use super::format::{
    FrameHeader, FrameKind, FrameLocation, encode_index, file_header, metadata_json,
};
use super::frame::Frame;
use super::interference::interference;
use super::metadata::Metadata;
use super::options::RecorderOptions;

/// Number of frames from one index to the next.
const INDEX_INTERVAL: usize = 512;

/// A recording file being written.
#[derive(Debug)]
pub(super) struct FileWriter {
    options: RecorderOptions,
    metadata: Metadata,
    json: Vec<u8>,
    file: File,
    /// Length of the file, bytes.
    length: u64,
    /// Frames since the last index, and the offset of that index.
    frames: Vec<FrameLocation>,
    index_at: u64,
    /// Number of files begun.
    pub(super) files: u32,
    /// Bytes written to all files.
    pub(super) bytes: u64,
    /// Number of full files that were renamed and kept: `FILE.1` to `FILE.N`.
    kept: usize,
    /// True if the file has its end.
    is_closed: bool,
}

impl FileWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// If it exists and must not be overwritten, another recorder is writing it, or a system call fails.
    pub(super) fn create(
        options: RecorderOptions,
        metadata: Metadata,
    ) -> Result<FileWriter, RecordingError> {
        if !options.force {
            refuse_existing_files(&options)?;
        }
        let mut options = options;
        let file = create_file(&options.path, options.force)?;
        if options.max_size.is_some() && options.path.is_symlink() {
            // The file is rotated where it is, not the link to it.
            options.path = std::fs::canonicalize(&options.path).unwrap_or(options.path);
        }
        let mut writer = FileWriter {
            json: metadata_json(&metadata).to_string().into_bytes(),
            options,
            metadata,
            file,
            length: 0,
            frames: Vec::new(),
            index_at: 0,
            files: 0,
            bytes: 0,
            kept: 0,
            is_closed: false,
        };
        writer
            .begin_file()
            .map_err(|error| writer.write_error(error))?;
        Ok(writer)
    }

    fn begin_file(&mut self) -> io::Result<()> {
        self.length = 0;
        self.is_closed = false;
        self.index_at = 0;
        self.frames.clear();
        self.files += 1;
        let header = file_header(&self.metadata);
        self.append(&header)
    }

    /// Converts an error of writing the file.
    pub(super) fn write_error(&self, error: io::Error) -> RecordingError {
        RecordingError::Io {
            what: "write to",
            path: self.options.path.clone(),
            error,
        }
    }

    /// Reports whether the file has reached its maximum size, so that the next key frame begins a new file.
    pub(super) fn is_full(&self) -> bool {
        let is_large = |max| self.length >= max;
        self.options.max_size.is_some_and(is_large)
            && (!self.frames.is_empty() || self.index_at > 0)
    }

    /// Returns what another process did to the file; see [`interference`].
    pub(super) fn interference(&self) -> Option<&'static str> {
        interference(&self.file, &self.options.path, self.length)
    }

    /// Appends a frame. On an error, the file is left unchanged.
    pub(super) fn write(
        &mut self,
        frame: &Frame,
        dropped: u32,
        lost_closed: u32,
    ) -> io::Result<()> {
        let header = FrameHeader::of_frame(frame, dropped, lost_closed, self.length);
        let location = FrameLocation {
            offset: self.length,
            shift: 0,
            is_key: frame.is_key,
            entry: header.entry,
        };
        self.append_payload(&header, &frame.payload)?;
        self.frames.push(location);
        if self.frames.len() >= INDEX_INTERVAL {
            self.write_index()?;
        }
        Ok(())
    }

    fn write_index(&mut self) -> io::Result<()> {
        let payload = encode_index(self.index_at, &self.json, &self.frames);
        let at = self.length;
        let header = FrameHeader::of_payload(FrameKind::Index, &payload, at);
        self.append_payload(&header, &payload)?;
        self.index_at = at;
        self.frames.clear();
        Ok(())
    }

    fn append_payload(&mut self, header: &FrameHeader, payload: &[u8]) -> io::Result<()> {
        let header = header.encode();
        let mut bytes = Vec::with_capacity(header.len() + payload.len());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(payload);
        self.append(&bytes)
    }

    /// Appends bytes, all or none.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(bytes, self.length) {
            // A partial write would look like a damaged frame, and is one if it cannot be truncated.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes the index and the end, once.
    pub(super) fn close(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        self.write_index()?;
        let payload = self.index_at.to_le_bytes();
        let header = FrameHeader::of_payload(FrameKind::End, &payload, self.length);
        self.append_payload(&header, &payload)?;
        self.is_closed = true;
        self.file.sync_data()
    }

    /// Closes the file and begins the next one. This file becomes `FILE.1`, the previous one `FILE.2`, and the oldest
    /// is removed.
    pub(super) fn rotate(&mut self) -> Result<(), RecordingError> {
        self.close().map_err(|error| self.write_error(error))?;
        let path = self.options.path.clone();
        let cannot = |what, path: &Path| {
            let path = path.to_owned();
            move |error| RecordingError::Io { what, path, error }
        };
        let keep = self.options.keep;
        for number in (1..keep).rev().filter(|&number| number <= self.kept) {
            let from = self.options.full_file(number);
            self.rename(&from, number + 1)?;
        }
        if keep > 0 {
            self.rename(&path, 1)?;
            self.kept = (self.kept + 1).min(keep);
        } else {
            std::fs::remove_file(&path).map_err(cannot("remove", &path))?;
        }
        self.file = create_file(&path, false)?;
        self.begin_file().map_err(|error| self.write_error(error))
    }

    /// Renames a full file to `FILE.NUMBER`. Overwrites a file of that name only if this writer made it, or `--force` was
    /// given.
    fn rename(&self, from: &Path, number: usize) -> Result<(), RecordingError> {
        let to = self.options.full_file(number);
        let flags = if self.options.force || number <= self.kept {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        match rustix::fs::renameat_with(CWD, from, CWD, &to, flags) {
            // The file system has no such flag.
            Err(Errno::INVAL) if !to.exists() => std::fs::rename(from, &to),
            renamed => renamed.map_err(io::Error::from),
        }
        .map_err(|error| RecordingError::Refused {
            why: match error.kind() {
                io::ErrorKind::AlreadyExists => format!(
                    "already exists, so that {} cannot be renamed; remove it, or overwrite full files with --force",
                    from.display()
                ),
                _ => format!("cannot rename {} to it: {error}", from.display()),
            },
            path: to,
        })
    }
}

/// Refuses to begin if a file exists that rotation would overwrite.
fn refuse_existing_files(options: &RecorderOptions) -> Result<(), RecordingError> {
    let mut names = options.full_files();
    match names.find(|name| name.symlink_metadata().is_ok()) {
        Some(path) => Err(RecordingError::Refused {
            path,
            why: "already exists; choose another name, or overwrite full files with --force"
                .to_owned(),
        }),
        None => Ok(()),
    }
}

/// Creates the file and locks it against other recorders.
fn create_file(path: &Path, force: bool) -> Result<File, RecordingError> {
    let refused = |why: &str| RecordingError::Refused {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let cannot = |error| RecordingError::Io {
        what: "create",
        path: path.to_owned(),
        error,
    };
    let busy = "in use by another recorder; choose another file";
    let mut options = OpenOptions::new();
    // Without waiting for the other end of a FIFO or of a serial line: neither is a regular file.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options
        .read(true)
        .write(true)
        .custom_flags(flags.bits().cast_signed());
    if force {
        // Truncated only once it is locked.
        options.create(true).truncate(false);
    } else {
        options.create_new(true);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let opened = OpenOptions::new()
                .read(true)
                .custom_flags(flags.bits().cast_signed())
                .open(path);
            let is_busy = opened
                .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err());
            let why = if is_busy {
                busy
            } else {
                "already exists; choose another file or overwrite it with --force"
            };
            return Err(refused(why));
        }
        Err(error) => return Err(cannot(error)),
    };
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(refused("not a regular file; cannot record to it"));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(refused(busy)),
        // The file system has no locks, but a new file has no other writer.
        Err(_) if !force => {}
        Err(error) => return Err(cannot(error.into())),
    }
    file.set_len(0).map_err(cannot)?;
    Ok(file)
}
