//! What is packed is unpacked the same, whatever happens to sockets from one Sample to the next.

use proptest::prelude::*;

use super::*;
use crate::recording::Encoder;
use crate::recording::world::{World, plain};

/// Unpacks frames and takes them.
struct Both(Unpacker, Decoder, Unpacked);

impl Both {
    fn new() -> Both {
        let (unpacker, frame) = (Unpacker::default(), Unpacked::default());
        Both(unpacker, Decoder::new(Host::default()), frame)
    }

    fn take(&mut self, frame: Packed<'_>) -> Result<(), Broken> {
        self.0.unpack(frame, &mut self.2)?;
        self.1.take(&mut self.2)
    }

    fn sample_into(&mut self, sample: &mut Sample) -> Result<(), Broken> {
        self.1.sample_into(sample)
    }
}

/// Packs a history and unpacks it again, each Sample compared.
fn there_and_back(seed: u64, turns: usize) {
    let mut world = World::new(seed);
    let (mut encoder, mut decoder) = (Encoder::new(), Both::new());
    let mut unpacked = Sample::default();
    for turn in 0..turns {
        let restart = world.dice.roll(20) == 0;
        let sample = plain(world.turn());
        if restart {
            encoder.restart();
        }
        let frame = encoder.encode(&sample).unwrap();
        assert!(frame.is_key || !(restart || turn == 0));
        decoder.take(frame.packed()).unwrap();
        decoder.sample_into(&mut unpacked).unwrap();
        let unpacked = plain(&unpacked);
        assert_eq!(unpacked.sockets.rows, sample.sockets.rows, "turn {turn}");
        assert_eq!(unpacked, sample, "turn {turn}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_sample_comes_back_as_it_was(seed: u64) {
        there_and_back(seed, 70);
    }

    #[test]
    fn mutated_frames_are_refused_or_read(seed: u64, at: prop::sample::Index, bit in 0u8..8) {
        let mut world = World::new(seed);
        let (mut encoder, mut decoder) = (Encoder::new(), Both::new());
        let mut unpacked = Sample::default();
        for _ in 0..4 {
            let mut frame = encoder.encode(world.turn()).unwrap();
            let mut payload = frame.payload.to_vec();
            let at = at.index(payload.len());
            payload[at] ^= 1 << bit;
            frame.payload = payload.into();
            if decoder.take(frame.packed()).is_ok() {
                let _ = decoder.sample_into(&mut unpacked);
            }
        }
    }
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let mut world = World::new(3);
    let (mut encoder, mut decoder) = (Encoder::new(), Both::new());
    for _ in 0..3 {
        world.turn();
        encoder.restart();
    }
    let sample = plain(world.turn());
    decoder
        .take(encoder.encode(&sample).unwrap().packed())
        .unwrap();
    let mut raw = decoder.1.raw().to_vec();
    section::put_section(&mut raw, 50, b"a section that nobody knows");
    section::put_section(&mut raw, section::COLUMN + 400, &[1, 2, 3]);
    let later = zstd::bulk::compress(&raw, 3).unwrap();
    let later = Packed {
        is_key: true,
        unpacked: raw.len() as u32,
        payload: &later,
    };
    let mut read = Sample::default();
    decoder.take(later).unwrap();
    decoder.sample_into(&mut read).unwrap();
    assert_eq!(plain(&read), sample);
}
