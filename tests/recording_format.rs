//! The first recording of each version of the format, which every later version must read.
//!
//! `v1.swr` was recorded from a real kernel: listeners, connections that move bytes, short ones that end, one that nobody
//! accepts, UDP. `v1.jsonl` is what was exported from it then.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sockwatch::aggregate::Moment;
use sockwatch::export::json;
use sockwatch::model::Sample;
use sockwatch::recording::{Archive, Reader};
use sockwatch::replay::{Depth, Replayer};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/recording")
        .join(name)
}

#[test]
fn the_first_recording_is_read_as_it_was() {
    let reader = Reader::open(&fixture("v1.swr")).expect("it is a recording");
    let head = reader.head();
    assert_eq!(head.host.hostname, "web-3");
    assert_eq!(head.program, "0.1.0");
    assert_eq!(head.interval, Duration::from_millis(400));
    assert!(head.capabilities.iter().any(|name| name == "CAP_NET_ADMIN"));
    assert_eq!(head.filter, "-atu");
    assert!(!head.redacted && reader.is_closed());
    assert_eq!(reader.losses(), []);
    assert_eq!(reader.entries().len(), 6);

    let mut replayer = Replayer::new(Box::new(reader));
    let mut moment = Moment::default();
    let mut exported = Vec::new();
    for at in 0..replayer.archive().entries().len() {
        replayer
            .show(at, Depth::Whole, &mut moment)
            .expect("it is whole");
        let rows: Vec<u32> = (0..moment.sample.sockets.rows.len() as u32).collect();
        json::write_lines_with_time(&moment, &rows, &mut exported).expect("memory has room");
    }
    let expected = std::fs::read(fixture("v1.jsonl")).expect("the fixture is in the repository");
    let lines = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let (exported, expected): (Vec<String>, Vec<String>) = (lines(&exported), lines(&expected));
    assert_eq!(exported.len(), expected.len());
    for (exported, expected) in exported.iter().zip(&expected) {
        is_told(exported, expected);
    }
}

/// Every fact that was told then is told the same; a later version may add to them.
fn is_told(exported: &str, expected: &str) {
    let parse = |text: &str| -> serde_json::Value {
        serde_json::from_str(text).expect("each line is an object")
    };
    let (exported, expected) = (parse(exported), parse(expected));
    for (name, value) in expected.as_object().expect("each line is an object") {
        assert_eq!(&exported[name], value, "{name} of {expected}");
    }
}

#[test]
fn what_lies_beside_its_sockets_is_read_too() {
    let mut reader = Reader::open(&fixture("v1.swr")).expect("it is a recording");
    let mut sample = Sample::default();
    let mut ended = 0;
    for at in 0..reader.entries().len() {
        reader.read_into(at, &mut sample).expect("it is whole");
        assert!(sample.events_available && sample.visibility.processes > 0);
        assert!(sample.counters.protocols.get("Tcp.CurrEstab").is_some());
        assert_eq!(sample.counters.interfaces[0].name, "lo");
        assert_eq!(sample.user_name(0), Some("root"));
        let comm = |row: &sockwatch::model::ProcessRow| row.process.comm == "python3";
        assert!(sample.processes.iter().any(comm));
        ended += sample.closed.len();
    }
    assert_eq!(ended, ENDED);
}

/// Sockets that ended while it was recorded.
const ENDED: usize = 10;
