//! Where in a recording one is: goes on from there, or from the last key frame before the place that is wanted.

use std::ops::RangeInclusive;
use std::sync::mpsc;

use super::RecordingError;
use super::decode::{Decoder, Packed, Unpacked, Unpacker};
use super::varint::Broken;
use crate::model::{Host, Sample, SocketKey};

/// From how many frames on they are unpacked on a thread of its own, while those before are taken.
const MANY: usize = 8;

/// Frames that are unpacked ahead.
const AHEAD: usize = 4;

/// From how many bytes on a frame is not unpacked ahead of others, bytes: that would take them several times.
const LARGE: u32 = 8 << 20;

/// Where in a recording one is.
#[derive(Debug)]
pub(super) struct Position {
    unpacker: Unpacker,
    decoder: Decoder,
    /// The place of the frame taken last.
    at: Option<usize>,
    /// A frame as it lies in the recording, and what it becomes; kept to be used again.
    packed: Vec<u8>,
    unpacked: Unpacked,
}

/// Where frames come from: `fetch` puts one into a buffer and answers how many bytes it is unpacked.
struct Source<'a, K, F> {
    unpacker: &'a mut Unpacker,
    packed: &'a mut Vec<u8>,
    is_key: K,
    fetch: F,
}

impl<K, F> Source<'_, K, F>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError>,
{
    /// Fetches a frame; answers how many bytes it is unpacked.
    fn fetch(&mut self, place: usize) -> Result<u32, RecordingError> {
        (self.fetch)(place, self.packed)
    }

    /// Unpacks what was fetched.
    fn unpack(
        &mut self,
        place: usize,
        unpacked: u32,
        out: &mut Unpacked,
    ) -> Result<(), RecordingError> {
        let frame = Packed {
            is_key: (self.is_key)(place),
            unpacked,
            payload: self.packed,
        };
        self.unpacker.unpack(frame, out).map_err(damaged)
    }
}

fn damaged(broken: Broken) -> RecordingError {
    RecordingError::Damaged(broken.to_string())
}

impl Position {
    pub(super) fn new(host: Host) -> Position {
        Position {
            unpacker: Unpacker::default(),
            decoder: Decoder::new(host),
            at: None,
            packed: Vec::new(),
            unpacked: Unpacked::default(),
        }
    }

    /// Goes to a place: `is_key` answers which places are those of key frames, and `fetch` puts a frame's bytes into a buffer
    /// and answers how many they are unpacked.
    pub(super) fn go_to(
        &mut self,
        at: usize,
        is_key: impl Fn(usize) -> bool + Send,
        fetch: impl FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError> + Send,
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
        self.at = None;
        let mut source = Source {
            unpacker: &mut self.unpacker,
            packed: &mut self.packed,
            is_key,
            fetch,
        };
        let decoder = &mut self.decoder;
        let is_done = at - from >= MANY && side_by_side(from..=at, &mut source, decoder)?;
        if !is_done {
            for place in from..=at {
                let unpacked = source.fetch(place)?;
                source.unpack(place, unpacked, &mut self.unpacked)?;
                decoder.take(&mut self.unpacked).map_err(damaged)?;
            }
        }
        self.at = Some(at);
        Ok(())
    }

    /// The Sample of the place.
    pub(super) fn sample_into(&mut self, sample: &mut Sample) -> Result<(), RecordingError> {
        self.decoder.sample_into(sample).map_err(damaged)
    }

    /// The frame of the place, unpacked.
    pub(super) fn raw(&self) -> &[u8] {
        self.decoder.raw()
    }

    pub(super) fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        self.decoder.first_seen()
    }
}

/// Unpacks frames on a thread of its own and takes them on this one, for somebody waits; `false` if there is no thread.
fn side_by_side<K, F>(
    places: RangeInclusive<usize>,
    source: &mut Source<'_, K, F>,
    decoder: &mut Decoder,
) -> Result<bool, RecordingError>
where
    K: Fn(usize) -> bool + Send,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError> + Send,
{
    std::thread::scope(|scope| {
        let (sender, frames) = mpsc::sync_channel(AHEAD);
        let (used, spare) = mpsc::channel();
        let unpack = move || {
            let mut handed_over = 0;
            for place in places {
                let done = next_unpacked(source, place, &spare, &mut handed_over);
                let is_last = done.is_err();
                // Nobody waits for it any more if one before it was broken.
                if sender.send(done).is_err() || is_last {
                    return;
                }
                handed_over += 1;
            }
        };
        let thread = std::thread::Builder::new().name("unpack".into());
        if thread.spawn_scoped(scope, unpack).is_err() {
            return Ok(false);
        }
        for frame in frames {
            let mut frame = frame?;
            decoder.take(&mut frame).map_err(damaged)?;
            // It may have ended already.
            let _ = used.send(frame);
        }
        Ok(true)
    })
}

/// Fetches and unpacks a frame into one that is spare; waits for all that were handed over if it is a large one.
fn next_unpacked<K, F>(
    source: &mut Source<'_, K, F>,
    place: usize,
    spare: &mpsc::Receiver<Unpacked>,
    handed_over: &mut usize,
) -> Result<Unpacked, RecordingError>
where
    K: Fn(usize) -> bool,
    F: FnMut(usize, &mut Vec<u8>) -> Result<u32, RecordingError>,
{
    let unpacked = source.fetch(place)?;
    let mut frame = None;
    while *handed_over > AHEAD || (*handed_over > 0 && unpacked > LARGE) {
        // Whoever takes them has ended if none comes.
        let Ok(used) = spare.recv() else { break };
        frame = Some(used);
        *handed_over -= 1;
    }
    let mut frame = frame.unwrap_or_default();
    source.unpack(place, unpacked, &mut frame)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::world::{World, plain};
    use crate::recording::{Encoder, Frame};

    /// A chunk and the Samples in it.
    fn chunk(count: usize) -> (Vec<Frame>, Vec<Sample>) {
        let (mut world, mut encoder) = (World::new(5), Encoder::new());
        let samples: Vec<Sample> = (0..count).map(|_| plain(world.turn())).collect();
        let frames = samples.iter().map(|sample| encoder.encode(sample).unwrap());
        (frames.collect(), samples)
    }

    /// Goes to a place; the frame `broken` cannot be fetched.
    fn go_to(
        position: &mut Position,
        frames: &[Frame],
        at: usize,
        broken: usize,
    ) -> Result<(), RecordingError> {
        let fetch = |place: usize, packed: &mut Vec<u8>| {
            if place == broken {
                return Err(RecordingError::Damaged(format!("{place} is broken")));
            }
            packed.clear();
            packed.extend_from_slice(&frames[place].payload);
            Ok(frames[place].unpacked)
        };
        position.go_to(at, |place| frames[place].is_key, fetch)
    }

    #[test]
    fn what_comes_before_a_broken_frame_is_read_whoever_unpacks_it() {
        let (frames, samples) = chunk(40);
        let mut sample = Sample::default();
        // Some are unpacked here and some on a thread of their own.
        for (at, broken) in [(39, 20), (20, 20), (39, 1), (3, 2), (39, 39)] {
            let mut position = Position::new(Host::default());
            let error = go_to(&mut position, &frames, at, broken).unwrap_err();
            assert!(error.to_string().contains(&format!("{broken} is broken")));
            go_to(&mut position, &frames, broken - 1, broken).unwrap();
            position.sample_into(&mut sample).unwrap();
            assert_eq!(plain(&sample), samples[broken - 1]);
        }
    }

    #[test]
    fn a_frame_that_is_nonsense_is_told() {
        let (mut frames, samples) = chunk(40);
        let right = frames[20].clone();
        frames[20].payload = vec![7; 50].into();
        let mut position = Position::new(Host::default());
        assert!(go_to(&mut position, &frames, 39, 99).is_err());
        frames[20] = right;
        let mut sample = Sample::default();
        go_to(&mut position, &frames, 39, 99).unwrap();
        position.sample_into(&mut sample).unwrap();
        assert_eq!(plain(&sample), samples[39]);
    }

    #[test]
    fn large_frames_wait_for_those_before_them() {
        let (frames, _) = chunk(2);
        let (used, spare) = mpsc::channel();
        let (mut unpacker, mut packed) = (Unpacker::default(), Vec::new());
        let mut source = Source {
            unpacker: &mut unpacker,
            packed: &mut packed,
            is_key: |place: usize| frames[place].is_key,
            fetch: |place: usize, packed: &mut Vec<u8>| {
                packed.clone_from(&frames[place].payload.to_vec());
                // What it claims is looked at before it is unpacked.
                Ok(if place == 0 {
                    frames[0].unpacked
                } else {
                    LARGE + 1
                })
            },
        };
        let mut handed_over = 0;
        let first = next_unpacked(&mut source, 0, &spare, &mut handed_over).unwrap();
        handed_over = 3;
        for _ in 0..3 {
            used.send(Unpacked::default()).unwrap();
        }
        // It is refused, for it is not as large as it claims; but no other is left then.
        assert!(next_unpacked(&mut source, 1, &spare, &mut handed_over).is_err());
        assert_eq!(handed_over, 0);
        drop(first);
    }
}
