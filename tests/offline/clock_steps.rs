//! Recordings during which the wall clock is set or the system suspended, and recordings that were not closed, as the
//! commands read them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use sockwatch::model::Sample;
use sockwatch::recording::{Encoder, Metadata, Recorder, RecorderOptions};
use sockwatch::source::Source;
use tempfile::TempDir;

use crate::support::synthetic::{Load, Synthetic};

/// 2026-11-20 20:14:07 UTC, µs: the first Sample of every recording.
const START_US: i64 = 1_795_205_647_000_000;
const SECOND_US: i64 = 1_000_000;

/// Clocks of a Sample by its number, s: what the wall clock shows after the start, and the time in suspension, if it is
/// recorded.
type Clocks = fn(i64) -> (i64, Option<u64>);

/// A recording of 20 Samples, one a second.
struct Recording {
    _directory: TempDir,
    path: PathBuf,
}

impl Recording {
    fn new(clocks: Clocks) -> Recording {
        let directory = TempDir::new().expect("a directory");
        let path = directory.path().join("s.swr");
        let options = RecorderOptions {
            path: path.clone(),
            ..RecorderOptions::default()
        };
        let metadata = Metadata {
            interval: Duration::from_secs(1),
            ..Metadata::default()
        };
        let mut recorder = Recorder::start(options, metadata).expect("a file");
        let (mut machine, mut encoder) = (Synthetic::new(Load::of(60)), Encoder::new());
        let mut sample = Sample::default();
        for at in 0..20 {
            machine.next_into(&mut sample).expect("it always has one");
            let (wall_s, suspended_s) = clocks(at);
            sample.taken_at_us = START_US + wall_s * SECOND_US;
            sample.monotonic_ns = (900 + at.unsigned_abs()) * 1_000_000_000;
            sample.suspended_ns = suspended_s.map(|seconds| seconds * 1_000_000_000);
            assert!(recorder.offer(&encoder.encode(&sample).expect("memory")));
        }
        recorder.finish().expect("it is written");
        Recording {
            _directory: directory,
            path,
        }
    }

    /// Runs a command; `FILE` among the arguments is the recording.
    fn run(&self, arguments: &[&str]) -> Output {
        let path = self.path.to_str().expect("UTF-8");
        let arguments = arguments.iter().map(|argument| match *argument {
            "FILE" => path,
            other => other,
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
        command
            .args(arguments)
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command.output().expect("it runs")
    }

    /// Runs a command that succeeds; returns what it prints and its standard error.
    fn output(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let [out, said] = text(&output);
        assert!(output.status.success(), "{arguments:?}: {said}");
        (out, said)
    }

    /// What `diagnose` prints, and its standard error. It cannot check every finding: the recording has no settings.
    fn diagnose(&self) -> [String; 2] {
        text(&self.run(&["diagnose", "FILE", "--config", "none"]))
    }

    fn info(&self) -> Json {
        let (out, _) = self.output(&["info", "FILE", "--json"]);
        serde_json::from_str(&out).expect("JSON")
    }

    /// The number of the Sample that `--at` finds, and what is said.
    fn at(&self, text: &str) -> (u64, String) {
        let (out, said) = self.output(&["list", "--from", "FILE", "--at", text, "--json"]);
        let document: Json = serde_json::from_str(&out).expect("JSON");
        let ns = document["monotonic_ns"].as_u64().expect("a number");
        (ns / 1_000_000_000 - 900, said)
    }

    /// The numbers of the first and the last Sample that are exported with these arguments, and what is said.
    fn exported(&self, arguments: &[&str]) -> (usize, String) {
        let mut all = vec!["export", "FILE", "--format", "jsonl"];
        all.extend(arguments);
        let (out, said) = self.output(&all);
        let time = |line: &str| {
            let socket: Json = serde_json::from_str(line).expect("JSON");
            socket["taken_at"].as_str().expect("a time").to_owned()
        };
        let mut times: Vec<String> = out.lines().map(time).collect();
        times.dedup();
        (times.len(), said)
    }
}

/// Standard output and standard error.
fn text(output: &Output) -> [String; 2] {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// The clock is set back by an hour before the tenth Sample.
fn an_hour_back(at: i64) -> (i64, Option<u64>) {
    (if at < 10 { at } else { at - 3600 }, Some(0))
}

/// The clock is set back by five seconds before the tenth Sample.
fn five_seconds_back(at: i64) -> (i64, Option<u64>) {
    (if at < 10 { at } else { at - 5 }, Some(0))
}

/// The clock is set forward by an hour before the tenth Sample.
fn an_hour_forward(at: i64) -> (i64, Option<u64>) {
    (if at < 10 { at } else { at + 3600 }, Some(0))
}

/// The system is suspended for ten minutes before the tenth Sample.
fn suspended(at: i64) -> (i64, Option<u64>) {
    if at < 10 {
        (at, Some(30))
    } else {
        (at + 600, Some(630))
    }
}

#[test]
fn info_reports_steps_and_measures_by_the_monotonic_clock() {
    for (clocks, seconds, words) in [
        (
            an_hour_back as Clocks,
            -3600.0,
            "the clock stepped back by 1 h",
        ),
        (five_seconds_back, -5.0, "the clock stepped back by 5 s"),
        (an_hour_forward, 3600.0, "the clock stepped forward by 1 h"),
    ] {
        let recording = Recording::new(clocks);
        let info = recording.info();
        assert_eq!(info["span_s"], 19.0);
        assert_eq!(info["suspended_s"], 0.0);
        assert_eq!(info["gaps"], Json::Array(Vec::new()), "a step is no gap");
        let steps = info["clock_steps"].as_array().expect("a list");
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert_eq!(steps[0]["seconds"], seconds);
        assert_eq!(steps[0]["from"], "2026-11-20T20:14:16.000000Z");
        assert_eq!(steps[0]["may_be_suspension"], false);
        let (text, _) = recording.output(&["info", "FILE"]);
        assert!(
            text.contains(&format!("2026-11-20 20:14:16  {words}")),
            "{text}"
        );
        assert!(
            text.contains("(19 s; the clock was set in between)"),
            "{text}"
        );
    }
}

#[test]
fn info_reports_suspension_as_a_gap() {
    let recording = Recording::new(suspended);
    let info = recording.info();
    assert_eq!(info["span_s"], 19.0);
    assert_eq!(info["suspended_s"], 600.0);
    assert_eq!(info["clock_steps"], Json::Array(Vec::new()));
    let gaps = info["gaps"].as_array().expect("a list");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!(gaps[0]["seconds"], 601.0);
    assert_eq!(gaps[0]["suspended_s"], 600.0);
    let (text, _) = recording.output(&["info", "FILE"]);
    assert!(text.contains("(19 s, and suspended for 10 min)"), "{text}");
    assert!(
        text.contains("no sample taken: the system was suspended for 10 min"),
        "{text}"
    );
    assert_eq!(recording.at("+12s").0, 12, "relative times exclude it");
    assert_eq!(recording.at("20:20:00"), (9, String::new()), "in the gap");
}

#[test]
fn what_was_not_recorded_is_not_guessed() {
    let recording = Recording::new(|at| (if at < 10 { at } else { at + 600 }, None));
    let info = recording.info();
    assert_eq!(info["suspended_s"], Json::Null);
    assert_eq!(info["clock_steps"][0]["may_be_suspension"], true);
    let (text, _) = recording.output(&["info", "FILE"]);
    assert!(
        text.contains("stepped forward by 10 min, or the system was suspended"),
        "{text}"
    );
}

#[test]
fn every_sample_is_found_by_time_on_either_side_of_a_step() {
    let back = Recording::new(an_hour_back);
    for (text, at) in [
        ("20:14:07", 0),
        ("20:14:16", 9),
        ("19:14:17", 10),
        ("19:14:26", 19),
        ("2026-11-20T19:14:20Z", 13),
        ("+3s", 3),
        ("+15s", 15),
        ("-1s", 18),
        ("-19s", 0),
    ] {
        assert_eq!(back.at(text), (at, String::new()), "{text}");
    }
    let refused = back.run(&["list", "--from", "FILE", "--at", "19:14:07"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains(
            "the recording covers 2026-11-20 20:14:07 to 2026-11-20 20:14:16 and 2026-11-20 19:14:17 to \
             2026-11-20 19:14:26"
        ),
        "{said}"
    );
    assert_eq!(back.exported(&["--from", "-3s"]), (4, String::new()));
    assert_eq!(back.exported(&["--from", "20:14:15"]), (12, String::new()));
    assert_eq!(back.exported(&["--to", "20:14:15"]), (9, String::new()));
    assert_eq!(back.exported(&[]), (20, String::new()));
}

#[test]
fn a_time_that_occurs_twice_or_never_is_reported() {
    let back = Recording::new(five_seconds_back);
    let (at, said) = back.at("20:14:14");
    assert_eq!(at, 12, "the later one");
    assert!(
        said.contains(
            "20:14:14 occurs twice: using the later one; for the earlier one use +7s (the clock stepped back by 5 s \
             after 2026-11-20 20:14:16)"
        ),
        "{said}"
    );
    assert_eq!(back.at("+7s").0, 7);
    assert_eq!(back.at("20:14:11"), (4, String::new()));
    let (samples, said) = back.exported(&["--from", "20:14:14", "--to", "20:14:15"]);
    assert_eq!(samples, 7, "from the earlier one to the later one");
    assert_eq!(said.lines().count(), 2, "{said}");

    let forward = Recording::new(an_hour_forward);
    let (at, said) = forward.at("20:30:00");
    assert_eq!(at, 9, "the nearest");
    assert!(
        said.contains("20:30:00 was skipped: the clock stepped forward by 1 h"),
        "{said}"
    );
    assert_eq!(forward.at("21:14:00").0, 10);
}

#[test]
fn lifetimes_and_findings_do_not_depend_on_the_wall_clock() {
    let even = Recording::new(|at| (at, Some(0)));
    let lifetimes = |recording: &Recording| -> Vec<Json> {
        let (out, _) = recording.output(&["events", "--from", "FILE", "--json"]);
        let lines = out.lines().map(|line| {
            let event: Json = serde_json::from_str(line).expect("JSON");
            event["lifetime_ms"].clone()
        });
        lines.collect()
    };
    let expected = lifetimes(&even);
    assert!(
        expected
            .iter()
            .any(|lifetime| lifetime.as_f64() > Some(1000.0))
    );
    let [findings, _] = even.diagnose();
    for clocks in [an_hour_back as Clocks, an_hour_forward, suspended] {
        let recording = Recording::new(clocks);
        assert_eq!(lifetimes(&recording), expected);
        assert_eq!(recording.diagnose()[0], findings);
    }
}

#[test]
fn events_say_where_their_times_do_not_go_on() {
    for (clocks, said) in [
        (
            an_hour_back as Clocks,
            "sockwatch: the clock stepped back by 1 h\n",
        ),
        (
            suspended,
            "sockwatch: the system was suspended for 10 min\n",
        ),
        (|at| (at, Some(0)), ""),
    ] {
        let recording = Recording::new(clocks);
        assert_eq!(recording.output(&["events", "--from", "FILE"]).1, said);
    }
}

#[test]
fn every_command_says_that_a_recording_was_not_closed() {
    let recording = Recording::new(|at| (at, Some(0)));
    let commands: [&[&str]; 4] = [
        &["list", "--from", "FILE"],
        &["summary", "--from", "FILE"],
        &["events", "--from", "FILE"],
        &["export", "FILE", "--format", "jsonl"],
    ];
    for arguments in commands {
        assert_eq!(recording.output(arguments).1, "", "{arguments:?}");
    }
    assert!(!recording.diagnose()[1].contains("not closed"));
    cut_the_end(&recording.path);
    let wanted = "not closed: its end may be missing, or it is still being written\n";
    assert!(recording.diagnose()[1].contains(wanted));
    for arguments in commands {
        let (_, said) = recording.output(arguments);
        assert!(said.ends_with(wanted), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    }
    assert_eq!(recording.info()["samples"], 20, "no Sample was cut");
}

/// Removes the end frame, which is a header and 8 bytes.
fn cut_the_end(path: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(path);
    let file = file.expect("the recording");
    let length = file.metadata().expect("its length").len();
    file.set_len(length - 72).expect("it is cut");
}
