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
