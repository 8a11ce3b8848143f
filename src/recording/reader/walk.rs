//! Goes through a file from front to back, past whatever is damaged, and finds where its Samples lie.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::{Found, fetch};
use crate::recording::Loss;
use crate::recording::disk::{
    FRAME, FRAME_MAGIC, HEAD, Kind, LONGEST_HEAD, Label, MAGIC, Place, VERSION, head_of, index_of,
};

/// Bytes that are read at once while looking for the next frame: few first, for it mostly is near.
const FIRST_STEP: usize = 4 << 10;
const LAST_STEP: usize = 1 << 20;

/// Why a file is not gone through.
#[derive(Debug)]
pub(super) enum Wrong {
    Io(io::Error),
    /// It is no recording, or one that this version cannot read.
    Foreign(String),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        Wrong::Io(error)
    }
}

/// Finds the Samples of a file; of one larger than `whole` bytes by its index, if it has one.
pub(super) fn find(file: &File, length: u64, whole: u64) -> Result<Found, Wrong> {
    let mut walk = Walk {
        file,
        length,
        found: Found::default(),
        payload: Vec::new(),
        misses_key: true,
    };
    let begin = walk.head()?;
    if length > whole && walk.by_index(begin)? {
        return Ok(walk.found);
    }
    walk.through(begin)?;
    let found = walk.found;
    if found.head.is_none() && found.places.is_empty() {
        // Nothing but the first bytes, if these, are those of a recording.
        return Err(Wrong::Foreign(NO_RECORDING.to_owned()));
    }
    Ok(found)
}

const NO_RECORDING: &str = "is no recording of sockwatch";

struct Walk<'a> {
    file: &'a File,
    length: u64,
    found: Found,
    payload: Vec<u8>,
    /// Whether the key frame of those that follow is missing.
    misses_key: bool,
}

impl Walk<'_> {
    /// Reads the head; answers where the first frame lies.
    fn head(&mut self) -> Result<u64, Wrong> {
        let mut fixed = [0; HEAD];
        if self.length < HEAD as u64 {
            return Err(Wrong::Foreign(NO_RECORDING.to_owned()));
        }
        self.file.read_exact_at(&mut fixed, 0)?;
        let small = |at: usize| {
            u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]])
        };
        let short = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let (json_length, sum) = (small(12) as usize, small(16));
        let (version, oldest) = (short(8), short(10));
        let is_ours = &fixed[..8] == MAGIC;
        self.found.version = version;

        let mut json = Vec::new();
        if json_length <= LONGEST_HEAD && (HEAD + json_length) as u64 <= self.length {
            json.resize(json_length, 0);
            self.file.read_exact_at(&mut json, HEAD as u64)?;
        }
        // A first byte that was flipped is told by the sum, which was made of the right one.
        fixed[..8].copy_from_slice(MAGIC);
        let is_whole = sum == crc32c::crc32c_append(crc32c::crc32c(&fixed[..16]), &json)
            && json.len() == json_length;
        if is_whole {
            if oldest > VERSION {
                let program = head_of(&json).map(|head| head.program).unwrap_or_default();
                return Err(Wrong::Foreign(format!(
                    "was recorded by sockwatch {program} in format {version}, which this version (format {VERSION}) cannot read; update sockwatch"
                )));
            }
            self.found.head = head_of(&json);
        } else {
            // Who knows which version it was.
            self.found.version = VERSION;
        }
        if !is_whole || !is_ours {
            if !is_ours && !is_whole && !self.begins_like_one()? {
                return Err(Wrong::Foreign(NO_RECORDING.to_owned()));
            }
            self.lose(0, (HEAD + json.len()) as u64, "its head is damaged");
        }
        if is_whole {
            return Ok((HEAD + json_length) as u64);
        }
        Ok(self.next_frame(0)?.unwrap_or(self.length))
    }

    /// Whether a frame follows soon, so that only the head of it is not that of a recording.
    fn begins_like_one(&self) -> Result<bool, Wrong> {
        let soon = (HEAD + LONGEST_HEAD + FRAME) as u64;
        Ok(self.next_frame(0)?.is_some_and(|at| at <= soon))
    }

    fn lose(&mut self, offset: u64, bytes: u64, why: &str) {
        let after = self.found.places.len().checked_sub(1);
        if let Some(last) = self.found.losses.last_mut()
            && last.offset + last.bytes == offset
        {
            // One damage, and what cannot be read because of it.
            last.bytes += bytes;
            return;
        }
        self.found.losses.push(Loss {
            after,
            offset,
            bytes,
            why: why.to_owned(),
        });
    }

    /// Goes from frame to frame.
    fn through(&mut self, begin: u64) -> Result<(), Wrong> {
        let mut at = begin;
        while at < self.length {
            if self.found.is_closed {
                self.lose(at, self.length - at, "there is something behind its end");
                break;
            }
            let Some(label) = self.label(at)? else {
                let next = self.next_frame(at + 1)?;
                let end = next.unwrap_or(self.length);
                let why = match next {
                    Some(_) => "it is damaged",
                    None => "it ends within a Sample",
                };
                self.lose(at, end - at, why);
                self.misses_key = true;
                at = end;
                continue;
            };
            let end = at + FRAME as u64 + u64::from(label.length);
            if end > self.length {
                // The rest of it may be there, and something else in between is not.
                let next = self.next_frame(at + 1)?.unwrap_or(self.length);
                self.lose(at, next - at, "it ends within a Sample");
                self.misses_key = true;
                at = next;
                continue;
            }
            let is_whole = fetch(self.file, at, &mut self.payload)?.is_some();
            self.take(&label, is_whole, at, end);
            at = end;
        }
        Ok(())
    }

    /// Takes up a frame.
    fn take(&mut self, label: &Label, is_whole: bool, at: u64, end: u64) {
        match label.kind {
            Kind::Key | Kind::Delta if !is_whole => {
                self.lose(at, end - at, "a Sample is damaged: its check sum is wrong");
                self.misses_key = true;
            }
            Kind::Delta if self.misses_key => {
                self.lose(at, end - at, "Samples that go on from a damaged one");
            }
            Kind::Key | Kind::Delta => {
                self.misses_key = false;
                self.found.places.push(Place {
                    offset: at,
                    is_key: label.kind == Kind::Key,
                    entry: label.entry,
                });
            }
            Kind::Index if is_whole => {
                if self.found.head.is_none()
                    && let Ok((_, json, _)) = index_of(&self.payload)
                {
                    self.found.head = head_of(json);
                }
            }
            Kind::End if is_whole => self.found.is_closed = true,
            Kind::Index | Kind::End => {
                self.lose(
                    at,
                    end - at,
                    "its index is damaged; no Sample is lost by that",
                );
            }
        }
    }

    /// What stands before the frame at a place, if one lies there.
    fn label(&self, at: u64) -> Result<Option<Label>, Wrong> {
        let mut bytes = [0; FRAME];
        if at + FRAME as u64 > self.length {
            return Ok(None);
        }
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(Label::read(&bytes, at))
    }

    /// Where the next frame lies, from a place on.
    fn next_frame(&self, from: u64) -> Result<Option<u64>, Wrong> {
        let mut at = from;
        let mut step = FIRST_STEP;
        let mut bytes = Vec::new();
        while at + FRAME as u64 <= self.length {
            let left = usize::try_from(self.length - at).unwrap_or(usize::MAX);
            bytes.resize(left.min(step + FRAME), 0);
            let window = &mut bytes[..];
            self.file.read_exact_at(window, at)?;
            let last = window.len() - FRAME;
            let begins = (0..=last).filter(|&begin| window[begin..begin + 4] == FRAME_MAGIC);
            for begin in begins {
                let offset = at + begin as u64;
                let label = window[begin..begin + FRAME].try_into().ok();
                if label.is_some_and(|label| Label::read(label, offset).is_some()) {
                    return Ok(Some(offset));
                }
            }
            at += last as u64 + 1;
            step = (step * 4).min(LAST_STEP);
        }
        Ok(None)
    }

    /// Takes the places from the indices, the last first; answers whether all are there.
    fn by_index(&mut self, begin: u64) -> Result<bool, Wrong> {
        let end = (FRAME + 8) as u64;
        let Some(at) = self.length.checked_sub(end) else {
            return Ok(false);
        };
        let is_end = |label: &Label| label.kind == Kind::End && label.length == 8;
        if !self.label(at)?.as_ref().is_some_and(is_end)
            || fetch(self.file, at, &mut self.payload)?.is_none()
        {
            return Ok(false);
        }
        let offset: Option<[u8; 8]> = self.payload[..].try_into().ok();
        let mut at = offset.map_or(0, u64::from_le_bytes);
        let mut parts = Vec::new();
        let mut next = self.length;
        while at != 0 {
            // Each lies before the one behind it, so that this ends.
            if at < begin || at >= next || at + FRAME as u64 > self.length {
                return Ok(false);
            }
            let label = fetch(self.file, at, &mut self.payload)?;
            if label.is_none_or(|label| label.kind != Kind::Index) {
                return Ok(false);
            }
            let Ok((before, json, places)) = index_of(&self.payload) else {
                return Ok(false);
            };
            if places.iter().any(|place| place.offset >= at) {
                return Ok(false);
            }
            if self.found.head.is_none() {
                self.found.head = head_of(json);
            }
            parts.push(places);
            next = at;
            at = before;
        }
        self.found.places = parts.into_iter().rev().flatten().collect();
        self.found.is_closed = true;
        Ok(true)
    }
}
