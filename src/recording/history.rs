//! The last minutes in memory, as encoded frames.

use std::collections::VecDeque;
use std::time::Duration;

use super::archive::{Archive, Entry, Loss};
use super::cursor::{Cursor, FrameClaims};
use super::error::RecordingError;
use super::frame::Frame;
use super::limits::MemoryLimit;
use super::metadata::Metadata;
use crate::model::{Sample, SocketKey};

/// A key frame and the frames that are based on it.
#[derive(Debug, Default)]
struct Chunk {
    frames: Vec<Frame>,
    bytes: usize,
}

/// The last frames, limited by age and by size.
#[derive(Debug)]
pub struct FrameHistory {
    metadata: Metadata,
    max_age: Duration,
    max_bytes: usize,
    chunks: VecDeque<Chunk>,
    bytes: usize,
}

impl FrameHistory {
    /// Creates a history with both limits.
    pub fn new(metadata: Metadata, max_age: Duration, max_bytes: usize) -> FrameHistory {
        FrameHistory {
            metadata,
            max_age,
            max_bytes,
            chunks: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Reports whether the next frame should be a key frame, so that old frames are removed in small steps.
    pub fn needs_key(&self) -> bool {
        let last = self.chunks.back();
        last.is_none_or(|chunk| chunk.frames.len() > 1 && chunk.bytes > self.max_bytes / 4)
    }

    /// Appends a frame and removes the oldest chunks beyond a limit.
    pub fn push(&mut self, frame: &Frame) {
        if frame.is_key {
            self.chunks.push_back(Chunk::default());
        }
        // A delta frame without a key frame cannot be decoded.
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        let bytes = frame.payload.len() + size_of::<Frame>();
        chunk.frames.push(frame.clone());
        chunk.bytes += bytes;
        self.bytes += bytes;

        let max_age_ns = u64::try_from(self.max_age.as_nanos()).unwrap_or(u64::MAX);
        let since_ns = frame.entry.time.monotonic_ns.saturating_sub(max_age_ns);
        while self.chunks.len() > 1 {
            let oldest = &self.chunks[0];
            let is_old = |frame: &Frame| frame.entry.time.monotonic_ns < since_ns;
            if self.bytes <= self.max_bytes && !oldest.frames.last().is_some_and(is_old) {
                break;
            }
            self.bytes -= oldest.bytes;
            self.chunks.pop_front();
        }
    }

    /// Returns the bytes of memory in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the current frames as an archive, without copying.
    pub fn snapshot(&self) -> HistorySnapshot {
        let frames = self.chunks.iter().flat_map(|chunk| &chunk.frames);
        let frames: Vec<Frame> = frames.cloned().collect();
        HistorySnapshot {
            entries: frames.iter().map(|frame| frame.entry).collect(),
            cursor: Cursor::new(self.metadata.host.clone(), MemoryLimit::NONE),
            metadata: self.metadata.clone(),
            frames,
        }
    }
}

/// The frames of a history at one moment, readable like a recording.
#[derive(Debug)]
pub struct HistorySnapshot {
    metadata: Metadata,
    entries: Vec<Entry>,
    frames: Vec<Frame>,
    cursor: Cursor,
}

impl Archive for HistorySnapshot {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &[]
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        let frames = &self.frames;
        if at >= frames.len() {
            return Err(RecordingError::Damaged(format!("there is no Sample {at}")));
        }
        self.cursor.seek(
            at,
            |index| frames[index].is_key,
            |index, buffer| {
                let frame = &frames[index];
                buffer.clear();
                buffer.extend_from_slice(&frame.payload);
                Ok(FrameClaims::of_frame(frame))
            },
        )?;
        self.cursor.sample_into(sample)
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.cursor.first_seen()
    }
}
