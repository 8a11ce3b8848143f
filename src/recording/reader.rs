//! Reads a recording from a file, which may be cut, damaged or made by an enemy.

mod walk;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::disk::{FRAME, Label, Place};
use super::position::Position;
use super::section::{self, sections};
use super::{Archive, Entry, Head, Loss, RecordingError, column};
use crate::model::{Sample, SocketKey};

/// Up to this size, bytes, a file is read whole when it is opened, so that all that is damaged is known at once. A larger one
/// is opened by its index, if it has one.
const READ_WHOLE: u64 = 512 << 20;

/// A recording in a file.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: File,
    file_bytes: u64,
    head: Head,
    version: u16,
    entries: Vec<Entry>,
    places: Vec<Place>,
    losses: Vec<Loss>,
    is_closed: bool,
    position: Position,
}

/// How a recording is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Version of the format.
    pub version: u16,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Key frames.
    pub chunks: u64,
    /// Bytes of all frames, unpacked.
    pub unpacked_bytes: u64,
    /// Unpacked bytes by column, the largest first.
    pub columns: Vec<(String, u64)>,
    /// Whether its recorder came to an end in order.
    pub closed: bool,
}

/// What is known of a file once it has been gone through.
#[derive(Debug, Default)]
struct Found {
    head: Option<Head>,
    version: u16,
    places: Vec<Place>,
    losses: Vec<Loss>,
    is_closed: bool,
}

impl Reader {
    /// Opens a recording. What of it is damaged is told by [`Archive::losses`].
    ///
    /// # Errors
    /// If the file cannot be read, is no recording, or one of a later version.
    pub fn open(path: &Path) -> Result<Reader, RecordingError> {
        Reader::open_within(path, READ_WHOLE)
    }

    /// Opens a recording, by its index if it is larger than `whole` bytes.
    fn open_within(path: &Path, whole: u64) -> Result<Reader, RecordingError> {
        let cannot = |what| {
            let path = path.to_owned();
            move |error| RecordingError::Io { what, path, error }
        };
        let unreadable = |why: String| RecordingError::Unreadable {
            path: path.to_owned(),
            why,
        };
        // Opening a named pipe would wait for somebody to write to it.
        let kind = std::fs::metadata(path).map_err(cannot("open"))?;
        if !kind.is_file() {
            return Err(unreadable("is no regular file".to_owned()));
        }
        let file = File::open(path).map_err(cannot("open"))?;
        let file_bytes = file.metadata().map_err(cannot("read"))?.len();
        let found = walk::find(&file, file_bytes, whole).map_err(|wrong| match wrong {
            walk::Wrong::Io(error) => cannot("read")(error),
            walk::Wrong::Foreign(why) => unreadable(why),
        })?;
        let head = found.head.unwrap_or_default();
        Ok(Reader {
            path: path.to_owned(),
            file,
            file_bytes,
            position: Position::new(head.host.clone()),
            head,
            version: found.version,
            entries: found.places.iter().map(|place| place.entry).collect(),
            places: found.places,
            losses: found.losses,
            is_closed: found.is_closed,
        })
    }

    /// Whether its recorder came to an end in order: it was neither killed, nor is it still at work, nor was the file cut.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Looks at every byte.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn inspect(&mut self) -> Result<Inspection, RecordingError> {
        let mut inspection = Inspection {
            version: self.version,
            file_bytes: self.file_bytes,
            chunks: self.places.iter().filter(|place| place.is_key).count() as u64,
            closed: self.is_closed,
            ..Inspection::default()
        };
        let mut columns: FxHashMap<usize, u64> = FxHashMap::default();
        for at in 0..self.places.len() {
            match self.go_to(at) {
                Ok(()) => {}
                Err(RecordingError::Damaged(why)) => {
                    self.lose(at, why);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let raw = self.position.raw();
            inspection.unpacked_bytes += raw.len() as u64;
            for (number, bytes) in sections(raw).flatten() {
                *columns.entry(number).or_default() += bytes.len() as u64;
            }
        }
        let mut named: FxHashMap<String, u64> = FxHashMap::default();
        for (number, bytes) in columns {
            let name = match number.checked_sub(section::COLUMN) {
                None => section::name(number).to_owned(),
                Some(column) => column::name(column),
            };
            let name = if name.is_empty() {
                format!("unknown {number}")
            } else {
                name
            };
            *named.entry(name).or_default() += bytes;
        }
        inspection.columns = named.into_iter().collect();
        inspection
            .columns
            .sort_by(|(a, a_bytes), (b, b_bytes)| b_bytes.cmp(a_bytes).then(a.cmp(b)));
        Ok(inspection)
    }

    /// Tells of a Sample that turned out to be damaged, once.
    fn lose(&mut self, at: usize, why: String) {
        let place = self.places[at];
        if self.losses.iter().any(|loss| loss.offset == place.offset) {
            return;
        }
        self.losses.push(Loss {
            after: at.checked_sub(1),
            offset: place.offset,
            bytes: FRAME as u64,
            why,
        });
    }

    fn go_to(&mut self, at: usize) -> Result<(), RecordingError> {
        let (places, file, path) = (&self.places, &self.file, &self.path);
        if at >= places.len() {
            return Err(RecordingError::Damaged(format!("it has no Sample {at}")));
        }
        self.position.go_to(
            at,
            |place| places[place].is_key,
            |place, buffer| {
                let cannot = |error| RecordingError::Io {
                    what: "read",
                    path: path.clone(),
                    error,
                };
                match fetch(file, places[place].offset, buffer) {
                    Ok(Some(label)) => Ok(label.unpacked),
                    Ok(None) => Err(RecordingError::Damaged("its check sum is wrong".to_owned())),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        Err(RecordingError::Damaged("it has been cut".to_owned()))
                    }
                    Err(error) => Err(cannot(error)),
                }
            },
        )
    }
}

/// Reads what lies at a place of the file; `None` if it is damaged.
fn fetch(file: &File, offset: u64, payload: &mut Vec<u8>) -> io::Result<Option<Label>> {
    let mut bytes = [0; FRAME];
    file.read_exact_at(&mut bytes, offset)?;
    let Some(label) = Label::read(&bytes, offset) else {
        return Ok(None);
    };
    // No more than the file has: a length is not believed before its bytes were read.
    let length = u64::from(label.length);
    if offset + FRAME as u64 + length > file.metadata()?.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    payload.clear();
    payload.resize(label.length as usize, 0);
    file.read_exact_at(payload, offset + FRAME as u64)?;
    Ok((crc32c::crc32c(payload) == label.sum).then_some(label))
}

impl Archive for Reader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &self.losses
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        let read = self
            .go_to(at)
            .and_then(|()| self.position.sample_into(sample));
        match &read {
            Err(RecordingError::Damaged(why)) if at < self.places.len() => {
                let why = why.clone();
                self.lose(at, why);
            }
            _ => {}
        }
        read?;
        // What ended in Samples that were dropped is lost like events that the kernel dropped.
        let mut bytes = [0; FRAME];
        let offset = self.places[at].offset;
        let is_read = self.file.read_exact_at(&mut bytes, offset).is_ok();
        if let Some(label) = Label::read(&bytes, offset).filter(|_| is_read) {
            let lost = u64::from(label.lost_closed);
            sample.lost_events = sample.lost_events.saturating_add(lost);
        }
        Ok(())
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.position.first_seen()
    }
}

#[cfg(test)]
mod tests;
