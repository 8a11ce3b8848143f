//! Names of devices and control groups that sockets have outlived or that are patterns, and names that would control a
//! terminal.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;

use libtest_mimic::Failed;
use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
use serde_json::Value as Json;
use sockwatch::printable::is_printable;

use crate::support::network_namespace::{device_index, ip};
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::{fallible, panicking, run, text};

pub(crate) const CASES: &[Case] = &[
    fallible(
        "a removed device is called by its index",
        &[Requirement::Root, Requirement::Ip],
        removed_devices_have_an_index,
    ),
    fallible(
        "names of cgroups, devices and states are patterns",
        &[Requirement::Root, Requirement::Ip, Requirement::Cgroup2],
        names_are_patterns,
    ),
    fallible(
        "names of hosts, processes, sockets and files control no terminal",
        &[Requirement::Root],
        hostile_names_are_escaped,
    ),
    panicking(
        "arguments are quoted with escapes",
        &[],
        hostile_arguments_are_escaped,
    ),
];

/// Controls the terminal, begins a line, and reorders and hides text.
const HOSTILE: &str = "h\x1b[31m\n\u{9b}\u{202e}\u{ad}\u{2028}\u{e0041}";

/// The same on a terminal.
const ESCAPED: &str = "h\\u{1b}[31m\\n\\u{9b}\\u{202e}\\u{ad}\\u{2028}\\u{e0041}";

/// Asserts that an output has only printable characters and line breaks.
fn assert_printable(output: &[u8], from: &[&str]) {
    let text = std::str::from_utf8(output).expect("UTF-8");
    let hidden = text.find(|c: char| c != '\n' && !is_printable(c));
    assert_eq!(hidden, None, "{from:?}: {text:?}");
}

fn hostile_names_are_escaped() -> Result<(), Failed> {
    // This process is the test's own.
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUTS)?;
    rustix::system::sethostname(HOSTILE.as_bytes())?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join(format!("{HOSTILE}.swr"));
    let file = file.to_str().expect("UTF-8");
    let _socket = UnixListener::bind(directory.path().join(HOSTILE))?;
    let recorded = run(&[
        "record",
        "-o",
        file,
        "--interval",
        "100ms",
        "--duration",
        "300ms",
    ]);
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    assert!(text(&recorded.stderr).contains(ESCAPED));
    assert_printable(&recorded.stderr, &["record"]);
    for arguments in [
        &["summary"][..],
        &["list", "-x", "-a"],
        &["summary", "--from", file],
        &["info", file],
        &["list", "-x", "-a", "--from", file],
        &["diagnose", file],
    ] {
        let output = run(arguments);
        assert_printable(&output.stdout, arguments);
        assert_printable(&output.stderr, arguments);
        let shown = text(&output.stdout).contains(ESCAPED);
        assert!(shown || arguments[0] == "diagnose", "{arguments:?}");
    }
    for arguments in [
        &["summary", "--json"][..],
        &["summary", "--json", "--from", file],
        &["info", "--json", file],
        &["list", "-xa", "--json"],
        &["export", file, "--format", "jsonl"],
    ] {
        let output = run(arguments);
        assert_printable(&output.stdout, arguments);
        // The document, or the first line.
        let mut documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        let first: Json = documents.next().ok_or("no output")??;
        if let Some(host) = first.get("host") {
            assert_eq!(host["hostname"], HOSTILE, "{arguments:?}");
        }
    }
    Ok(())
}

fn hostile_arguments_are_escaped() {
    for arguments in [
        &["list", "-A", HOSTILE][..],
        &["list", "-f", HOSTILE],
        &["list", "--columns", HOSTILE],
        &["list", "--sort", HOSTILE],
        &["list", "-F", HOSTILE],
        &["list", "--from", HOSTILE],
        &["list", HOSTILE],
        &["list", "process", "=~", HOSTILE],
        &["list", "user", HOSTILE],
        &["info", HOSTILE],
        &["help", HOSTILE],
        &["diagnose", "--config", HOSTILE],
        &["diagnose", "--fail-on", HOSTILE],
        &["record", "--interval", HOSTILE],
        &["export", HOSTILE, "--format", HOSTILE],
        &["--history", HOSTILE],
        &["--no-such-option", HOSTILE],
        &[HOSTILE],
    ] {
        let output = run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert_printable(&output.stderr, arguments);
        assert_printable(&output.stdout, arguments);
    }
}

fn removed_devices_have_an_index() -> Result<(), Failed> {
    ip("link add gone0 type veth peer name gone1");
    let server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    setsockopt(&server, BindToDevice, &"gone0".into())?;
    let port = server.local_addr()?.port();
    let index = device_index("gone0");
    let filter = format!("sport = {port}");
    let listed = |arguments: &[&str]| {
        let mut all = vec!["list", "-tlH"];
        all.extend(arguments);
        text(&run(&all).stdout)
    };
    assert!(listed(&["-r", &filter]).contains("0.0.0.0%gone0:"));
    ip("link del gone0");
    for resolved in ["-n", "-r"] {
        let line = listed(&[resolved, &filter]);
        assert!(line.contains(&format!("0.0.0.0%if{index}:")), "{line}");
    }
    let json: Json = serde_json::from_str(&listed(&["--json", &filter]))?;
    assert_eq!(json["sockets"][0]["interface"], format!("if{index}"));
    for name in [format!("if{index}"), index.to_string(), "if*".to_owned()] {
        let by_device = format!("dev {name} {filter}");
        assert_eq!(listed(&[&by_device]).lines().count(), 1, "{by_device}");
    }
    Ok(())
}

fn names_are_patterns() -> Result<(), Failed> {
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let own = format!("sport = {}", server.local_addr()?.port());
    for (condition, count) in [
        ("cgroup = \"/*\"", 1),
        ("cgroup = \"/no such group*\"", 0),
        ("state list*", 1),
        ("state est*", 0),
        ("protocol tc*", 1),
        ("process =~ .", 1),
    ] {
        let filter = format!("{condition} {own}");
        let output = run(&["list", "-tlH", &filter]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        assert_eq!(lines.lines().count(), count, "{filter}: {lines}");
    }
    Ok(())
}
