//! Recordings made by each version of the format, which every later version must read.
//!
//! All are of real kernels: listeners, connections that move bytes, short ones that end, TIME-WAITs, UDP. `v1.swr` has nine
//! sockets and one that nobody accepts, `v2.swr` some three hundred, of several congestion controls. `v1.jsonl` is what was
//! exported then, `v2.jsonl` each 45th line of that.

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

/// A recording that is kept.
struct Kept {
    name: &'static str,
    interval: Duration,
    /// Each how manieth line was kept of what was exported.
    each: usize,
    /// Sockets that ended while it was recorded.
    ended: usize,
}

const KEPT: [Kept; 2] = [
    Kept {
        name: "v1",
        interval: Duration::from_millis(400),
        each: 1,
        ended: 10,
    },
    Kept {
        name: "v2",
        interval: Duration::from_millis(400),
        each: 45,
        ended: 78,
    },
];

fn open(kept: &Kept) -> Reader {
    Reader::open(&fixture(&format!("{}.swr", kept.name))).expect("it is a recording")
}

#[test]
fn each_is_read_as_it_was() {
    for kept in &KEPT {
        let reader = open(kept);
        let head = reader.head();
        assert_eq!(head.host.hostname, "web-3");
        assert_eq!(head.program, "0.1.0");
        assert_eq!(head.interval, kept.interval);
        assert!(head.capabilities.iter().any(|name| name == "CAP_NET_ADMIN"));
        assert_eq!(head.filter, "-atu");
        assert!(!head.redacted && reader.is_closed());
        assert_eq!(reader.losses(), []);
        assert_eq!(reader.entries().len(), 6);
        let expected = std::fs::read_to_string(fixture(&format!("{}.jsonl", kept.name)));
        let expected = expected.expect("the fixture is in the repository");
        let exported = exported(reader);
        let exported: Vec<&str> = exported.lines().step_by(kept.each).collect();
        assert_eq!(exported.len(), expected.lines().count(), "{}", kept.name);
        for (exported, expected) in exported.iter().zip(expected.lines()) {
            is_told(exported, expected);
        }
    }
}

/// All of a recording as JSON Lines.
fn exported(reader: Reader) -> String {
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
    String::from_utf8(exported).expect("JSON is text")
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
fn data_besides_sockets_is_read() {
    for kept in &KEPT {
        let mut reader = open(kept);
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
        assert_eq!(ended, kept.ended, "{}", kept.name);
    }
}
