use std::sync::{Arc, Mutex};

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};
use crate::model::{Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State};
use crate::recording::{Metadata, RecordingError, SampleArchive};

/// One Sample per second, beginning 1000 s after 1970 UTC, with two connections that transfer data.
fn samples(number: u64) -> Vec<Sample> {
    (0..number).map(sample).collect()
}

fn sample(at: u64) -> Sample {
    let mut sample = Sample {
        taken_at_us: (1000 + at).cast_signed() * 1_000_000,
        monotonic_ns: (5 + at) * 1_000_000_000,
        events_available: true,
        ..Sample::default()
    };
    for port in [80, 443] {
        let end = |address: &str, port| Endpoint {
            address: address.parse().unwrap(),
            port,
        };
        let ends = Ends::Inet {
            local: end("192.0.2.1", port),
            remote: end("198.51.100.7", 40_000 + port),
        };
        // The length of Linux 5.4's `struct tcp_info`.
        let mut info = [0; 232];
        let moved = at * at * u64::from(port);
        info[120..128].copy_from_slice(&moved.to_ne_bytes());
        let table = &mut sample.sockets;
        let socket = Socket::new(
            1,
            port.into(),
            Family::Inet,
            Protocol::Tcp,
            State::Established,
            ends,
        );
        let parts = Parts {
            info: &info,
            ..Parts::default()
        };
        table.push(socket, parts).unwrap();
    }
    sample
}

/// Parses the arguments of `export x.swr`.
fn arguments(words: &str) -> cli::Export {
    let typed = format!("sockwatch export x.swr {words}");
    let Some(Command::Export(arguments)) = Cli::parse_from(typed.split(' ')).command else {
        panic!("export");
    };
    arguments
}

/// A writer whose contents can be read while another owns it.
#[derive(Debug, Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Exports an archive; returns the text and the reported damage.
fn exported(archive: impl Archive + 'static, words: &str) -> (String, Vec<String>) {
    let arguments = arguments(words);
    let range = sample_range(&arguments, &archive, &TimeZone::UTC).unwrap();
    let selection =
        Selection::in_all_states(&arguments.select, &RecordedNames::default(), true).unwrap();
    let out = SharedBuffer::default();
    let writer: Box<dyn RowWriter> = match arguments.format {
        Format::Csv => Box::new(CsvWriter {
            out: out.clone(),
            options: CsvOptions {
                heading: true,
                for_terminal: false,
            },
        }),
        _ => Box::new(JsonLinesWriter(out.clone())),
    };
    let reported = std::cell::RefCell::new(Vec::new());
    export_samples(
        Replayer::new(Box::new(archive)),
        range,
        &selection,
        arguments.redact.then(Redactor::new),
        writer,
        &|error| reported.borrow_mut().push(error.to_string()),
    )
    .unwrap();
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    (text, reported.into_inner())
}

fn lines(words: &str) -> Vec<String> {
    let archive = SampleArchive::new(Metadata::default(), samples(30));
    let (text, skipped) = exported(archive, words);
    assert!(skipped.is_empty(), "{skipped:?}");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_time_range_has_the_same_rates_as_the_full_export() {
    let whole = lines("--format jsonl");
    assert_eq!(whole.len(), 60);
    assert!(whole[0].contains("\"rates\":null"));
    for (part, from, to) in [
        ("--from 00:16:50 --to 00:16:59", 10, 20),
        ("--from +10s", 10, 30),
        ("--from -5s", 24, 30),
        ("--to +3s", 0, 4),
        ("--from 1970-01-01T00:16:50.000001Z --to 00:16:51", 11, 12),
    ] {
        let part = lines(&format!("--format jsonl {part}"));
        assert_eq!(part, whole[from * 2..to * 2]);
    }
}

#[test]
fn an_empty_time_range_is_an_error_with_the_span() {
    let archive = SampleArchive::new(Metadata::default(), samples(30));
    for words in ["--from +1h", "--to -1h", "--from 00:16:51 --to 00:16:50"] {
        let arguments = arguments(&format!("--format jsonl {words}"));
        let said = sample_range(&arguments, &archive, &TimeZone::UTC).unwrap_err();
        let said = said.to_string();
        assert!(
            said.contains("1970-01-01 00:16:40 to 1970-01-01 00:17:09"),
            "{said}"
        );
    }
    let arguments = arguments("--format jsonl --from soon");
    let said = sample_range(&arguments, &archive, &TimeZone::UTC).unwrap_err();
    assert!(said.is::<crate::command::UsageError>());
}

#[test]
fn csv_has_one_heading_and_the_time_in_front() {
    let rows = lines("--format csv");
    assert_eq!(rows.len(), 61);
    assert!(rows[0].starts_with("taken_at,netns,"));
    assert!(rows[1].starts_with("1970-01-01T00:16:40.000000Z,1,,80,"));
    assert!(rows[60].starts_with("1970-01-01T00:17:09.000000Z,1,,443,"));
}

#[test]
fn redaction_follows_the_filter() {
    let rows = lines("--format jsonl --redact -t src 192.0.2.1:443");
    assert_eq!(rows.len(), 30);
    for row in &rows {
        assert!(
            row.contains("\"address\":\"198.18.0.1\",\"port\":443"),
            "{row}"
        );
        assert!(
            !row.contains("192.0.2") && !row.contains("198.51.100"),
            "{row}"
        );
    }
    let plain = lines("--format jsonl src 192.0.2.1:443");
    let rate = |line: &String| {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        json["rates"].clone()
    };
    let rates: Vec<_> = plain.iter().map(rate).collect();
    assert_eq!(rows.iter().map(rate).collect::<Vec<_>>(), rates);
    assert!(rates[1]["sent_bytes_per_s"].is_number());
    assert!(lines("--format jsonl -u").is_empty());
    assert!(lines("--format jsonl state time-wait").is_empty());
}

/// A recording with one damaged Sample.
struct Damaged(SampleArchive, usize);

impl Archive for Damaged {
    fn metadata(&self) -> &Metadata {
        self.0.metadata()
    }

    fn entries(&self) -> &[crate::recording::Entry] {
        self.0.entries()
    }

    fn losses(&self) -> &[crate::recording::Loss] {
        self.0.losses()
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        if at == self.1 {
            return Err(RecordingError::Damaged("its checksum is wrong".to_owned()));
        }
        self.0.read_into(at, sample)
    }

    fn first_seen(&self) -> Vec<(crate::model::SocketKey, u64)> {
        self.0.first_seen()
    }
}

#[test]
fn a_damaged_sample_is_reported_and_the_rest_is_exported() {
    let archive = Damaged(SampleArchive::new(Metadata::default(), samples(30)), 7);
    let (text, skipped) = exported(archive, "--format jsonl");
    assert_eq!(text.lines().count(), 58);
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].contains("checksum"), "{skipped:?}");
}
