//! Reads a recording from a file, which may be truncated, damaged or malicious.

mod payload;
mod scan;
mod search;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use self::payload::{read_header, read_payload};
use self::scan::{ScanError, scan};
use super::archive::{Archive, Entry, Loss};
use super::cursor::{Cursor, DEPENDS_ON_CORRUPT, FrameClaims};
use super::error::RecordingError;
use super::format::{FRAME_HEADER_LEN, FrameKind, FrameLocation};
use super::limits::MemoryLimit;
use super::metadata::Metadata;
use super::section::{self, sections};
use super::stream;
use crate::model::{Sample, SocketKey};
use crate::model::{SeededMap, SeededSet};

/// Maximum size, in bytes, of a file that is scanned when it is opened, so that all damage is known at once. Larger
/// files are opened by their index if they have one.
const MAX_SCANNED: u64 = 512 << 20;

const INDEX_MISMATCH: &str = "the index does not match it";

/// A recording in a file.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    file_bytes: u64,
    metadata: Metadata,
    version: u16,
    entries: Vec<Entry>,
    frames: Vec<FrameLocation>,
    losses: Vec<Loss>,
    /// Indices of the Samples that turned out to be damaged.
    lost: SeededSet<usize>,
    is_closed: bool,
    cursor: Cursor,
}

/// Statistics of a recording file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of the format.
    pub version: u16,
    /// Size of the file, bytes.
    pub file_bytes: u64,
    /// Number of key frames.
    pub chunks: u64,
    /// Length of all decompressed frames, bytes.
    pub unpacked_bytes: u64,
    /// Decompressed bytes by stream or section, largest first.
    pub streams: Vec<(String, u64)>,
    /// True if the recorder closed the file.
    pub closed: bool,
    /// Indices of the Samples that cannot be decoded.
    pub unreadable: BTreeSet<usize>,
}

impl Reader {
    /// Opens a recording. [`Archive::losses`] lists the damage.
    ///
    /// # Errors
    /// If the file cannot be read, is not a recording, or has an unsupported version.
    pub fn open(path: &Path) -> Result<Reader, RecordingError> {
        Reader::open_within(path, MAX_SCANNED)
    }

    /// Opens a recording, by its index if it is larger than `max_scanned` bytes.
    fn open_within(path: &Path, max_scanned: u64) -> Result<Reader, RecordingError> {
        let cannot = |what| {
            let path = path.to_owned();
            move |error| RecordingError::Io { what, path, error }
        };
        let unreadable = |why: String| RecordingError::Unreadable {
            path: path.to_owned(),
            why,
        };
        // Opening a named pipe would wait for its writer.
        let kind = std::fs::metadata(path).map_err(cannot("open"))?;
        if !kind.is_file() {
            return Err(unreadable("not a regular file".to_owned()));
        }
        let file = File::open(path).map_err(cannot("open"))?;
        let file_bytes = file.metadata().map_err(cannot("read"))?.len();
        let found = scan(&file, file_bytes, max_scanned).map_err(|error| match error {
            ScanError::Io(error) => cannot("read")(error),
            ScanError::Unsupported(why) => unreadable(why),
        })?;
        let metadata = found.metadata.unwrap_or_default();
        Ok(Reader {
            path: path.to_owned(),
            file,
            file_bytes,
            cursor: Cursor::new(metadata.host.clone(), MemoryLimit::of_file()),
            metadata,
            version: found.version,
            entries: found.frames.iter().map(|frame| frame.entry).collect(),
            frames: found.frames,
            losses: found.losses,
            lost: SeededSet::default(),
            is_closed: found.is_closed,
        })
    }

    /// Reads every byte and computes statistics. Afterwards, [`Archive::losses`] is complete.
    ///
    /// # Errors
    /// If the file can no longer be read.
    pub fn inspect(&mut self) -> Result<Inspection, RecordingError> {
        let mut inspection = Inspection {
            version: self.version,
            file_bytes: self.file_bytes,
            chunks: self.frames.iter().filter(|frame| frame.is_key).count() as u64,
            closed: self.is_closed,
            ..Inspection::default()
        };
        let mut sizes: SeededMap<usize, u64> = SeededMap::default();
        for at in 0..self.frames.len() {
            match self.seek(at) {
                Ok(()) => {}
                Err(RecordingError::Damaged(why)) => {
                    self.add_loss(at, why);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let raw = self.cursor.raw();
            inspection.unpacked_bytes += raw.len() as u64;
            for (number, bytes) in sections(raw).flatten() {
                *sizes.entry(number).or_default() += bytes.len() as u64;
            }
        }
        inspection.unreadable = self.lost.iter().copied().collect();
        let mut named: SeededMap<String, u64> = SeededMap::default();
        for (number, bytes) in sizes {
            let name = match number.checked_sub(section::FIRST_STREAM) {
                None => section::name(number).map(str::to_owned),
                Some(stream) => stream::name(stream),
            };
            let name = name.unwrap_or_else(|| format!("unknown {number}"));
            *named.entry(name).or_default() += bytes;
        }
        inspection.streams = named.into_iter().collect();
        inspection
            .streams
            .sort_by(|(a, a_bytes), (b, b_bytes)| b_bytes.cmp(a_bytes).then(a.cmp(b)));
        Ok(inspection)
    }

    /// Adds a Sample that turned out to be damaged, once. Samples that only depend on the one before extend its range.
    fn add_loss(&mut self, at: usize, why: String) {
        if !self.lost.insert(at) {
            return;
        }
        let offset = self.frames[at].offset;
        let end = self.frames.get(at + 1).map_or(0, |next| next.offset);
        let bytes = end.saturating_sub(offset).max(FRAME_HEADER_LEN as u64);
        if why == DEPENDS_ON_CORRUPT
            && let Some(last) = self.losses.last_mut()
            && last.offset + last.bytes == offset
        {
            last.bytes += bytes;
            return;
        }
        self.losses.push(Loss {
            after: at.checked_sub(1),
            offset,
            bytes,
            why,
            loses_samples: true,
        });
    }

    fn seek(&mut self, at: usize) -> Result<(), RecordingError> {
        let (frames, file, path) = (&self.frames, &self.file, &self.path);
        if at >= frames.len() {
            return Err(RecordingError::Damaged(format!("there is no Sample {at}")));
        }
        self.cursor.seek(
            at,
            |index| frames[index].is_key,
            |index, buffer| match read_payload(
                file,
                frames[index].offset,
                frames[index].shift,
                buffer,
            ) {
                Ok(Some(header)) => {
                    let (header, known) = (header.value, &frames[index]);
                    let is_key = header.kind == FrameKind::Key;
                    if (is_key, header.entry.sockets) != (known.is_key, known.entry.sockets) {
                        return Err(RecordingError::Damaged(INDEX_MISMATCH.to_owned()));
                    }
                    Ok(FrameClaims::of_header(&header))
                }
                Ok(None) => Err(RecordingError::Damaged("checksum mismatch".to_owned())),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(
                    RecordingError::Damaged("it was truncated after it was opened".to_owned()),
                ),
                Err(error) => Err(RecordingError::Io {
                    what: "read",
                    path: path.clone(),
                    error,
                }),
            },
        )
    }
}

impl Archive for Reader {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// Reports whether the recorder closed the file. It did not if it was killed or is running, or if the file was
    /// truncated.
    fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        let read = self.seek(at).and_then(|()| self.cursor.sample_into(sample));
        match &read {
            Err(RecordingError::Damaged(why)) if at < self.frames.len() => {
                let why = why.clone();
                self.add_loss(at, why);
            }
            _ => {}
        }
        read?;
        // Sockets that closed in dropped Samples count as events that the kernel dropped.
        let FrameLocation { offset, shift, .. } = self.frames[at];
        if let Ok(Some(header)) = read_header(&self.file, offset, shift) {
            let lost = u64::from(header.value.lost_closed);
            sample.lost_events = sample.lost_events.saturating_add(lost);
        }
        Ok(())
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.cursor.first_seen()
    }
}

#[cfg(test)]
mod tests;
