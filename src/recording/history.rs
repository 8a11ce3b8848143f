//! The last minutes, in memory, as they would lie in a file.

use std::collections::VecDeque;
use std::time::Duration;

use super::position::Position;
use super::{Archive, Entry, Frame, Head, Loss, RecordingError};
use crate::model::{Sample, SocketKey};

/// A key frame and those that go on from it.
#[derive(Debug, Default)]
struct Chunk {
    frames: Vec<Frame>,
    bytes: usize,
}

/// The last frames, bounded in time and in bytes.
#[derive(Debug)]
pub struct History {
    head: Head,
    longest: Duration,
    most_bytes: usize,
    chunks: VecDeque<Chunk>,
    bytes: usize,
}

impl History {
    /// Keeps at most so long and so many bytes, whichever is less.
    pub fn new(head: Head, longest: Duration, most_bytes: usize) -> History {
        History {
            head,
            longest,
            most_bytes,
            chunks: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Whether the next frame should be a key frame, so that what is kept goes in small parts.
    pub fn needs_key(&self) -> bool {
        let last = self.chunks.back();
        last.is_none_or(|chunk| chunk.frames.len() > 1 && chunk.bytes > self.most_bytes / 4)
    }

    /// Takes the next frame; the oldest go, a key frame and all that need it at once.
    pub fn push(&mut self, frame: &Frame) {
        if frame.is_key {
            self.chunks.push_back(Chunk::default());
        }
        // What goes on from nothing cannot be read.
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        let bytes = frame.payload.len() + size_of::<Frame>();
        chunk.frames.push(frame.clone());
        chunk.bytes += bytes;
        self.bytes += bytes;

        let longest = u64::try_from(self.longest.as_nanos()).unwrap_or(u64::MAX);
        let since = frame.entry.monotonic_ns.saturating_sub(longest);
        while self.chunks.len() > 1 {
            let oldest = &self.chunks[0];
            let is_old = |frame: &Frame| frame.entry.monotonic_ns < since;
            if self.bytes <= self.most_bytes && !oldest.frames.last().is_some_and(is_old) {
                break;
            }
            self.bytes -= oldest.bytes;
            self.chunks.pop_front();
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What there is now, to be read at leisure while more comes. Copies no frame.
    pub fn snapshot(&self) -> Memory {
        let frames = self.chunks.iter().flat_map(|chunk| &chunk.frames);
        let frames: Vec<Frame> = frames.cloned().collect();
        Memory {
            entries: frames.iter().map(|frame| frame.entry).collect(),
            position: Position::new(self.head.host.clone()),
            head: self.head.clone(),
            frames,
        }
    }
}

/// A part of the past in memory.
#[derive(Debug)]
pub struct Memory {
    head: Head,
    entries: Vec<Entry>,
    frames: Vec<Frame>,
    position: Position,
}

impl Archive for Memory {
    fn head(&self) -> &Head {
        &self.head
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
            return Err(RecordingError::Damaged(format!("it has no Sample {at}")));
        }
        self.position.go_to(
            at,
            |place| frames[place].is_key,
            |place, buffer| {
                let frame = &frames[place];
                buffer.clear();
                buffer.extend_from_slice(&frame.payload);
                Ok(frame.unpacked)
            },
        )?;
        self.position.sample_into(sample)
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.position.first_seen()
    }
}
