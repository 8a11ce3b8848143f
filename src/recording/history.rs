//! The last minutes, in memory, as they would lie in a file.

use std::time::Duration;

use super::{Archive, Entry, Frame, Head, Loss, RecordingError};
use crate::model::{Sample, SocketKey};

/// The last frames, bounded in time and in bytes.
#[derive(Debug)]
pub struct History {}

impl History {
    /// Keeps at most so long and so many bytes, whichever is less.
    pub fn new(_head: Head, _longest: Duration, _most_bytes: usize) -> History {
        todo!()
    }

    /// Takes the next frame; the oldest go, a key frame and all that need it at once.
    pub fn push(&mut self, _frame: &Frame) {
        todo!()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        todo!()
    }

    /// What there is now, to be read at leisure while more comes. Copies no frame.
    pub fn snapshot(&self) -> Memory {
        todo!()
    }
}

/// A part of the past in memory.
#[derive(Debug)]
pub struct Memory {}

impl Archive for Memory {
    fn head(&self) -> &Head {
        todo!()
    }
    fn entries(&self) -> &[Entry] {
        todo!()
    }
    fn losses(&self) -> &[Loss] {
        &[]
    }
    fn read_into(&mut self, _at: usize, _sample: &mut Sample) -> Result<(), RecordingError> {
        todo!()
    }
    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        todo!()
    }
}
