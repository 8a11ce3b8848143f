//! Recordings made by each version of the format, which every later version must read.
//!
//! `v1.swr` was made of a real kernel: listeners, connections that move bytes, short ones that end, TIME-WAITs, UDP; some three
//! hundred sockets with several congestion controls. `v1.jsonl` has each 45th line of its export at that time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sockwatch::aggregate::Moment;
use sockwatch::export::json;
use sockwatch::model::{ProcessRow, Sample};
use sockwatch::recording::{Archive, Reader};
use sockwatch::replay::{Depth, Replayer};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/recording")
        .join(name)
}

/// A recording of a version of the format.
struct Fixture {
    name: &'static str,
    interval: Duration,
    /// Distance between the lines of the export that were kept.
    line_step: usize,
    /// Number of sockets that ended during the recording.
    closed: usize,
}

const FIXTURES: [Fixture; 1] = [Fixture {
    name: "v1",
    interval: Duration::from_millis(400),
    line_step: 45,
    closed: 78,
}];

fn open(recording: &Fixture) -> Reader {
    Reader::open(&fixture(&format!("{}.swr", recording.name))).expect("it is a recording")
}

#[test]
fn recordings_of_every_version_are_exported_as_they_were() {
    for recording in &FIXTURES {
        let reader = open(recording);
        let metadata = reader.metadata();
        assert_eq!(metadata.host.hostname, "web-3");
        assert_eq!(metadata.program, "0.1.0");
        assert_eq!(metadata.interval, recording.interval);
        let mut capabilities = metadata.capabilities.iter();
        assert!(capabilities.any(|name| name == "CAP_NET_ADMIN"));
        assert_eq!(metadata.filter, "-atu");
        assert!(!metadata.redacted && reader.is_closed());
        assert_eq!(reader.losses(), []);
        assert_eq!(reader.entries().len(), 6);
        let expected = std::fs::read_to_string(fixture(&format!("{}.jsonl", recording.name)));
        let expected = expected.expect("the fixture is in the repository");
        let exported = export(reader);
        let exported: Vec<&str> = exported.lines().step_by(recording.line_step).collect();
        assert_eq!(exported.len(), expected.lines().count());
        for (exported, expected) in exported.iter().zip(expected.lines()) {
            assert_contains(exported, expected);
        }
    }
}

/// Exports a recording as JSON Lines.
fn export(reader: Reader) -> String {
    let mut replayer = Replayer::new(Box::new(reader));
    let mut moment = Moment::default();
    let mut exported = Vec::new();
    for at in 0..replayer.archive().entries().len() {
        replayer
            .show(at, Depth::Full, &mut moment)
            .expect("it is not damaged");
        let rows: Vec<u32> = (0..moment.sample.sockets.len() as u32).collect();
        json::write_lines_with_time(&moment, &rows, &mut exported).expect("memory has room");
    }
    String::from_utf8(exported).expect("JSON is text")
}

/// Asserts that every field of a line is exported with the same value. Later versions may add fields.
fn assert_contains(exported: &str, expected: &str) {
    let parse = |text: &str| -> serde_json::Value {
        serde_json::from_str(text).expect("each line is an object")
    };
    let (exported, expected) = (parse(exported), parse(expected));
    for (name, value) in expected.as_object().expect("each line is an object") {
        let mut value = value.clone();
        if name == "tcp" {
            remove_unmeasured(&mut value);
        }
        if name == "rates" {
            assert_rates(&exported[name], &value);
            continue;
        }
        assert!(
            has_all(&exported[name], &value),
            "{name} is {} in place of {value}",
            exported[name]
        );
    }
}

/// True if a value has all that an earlier version exported: its objects may have more fields.
fn has_all(value: &serde_json::Value, earlier: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (value, earlier) {
        (Object(value), Object(earlier)) => earlier
            .iter()
            .all(|(name, earlier)| value.get(name).is_some_and(|value| has_all(value, earlier))),
        (Array(value), Array(earlier)) => {
            let mut pairs = value.iter().zip(earlier);
            value.len() == earlier.len() && pairs.all(|(value, earlier)| has_all(value, earlier))
        }
        (value, earlier) => value == earlier,
    }
}

/// Compares rates, which are derived: the first version counted the SYN and the FIN as a byte each.
fn assert_rates(exported: &serde_json::Value, expected: &serde_json::Value) {
    /// Bytes per second of two bytes in the shortest interval of the fixtures, 400 ms.
    const TWO_BYTES: f64 = 5.01;
    assert_eq!(exported.is_null(), expected.is_null());
    for direction in ["received_bytes_per_s", "sent_bytes_per_s"] {
        let rate = |rates: &serde_json::Value| rates[direction].as_f64();
        assert_eq!(rate(exported).is_some(), rate(expected).is_some());
        let (is, was) = (rate(exported).unwrap_or(0.0), rate(expected).unwrap_or(0.0));
        assert!((was - is).abs() < TWO_BYTES, "{direction}: {is} of {was}");
    }
}

/// Removes the ages of segments that never were, which the first version exported as the kernel initializes them.
fn remove_unmeasured(tcp_info: &mut serde_json::Value) {
    for (age, segments) in [
        ("last_data_sent", "data_segs_out"),
        ("last_data_recv", "data_segs_in"),
        ("last_ack_recv", "segs_in"),
    ] {
        if tcp_info[segments] == 0
            && let Some(fields) = tcp_info.as_object_mut()
        {
            fields.remove(age);
        }
    }
}

#[test]
fn recordings_of_every_version_have_processes_counters_names_and_closed_sockets() {
    for recording in &FIXTURES {
        let mut reader = open(recording);
        let mut sample = Sample::default();
        let mut closed = 0;
        for at in 0..reader.entries().len() {
            reader
                .read_into(at, &mut sample)
                .expect("it is not damaged");
            assert!(sample.events_available && sample.visibility.processes > 0);
            assert!(sample.counters.protocols.get("Tcp.CurrEstab").is_some());
            assert_eq!(sample.counters.interfaces[0].name, "lo");
            assert_eq!(sample.user_name(0), Some("root"));
            let is_python = |row: &ProcessRow| row.process.comm == "python3";
            assert!(sample.processes.iter().any(is_python));
            closed += sample.closed.len();
        }
        assert_eq!(closed, recording.closed);
    }
}
