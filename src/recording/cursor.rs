//! A position in a recording.

use std::ops::RangeInclusive;
use std::sync::mpsc;

use super::decode::{Decompressor, FrameDecoder, PackedFrame, UnpackedFrame};
use super::error::RecordingError;
use crate::model::{Host, Sample, SocketKey};

/// Minimum number of frames for decompressing on a separate thread.
const PARALLEL_FRAMES: usize = 8;

/// Number of frames to decompress ahead.
const AHEAD: usize = 4;

/// Length, in bytes, above which a frame is not decompressed ahead of others, to bound memory.
const LARGE_FRAME: u32 = 8 << 20;

/// A position in a recording, which moves forward frame by frame, or jumps to the key frame before the target.
#[derive(Debug)]
pub(super) struct Cursor {
    decompressor: Decompressor,
    decoder: FrameDecoder,
    /// Index of the frame that was decoded last.
    at: Option<usize>,
    /// Buffers for a frame.
    packed: Vec<u8>,
    unpacked: UnpackedFrame,
}

/// Source of frames: `fetch` reads a payload into a buffer and returns its decompressed length, bytes.
struct FrameSource<'a, K, F> {
    decompressor: &'a mut Decompressor,
    packed: &'a mut Vec<u8>,
    is_key: K,
    fetch: F,
}

impl<K, F> FrameSource<'_, K, F>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError>,
{
    /// Fetches a frame; returns its decompressed length, bytes.
    fn fetch(&mut self, index: usize) -> Result<u32, RecordingError> {
        (self.fetch)(index, self.packed)
    }

    /// Decompresses the fetched frame.
    fn decompress(
        &mut self,
        index: usize,
        unpacked: u32,
        out: &mut UnpackedFrame,
    ) -> Result<(), RecordingError> {
        let frame = PackedFrame {
            is_key: (self.is_key)(index),
            unpacked,
            payload: self.packed,
        };
        Ok(self.decompressor.decompress(frame, out)?)
    }
}

impl Cursor {
    /// Creates a cursor before the first frame.
    pub(super) fn new(host: Host) -> Cursor {
        Cursor {
            decompressor: Decompressor::default(),
            decoder: FrameDecoder::new(host),
            at: None,
            packed: Vec::new(),
            unpacked: UnpackedFrame::default(),
        }
    }

    /// Moves to a frame. `is_key` reports key frames by index; `fetch` reads a payload into a buffer and returns its
    /// decompressed length, in bytes.
    ///
    /// # Errors
    /// If a required frame cannot be fetched or decoded.
    pub(super) fn seek(
        &mut self,
        at: usize,
        is_key: impl Fn(usize) -> bool + Send,
        fetch: impl FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError> + Send,
    ) -> Result<(), RecordingError> {
        if self.at == Some(at) {
            return Ok(());
        }
        // A key frame before the current position is not needed.
        let here = self.at.filter(|here| *here < at);
        let first = here.map_or(0, |here| here + 1);
        let key = (first..=at).rev().find(|&index| is_key(index));
        let from = key
            .or(here.map(|_| first))
            .ok_or_else(|| RecordingError::Damaged("its key frame is missing".to_owned()))?;
        self.at = None;
        let mut source = FrameSource {
            decompressor: &mut self.decompressor,
            packed: &mut self.packed,
            is_key,
            fetch,
        };
        let decoder = &mut self.decoder;
        let is_done =
            at - from >= PARALLEL_FRAMES && decode_in_parallel(from..=at, &mut source, decoder)?;
        if !is_done {
            for index in from..=at {
                let unpacked = source.fetch(index)?;
                source.decompress(index, unpacked, &mut self.unpacked)?;
                decoder.decode(&mut self.unpacked)?;
            }
        }
        self.at = Some(at);
        Ok(())
    }

    /// Creates the Sample of the current frame.
    pub(super) fn sample_into(&mut self, sample: &mut Sample) -> Result<(), RecordingError> {
        Ok(self.decoder.sample_into(sample)?)
    }

    /// Returns the decompressed bytes of the current frame.
    pub(super) fn raw(&self) -> &[u8] {
        self.decoder.raw()
    }

    /// Returns when the sockets of the current frame were first seen, ns.
    pub(super) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.decoder.first_seen()
    }
}

/// Decompresses frames on a separate thread and decodes them on this one. Returns false if the thread cannot be
/// started.
fn decode_in_parallel<K, F>(
    indices: RangeInclusive<usize>,
    source: &mut FrameSource<'_, K, F>,
    decoder: &mut FrameDecoder,
) -> Result<bool, RecordingError>
where
    K: Fn(usize) -> bool + Send,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError> + Send,
{
    std::thread::scope(|scope| {
        let (sender, frames) = mpsc::sync_channel(AHEAD);
        let (used, spare) = mpsc::channel();
        let decompress = move || {
            let mut in_flight = 0;
            for index in indices {
                let frame = next_unpacked(source, index, &spare, &mut in_flight);
                let is_last = frame.is_err();
                // The receiver is dropped if an earlier frame was corrupt.
                if sender.send(frame).is_err() || is_last {
                    return;
                }
                in_flight += 1;
            }
        };
        let thread = std::thread::Builder::new().name("unpack".into());
        if thread.spawn_scoped(scope, decompress).is_err() {
            return Ok(false);
        }
        for frame in frames {
            let mut frame = frame?;
            decoder.decode(&mut frame)?;
            // The thread may have ended.
            let _ = used.send(frame);
        }
        Ok(true)
    })
}

/// Fetches and decompresses a frame into a spare one. For a large frame, waits until all frames in flight are decoded.
fn next_unpacked<K, F>(
    source: &mut FrameSource<'_, K, F>,
    index: usize,
    spare: &mpsc::Receiver<UnpackedFrame>,
    in_flight: &mut usize,
) -> Result<UnpackedFrame, RecordingError>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError>,
{
    let unpacked = source.fetch(index)?;
    let mut frame = None;
    while *in_flight > AHEAD || (*in_flight > 0 && unpacked > LARGE_FRAME) {
        // If none arrives, the decoding thread has ended.
        let Ok(used) = spare.recv() else { break };
        frame = Some(used);
        *in_flight -= 1;
    }
    let mut frame = frame.unwrap_or_default();
    source.decompress(index, unpacked, &mut frame)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::simulator::{Simulator, normalized};
    use crate::recording::{Encoder, Frame};

    /// Returns the frames of a chunk, and their Samples.
    fn chunk(count: usize) -> (Vec<Frame>, Vec<Sample>) {
        let (mut simulator, mut encoder) = (Simulator::new(5), Encoder::new());
        let samples: Vec<Sample> = (0..count as u64)
            .map(|at| Sample {
                // A chunk is limited in time.
                monotonic_ns: (50 + at) * 100_000_000,
                ..normalized(simulator.next_sample())
            })
            .collect();
        let frames = samples.iter().map(|sample| encoder.encode(sample).unwrap());
        (frames.collect(), samples)
    }

    /// Moves to a frame; the one at `corrupt` cannot be fetched.
    fn seek(
        cursor: &mut Cursor,
        frames: &[Frame],
        at: usize,
        corrupt: usize,
    ) -> Result<(), RecordingError> {
        let fetch = |index: usize, packed: &mut Vec<u8>| {
            if index == corrupt {
                return Err(RecordingError::Damaged(format!("{index} is corrupt")));
            }
            packed.clear();
            packed.extend_from_slice(&frames[index].payload);
            Ok(frames[index].unpacked)
        };
        cursor.seek(at, |index| frames[index].is_key, fetch)
    }

    #[test]
    fn frames_before_a_corrupt_one_are_read_on_either_thread() {
        let (frames, samples) = chunk(40);
        let mut sample = Sample::default();
        // Some frames are decompressed here and some on a separate thread.
        for (at, corrupt) in [(39, 20), (20, 20), (39, 1), (3, 2), (39, 39)] {
            let mut cursor = Cursor::new(Host::default());
            let error = seek(&mut cursor, &frames, at, corrupt).unwrap_err();
            assert!(error.to_string().contains(&format!("{corrupt} is corrupt")));
            seek(&mut cursor, &frames, corrupt - 1, corrupt).unwrap();
            cursor.sample_into(&mut sample).unwrap();
            assert_eq!(normalized(&sample), samples[corrupt - 1]);
        }
    }

    #[test]
    fn a_frame_of_nonsense_is_an_error() {
        let (mut frames, samples) = chunk(40);
        let right = frames[20].clone();
        frames[20].payload = vec![7; 50].into();
        let mut cursor = Cursor::new(Host::default());
        assert!(seek(&mut cursor, &frames, 39, 99).is_err());
        frames[20] = right;
        let mut sample = Sample::default();
        seek(&mut cursor, &frames, 39, 99).unwrap();
        cursor.sample_into(&mut sample).unwrap();
        assert_eq!(normalized(&sample), samples[39]);
    }

    #[test]
    fn large_frames_wait_for_those_before_them() {
        let (frames, _) = chunk(2);
        let (used, spare) = mpsc::channel();
        let (mut decompressor, mut packed) = (Decompressor::default(), Vec::new());
        let mut source = FrameSource {
            decompressor: &mut decompressor,
            packed: &mut packed,
            is_key: |index: usize| frames[index].is_key,
            fetch: |index: usize, packed: &mut Vec<u8>| {
                packed.clone_from(&frames[index].payload.to_vec());
                // The claimed length is checked before decompression.
                Ok(if index == 0 {
                    frames[0].unpacked
                } else {
                    LARGE_FRAME + 1
                })
            },
        };
        let mut in_flight = 0;
        let first = next_unpacked(&mut source, 0, &spare, &mut in_flight).unwrap();
        in_flight = 3;
        for _ in 0..3 {
            used.send(UnpackedFrame::default()).unwrap();
        }
        // It is rejected because it is smaller than it claims, but no other frame is in flight then.
        assert!(next_unpacked(&mut source, 1, &spare, &mut in_flight).is_err());
        assert_eq!(in_flight, 0);
        drop(first);
    }
}
