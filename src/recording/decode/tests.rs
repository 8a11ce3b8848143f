//! Samples are decoded as they were encoded, regardless of how sockets change from one Sample to the next.

use proptest::prelude::*;

use super::*;
use crate::model::{Host, Sample};
use crate::recording::Encoder;
use crate::recording::error::Corrupt;
use crate::recording::limits::MemoryLimit;
use crate::recording::section;
use crate::recording::simulator::{Simulator, normalized};

/// Decompresses and decodes frames.
struct TestDecoder {
    decompressor: Decompressor,
    decoder: FrameDecoder,
    frame: UnpackedFrame,
}

impl TestDecoder {
    fn new() -> TestDecoder {
        TestDecoder {
            decompressor: Decompressor::new(MemoryLimit::NONE),
            decoder: FrameDecoder::new(Host::default()),
            frame: UnpackedFrame::default(),
        }
    }

    fn decode(&mut self, frame: PackedFrame<'_>) -> Result<(), Corrupt> {
        self.decompressor.decompress(frame, &mut self.frame)?;
        self.decoder.decode(&mut self.frame)
    }

    fn sample_into(&mut self, sample: &mut Sample) -> Result<(), Corrupt> {
        self.decoder.sample_into(sample)
    }
}

/// Encodes and decodes a history, and compares each Sample.
fn encode_and_decode(seed: u64, samples: usize) {
    let mut simulator = Simulator::new(seed);
    let (mut encoder, mut decoder) = (Encoder::new(), TestDecoder::new());
    let mut unpacked = Sample::default();
    for at in 0..samples {
        let restart = simulator.rng.below(20) == 0;
        let sample = normalized(simulator.next_sample());
        if restart {
            encoder.restart();
        }
        let frame = encoder.encode(&sample).unwrap();
        assert!(frame.is_key || !(restart || at == 0));
        decoder.decode(frame.packed()).unwrap();
        decoder.sample_into(&mut unpacked).unwrap();
        let unpacked = normalized(&unpacked);
        assert_eq!(unpacked.sockets, sample.sockets, "sample {at}");
        assert_eq!(unpacked, sample, "sample {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn samples_are_decoded_as_they_were_encoded(seed: u64) {
        encode_and_decode(seed, 70);
    }

    #[test]
    fn mutated_frames_are_refused_or_decoded(seed: u64, at: prop::sample::Index, bit in 0u8..8) {
        let mut simulator = Simulator::new(seed);
        let (mut encoder, mut decoder) = (Encoder::new(), TestDecoder::new());
        let mut unpacked = Sample::default();
        for _ in 0..4 {
            let mut frame = encoder.encode(simulator.next_sample()).unwrap();
            let mut payload = frame.payload.to_vec();
            let at = at.index(payload.len());
            payload[at] ^= 1 << bit;
            frame.payload = payload.into();
            if decoder.decode(frame.packed()).is_ok() {
                let _ = decoder.sample_into(&mut unpacked);
            }
        }
    }
}

#[test]
fn sections_and_streams_of_later_versions_are_skipped() {
    let mut simulator = Simulator::new(3);
    let (mut encoder, mut decoder) = (Encoder::new(), TestDecoder::new());
    for _ in 0..3 {
        simulator.next_sample();
        encoder.restart();
    }
    let sample = normalized(simulator.next_sample());
    decoder
        .decode(encoder.encode(&sample).unwrap().packed())
        .unwrap();
    let mut raw = decoder.decoder.raw().to_vec();
    section::put_section(&mut raw, 50, b"an unknown section");
    section::put_section(&mut raw, section::FIRST_STREAM + 400, &[1, 2, 3]);
    let later = zstd::bulk::compress(&raw, 3).unwrap();
    let later = PackedFrame {
        is_key: true,
        unpacked: raw.len() as u32,
        sockets: SocketCounts {
            open: sample.sockets.len(),
            closed: sample.closed.len(),
        },
        payload: &later,
    };
    let mut read = Sample::default();
    decoder.decode(later).unwrap();
    decoder.sample_into(&mut read).unwrap();
    assert_eq!(normalized(&read), sample);
}

#[test]
fn clocks_that_go_back_or_jump_as_far_as_they_can_are_recorded() {
    let mut simulator = Simulator::new(7);
    let (mut encoder, mut decoder) = (Encoder::new(), TestDecoder::new());
    let mut unpacked = Sample::default();
    let second = 1_000_000_000;
    for monotonic_ns in [
        second,
        2 * second,
        2 * second - 1,
        u64::MAX,
        0,
        u64::MAX / 2,
    ] {
        for restart in [false, true] {
            let mut sample = normalized(simulator.next_sample());
            sample.monotonic_ns = monotonic_ns;
            sample.taken_at_us = (monotonic_ns as i64).wrapping_neg();
            if restart {
                encoder.restart();
            }
            let frame = encoder.encode(&sample).unwrap();
            decoder.decode(frame.packed()).unwrap();
            decoder.sample_into(&mut unpacked).unwrap();
            assert_eq!(normalized(&unpacked), sample, "{monotonic_ns}");
        }
    }
}
