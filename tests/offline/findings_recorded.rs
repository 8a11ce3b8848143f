//! Every finding from a recording, in complete sentences, as `sockwatch diagnose FILE` reports it.
//!
//! The recordings are of conditions that were really there: `tests/support/findings.py` makes them, and
//! `fixtures_are_rerecorded` leaves out what does not matter and names the host neutrally. A namespace cannot have three of
//! them, for they are limits of the whole machine: `tcp-memory-pressure`, `orphans` and `conntrack-full` are a quiet
//! recording whose counters and settings are set for some seconds.

mod limits;
mod listeners;
mod paths;
mod ports;

use std::path::Path;
use std::process::Command;

use crate::support::rewrite_recording::{
    fixture, minimize, rewrite_recording, set_counter, set_setting,
};
use serde_json::Value as Json;
use sockwatch::diagnose::FINDINGS;

/// One finding as it is expected.
#[derive(Debug, PartialEq)]
struct Expected {
    id: &'static str,
    severity: &'static str,
    /// Its subject as words: kind, place, process.
    subject: &'static str,
    cause: Option<&'static str>,
    /// Times of day; it began and ended while it was recorded.
    span: (&'static str, &'static str),
    summary: &'static str,
    advice: &'static str,
}

/// Runs `sockwatch diagnose` on a fixture, in UTC and without a configuration of this machine.
fn diagnose(name: &str, more: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .arg("diagnose")
        .arg(fixture(name))
        .args(more)
        .env("TZ", "UTC")
        .env("SOCKWATCH_CONFIG", "none")
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
    let text = String::from_utf8(output.stdout).expect("it is text");
    (text, output.status.code().expect("it ends by itself"))
}

/// A subject as words.
fn subject(json: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let end = |end: &Json| format!("{}:{}", text(&end["address"]), end["port"]);
    let place = match text(&json["kind"]).as_str() {
        "socket" => format!("{} {}", text(&json["protocol"]), end(&json["local"])),
        "remote" if json["port"].is_null() => text(&json["address"]),
        "remote" => end(json),
        "path" => format!("{} to {}", text(&json["source"]), end(&json["destination"])),
        _ => String::new(),
    };
    let process = match &json["process"] {
        Json::Null => String::new(),
        process => format!("{} ({})", text(&process["comm"]), process["pid"]),
    };
    let words = [text(&json["kind"]), place, process];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(", ")
}

/// The time of day of an instant, to the second.
fn time(json: &Json) -> &str {
    json.as_str()
        .and_then(|text| text.get(11..19))
        .unwrap_or("–")
}

/// Asserts that exactly these are reported of a recording, as JSON and as text, with the exit status.
fn assert_findings(name: &str, more: &[&str], expected: &[Expected]) {
    let (text, status) = diagnose(name, &[more, &["--json"]].concat());
    let document: Json = serde_json::from_str(&text).expect("it is JSON");
    let findings = document["findings"].as_array().expect("it is a list");
    let ids: Vec<&Json> = findings.iter().map(|finding| &finding["id"]).collect();
    assert_eq!(ids.len(), expected.len(), "{name}: {ids:?}");
    for (finding, expected) in findings.iter().zip(expected) {
        assert_eq!(finding["summary"], expected.summary, "{name}");
        assert_eq!(finding["advice"], expected.advice, "{name}");
        assert_eq!(finding["id"], expected.id, "{name}");
        assert_eq!(finding["severity"], expected.severity, "{name}");
        assert_eq!(
            finding["evidence"]["cause"].as_str(),
            expected.cause,
            "{name}"
        );
        assert_eq!(subject(&finding["subject"]), expected.subject, "{name}");
        let span = (time(&finding["since"]), time(&finding["until"]));
        assert_eq!(span, expected.span, "{name}");
    }
    let fails = expected.iter().any(|expected| expected.severity != "info");
    assert_eq!(status, i32::from(fails), "{name}");

    let (text, status) = diagnose(name, more);
    assert_eq!(status, i32::from(fails), "{name}");
    for expected in expected {
        let head = format!("{:<10}{} It ended at ", expected.severity, expected.summary);
        assert!(text.contains(&head), "{name}: {text}");
        assert!(
            text.contains(&format!("\n          {}\n", expected.advice)),
            "{name}: {text}"
        );
        assert!(
            text.contains(&format!("[{}] ", expected.id)),
            "{name}: {text}"
        );
    }
}

/// Makes the fixtures from what `tests/support/findings.py` has recorded:
///
/// ```text
/// tests/support/findings.py target/debug/sockwatch /tmp/raw
/// SOCKWATCH_RAW=/tmp/raw cargo test --test offline findings_recorded -- --ignored
/// ```
///
/// Their times, pids and numbers are others then, and so are the sentences here.
#[test]
#[ignore = "needs SOCKWATCH_RAW, a folder that tests/support/findings.py has filled"]
fn fixtures_are_rerecorded() {
    let raw = std::env::var("SOCKWATCH_RAW").expect("SOCKWATCH_RAW is set");
    let mut names: Vec<String> = std::fs::read_dir(&raw)
        .expect("the folder can be read")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".swr").map(str::to_owned))
        .collect();
    names.sort();
    for name in names {
        let from = Path::new(&raw).join(&name).with_extension("swr");
        if name != "quiet" {
            rewrite_recording(&from, &fixture(&name), |_, sample| {
                minimize(sample);
            });
            continue;
        }
        // From the fifth second to the fourteenth.
        let grown = |at: usize, step: i64| {
            if (5..14).contains(&at) {
                at as i64 * step
            } else {
                0
            }
        };
        rewrite_recording(&from, &fixture("tcp-memory-pressure"), |at, sample| {
            minimize(sample);
            set_setting(sample, "net.ipv4.tcp_mem", "96000\t128000\t192000");
            set_counter(sample, "sockstat.TCP.mem", 4000 + grown(at, 12_000));
        });
        rewrite_recording(&from, &fixture("orphans"), |at, sample| {
            minimize(sample);
            set_setting(sample, "net.ipv4.tcp_max_orphans", "8192");
            set_counter(sample, "sockstat.TCP.orphan", 3 + grown(at, 500));
        });
        rewrite_recording(&from, &fixture("conntrack-full"), |at, sample| {
            minimize(sample);
            set_setting(sample, "net.netfilter.nf_conntrack_max", "65536");
            let count = 40_000 + grown(at, 1900);
            set_counter(sample, "net.netfilter.nf_conntrack_count", count);
        });
    }
}

#[test]
fn every_kind_has_its_recording() {
    let source = [
        include_str!("findings_recorded/limits.rs"),
        include_str!("findings_recorded/listeners.rs"),
        include_str!("findings_recorded/paths.rs"),
        include_str!("findings_recorded/ports.rs"),
    ]
    .concat();
    for kind in &FINDINGS {
        let expected = format!("id: \"{}\",", kind.id());
        assert!(
            source.contains(&expected),
            "nothing is expected of {}",
            kind.id()
        );
    }
}
