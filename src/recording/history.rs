//! The last minutes in memory, as encoded frames.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::archive::{Archive, Entry, Loss};
use super::cursor::{Cursor, FrameClaims};
use super::error::RecordingError;
use super::frame::Frame;
use super::limits::MemoryLimit;
use super::metadata::Metadata;
use crate::model::{Sample, SocketKey};

/// Bytes of a frame in addition to its payload: its place in a list, which may have twice the capacity that it needs,
/// and the headers of the shared payload and of the allocation.
const FRAME_OVERHEAD: usize = 2 * size_of::<Frame>() + 4 * size_of::<usize>();

/// Bytes of a chunk in addition to its frames: its place in a list, and the least capacity of its own.
const CHUNK_OVERHEAD: usize = 4 * size_of::<Chunk>() + 4 * size_of::<Frame>();

/// Part of the limit that is reserved for what is pushed while a snapshot holds all other frames: the fifth.
const RESERVED_PART: usize = 5;

/// A key frame and the frames that are based on it.
#[derive(Debug)]
struct Chunk {
    frames: Vec<Frame>,
    bytes: usize,
}

/// The last frames, limited by age and by size.
///
/// A snapshot shares its frames with the history, and holds them when the history has removed them. They count towards
/// the limit of size until the snapshot is dropped. A fifth of the limit is never in a snapshot, so that the history goes
/// on within the limit.
#[derive(Debug)]
pub struct FrameHistory {
    metadata: Metadata,
    max_age: Duration,
    max_bytes: usize,
    chunks: VecDeque<Chunk>,
    bytes: usize,
    /// Payloads that were removed while something else held them, such as a snapshot.
    detached: Vec<Arc<[u8]>>,
    detached_bytes: usize,
}

/// Returns the memory of a frame, bytes.
fn memory(payload: &[u8]) -> usize {
    payload.len() + FRAME_OVERHEAD
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
            detached: Vec::new(),
            detached_bytes: 0,
        }
    }

    /// Changes the limit of size, bytes. It applies from the next frame on.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Returns the limit of the history's own frames, bytes.
    fn limit(&self) -> usize {
        let reserved = self.max_bytes / RESERVED_PART;
        let left = self.max_bytes.saturating_sub(self.detached_bytes);
        left.clamp(reserved, self.max_bytes - reserved)
    }

    /// Reports whether the next frame should be a key frame, so that old frames are removed in small steps.
    pub fn needs_key(&self) -> bool {
        let last = self.chunks.back();
        last.is_none_or(|chunk| chunk.frames.len() > 1 && chunk.bytes > self.limit() / 4)
    }

    /// Appends a frame and removes the oldest chunks beyond a limit.
    pub fn push(&mut self, frame: &Frame) {
        self.forget_released();
        if frame.is_key {
            self.chunks.push_back(Chunk {
                frames: Vec::new(),
                bytes: CHUNK_OVERHEAD,
            });
            self.bytes += CHUNK_OVERHEAD;
        }
        // A delta frame without a key frame cannot be decoded.
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        let bytes = memory(&frame.payload);
        chunk.frames.push(frame.clone());
        chunk.bytes += bytes;
        self.bytes += bytes;

        let max_age_ns = u64::try_from(self.max_age.as_nanos()).unwrap_or(u64::MAX);
        let since_ns = frame.entry.time.monotonic_ns.saturating_sub(max_age_ns);
        while self.chunks.len() > 1 {
            let oldest = &self.chunks[0];
            let is_old = |frame: &Frame| frame.entry.time.monotonic_ns < since_ns;
            if self.bytes <= self.limit() && !oldest.frames.last().is_some_and(is_old) {
                break;
            }
            self.remove_oldest();
        }
    }

    fn remove_oldest(&mut self) {
        let Some(oldest) = self.chunks.pop_front() else {
            return;
        };
        self.bytes -= oldest.bytes;
        let frames = oldest.frames.into_iter().map(|frame| frame.payload);
        let held = frames.filter(|payload| Arc::strong_count(payload) > 1);
        self.detached.extend(held);
        self.count_detached();
    }

    /// Releases the removed payloads that nothing else holds any more.
    fn forget_released(&mut self) {
        if self.detached.is_empty() {
            return;
        }
        self.detached
            .retain(|payload| Arc::strong_count(payload) > 1);
        if self.detached.is_empty() {
            self.detached = Vec::new();
        }
        self.count_detached();
    }

    fn count_detached(&mut self) {
        let payloads = self.detached.iter();
        self.detached_bytes = payloads.map(|payload| memory(payload)).sum();
    }

    /// Returns the time of the oldest Sample, ns of the monotonic clock; `None` if there is none.
    pub fn since_ns(&self) -> Option<u64> {
        let oldest = self.chunks.front()?.frames.first()?;
        Some(oldest.entry.time.monotonic_ns)
    }

    /// Returns the bytes of memory in use, with those of frames that are only in a snapshot.
    pub fn bytes(&self) -> usize {
        self.bytes + self.detached_bytes
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
