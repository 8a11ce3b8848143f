//! Commands on recordings that are damaged where no checksum shows it, cut, or dated beyond the calendar.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const MAGIC: &[u8] = b"\xf5frm";

/// A copy of the fixture with six Samples, and the offsets of its frames.
struct Copy {
    directory: TempDir,
    bytes: Vec<u8>,
    frames: Vec<usize>,
}

impl Copy {
    fn new() -> Copy {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recording/v1.swr");
        let bytes = std::fs::read(fixture).expect("the fixture is in the repository");
        let frames = (0..bytes.len() - 64).filter(|&at| {
            bytes[at..].starts_with(MAGIC)
                && matches!(bytes[at + 4], 1 | 2)
                && bytes[at + 48..at + 56] == (at as u64).to_le_bytes()
        });
        let frames: Vec<usize> = frames.collect();
        assert_eq!(frames.len(), 6);
        let directory = tempfile::tempdir().expect("a directory");
        Copy {
            directory,
            bytes,
            frames,
        }
    }

    /// Replaces the payload of a frame, with the checksum of the new one.
    fn spoil(&mut self, frame: usize) {
        let at = self.frames[frame];
        let length = self.bytes[at + 8..at + 12].try_into().expect("four bytes");
        let payload = at + 64..at + 64 + u32::from_le_bytes(length) as usize;
        self.bytes[payload.clone()].fill(7);
        let sum = crc32c::crc32c(&self.bytes[payload]);
        self.bytes[at + 60..at + 64].copy_from_slice(&sum.to_le_bytes());
    }

    /// Sets the time of a frame, µs since 1970 UTC.
    fn date(&mut self, frame: usize, us: i64) {
        let at = self.frames[frame];
        self.bytes[at + 16..at + 24].copy_from_slice(&us.to_le_bytes());
        let sum = crc32c::crc32c(&self.bytes[at..at + 56]);
        self.bytes[at + 56..at + 60].copy_from_slice(&sum.to_le_bytes());
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("night.swr")
    }

    /// Runs a command on the file.
    fn run(&self, arguments: &[&str]) -> Output {
        std::fs::write(self.path(), &self.bytes).expect("it is written");
        Command::new(env!("CARGO_BIN_EXE_sockwatch"))
            .args(arguments)
            .arg(self.path())
            .env("TZ", "UTC")
            .env("SOCKWATCH_CONFIG", "none")
            .output()
            .expect("it runs")
    }

    /// Runs a command that succeeds, and returns its output and its notes.
    fn output(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
        let (out, notes) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{notes}");
        (out, notes)
    }

    /// Runs a command that fails with one line.
    fn error(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).expect("it is text");
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn the_sample_before_one_that_cannot_be_read_is_shown() {
    let mut copy = Copy::new();
    let at_fifth = copy.output(&["list", "-tan", "--at", "+1.7s", "--from"]).0;
    for spoiled in [5, 4] {
        copy.spoil(spoiled);
        for command in ["list", "summary"] {
            let (_, notes) = copy.output(&[command, "--from"]);
            let note = format!(
                "sockwatch: {}: the sample at ",
                copy.path().to_string_lossy()
            );
            assert!(notes.starts_with(&note), "{notes}");
            assert!(notes.contains(" cannot be read ("), "{notes}");
            assert!(notes.contains("; this is the one at "), "{notes}");
            assert_eq!(notes.lines().count(), 1, "{notes}");
        }
        let shown = copy.output(&["list", "-tan", "--from"]).0;
        assert_eq!(shown == at_fifth, spoiled == 5);
    }
}

#[test]
fn samples_that_cannot_be_read_are_not_counted() {
    let mut copy = Copy::new();
    assert_eq!(json(&copy.output(&["info", "--json"]).0)["samples"], 6);
    copy.spoil(4);
    let info = json(&copy.output(&["info", "--json"]).0);
    assert_eq!(info["samples"], 4, "the last one depends on it");
    assert_eq!(info["whole"], false);
}

#[test]
fn a_diagnosis_of_a_recording_with_lost_samples_is_incomplete() {
    let mut copy = Copy::new();
    copy.spoil(4);
    let output = copy.run(&["diagnose", "--json"]);
    let document = json(&String::from_utf8_lossy(&output.stdout));
    let unchecked = document["not_checked"].as_array().expect("a list");
    let is_named = |entry: &serde_json::Value| {
        let why = entry["why"].as_str().unwrap_or_default();
        why.contains("part of the recording could not be read")
    };
    assert!(unchecked.iter().any(is_named), "{document:#}");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_recording_without_a_readable_sample_says_why() {
    let mut copy = Copy::new();
    copy.spoil(0);
    for command in ["list", "summary"] {
        let error = copy.error(&[command, "--from"]);
        assert!(error.contains("night.swr: no sample up to "), "{error}");
    }
    // The checksums are wrong as well.
    for frame in copy.frames.clone() {
        copy.bytes[frame + 70..frame + 80].fill(0x55);
    }
    for arguments in [&["list", "--from"][..], &["replay"]] {
        let error = copy.error(arguments);
        assert!(
            error.contains("night.swr: contains no readable samples: corrupt before the first"),
            "{error}"
        );
        assert!(error.contains("checksum mismatch"), "{error}");
    }
}

#[test]
fn a_file_that_is_cut_within_its_header_is_incomplete() {
    let mut copy = Copy::new();
    for length in [2000, 19, 9] {
        copy.bytes.truncate(length);
        let error = copy.error(&["info"]);
        assert!(
            error.contains("night.swr: incomplete: the file was cut within its header"),
            "{error}"
        );
    }
}

#[test]
fn times_beyond_the_calendar_are_named() {
    let mut copy = Copy::new();
    copy.date(5, i64::MAX);
    let info = copy.output(&["info"]).0;
    assert!(info.contains(" to after year 9999 ("), "{info}");
    copy.date(0, i64::MIN);
    let info = copy.output(&["info"]).0;
    assert!(info.contains("before year -9999 to"), "{info}");
}
