use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use clap::Parser as _;

use super::*;
use crate::cli::{self, Cli, Command};
use crate::command::shared::selection::Selection;
use crate::command::shared::text_output::TextOutput;
use crate::export;
use crate::filter::NoResolver;
use crate::model::{Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State};
use crate::recording::{Archive, Metadata, Reader, RecorderOptions, SampleArchive};
use crate::replay::{Depth, Replayer};

/// Connections of one Sample: enough to exceed pipes and buffers.
const CONNECTIONS: u16 = 600;

/// A Sample of connections that transfer data, each in the state that `state` returns for its port.
fn sample(at: u64, state: impl Fn(u16) -> State) -> Sample {
    let mut sample = Sample {
        taken_at_us: (1000 + at).cast_signed() * 1_000_000,
        monotonic_ns: (5 + at) * 1_000_000_000,
        events_available: true,
        ..Sample::default()
    };
    for port in 1..=CONNECTIONS {
        let end = |port| Endpoint {
            address: [192, 0, 2, 1].into(),
            port,
        };
        let ends = Ends::Inet {
            local: end(port),
            remote: end(40_000 + port),
        };
        // The length of Linux 5.4's `struct tcp_info`.
        let mut info = [0; 232];
        info[120..128].copy_from_slice(&(at * at * u64::from(port)).to_ne_bytes());
        let table = &mut sample.sockets;
        let (family, protocol) = (Family::Inet, Protocol::Tcp);
        let socket = Socket::new(1, port.into(), family, protocol, state(port), ends);
        let parts = Parts {
            info: &info,
            ..Parts::default()
        };
        table.push(socket, parts).unwrap();
    }
    sample
}

/// Parses the arguments of `record`.
fn arguments(words: &str) -> cli::Record {
    let typed = format!("sockwatch record --jsonl x {words}");
    let Some(Command::Record(arguments)) = Cli::parse_from(typed.trim().split(' ')).command else {
        panic!("record");
    };
    arguments
}

/// A session that writes only JSON Lines.
fn session(file: File, words: &str) -> RecordingSession {
    let arguments = arguments(words);
    let selection = Selection::in_all_states(&arguments.select, &NoResolver, true).unwrap();
    let out = TextOutput::File {
        file,
        path: PathBuf::from("x"),
        is_new: true,
        written: 0,
    };
    RecordingSession {
        encoder: Encoder::new(),
        recorder: None,
        lines: Some(JsonLinesThread::start(out).unwrap()),
        tracked: selection
            .excludes_any()
            .then(|| TrackedSockets::new(selection)),
        redactor: None,
        reporter: ProgressReporter::new(&arguments),
        counts: RecordingCounts::default(),
        lost_events: 0,
    }
}

/// Writes a Sample once the thread is ready for it.
fn write(session: &mut RecordingSession, sample: Sample) {
    while !session.lines.as_mut().unwrap().is_ready() {
        thread::yield_now();
    }
    let mut moment = Moment {
        sample,
        ..Moment::default()
    };
    session.write(&mut moment).unwrap();
}

/// The JSON Lines of a replay.
fn replayed(archive: Box<dyn Archive>) -> String {
    let number = archive.entries().len();
    let mut replayer = Replayer::new(archive);
    let (mut moment, mut out) = (Moment::default(), Vec::new());
    for at in 0..number {
        replayer.show(at, Depth::Full, &mut moment).unwrap();
        let rows: Vec<u32> = (0..moment.sample.sockets.len() as u32).collect();
        export::json::write_lines_with_time(&moment, &rows, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_equal_those_of_a_replay() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut session = session(file.reopen().unwrap(), "");
    let samples: Vec<Sample> = (0..8)
        .map(|at| sample(at, |_| State::Established))
        .collect();
    for sample in &samples {
        write(&mut session, sample.clone());
    }
    assert_eq!((session.counts.samples, session.counts.dropped), (8, 0));
    session.finish(&StopFlag::default()).unwrap();
    let written = std::fs::read_to_string(file.path()).unwrap();
    let samples = SampleArchive::new(Metadata::default(), samples);
    assert!(written == replayed(Box::new(samples)), "the same bytes");
}

#[test]
fn a_sample_that_one_output_drops_is_missing_in_both_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.swr");
    let (reader, writer) = std::io::pipe().unwrap();
    let mut session = session(File::from(std::os::fd::OwnedFd::from(writer)), "");
    let options = RecorderOptions {
        path: path.clone(),
        ..RecorderOptions::default()
    };
    session.recorder = Some(Recorder::start(options, Metadata::default()).unwrap());
    let mut moment = Moment::default();
    let mut write_next = |session: &mut RecordingSession, at| {
        moment.sample = sample(at, |_| State::Established);
        moment.sample.lost_events = 3;
        session.write(&mut moment).unwrap();
    };
    // Two may be queued, and they exceed the pipe's capacity.
    for at in 0..5 {
        write_next(&mut session, at);
    }
    assert_eq!((session.counts.samples, session.counts.dropped), (2, 3));
    assert_eq!(session.lost_events, 9, "lost with the dropped Samples");

    let reading = thread::spawn(move || {
        let mut text = String::new();
        File::from(std::os::fd::OwnedFd::from(reader))
            .read_to_string(&mut text)
            .map(|_| text)
    });
    while !session.lines.as_mut().unwrap().is_ready() {
        thread::yield_now();
    }
    write_next(&mut session, 5);
    assert_eq!((session.counts.samples, session.lost_events), (3, 0));
    session.finish(&StopFlag::default()).unwrap();
    let text = reading.join().unwrap().unwrap();

    let mut recording = Reader::open(&path).unwrap();
    let dropped: Vec<u32> = recording
        .entries()
        .iter()
        .map(|entry| entry.dropped)
        .collect();
    assert_eq!(dropped, [0, 0, 3]);
    let mut last = Sample::default();
    recording.read_into(2, &mut last).unwrap();
    assert_eq!(
        last.lost_events, 12,
        "its own and those of the dropped Samples"
    );
    assert!(text == replayed(Box::new(recording)), "the same bytes");
}

#[test]
fn a_closed_pipe_ends_the_session() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut session = session(File::from(std::os::fd::OwnedFd::from(writer)), "");
    drop(reader);
    write(&mut session, sample(0, |_| State::Established));
    while !session.has_failed() {
        thread::yield_now();
    }
    let error = session.finish(&StopFlag::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "x: its reader has gone; the output is incomplete"
    );
}

#[test]
fn a_socket_that_passed_the_filter_once_is_recorded_to_its_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut session = session(file.reopen().unwrap(), "state established sport <= 2");
    let states = [
        (State::SynSent, State::Established),
        (State::Established, State::FinWait1),
        (State::CloseWait, State::TimeWait),
    ];
    for (at, (first, second)) in states.into_iter().enumerate() {
        let state = |port| if port == 1 { first } else { second };
        write(&mut session, sample(at as u64, state));
    }
    session.finish(&StopFlag::default()).unwrap();
    let written = std::fs::read_to_string(file.path()).unwrap();
    let written: Vec<(String, String)> = written
        .lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            (json["local"]["port"].to_string(), json["state"].to_string())
        })
        .collect();
    let written: Vec<(&str, &str)> = written
        .iter()
        .map(|(port, state)| (port.as_str(), state.trim_matches('"')))
        .collect();
    assert_eq!(
        written,
        [
            ("2", "established"),
            ("1", "established"),
            ("2", "fin-wait-1"),
            ("1", "close-wait"),
            ("2", "time-wait"),
        ]
    );
}
