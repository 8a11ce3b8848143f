//! Where in a recording one is: goes on from there, or from the last key frame before the place that is wanted.

use super::RecordingError;
use super::decode::{Decoder, Packed};
use crate::model::{Host, Sample, SocketKey};

/// Where in a recording one is.
#[derive(Debug)]
pub(super) struct Position {
    decoder: Decoder,
    /// The place of the frame taken last.
    at: Option<usize>,
}

impl Position {
    pub(super) fn new(host: Host) -> Position {
        Position {
            decoder: Decoder::new(host),
            at: None,
        }
    }

    /// Goes to a place: `is_key` answers which places are those of key frames, and `fetch` puts a frame's bytes into a buffer
    /// and answers how many they are unpacked.
    pub(super) fn go_to(
        &mut self,
        at: usize,
        is_key: impl Fn(usize) -> bool,
        buffer: &mut Vec<u8>,
        mut fetch: impl FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError>,
    ) -> Result<(), RecordingError> {
        if self.at == Some(at) {
            return Ok(());
        }
        // Not further back than where one is: what lies between goes on from there.
        let here = self.at.filter(|here| *here < at);
        let first = here.map_or(0, |here| here + 1);
        let key = (first..=at).rev().find(|&place| is_key(place));
        let from = key
            .or(here.map(|_| first))
            .ok_or_else(|| RecordingError::Damaged("its key frame is missing".to_owned()))?;
        for place in from..=at {
            self.at = None;
            let unpacked = fetch(place, buffer)?;
            let frame = Packed {
                is_key: is_key(place),
                unpacked,
                payload: buffer,
            };
            let taken = self.decoder.take(frame);
            taken.map_err(|broken| RecordingError::Damaged(broken.to_string()))?;
            self.at = Some(place);
        }
        Ok(())
    }

    /// The Sample of the place.
    pub(super) fn sample_into(&mut self, sample: &mut Sample) -> Result<(), RecordingError> {
        self.decoder
            .sample_into(sample)
            .map_err(|broken| RecordingError::Damaged(broken.to_string()))
    }

    /// The frame of the place, unpacked.
    pub(super) fn raw(&self) -> &[u8] {
        self.decoder.raw()
    }

    pub(super) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.decoder.first_seen()
    }
}
