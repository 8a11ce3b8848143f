//! Files that are truncated or damaged.

use super::{all, record};
use crate::model::Sample;
use crate::recording::archive::Archive as _;
use crate::recording::format::{FrameHeader, FrameLocation};
use crate::recording::reader::Reader;
use std::path::Path;

/// Opens a damaged recording and checks that its Samples are right and its losses are reported.
fn check_damaged(path: &Path, samples: &[Sample], chunk: usize, what: &str) -> usize {
    let mut reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            assert!(
                error.to_string().contains("not a sockwatch recording"),
                "{what}: {error}"
            );
            return 0;
        }
    };
    let read = all(&mut reader);
    let mut left = samples.iter();
    for sample in &read {
        assert!(
            left.any(|known| known == sample || is_same_but_host(known, sample)),
            "{what}"
        );
    }
    let lost = samples.len() - read.len();
    assert!(
        lost <= chunk || lost == samples.len(),
        "{what}: {lost} lost"
    );
    lost
}

/// Compares Samples, ignoring the host, which is unknown if the header was damaged.
fn is_same_but_host(known: &Sample, read: &Sample) -> bool {
    let mut known = known.clone();
    known.host = read.host.clone();
    known == *read && read.host.hostname.is_empty()
}

#[test]
fn a_cut_recording_is_read_up_to_the_cut() {
    let recorded = record(23, 30, 8);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let cut = recorded.directory.path().join("cut.swr");
    let whole = Reader::open(&recorded.path).unwrap();
    for step in 0..500 {
        let length = bytes.len() * step / 500;
        std::fs::write(&cut, &bytes[..length]).unwrap();
        let Ok(mut reader) = Reader::open(&cut) else {
            assert!(length < MAX_HEADER_BYTES, "cut at {length}");
            continue;
        };
        assert!(!reader.is_closed());
        let ends = |place: &&FrameLocation| {
            let next = whole.frames.iter().find(|next| next.offset > place.offset);
            next.is_some_and(|next| next.offset <= length as u64)
        };
        let complete = whole.frames.iter().filter(ends).count();
        let read = all(&mut reader);
        assert!(read.len() == complete || read.len() == complete + 1);
        assert_eq!(read, recorded.samples[..read.len()], "cut at {length}");
    }
}

/// More bytes than the header of the recordings above has.
const MAX_HEADER_BYTES: usize = 16 << 10;

#[test]
fn a_flipped_bit_is_repaired_and_reported() {
    let recorded = record(29, 30, 8);
    let whole = std::fs::read(&recorded.path).unwrap();
    let flipped = recorded.directory.path().join("flipped.swr");
    let last = Reader::open(&recorded.path).unwrap().frames[29].offset as usize;
    // A recorder that is killed writes no index and no end.
    let next = |at: &&usize| {
        FrameHeader::parse(whole[**at..**at + 64].try_into().unwrap(), **at as u64).is_some()
    };
    let end = (last + 1..whole.len() - 64).collect::<Vec<_>>();
    let killed = &whole[..*end.iter().find(next).unwrap()];
    for bytes in [&whole[..], killed] {
        for step in 0..400 {
            let at = bytes.len() * step / 400;
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1 << (step % 8);
            std::fs::write(&flipped, &damaged).unwrap();
            let mut reader = Reader::open(&flipped).unwrap();
            let what = format!("byte {at} of {}", bytes.len());
            assert!(!reader.losses().is_empty(), "{what}");
            let read = all(&mut reader);
            assert_eq!(read.len(), 30, "{what}");
            let mut pairs = recorded.samples.iter().zip(&read);
            assert!(
                pairs.all(|(known, read)| known == read || is_same_but_host(known, read)),
                "{what}"
            );
        }
    }
}

#[test]
fn larger_damage_costs_at_most_its_chunk_and_is_reported() {
    const CHUNK: usize = 8;
    let recorded = record(29, 30, CHUNK);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let damaged = recorded.directory.path().join("damaged.swr");
    for (length, mask) in [(1, 0x81), (16, 0xff), (300, 0x55)] {
        for step in 0..200 {
            let at = bytes.len() * step / 200;
            let mut changed = bytes.clone();
            for byte in changed.iter_mut().skip(at).take(length) {
                *byte ^= mask;
            }
            std::fs::write(&damaged, &changed).unwrap();
            let what = format!("{length} bytes at {at}");
            let Ok(reader) = Reader::open(&damaged) else {
                assert!(at < 16, "{what}");
                continue;
            };
            assert!(!reader.losses().is_empty(), "{what}");
            // Adjacent frames of two chunks may be damaged at once.
            let chunks = if length == 1 { 1 } else { 2 };
            check_damaged(&damaged, &recorded.samples, chunks * CHUNK, &what);
        }
    }
}

/// The frames after the damage are not where they state.
#[test]
fn inserted_and_missing_bytes_cost_at_most_their_chunk() {
    const CHUNK: usize = 8;
    let recorded = record(31, 30, CHUNK);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let damaged = recorded.directory.path().join("shifted.swr");
    for count in [1, 3, 20] {
        for step in 0..120 {
            let at = bytes.len() * step / 120;
            for is_inserted in [true, false] {
                let (before, after) = bytes.split_at(at);
                let changed = if is_inserted {
                    [before, &[0x5a; 20][..count], after].concat()
                } else {
                    [before, after.get(count..).unwrap_or_default()].concat()
                };
                std::fs::write(&damaged, &changed).unwrap();
                let what = format!("{count} bytes at {at}, inserted: {is_inserted}");
                let reader = Reader::open(&damaged).unwrap();
                assert!(!reader.losses().is_empty(), "{what}");
                // Missing bytes may be the end of one chunk and the begin of the next.
                let lost = if count == 1 || is_inserted {
                    CHUNK
                } else {
                    2 * CHUNK
                };
                assert!(reader.entries().len() >= 30 - lost, "{what}");
                check_damaged(&damaged, &recorded.samples, lost, &what);
            }
        }
    }
}

#[test]
fn each_part_after_an_insertion_is_found() {
    const CHUNK: usize = 8;
    let recorded = record(37, 60, CHUNK);
    let mut bytes = std::fs::read(&recorded.path).unwrap();
    let damaged = recorded.directory.path().join("shifted.swr");
    for place in [5, 3, 1] {
        let at = bytes.len() * place / 6;
        bytes.insert(at, 7);
    }
    std::fs::write(&damaged, &bytes).unwrap();
    check_damaged(&damaged, &recorded.samples, 3 * CHUNK, "three insertions");
}

/// A frame within a payload, as a name may contain it, is none.
#[test]
fn a_frame_that_nothing_follows_is_not_taken_for_a_shifted_one() {
    let recorded = record(41, 16, 8);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let reader = Reader::open(&recorded.path).unwrap();
    let offsets: Vec<usize> = (reader.frames.iter())
        .map(|frame| frame.offset as usize)
        .collect();
    let damaged = recorded.directory.path().join("copied.swr");
    let mut changed = bytes.clone();
    // The header of the last frame, within the first one, whose own header is damaged.
    let (first, last) = (offsets[0], offsets[15]);
    changed[first..first + 8].fill(0);
    changed.copy_within(last..last + 64, first + 70);
    std::fs::write(&damaged, &changed).unwrap();
    let lost = check_damaged(&damaged, &recorded.samples, 8, "a copied header");
    assert_eq!(lost, 8);
}
