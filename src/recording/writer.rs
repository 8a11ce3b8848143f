//! Puts frames into a file, and from one file into the next.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::disk::{self, Kind, Label, Place};
use super::{Frame, Head, RecorderOptions, RecordingError};

/// Frames from one index to the next.
const INDEXED: usize = 512;

/// A recording that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    options: RecorderOptions,
    head: Head,
    json: Vec<u8>,
    file: File,
    /// Bytes in it.
    length: u64,
    /// Frames since the last index, and where that lies.
    places: Vec<Place>,
    index_at: u64,
    /// Files begun.
    pub(super) files: u32,
    /// Bytes written, in all files.
    pub(super) bytes: u64,
}

impl Writer {
    /// Creates the file.
    pub(super) fn create(options: RecorderOptions, head: Head) -> Result<Writer, RecordingError> {
        let file = create(&options.path, options.force)?;
        let mut writer = Writer {
            json: disk::head_json(&head).to_string().into_bytes(),
            options,
            head,
            file,
            length: 0,
            places: Vec::new(),
            index_at: 0,
            files: 0,
            bytes: 0,
        };
        writer.begin().map_err(|error| writer.cannot(error))?;
        Ok(writer)
    }

    fn begin(&mut self) -> io::Result<()> {
        self.length = 0;
        self.index_at = 0;
        self.places.clear();
        self.files += 1;
        let head = disk::head_bytes(&self.head);
        self.append(&head)
    }

    /// Says what could not be done.
    pub(super) fn cannot(&self, error: io::Error) -> RecordingError {
        RecordingError::Io {
            what: "write to",
            path: self.options.path.clone(),
            error,
        }
    }

    /// Whether the next file is to be begun, with a key frame.
    pub(super) fn is_full(&self) -> bool {
        let is_large = |most| self.length >= most;
        self.options.max_size.is_some_and(is_large)
            && (!self.places.is_empty() || self.index_at > 0)
    }

    /// Whether the file has no name any more, so that nobody will ever find what is written.
    pub(super) fn is_removed(&self) -> bool {
        rustix::fs::fstat(&self.file).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Appends a frame. If that fails the file is as it was before.
    pub(super) fn write(
        &mut self,
        frame: &Frame,
        dropped: u32,
        lost_closed: u32,
    ) -> io::Result<()> {
        let label = Label::of(frame, dropped, lost_closed, self.length);
        let place = Place {
            offset: self.length,
            is_key: frame.is_key,
            entry: label.entry,
        };
        let mut bytes = Vec::with_capacity(disk::FRAME + frame.payload.len());
        bytes.extend_from_slice(&label.bytes());
        bytes.extend_from_slice(&frame.payload);
        self.append(&bytes)?;
        self.places.push(place);
        if self.places.len() >= INDEXED {
            self.index()?;
        }
        Ok(())
    }

    fn index(&mut self) -> io::Result<()> {
        let payload = disk::index_bytes(self.index_at, &self.json, &self.places);
        let at = self.length;
        self.beside(Kind::Index, &payload)?;
        self.index_at = at;
        self.places.clear();
        Ok(())
    }

    fn beside(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let mut bytes = Label::beside(kind, payload, self.length).bytes().to_vec();
        bytes.extend_from_slice(payload);
        self.append(&bytes)
    }

    /// Appends bytes, all or none.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all_at(bytes, self.length) {
            // What was written of it would look like a damaged frame. If it cannot be cut off, it is one.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes the index and the end.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.index()?;
        self.beside(Kind::End, &self.index_at.to_le_bytes())?;
        self.file.sync_data()
    }

    /// Closes this file and begins the next: this one becomes `FILE.1`, that one `FILE.2`, and the last goes.
    pub(super) fn rotate(&mut self) -> Result<(), RecordingError> {
        self.close().map_err(|error| self.cannot(error))?;
        let path = self.options.path.clone();
        let numbered = |number: usize| {
            let mut name = path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        let cannot = |what, path: &Path| {
            let path = path.to_owned();
            move |error| RecordingError::Io { what, path, error }
        };
        for number in (1..self.options.keep).rev() {
            let from = numbered(number);
            if from.exists() {
                std::fs::rename(&from, numbered(number + 1)).map_err(cannot("rename", &from))?;
            }
        }
        if self.options.keep > 0 {
            std::fs::rename(&path, numbered(1)).map_err(cannot("rename", &path))?;
        } else {
            std::fs::remove_file(&path).map_err(cannot("remove", &path))?;
        }
        self.file = create(&path, false)?;
        self.begin().map_err(|error| self.cannot(error))
    }
}

/// Creates a file that nobody else writes.
fn create(path: &Path, force: bool) -> Result<File, RecordingError> {
    let refused = |why: &str| RecordingError::Refused {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let cannot = |error| RecordingError::Io {
        what: "create",
        path: path.to_owned(),
        error,
    };
    let busy = "another recorder is writing it; choose another file";
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if force {
        // Not cut before it is known that nobody is writing it.
        options.create(true).truncate(false);
    } else {
        options.create_new(true);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let is_busy = File::open(path)
                .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared).is_err());
            let why = if is_busy {
                busy
            } else {
                "exists already; choose another file, or overwrite it with --force"
            };
            return Err(refused(why));
        }
        Err(error) => return Err(cannot(error)),
    };
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(refused("is no regular file; a recording needs one"));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(refused(busy)),
        // A file system without locks: one that is new is nobody else's.
        Err(_) if !force => {}
        Err(error) => return Err(cannot(error.into())),
    }
    file.set_len(0).map_err(cannot)?;
    Ok(file)
}
