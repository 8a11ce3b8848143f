//! Samples to frames.

use std::io;

use super::Frame;
use crate::model::Sample;

/// Packs one Sample after another.
#[derive(Debug, Default)]
pub struct Encoder {}

impl Encoder {
    /// An encoder that has seen nothing.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// Makes the next frame a key frame.
    pub fn restart(&mut self) {}

    /// Packs the next Sample.
    ///
    /// # Errors
    /// If the compressor finds no memory.
    pub fn encode(&mut self, _sample: &Sample) -> io::Result<Frame> {
        todo!()
    }
}
