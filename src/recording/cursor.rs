//! A position in a recording.

use std::collections::VecDeque;
use std::sync::mpsc;

use super::decode::{Decompressor, FrameDecoder, PackedFrame, SocketCounts, UnpackedFrame};
use super::error::RecordingError;
use super::format::FrameHeader;
use super::frame::Frame;
use super::limits::MemoryLimit;
use crate::model::{Host, Sample, SocketKey};

/// Minimum number of frames for decompressing on a separate thread.
const PARALLEL_FRAMES: usize = 8;

/// Number of frames to decompress ahead, and the maximum of their decompressed bytes.
const AHEAD: usize = 4;
const AHEAD_BYTES: usize = 8 << 20;

/// The reason why a Sample after a corrupt one cannot be decoded.
pub(super) const DEPENDS_ON_CORRUPT: &str = "it depends on a corrupt Sample";

/// The sizes in the header of a frame, unverified until the frame is decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameClaims {
    /// Length of the decompressed payload, bytes.
    pub(super) unpacked: u32,
    pub(super) sockets: SocketCounts,
}

impl FrameClaims {
    /// Returns the claims of a header.
    pub(super) fn of_header(header: &FrameHeader) -> FrameClaims {
        FrameClaims {
            unpacked: header.unpacked,
            sockets: SocketCounts {
                open: header.entry.sockets as usize,
                closed: header.closed as usize,
            },
        }
    }

    /// Returns the facts of a frame in memory.
    pub(super) fn of_frame(frame: &Frame) -> FrameClaims {
        FrameClaims {
            unpacked: frame.unpacked,
            sockets: SocketCounts {
                open: frame.entry.sockets as usize,
                closed: frame.closed as usize,
            },
        }
    }
}

/// A position in a recording, which moves forward frame by frame, or jumps to the key frame before the target.
#[derive(Debug)]
pub(super) struct Cursor {
    decompressor: Decompressor,
    decoder: FrameDecoder,
    /// Index of the frame that was decoded last.
    at: Option<usize>,
    /// Index of the frame that was found to be corrupt last, and the reason. The frames that depend on it are not tried:
    /// each would decode the chunk up to there again.
    corrupt: Option<(usize, String)>,
    /// Buffers for a frame.
    packed: Vec<u8>,
    unpacked: UnpackedFrame,
}

/// Source of frames: `fetch` reads a payload into a buffer and returns the claims of its header.
struct FrameSource<'a, K, F> {
    decompressor: &'a mut Decompressor,
    packed: &'a mut Vec<u8>,
    is_key: K,
    fetch: F,
}

impl<K, F> FrameSource<'_, K, F>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<FrameClaims, RecordingError>,
{
    /// Fetches a frame.
    fn fetch(&mut self, index: usize) -> Result<FrameClaims, RecordingError> {
        (self.fetch)(index, self.packed)
    }

    /// Decompresses the fetched frame.
    fn decompress(
        &mut self,
        index: usize,
        claims: FrameClaims,
        out: &mut UnpackedFrame,
    ) -> Result<(), RecordingError> {
        let frame = PackedFrame {
            is_key: (self.is_key)(index),
            unpacked: claims.unpacked,
            sockets: claims.sockets,
            payload: self.packed,
        };
        Ok(self.decompressor.decompress(frame, out)?)
    }
}

impl Cursor {
    /// Creates a cursor before the first frame.
    pub(super) fn new(host: Host, limit: MemoryLimit) -> Cursor {
        Cursor {
            decompressor: Decompressor::new(limit),
            decoder: FrameDecoder::new(host),
            at: None,
            corrupt: None,
            packed: Vec::new(),
            unpacked: UnpackedFrame::default(),
        }
    }

    /// Moves to a frame. `is_key` reports key frames by index; `fetch` reads a payload into a buffer and returns the
    /// claims of its header. The frames must not change from call to call.
    ///
    /// # Errors
    /// If a required frame cannot be fetched or decoded.
    pub(super) fn seek(
        &mut self,
        at: usize,
        is_key: impl Fn(usize) -> bool + Send,
        fetch: impl FnMut(usize, &mut Vec<u8>) -> Result<FrameClaims, RecordingError> + Send,
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
        if let Some((corrupt, why)) = &self.corrupt
            && (from..=at).contains(corrupt)
        {
            return Err(RecordingError::Damaged(if *corrupt == at {
                why.clone()
            } else {
                DEPENDS_ON_CORRUPT.to_owned()
            }));
        }
        self.at = None;
        let source = FrameSource {
            decompressor: &mut self.decompressor,
            packed: &mut self.packed,
            is_key,
            fetch,
        };
        let mut next = from;
        let decoded = decode_frames(&mut next, at, source, &mut self.decoder, &mut self.unpacked);
        match decoded {
            Ok(()) => self.at = Some(at),
            Err(RecordingError::Damaged(why)) => {
                self.corrupt = Some((next, why.clone()));
                return Err(RecordingError::Damaged(why));
            }
            Err(error) => return Err(error),
        }
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

/// Decodes the frames from `next` to `last`. `next` is the index of the first frame that is not decoded, also after an
/// error.
fn decode_frames<K, F>(
    next: &mut usize,
    last: usize,
    mut source: FrameSource<'_, K, F>,
    decoder: &mut FrameDecoder,
    unpacked: &mut UnpackedFrame,
) -> Result<(), RecordingError>
where
    K: Fn(usize) -> bool + Send,
    F: FnMut(usize, &mut Vec<u8>) -> Result<FrameClaims, RecordingError> + Send,
{
    if last - *next >= PARALLEL_FRAMES && decode_in_parallel(next, last, &mut source, decoder)? {
        return Ok(());
    }
    while *next <= last {
        let claims = source.fetch(*next)?;
        source.decompress(*next, claims, unpacked)?;
        decoder.decode(unpacked)?;
        *next += 1;
    }
    Ok(())
}

/// Decompresses frames on a separate thread and decodes them on this one. Returns false if the thread cannot be
/// started.
fn decode_in_parallel<K, F>(
    next: &mut usize,
    last: usize,
    source: &mut FrameSource<'_, K, F>,
    decoder: &mut FrameDecoder,
) -> Result<bool, RecordingError>
where
    K: Fn(usize) -> bool + Send,
    F: FnMut(usize, &mut Vec<u8>) -> Result<FrameClaims, RecordingError> + Send,
{
    let indices = *next..=last;
    std::thread::scope(|scope| {
        let (sender, frames) = mpsc::sync_channel(AHEAD);
        let (used, spare) = mpsc::channel();
        let decompress = move || {
            let mut in_flight = VecDeque::with_capacity(AHEAD + 1);
            for index in indices {
                let frame = next_unpacked(source, index, &spare, &mut in_flight);
                let is_last = frame.is_err();
                // The receiver is dropped if an earlier frame was corrupt.
                if sender.send(frame).is_err() || is_last {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("unpack".into());
        if thread.spawn_scoped(scope, decompress).is_err() {
            return Ok(false);
        }
        for frame in frames {
            let mut frame = frame?;
            decoder.decode(&mut frame)?;
            *next += 1;
            // The thread may have ended.
            let _ = used.send(frame);
        }
        Ok(true)
    })
}

/// Fetches and decompresses a frame into a spare one; waits until few enough frames and bytes are in flight.
/// `in_flight` has the decompressed length of each frame that has not come back, in order.
fn next_unpacked<K, F>(
    source: &mut FrameSource<'_, K, F>,
    index: usize,
    spare: &mpsc::Receiver<UnpackedFrame>,
    in_flight: &mut VecDeque<usize>,
) -> Result<UnpackedFrame, RecordingError>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<FrameClaims, RecordingError>,
{
    let claims = source.fetch(index)?;
    let unpacked = claims.unpacked as usize;
    let mut frame = None;
    while in_flight.len() > AHEAD
        || (!in_flight.is_empty()
            && in_flight.iter().sum::<usize>().saturating_add(unpacked) > AHEAD_BYTES)
    {
        // If none arrives, the decoding thread has ended.
        let Ok(used) = spare.recv() else { break };
        frame = Some(used);
        in_flight.pop_front();
    }
    let mut frame = frame.unwrap_or_default();
    source.decompress(index, claims, &mut frame)?;
    in_flight.push_back(unpacked);
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
            Ok(FrameClaims::of_frame(&frames[index]))
        };
        cursor.seek(at, |index| frames[index].is_key, fetch)
    }

    #[test]
    fn frames_before_a_corrupt_one_are_read_on_either_thread() {
        let (frames, samples) = chunk(40);
        let mut sample = Sample::default();
        // Some frames are decompressed here and some on a separate thread.
        for (at, corrupt) in [(39, 20), (20, 20), (39, 1), (3, 2), (39, 39)] {
            let mut cursor = Cursor::new(Host::default(), MemoryLimit::NONE);
            let error = seek(&mut cursor, &frames, at, corrupt).unwrap_err();
            assert!(error.to_string().contains(&format!("{corrupt} is corrupt")));
            seek(&mut cursor, &frames, corrupt - 1, corrupt).unwrap();
            cursor.sample_into(&mut sample).unwrap();
            assert_eq!(normalized(&sample), samples[corrupt - 1]);
        }
    }

    #[test]
    fn frames_that_depend_on_a_corrupt_one_are_not_decoded_again() {
        let (mut frames, samples) = chunk(40);
        frames[20].payload = vec![7; 50].into();
        let (more, later) = chunk(2);
        frames.extend(more);
        let mut cursor = Cursor::new(Host::default(), MemoryLimit::NONE);
        let mut fetched = 0;
        for at in 20..40 {
            let fetch = |index: usize, packed: &mut Vec<u8>| {
                fetched += 1;
                packed.clear();
                packed.extend_from_slice(&frames[index].payload);
                Ok(FrameClaims::of_frame(&frames[index]))
            };
            let moved = cursor.seek(at, |index| frames[index].is_key, fetch);
            assert_eq!(
                moved.unwrap_err().to_string().contains(DEPENDS_ON_CORRUPT),
                at > 20
            );
        }
        assert!(
            fetched <= 21 + AHEAD + 2,
            "{fetched} frames for 20 attempts"
        );
        let mut sample = Sample::default();
        for (at, expected) in [(19, &samples[19]), (41, &later[1])] {
            seek(&mut cursor, &frames, at, 99).unwrap();
            cursor.sample_into(&mut sample).unwrap();
            assert_eq!(normalized(&sample), *expected, "{at}");
        }
    }

    #[test]
    fn frames_are_decompressed_ahead_within_a_number_of_bytes() {
        let (frames, _) = chunk(2);
        let (used, spare) = mpsc::channel();
        let (mut decompressor, mut packed) = (Decompressor::new(MemoryLimit::NONE), Vec::new());
        let mut source = FrameSource {
            decompressor: &mut decompressor,
            packed: &mut packed,
            is_key: |index: usize| frames[index].is_key,
            fetch: |index: usize, packed: &mut Vec<u8>| {
                packed.clone_from(&frames[index].payload.to_vec());
                let mut claims = FrameClaims::of_frame(&frames[index]);
                if index == 1 {
                    // Checked when it is decompressed.
                    claims.unpacked = AHEAD_BYTES as u32 / 2;
                }
                Ok(claims)
            },
        };
        let mut in_flight = VecDeque::from([AHEAD_BYTES / 2, 1, 1]);
        for _ in 0..3 {
            used.send(UnpackedFrame::default()).unwrap();
        }
        assert!(next_unpacked(&mut source, 0, &spare, &mut in_flight).is_ok());
        assert_eq!(in_flight.len(), 4, "there is room for a small one");
        assert!(next_unpacked(&mut source, 1, &spare, &mut in_flight).is_err());
        assert_eq!(in_flight.len(), 3, "the large one that was first is back");
    }
}
