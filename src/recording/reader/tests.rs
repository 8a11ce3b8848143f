//! Files that are whole, cut, damaged, foreign.

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::model::Host;
use crate::recording::world::{World, plain};
use crate::recording::{Encoder, History, Memory, Recorder, RecorderOptions, save};

/// A recording and the Samples that are in it.
struct Recorded {
    directory: TempDir,
    path: PathBuf,
    samples: Vec<Sample>,
}

fn head() -> Head {
    Head {
        host: Host {
            hostname: "web-3".to_owned(),
            kernel: "6.18.44".to_owned(),
            boot_id: "0b".to_owned(),
        },
        program: "0.1.0".to_owned(),
        begun_at_us: 1_700_000_000_000_000,
        interval: Duration::from_secs(1),
        capabilities: vec!["CAP_NET_ADMIN".to_owned()],
        filter: "state established".to_owned(),
        redacted: false,
    }
}

/// Records `count` Samples, with a key frame every `chunk`.
fn record(seed: u64, count: usize, chunk: usize) -> Recorded {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, head()).unwrap();
    let (mut world, mut encoder) = (World::new(seed), Encoder::new());
    let mut samples = Vec::new();
    for at in 0..count {
        if at % chunk == 0 {
            encoder.restart();
        }
        let mut sample = plain(world.turn());
        sample.host = head().host.into();
        assert!(recorder.offer(&encoder.encode(&sample).unwrap()));
        samples.push(sample);
    }
    let progress = recorder.finish().unwrap();
    assert_eq!(progress.samples, count as u64);
    assert_eq!(progress.bytes, std::fs::metadata(&path).unwrap().len());
    Recorded {
        directory,
        path,
        samples,
    }
}

/// Every Sample of an archive.
fn all(archive: &mut dyn Archive) -> Vec<Sample> {
    let mut sample = Sample::default();
    (0..archive.entries().len())
        .map(|at| {
            archive.read_into(at, &mut sample).unwrap();
            plain(&sample)
        })
        .collect()
}

#[test]
fn what_was_recorded_is_read_in_any_order() {
    let recorded = record(7, 150, 1000);
    for whole in [READ_WHOLE, 0] {
        let mut reader = Reader::open_within(&recorded.path, whole).unwrap();
        assert_eq!(reader.head(), &head());
        assert_eq!(reader.losses(), []);
        assert!(reader.is_closed());
        assert_eq!(reader.entries().len(), 150);
        assert_eq!(all(&mut reader), recorded.samples);
        let mut sample = Sample::default();
        for at in [149, 0, 60, 59, 61, 61, 3, 148, 120] {
            reader.read_into(at, &mut sample).unwrap();
            assert_eq!(plain(&sample), recorded.samples[at], "at {at}");
            assert_eq!(reader.entries()[at].taken_at_us, sample.taken_at_us);
        }
        assert!(reader.read_into(150, &mut sample).is_err());
    }
}

#[test]
fn more_frames_than_an_index_holds_are_found_by_it() {
    let recorded = record(3, 1100, 50);
    let walked = Reader::open(&recorded.path).unwrap();
    let indexed = Reader::open_within(&recorded.path, 0).unwrap();
    assert_eq!(walked.places, indexed.places);
    assert_eq!(walked.head, indexed.head);
}

#[test]
fn when_sockets_were_first_seen_is_known_in_the_middle() {
    let recorded = record(11, 130, 1000);
    let mut reader = Reader::open(&recorded.path).unwrap();
    let mut samples = crate::recording::Samples::new(head(), recorded.samples.clone());
    let mut sample = Sample::default();
    for at in [0, 1, 59, 60, 100, 129] {
        reader.read_into(at, &mut sample).unwrap();
        // A socket that was missing in between is another one for the file, and the same for whoever has seen them all.
        let known = samples
            .read_into(at, &mut sample)
            .map(|()| samples.first_seen());
        let (mut known, mut read) = (known.unwrap(), reader.first_seen());
        for seen in [&mut known, &mut read] {
            seen.sort_unstable();
            // The second row of a socket that the kernel reported twice is a new one for the file.
            seen.dedup_by_key(|(key, _)| *key);
        }
        assert_eq!(read, known, "at {at}");
    }
}

/// Opens what is left of a recording and checks that what it has is right, and that it says what it has not.
fn check_what_is_left(path: &Path, samples: &[Sample], chunk: usize, what: &str) -> usize {
    let mut reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            assert!(
                error.to_string().contains("is no recording"),
                "{what}: {error}"
            );
            return 0;
        }
    };
    let read = all(&mut reader);
    let mut left = samples.iter();
    for sample in &read {
        assert!(
            left.any(|known| known == sample || same_but_host(known, sample)),
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

/// The head is damaged, and so nobody knows whose sockets they are.
fn same_but_host(known: &Sample, read: &Sample) -> bool {
    let mut known = known.clone();
    known.host = read.host.clone();
    known == *read && read.host.hostname.is_empty()
}

#[test]
fn a_recording_that_was_cut_anywhere_is_read_up_to_there() {
    let recorded = record(23, 30, 8);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let cut = recorded.directory.path().join("cut.swr");
    let whole = Reader::open(&recorded.path).unwrap();
    for step in 0..500 {
        let length = bytes.len() * step / 500;
        std::fs::write(&cut, &bytes[..length]).unwrap();
        let Ok(mut reader) = Reader::open(&cut) else {
            assert!(length < HEAD_AND_FRAME, "cut at {length}");
            continue;
        };
        assert!(!reader.is_closed());
        let ends = |place: &&Place| {
            let next = whole.places.iter().find(|next| next.offset > place.offset);
            next.is_some_and(|next| next.offset <= length as u64)
        };
        let complete = whole.places.iter().filter(ends).count();
        let read = all(&mut reader);
        assert!(read.len() == complete || read.len() == complete + 1);
        assert_eq!(read, recorded.samples[..read.len()], "cut at {length}");
    }
}

/// Behind these bytes there is a whole head in the recordings above.
const HEAD_AND_FRAME: usize = 16 << 10;

#[test]
fn a_byte_that_was_flipped_costs_its_chunk_only_and_is_told() {
    const CHUNK: usize = 8;
    let recorded = record(29, 30, CHUNK);
    let bytes = std::fs::read(&recorded.path).unwrap();
    let flipped = recorded.directory.path().join("flipped.swr");
    let mut silent = 0;
    for step in 0..500 {
        let at = bytes.len() * step / 500;
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (step % 8);
        std::fs::write(&flipped, &damaged).unwrap();
        let what = format!("byte {at}");
        let lost = check_what_is_left(&flipped, &recorded.samples, CHUNK, &what);
        let reader = Reader::open(&flipped).unwrap();
        silent += usize::from(reader.losses().is_empty());
        assert!(
            lost == 0 || !reader.losses().is_empty(),
            "{what}: {lost} lost, and not told"
        );
    }
    assert_eq!(silent, 0, "every byte is covered by a check sum");
}

#[test]
fn samples_that_were_dropped_are_told_and_what_ended_in_them_is_lost() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, head()).unwrap();
    let (mut world, mut encoder) = (World::new(5), Encoder::new());
    let (mut ended, mut last) = (0, 0);
    for at in 0..20 {
        if recorder.needs_key() {
            encoder.restart();
        }
        let sample = world.turn();
        let (closed, lost) = (sample.closed.len() as u32, sample.lost_events);
        let frame = encoder.encode(sample).unwrap();
        if (10..13).contains(&at) {
            recorder.note_dropped(1, closed);
            ended += u64::from(closed);
        } else {
            assert!(recorder.offer(&frame), "sample {at}");
        }
        last = if at == 13 { lost } else { last };
    }
    assert_eq!(recorder.finish().unwrap().dropped, 3);
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.entries().len(), 17);
    assert_eq!(reader.entries()[10].dropped, 3);
    let mut sample = Sample::default();
    reader.read_into(10, &mut sample).unwrap();
    assert_eq!(sample.lost_events, last.saturating_add(ended));
}

#[test]
fn files_follow_one_another_and_the_oldest_goes() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        max_size: Some(40_000),
        keep: 2,
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, head()).unwrap();
    let (mut world, mut encoder) = (World::new(31), Encoder::new());
    let mut times = Vec::new();
    while recorder.progress().files < 5 && times.len() < 5000 {
        if recorder.needs_key() {
            encoder.restart();
        }
        let sample = world.turn();
        times.push(sample.taken_at_us);
        assert!(recorder.offer(&encoder.encode(sample).unwrap()));
    }
    recorder.finish().unwrap();
    let mut found = Vec::new();
    for name in ["s.swr.2", "s.swr.1", "s.swr"] {
        let reader = Reader::open(&directory.path().join(name)).unwrap();
        assert!(reader.is_closed() && reader.losses().is_empty(), "{name}");
        found.extend(reader.entries().iter().map(|entry| entry.taken_at_us));
    }
    assert!(
        times.ends_with(&found),
        "together they are the end of it, without a gap"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
}

#[test]
fn no_file_is_overwritten_and_none_written_by_two() {
    let directory = TempDir::new().unwrap();
    let options = |force| RecorderOptions {
        path: directory.path().join("s.swr"),
        force,
        ..RecorderOptions::default()
    };
    let refused = |force| {
        let refused = Recorder::start(options(force), head());
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let first = Recorder::start(options(false), head()).unwrap();
    assert!(refused(false).contains("another recorder"));
    assert!(refused(true).contains("another recorder"));
    first.finish().unwrap();
    assert!(refused(false).contains("--force"));
    assert!(Recorder::start(options(true), head()).is_ok());
    let nowhere = RecorderOptions {
        path: directory.path().join("missing/s.swr"),
        ..RecorderOptions::default()
    };
    let error = Recorder::start(nowhere, head()).unwrap_err().to_string();
    assert!(error.contains("cannot create"), "{error}");
    let device = RecorderOptions {
        path: "/dev/null".into(),
        force: true,
        ..RecorderOptions::default()
    };
    let error = Recorder::start(device, head()).unwrap_err().to_string();
    assert!(error.contains("no regular file"), "{error}");
}

#[test]
fn what_is_no_recording_says_so() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Reader::open(&path).unwrap_err().to_string()
    };
    for foreign in [
        &b""[..],
        b"SOCKWTCH",
        &vec![0; 100_000],
        b"\x7fELF and more of that than a head has",
    ] {
        assert!(refused(foreign).ends_with("is no recording of sockwatch"));
    }
    let mut later = disk_head();
    later[8] = 9;
    later[10] = 9;
    let json = later.split_off(20);
    let sum = crc32c::crc32c_append(crc32c::crc32c(&later[..16]), &json);
    later[16..20].copy_from_slice(&sum.to_le_bytes());
    later.extend(json);
    assert!(
        refused(&later).contains("format 9, which this version"),
        "{}",
        refused(&later)
    );
    let error = Reader::open(Path::new("/dev/zero"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no regular file"), "{error}");
    let error = Reader::open(&directory.path().join("none")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open"), "{error}");
}

fn disk_head() -> Vec<u8> {
    crate::recording::disk::head_bytes(&head())
}

#[test]
fn columns_and_sizes_are_told() {
    let recorded = record(17, 70, 1000);
    let inspection = Reader::open(&recorded.path).unwrap().inspect().unwrap();
    assert_eq!(
        (inspection.version, inspection.chunks, inspection.closed),
        (2, 2, true)
    );
    let sum: u64 = inspection.columns.iter().map(|(_, bytes)| bytes).sum();
    assert!(sum < inspection.unpacked_bytes && sum > inspection.unpacked_bytes / 2);
    for name in [
        "cookie",
        "tcp.bytes_acked",
        "memory.0",
        "texts",
        "first_seen",
    ] {
        assert!(
            inspection.columns.iter().any(|(known, _)| known == name),
            "{name}"
        );
    }
}

#[test]
fn history_keeps_whole_chunks_within_its_bounds_and_can_be_saved() {
    let (mut world, mut encoder) = (World::new(41), Encoder::new());
    let longest = Duration::from_secs(100);
    let mut history = History::new(head(), longest, 4 << 20);
    let mut samples = Vec::new();
    for _ in 0..400 {
        if history.needs_key() {
            encoder.restart();
        }
        let mut sample = plain(world.turn());
        sample.host = head().host.into();
        history.push(&encoder.encode(&sample).unwrap());
        samples.push(sample);
        assert!(history.bytes() <= 4 << 20);
    }
    let mut memory: Memory = history.snapshot();
    let kept = all(&mut memory);
    assert!(samples.ends_with(&kept));
    // As long as was asked for, and at most a chunk more.
    assert!((90..=150).contains(&kept.len()), "{}", kept.len());

    let directory = TempDir::new().unwrap();
    let options = RecorderOptions {
        path: directory.path().join("saved.swr"),
        ..RecorderOptions::default()
    };
    let range = kept.len() - 30..kept.len();
    let progress = save(&mut memory, range, options.clone()).unwrap();
    assert_eq!(progress.samples, 30);
    let mut reader = Reader::open(&options.path).unwrap();
    assert_eq!(all(&mut reader), kept[kept.len() - 30..]);

    let mut small = History::new(head(), longest, 400_000);
    let mut encoder = Encoder::new();
    for sample in &samples {
        if small.needs_key() {
            encoder.restart();
        }
        small.push(&encoder.encode(sample).unwrap());
    }
    assert!(small.bytes() <= 500_000, "{}", small.bytes());
    assert!(!small.snapshot().entries().is_empty());
}
