//! Files that are complete, or not recordings.

mod damage;

use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::model::Host;
use crate::recording::simulator::{Simulator, normalized};
use crate::recording::{
    Encoder, FrameHistory, HistorySnapshot, Recorder, RecorderOptions, SampleArchive, save,
};

/// A recording and its Samples.
struct Recorded {
    directory: TempDir,
    path: PathBuf,
    samples: Vec<Sample>,
}

fn metadata() -> Metadata {
    Metadata {
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
        tables: Some(vec!["tcp".to_owned()]),
        restricted: true,
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
    let mut recorder = Recorder::start(options, metadata()).unwrap();
    let (mut simulator, mut encoder) = (Simulator::new(seed), Encoder::new());
    let mut samples = Vec::new();
    for at in 0..count {
        if at % chunk == 0 {
            encoder.restart();
        }
        let mut sample = normalized(simulator.next_sample());
        sample.host = metadata().host.into();
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

#[test]
fn a_recording_whose_owner_is_blocked_can_be_closed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, metadata()).unwrap();
    let closer = recorder.closer();
    let frame = Encoder::new().encode(Simulator::new(3).next_sample());
    let frame = frame.unwrap();
    assert!(recorder.offer(&frame));
    assert!(closer.close(Duration::from_secs(20)));
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.entries().len(), 1);
    assert!(reader.inspect().unwrap().closed);
    // The owner goes on, and nothing is written any more.
    assert!(!recorder.offer(&frame));
    assert_eq!(recorder.finish().unwrap().samples, 1);
    assert!(Reader::open(&path).unwrap().inspect().unwrap().closed);
}

/// Returns every Sample of an archive.
fn all(archive: &mut dyn Archive) -> Vec<Sample> {
    let mut sample = Sample::default();
    (0..archive.entries().len())
        .map(|at| {
            archive.read_into(at, &mut sample).unwrap();
            normalized(&sample)
        })
        .collect()
}

#[test]
fn samples_are_read_in_any_order() {
    let recorded = record(7, 150, 1000);
    for max_scanned in [MAX_SCANNED, 0] {
        let mut reader = Reader::open_within(&recorded.path, max_scanned).unwrap();
        assert_eq!(reader.metadata(), &metadata());
        assert_eq!(reader.losses(), []);
        assert!(reader.is_closed());
        assert_eq!(reader.entries().len(), 150);
        assert_eq!(all(&mut reader), recorded.samples);
        let mut sample = Sample::default();
        for at in [149, 0, 60, 59, 61, 61, 3, 148, 120] {
            reader.read_into(at, &mut sample).unwrap();
            assert_eq!(normalized(&sample), recorded.samples[at], "at {at}");
            assert_eq!(reader.entries()[at].time, sample.time());
        }
        assert!(reader.read_into(150, &mut sample).is_err());
    }
}

#[test]
fn every_stream_of_a_recording_has_a_name() {
    let mut reader = Reader::open(&record(5, 150, 1000).path).unwrap();
    let streams = reader.inspect().unwrap().streams;
    let unknown = |(name, _): &&(String, u64)| name.starts_with("unknown");
    assert_eq!(streams.iter().find(unknown), None);
    for section in ["suspended", "names", "faults", "first_seen", "tcp.rtt"] {
        assert!(streams.iter().any(|(name, _)| name == section), "{section}");
    }
    let numbers = (0..stream::FIXED_STREAM_COUNT).chain(stream::TCP..stream::STREAM_COUNT);
    let mut unnamed = numbers.filter(|stream| stream::name(*stream).is_none());
    assert_eq!(unnamed.next(), None);
}

#[test]
fn several_indices_list_all_frames() {
    let recorded = record(3, 1100, 50);
    let scanned = Reader::open(&recorded.path).unwrap();
    let indexed = Reader::open_within(&recorded.path, 0).unwrap();
    assert_eq!(scanned.frames, indexed.frames);
    assert_eq!(scanned.metadata, indexed.metadata);
}

#[test]
fn first_seen_times_are_known_after_a_seek() {
    let recorded = record(11, 130, 1000);
    let mut reader = Reader::open(&recorded.path).unwrap();
    let mut samples = SampleArchive::new(metadata(), recorded.samples.clone());
    let mut sample = Sample::default();
    for at in [0, 1, 59, 60, 100, 129] {
        reader.read_into(at, &mut sample).unwrap();
        let known = samples
            .read_into(at, &mut sample)
            .map(|()| samples.first_seen());
        let (mut known, mut read) = (known.unwrap(), reader.first_seen());
        // The second row of a socket that the kernel reported twice is a new socket for the file, also in later samples.
        let samples_before = &recorded.samples[..=at];
        let is_repeated = |key: SocketKey| {
            samples_before.iter().any(|sample| {
                let rows = sample.sockets.iter();
                rows.filter(|row| row.key() == key).count() > 1
            })
        };
        for seen in [&mut known, &mut read] {
            seen.retain(|(key, _)| !is_repeated(*key));
            seen.sort_unstable();
        }
        assert_eq!(read, known, "at {at}");
    }
}

#[test]
fn dropped_samples_are_counted_and_their_closed_sockets_are_lost_events() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, metadata()).unwrap();
    let (mut simulator, mut encoder) = (Simulator::new(5), Encoder::new());
    let (mut ended, mut last) = (0, 0);
    for at in 0..20 {
        if recorder.needs_key() {
            encoder.restart();
        }
        let sample = simulator.next_sample();
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
fn files_are_rotated_and_the_oldest_is_removed() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("s.swr");
    let options = RecorderOptions {
        path: path.clone(),
        max_size: Some(40_000),
        keep: 2,
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, metadata()).unwrap();
    let (mut simulator, mut encoder) = (Simulator::new(31), Encoder::new());
    let mut times = Vec::new();
    while recorder.progress().files < 5 && times.len() < 5000 {
        if recorder.needs_key() {
            encoder.restart();
        }
        let sample = simulator.next_sample();
        times.push(sample.taken_at_us);
        assert!(recorder.offer(&encoder.encode(sample).unwrap()));
    }
    recorder.finish().unwrap();
    let mut found = Vec::new();
    for name in ["s.swr.2", "s.swr.1", "s.swr"] {
        let reader = Reader::open(&directory.path().join(name)).unwrap();
        assert!(reader.is_closed() && reader.losses().is_empty(), "{name}");
        found.extend(reader.entries().iter().map(|entry| entry.time.wall_us));
    }
    assert!(
        times.ends_with(&found),
        "together they are the end of it, without a gap"
    );
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
}

#[test]
fn no_file_is_overwritten_or_written_by_two_recorders() {
    let directory = TempDir::new().unwrap();
    let options = |force| RecorderOptions {
        path: directory.path().join("s.swr"),
        force,
        ..RecorderOptions::default()
    };
    let refused = |force| {
        let refused = Recorder::start(options(force), metadata());
        refused
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let first = Recorder::start(options(false), metadata()).unwrap();
    assert!(refused(false).contains("in use by another recorder"));
    assert!(refused(true).contains("in use by another recorder"));
    first.finish().unwrap();
    assert!(refused(false).contains("--force"));
    assert!(Recorder::start(options(true), metadata()).is_ok());
    let nowhere = RecorderOptions {
        path: directory.path().join("missing/s.swr"),
        ..RecorderOptions::default()
    };
    let error = Recorder::start(nowhere, metadata())
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot create"), "{error}");
    let device = RecorderOptions {
        path: "/dev/null".into(),
        force: true,
        ..RecorderOptions::default()
    };
    let error = Recorder::start(device, metadata()).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Reader::open(&path).unwrap_err().to_string()
    };
    for foreign in [
        &b""[..],
        b"\x89SW",
        &vec![0; 100_000],
        b"\x7fELF and more of that than a head has",
    ] {
        assert!(refused(foreign).ends_with("not a sockwatch recording"));
    }
    let mut later = header_bytes();
    later[8] = 9;
    later[10] = 9;
    let json = later.split_off(20);
    let sum = crc32c::crc32c_append(crc32c::crc32c(&later[..16]), &json);
    later[16..20].copy_from_slice(&sum.to_le_bytes());
    later.extend(json);
    assert!(
        refused(&later).contains("unsupported format 9"),
        "{}",
        refused(&later)
    );
    // Of format 2, as it was before 0.1.
    let mut former = b"SOCKWTCH\x02\0\x02\0\x02\0\0\0".to_vec();
    former.extend(crc32c::crc32c_append(crc32c::crc32c(&former), b"{}").to_le_bytes());
    former.extend(b"{}");
    assert_eq!(
        refused(&former),
        format!(
            "{}: recorded by a development version of sockwatch before 0.1; record again",
            path.display()
        )
    );
    let error = Reader::open(Path::new("/dev/zero"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a regular file"), "{error}");
    let error = Reader::open(&directory.path().join("none")).unwrap_err();
    assert!(error.to_string().starts_with("cannot open"), "{error}");
}

fn header_bytes() -> Vec<u8> {
    crate::recording::format::file_header(&metadata())
}

#[test]
fn inspection_has_the_sizes_of_streams() {
    let recorded = record(17, 70, 1000);
    let inspection = Reader::open(&recorded.path).unwrap().inspect().unwrap();
    assert_eq!(
        (inspection.version, inspection.chunks, inspection.closed),
        (1, 7, true)
    );
    let sum: u64 = inspection.streams.iter().map(|(_, bytes)| bytes).sum();
    assert!(sum < inspection.unpacked_bytes && sum > inspection.unpacked_bytes / 2);
    for name in [
        "cookie",
        "tcp.bytes_acked",
        "memory.0",
        "texts",
        "first_seen",
    ] {
        assert!(
            inspection.streams.iter().any(|(known, _)| known == name),
            "{name}"
        );
    }
}

#[test]
fn a_history_keeps_complete_chunks_within_its_bounds_and_can_be_saved() {
    let (mut simulator, mut encoder) = (Simulator::new(41), Encoder::new());
    let longest = Duration::from_secs(100);
    let mut history = FrameHistory::new(metadata(), longest, 4 << 20);
    let mut samples = Vec::new();
    for _ in 0..400 {
        if history.needs_key() {
            encoder.restart();
        }
        let mut sample = normalized(simulator.next_sample());
        sample.host = metadata().host.into();
        history.push(&encoder.encode(&sample).unwrap());
        samples.push(sample);
        assert!(history.bytes() <= 4 << 20);
    }
    let mut snapshot: HistorySnapshot = history.snapshot();
    let kept = all(&mut snapshot);
    assert!(samples.ends_with(&kept));
    // Covers the requested time, and at most one chunk more.
    assert!((90..=150).contains(&kept.len()), "{}", kept.len());

    let directory = TempDir::new().unwrap();
    let options = RecorderOptions {
        path: directory.path().join("saved.swr"),
        ..RecorderOptions::default()
    };
    let range = kept.len() - 30..kept.len();
    let progress = save(&mut snapshot, range, options.clone()).unwrap();
    assert_eq!(progress.samples, 30);
    let mut reader = Reader::open(&options.path).unwrap();
    assert_eq!(all(&mut reader), kept[kept.len() - 30..]);

    let mut small = FrameHistory::new(metadata(), longest, 400_000);
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
