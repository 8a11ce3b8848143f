//! The JSON Schemas in `assets/schema`: they are those that the code describes, and what the program prints fits them.
//!
//! `SOCKWATCH_UPDATE_SCHEMA=1` writes the files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use sockwatch::command::info::info_schema;
use sockwatch::export::findings_schema;
use sockwatch::export::json::{event_schema, line_schema, list_schema, summary_schema};

use crate::support::requirements::{Requirement, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "the files are those that the code describes",
            &[],
            files_are_current,
        ),
        trial("list prints what its schema describes", &[], list_fits),
        trial(
            "export prints what the schema of a line describes",
            &[],
            export_fits,
        ),
        trial(
            "events prints what its schema describes",
            &[Requirement::Root],
            events_fit,
        ),
        trial("events of a recording fit", &[], recorded_events_fit),
        trial(
            "summary prints what its schema describes",
            &[],
            summary_fits,
        ),
        trial("info prints what its schema describes", &[], info_fits),
        trial(
            "diagnose prints what its schema describes",
            &[],
            findings_fit,
        ),
        trial(
            "a field that is not described is an error",
            &[],
            more_is_an_error,
        ),
    ]
}

/// Every schema by the name of its file.
fn schemas() -> [(&'static str, String); 6] {
    [
        ("list", list_schema()),
        ("line", line_schema()),
        ("event", event_schema()),
        ("summary", summary_schema()),
        ("info", info_schema()),
        ("diagnose", findings_schema()),
    ]
    .map(|(name, schema)| (name, schema.to_document()))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path(name: &str) -> PathBuf {
    root().join("assets/schema").join(format!("{name}.json"))
}

fn files_are_current() -> Result<(), Failed> {
    let directory = root().join("assets/schema");
    for (name, schema) in schemas() {
        let document: Json = serde_json::from_str(&schema)?;
        jsonschema::meta::validate(&document).map_err(|error| format!("{name}: {error}"))?;
        if std::env::var_os("SOCKWATCH_UPDATE_SCHEMA").is_some_and(|value| value == "1") {
            fs::create_dir_all(&directory)?;
            fs::write(path(name), &schema)?;
        }
        let file = fs::read_to_string(path(name)).unwrap_or_default();
        assert!(
            file == schema,
            "{name}.json is not what the code describes; SOCKWATCH_UPDATE_SCHEMA=1 cargo test --test export json_schema writes it"
        );
    }
    for entry in fs::read_dir(directory)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let name = file.strip_suffix(".json");
        let is_known = name.is_none_or(|name| schemas().iter().any(|(known, _)| *known == name));
        assert!(is_known, "{file} is described by nothing");
    }
    Ok(())
}

fn validator(name: &str) -> Result<Validator, Failed> {
    let schema: Json = serde_json::from_str(&fs::read_to_string(path(name))?)?;
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema);
    validator.map_err(|error| format!("{name}: {error}").into())
}

fn fits(validator: &Validator, instance: &Json) -> Result<(), Failed> {
    let mut errors = validator.iter_errors(instance);
    errors.next().map_or(Ok(()), |error| {
        Err(format!("{}: {error}", error.instance_path()).into())
    })
}

/// Checks lines of JSON; there must be some.
fn lines_fit(name: &str, lines: &str) -> Result<(), Failed> {
    let validator = validator(name)?;
    assert!(!lines.is_empty(), "there are lines");
    for line in lines.lines() {
        let line: Json = serde_json::from_str(line)?;
        fits(&validator, &line)?;
    }
    Ok(())
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the program prints; the status is not looked at.
fn printed(arguments: &[&str]) -> Result<String, Failed> {
    let output = command(arguments).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.stdout.is_empty(), "{arguments:?}: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Sockets of several families, open as long as it lives.
struct Open {
    _tcp: (TcpListener, TcpStream, TcpStream),
    _tcp6: Option<TcpListener>,
    _udp: UdpSocket,
    _unix: UnixListener,
    _directory: tempfile::TempDir,
}

fn open_sockets() -> Result<Open, Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    let directory = tempfile::tempdir()?;
    Ok(Open {
        _tcp: (listener, near, far),
        _tcp6: TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok(),
        _udp: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?,
        _unix: UnixListener::bind(directory.path().join("a socket"))?,
        _directory: directory,
    })
}

/// Recordings among the fixtures.
fn recordings() -> Result<Vec<String>, Failed> {
    let (mut open, mut found) = (vec![root().join("tests/fixtures")], Vec::new());
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "swr") {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert!(found.len() > 10, "{found:?}");
    Ok(found)
}

fn list_fits() -> Result<(), Failed> {
    let _open = open_sockets()?;
    let document: Json = serde_json::from_str(&printed(&["list", "-a", "--json"])?)?;
    fits(&validator("list")?, &document)?;
    let sockets = document["sockets"].as_array().ok_or("sockets")?;
    assert!(sockets.len() >= 5, "{} sockets", sockets.len());
    lines_fit("line", &printed(&["list", "-a", "--jsonl"])?)
}

fn export_fits() -> Result<(), Failed> {
    let recordings = recordings()?;
    let file = recordings.last().ok_or("a recording")?;
    let lines = printed(&["export", file, "--format", "jsonl"])?;
    assert!(lines.starts_with("{\"taken_at\":"), "lines have a time");
    lines_fit("line", &lines)
}

fn events_fit() -> Result<(), Failed> {
    let mut process = command(&[
        "events",
        "--json",
        "--interval",
        "100ms",
        "--duration",
        "20s",
    ])
    .stdout(Stdio::piped())
    .spawn()?;
    let out = process.stdout.take().ok_or("its output")?;
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let validator = validator("event")?;
    let limit = Instant::now() + Duration::from_secs(20);
    let mut missing = vec!["opened", "closed"];
    while !missing.is_empty() && Instant::now() < limit {
        drop(open_sockets()?);
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(100)) {
            let event: Json = serde_json::from_str(&line)?;
            fits(&validator, &event)?;
            missing.retain(|kind| event["event"] != *kind);
        }
    }
    // Its output is closed with the channel, or it has ended.
    let _ = process.kill();
    process.wait()?;
    drop(lines);
    reader.join().map_err(|_| "the reader panicked")?;
    assert!(missing.is_empty(), "no event is {missing:?}");
    Ok(())
}

fn recorded_events_fit() -> Result<(), Failed> {
    let mut all = String::new();
    for file in recordings()? {
        let output = command(&["events", "--json", "--from", &file]).output()?;
        // Nothing happened in some of them.
        all.push_str(std::str::from_utf8(&output.stdout)?);
    }
    for kind in ["opened", "closed", "state"] {
        let event = format!("\"event\":\"{kind}\"");
        assert!(all.contains(&event), "{kind}");
    }
    let count = json!({"at": "2026-11-20T19:44:43.123456Z", "event": "lost", "count": 3});
    fits(&validator("event")?, &count)?;
    lines_fit("event", &all)
}

fn summary_fits() -> Result<(), Failed> {
    let _open = open_sockets()?;
    let validator = validator("summary")?;
    fits(
        &validator,
        &serde_json::from_str(&printed(&["summary", "--json"])?)?,
    )?;
    let recordings = recordings()?;
    let file = recordings.first().ok_or("a recording")?;
    let recorded = printed(&["summary", "--json", "--from", file])?;
    fits(&validator, &serde_json::from_str(&recorded)?)
}

fn info_fits() -> Result<(), Failed> {
    let validator = validator("info")?;
    let recordings = recordings()?;
    for file in &recordings {
        fits(
            &validator,
            &serde_json::from_str(&printed(&["info", file, "--json"])?)?,
        )?;
    }
    // One that is cut has losses.
    let directory = tempfile::tempdir()?;
    let cut = directory.path().join("cut.swr");
    let bytes = fs::read(&recordings[0])?;
    fs::write(&cut, &bytes[..bytes.len() * 2 / 3])?;
    let cut = cut.to_string_lossy();
    let info: Json = serde_json::from_str(&printed(&["info", &cut, "--json"])?)?;
    assert_eq!(info["whole"], false);
    fits(&validator, &info)
}

fn findings_fit() -> Result<(), Failed> {
    let validator = validator("diagnose")?;
    let mut findings = 0;
    for file in recordings()? {
        let document: Json = serde_json::from_str(&printed(&["diagnose", &file, "--json"])?)?;
        fits(&validator, &document)?;
        findings += document["findings"].as_array().map_or(0, Vec::len);
    }
    assert!(findings > 10, "{findings}");
    Ok(())
}

fn more_is_an_error() -> Result<(), Failed> {
    let _open = open_sockets()?;
    let validator = validator("line")?;
    let lines = printed(&["list", "-ta", "--jsonl"])?;
    let line = lines.lines().find(|line| line.contains("\"established\""));
    let socket: Json = serde_json::from_str(line.ok_or("a connection")?)?;
    fits(&validator, &socket)?;
    for place in ["", "/local", "/remote", "/owners/0", "/tcp", "/memory"] {
        let mut more = socket.clone();
        let object = more.pointer_mut(place).ok_or(place)?;
        object["more"] = json!(1);
        assert!(!validator.is_valid(&more), "{place}/more");
    }
    for field in socket.as_object().ok_or("an object")?.keys() {
        let mut less = socket.clone();
        less.as_object_mut().ok_or("an object")?.remove(field);
        assert!(!validator.is_valid(&less), "without {field}");
    }
    Ok(())
}
