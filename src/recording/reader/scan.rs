//! Finds the frames of a file, skipping damaged ranges.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::payload::{read_header, read_payload};
use super::search::FrameSearch;
use crate::recording::archive::Loss;
use crate::recording::cursor::DEPENDS_ON_CORRUPT;
use crate::recording::format::{
    FILE_HEADER_LEN, FORMER_MAGIC, FRAME_HEADER_LEN, FrameHeader, FrameKind, FrameLocation, MAGIC,
    MAX_METADATA_LEN, VERSION, parse_index, parse_metadata, repair_bit,
};
use crate::recording::limits::{ClaimedWork, WorkLimit};
use crate::recording::metadata::Metadata;

const REPAIRED: &str = "a flipped bit, repaired; no Samples are lost";
const NOT_A_RECORDING: &str = "not a sockwatch recording";
const CUT_IN_HEADER: &str =
    "incomplete: the file was cut within its header, before the first sample";
const NOTHING_READABLE: &str = "corrupt: neither the header nor a sample can be read";
const FORMER_FORMAT: &str =
    "recorded by a development version of sockwatch before 0.1; record again";

/// The frames of a file, and its damage.
#[derive(Debug, Default)]
pub(super) struct ScanResult {
    /// The metadata, if the header or an index is readable.
    pub(super) metadata: Option<Metadata>,
    pub(super) version: u16,
    pub(super) frames: Vec<FrameLocation>,
    pub(super) losses: Vec<Loss>,
    /// True if the file has an end frame.
    pub(super) is_closed: bool,
    /// True if the file is shorter than its header states.
    cut_in_header: bool,
}

/// The reason why a file cannot be scanned.
#[derive(Debug)]
pub(super) enum ScanError {
    Io(io::Error),
    /// The file is not a recording, or its version is not supported. The text has the version and the remedy.
    Unsupported(String),
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> ScanError {
        ScanError::Io(error)
    }
}

/// Finds the frames of a file. A file larger than `max_scanned` bytes is opened by its index if it has one.
pub(super) fn scan(file: &File, length: u64, max_scanned: u64) -> Result<ScanResult, ScanError> {
    let mut scan = FileScan {
        file,
        length,
        search: FrameSearch::new(file, length),
        result: ScanResult::default(),
        payload: Vec::new(),
        lacks_key: true,
        work: WorkLimit::default(),
    };
    let begin = scan.read_header()?;
    if length > max_scanned && scan.read_indices(begin)? {
        return Ok(scan.result);
    }
    scan.read_frames(begin)?;
    let result = scan.result;
    if result.metadata.is_none() && result.frames.is_empty() {
        let why = if result.cut_in_header {
            CUT_IN_HEADER
        } else {
            NOTHING_READABLE
        };
        return Err(ScanError::Unsupported(why.to_owned()));
    }
    Ok(result)
}

/// Describes a frame whose payload is damaged.
fn corrupt(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Key | FrameKind::Delta => "corrupt Sample: checksum mismatch",
        FrameKind::Index | FrameKind::End => "corrupt index; no Samples are lost",
    }
}

/// Returns what the header of a frame that ends at an offset claims.
fn claimed_work(header: &FrameHeader, end: u64) -> ClaimedWork {
    ClaimedWork {
        is_key: header.kind == FrameKind::Key,
        offset: end,
        entry: header.entry,
        closed: header.closed,
        unpacked: header.unpacked,
    }
}

/// Reports whether the frames of an index may be read. What only their headers claim is checked when they are.
fn is_proportionate(frames: &[FrameLocation]) -> bool {
    let mut work = WorkLimit::default();
    frames.iter().all(|frame| {
        let claimed = ClaimedWork {
            is_key: frame.is_key,
            offset: frame.offset,
            entry: frame.entry,
            closed: 0,
            unpacked: 0,
        };
        work.spend(claimed).is_ok()
    })
}

/// A scan in progress.
struct FileScan<'a> {
    file: &'a File,
    length: u64,
    search: FrameSearch<'a>,
    result: ScanResult,
    payload: Vec<u8>,
    /// True if the key frame of the following delta frames is missing.
    lacks_key: bool,
    /// The work of reading the frames so far.
    work: WorkLimit,
}

impl FileScan<'_> {
    /// Reads the file header; returns the offset of the first frame.
    fn read_header(&mut self) -> Result<u64, ScanError> {
        let mut fixed = [0; FILE_HEADER_LEN];
        if self.length < FILE_HEADER_LEN as u64 {
            let begin = &mut fixed[..self.length as usize];
            self.file.read_exact_at(begin, 0)?;
            // A text may begin with the same few bytes.
            let is_cut = begin.starts_with(&MAGIC);
            let why = if is_cut {
                CUT_IN_HEADER
            } else {
                NOT_A_RECORDING
            };
            return Err(ScanError::Unsupported(why.to_owned()));
        }
        self.file.read_exact_at(&mut fixed, 0)?;
        if fixed[..8] == FORMER_MAGIC {
            return Err(ScanError::Unsupported(FORMER_FORMAT.to_owned()));
        }
        let u32_at = |bytes: &[u8], at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let (json_length, crc) = (u32_at(&fixed, 12) as usize, u32_at(&fixed, 16));
        let has_magic = fixed[..8] == MAGIC;

        let mut json = Vec::new();
        if json_length <= MAX_METADATA_LEN && (FILE_HEADER_LEN + json_length) as u64 <= self.length
        {
            json.resize(json_length, 0);
            self.file.read_exact_at(&mut json, FILE_HEADER_LEN as u64)?;
        }
        // If only the magic is damaged, the CRC with the correct magic matches.
        fixed[..8].copy_from_slice(&MAGIC);
        let mut covered = [&fixed[..16], &json].concat();
        let is_whole = json.len() == json_length;
        self.result.cut_in_header = has_magic && !is_whole && json_length <= MAX_METADATA_LEN;
        let mut is_intact = is_whole && crc == crc32c::crc32c(&covered);
        let mut repaired = None;
        if is_whole && !is_intact {
            repaired = repair_bit(&mut covered, crc);
            // A repaired length is that of other bytes.
            is_intact = repaired.is_some() && u32_at(&covered, 12) as usize == json_length;
        }
        let u16_at = |at: usize| u16::from_le_bytes([covered[at], covered[at + 1]]);
        let (version, oldest_reader) = (u16_at(8), u16_at(10));
        self.result.version = version;
        if is_intact {
            let json = &covered[16..];
            if oldest_reader > VERSION {
                let metadata = parse_metadata(json);
                let program = metadata.map(|known| known.program).unwrap_or_default();
                return Err(ScanError::Unsupported(format!(
                    "unsupported format {version}, recorded by sockwatch {program}; this version reads format {VERSION}; update sockwatch"
                )));
            }
            self.result.metadata = parse_metadata(json);
        } else {
            // The version itself may be damaged.
            self.result.version = VERSION;
        }
        if !is_intact || !has_magic {
            if !has_magic && !is_intact && !self.has_frame_near_begin()? {
                return Err(ScanError::Unsupported(NOT_A_RECORDING.to_owned()));
            }
            self.add_loss(
                0,
                (FILE_HEADER_LEN + json.len()) as u64,
                "corrupt file header",
                false,
            );
        } else if let Some(at) = repaired {
            // The CRC is between the bytes that it covers.
            let at = match at {
                at if at == covered.len() || at < 16 => at.min(16),
                at => at + FILE_HEADER_LEN - 16,
            };
            self.add_loss(at as u64, 1, REPAIRED, false);
        }
        if is_intact {
            return Ok((FILE_HEADER_LEN + json_length) as u64);
        }
        Ok(self.search.next(0)?.unwrap_or(self.length))
    }

    /// Reports whether there is a frame where a header may end, so that the file is a recording with a damaged header.
    fn has_frame_near_begin(&mut self) -> Result<bool, ScanError> {
        let limit = (FILE_HEADER_LEN + MAX_METADATA_LEN + FRAME_HEADER_LEN) as u64;
        Ok(self.search.next(0)?.is_some_and(|at| at <= limit))
    }

    /// Adds a damaged range, with Samples in it or without.
    fn add_loss(&mut self, offset: u64, bytes: u64, why: &str, loses_samples: bool) {
        let after = self.result.frames.len().checked_sub(1);
        if let Some(last) = self.result.losses.last_mut()
            && last.offset + last.bytes == offset
        {
            // One damaged range, and what cannot be decoded because of it.
            last.bytes += bytes;
            last.loses_samples |= loses_samples;
            return;
        }
        self.result.losses.push(Loss {
            after,
            offset,
            bytes,
            why: why.to_owned(),
            loses_samples,
        });
    }

    /// Reads from frame to frame.
    fn read_frames(&mut self, begin: u64) -> Result<(), ScanError> {
        let mut at = begin;
        while at < self.length {
            if self.result.is_closed {
                self.add_loss(at, self.length - at, "unexpected data after the end", true);
                break;
            }
            let Some(header) = self.frame_header(at)? else {
                let next = self.search.next(at + 1)?;
                let end = next.unwrap_or(self.length);
                let why = match next {
                    Some(_) => "corrupt data",
                    None => "truncated Sample",
                };
                self.add_loss(at, end - at, why, next.is_some());
                self.lacks_key = true;
                at = end;
                continue;
            };
            let end = at + FRAME_HEADER_LEN as u64 + u64::from(header.length);
            if end > self.length {
                // Bytes may be missing before this point although the end of the file exists.
                let next = self.search.next(at + 1)?.unwrap_or(self.length);
                self.add_loss(at, next - at, "truncated Sample", next < self.length);
                self.lacks_key = true;
                at = next;
                continue;
            }
            let read = read_payload(self.file, at, self.search.shift(), &mut self.payload)?;
            if read.is_none() && end < self.length && self.frame_header(end)?.is_none() {
                // Bytes may have been inserted into the frame, or be missing from it.
                let next = self.search.next(at + 1)?.unwrap_or(self.length);
                self.add_loss(at, next - at, corrupt(header.kind), true);
                self.lacks_key = true;
                at = next;
                continue;
            }
            self.add_frame(&header, read.is_some(), at, end);
            for byte in read.map_or_else(Vec::new, |read| read.bytes) {
                self.add_loss(byte, 1, REPAIRED, false);
            }
            at = end;
        }
        Ok(())
    }

    /// Adds the frame from `at` to `end`.
    fn add_frame(&mut self, header: &FrameHeader, is_intact: bool, at: u64, end: u64) {
        match header.kind {
            FrameKind::Key | FrameKind::Delta if !is_intact => {
                self.add_loss(at, end - at, corrupt(header.kind), true);
                self.lacks_key = true;
            }
            FrameKind::Delta if self.lacks_key => {
                self.add_loss(at, end - at, DEPENDS_ON_CORRUPT, true);
            }
            FrameKind::Key | FrameKind::Delta => {
                if let Err(corrupt) = self.work.spend(claimed_work(header, end)) {
                    self.add_loss(at, end - at, corrupt.0, true);
                    self.lacks_key = true;
                    return;
                }
                self.lacks_key = false;
                self.result.frames.push(FrameLocation {
                    offset: at,
                    shift: self.search.shift(),
                    is_key: header.kind == FrameKind::Key,
                    entry: header.entry,
                });
            }
            FrameKind::Index if is_intact => {
                if self.result.metadata.is_none()
                    && let Ok((_, json, _)) = parse_index(&self.payload)
                {
                    self.result.metadata = parse_metadata(json);
                }
            }
            FrameKind::End if is_intact => self.result.is_closed = true,
            FrameKind::Index | FrameKind::End => {
                self.add_loss(at, end - at, corrupt(header.kind), false);
            }
        }
    }

    /// Returns the header of the frame at an offset, if present.
    fn frame_header(&self, at: u64) -> Result<Option<FrameHeader>, ScanError> {
        if at + FRAME_HEADER_LEN as u64 > self.length {
            return Ok(None);
        }
        let header = read_header(self.file, at, self.search.shift())?;
        Ok(header.map(|header| header.value))
    }

    /// Reads the locations from the indices, last to first. Returns false if an index is missing or damaged, or claims more
    /// than the limits allow.
    fn read_indices(&mut self, begin: u64) -> Result<bool, ScanError> {
        let end = (FRAME_HEADER_LEN + 8) as u64;
        let Some(at) = self.length.checked_sub(end) else {
            return Ok(false);
        };
        let is_end = |header: &FrameHeader| header.kind == FrameKind::End && header.length == 8;
        if !self.frame_header(at)?.as_ref().is_some_and(is_end)
            || read_payload(self.file, at, 0, &mut self.payload)?.is_none()
        {
            return Ok(false);
        }
        let offset: Option<[u8; 8]> = self.payload[..].try_into().ok();
        let mut at = offset.map_or(0, u64::from_le_bytes);
        let mut parts = Vec::new();
        let mut next = self.length;
        while at != 0 {
            // Each index precedes the one read before, so this terminates.
            if at < begin || at >= next || at + FRAME_HEADER_LEN as u64 > self.length {
                return Ok(false);
            }
            let header = read_payload(self.file, at, 0, &mut self.payload)?;
            if header.is_none_or(|header| header.value.kind != FrameKind::Index) {
                return Ok(false);
            }
            let Ok((previous, json, frames)) = parse_index(&self.payload) else {
                return Ok(false);
            };
            if frames.iter().any(|frame| frame.offset >= at) {
                return Ok(false);
            }
            if self.result.metadata.is_none() {
                self.result.metadata = parse_metadata(json);
            }
            parts.push(frames);
            next = at;
            at = previous;
        }
        let frames: Vec<FrameLocation> = parts.into_iter().rev().flatten().collect();
        let is_ordered = |pair: &[FrameLocation]| pair[0].offset < pair[1].offset;
        if !frames.windows(2).all(is_ordered) || !is_proportionate(&frames) {
            return Ok(false);
        }
        self.result.frames = frames;
        self.result.is_closed = true;
        Ok(true)
    }
}
