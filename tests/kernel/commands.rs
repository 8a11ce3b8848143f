//! `list` with filters, `summary`, `events` and `kill`, end to end on the real kernel, in a network namespace of the test.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use clap::{CommandFactory as _, Parser as _};
use libtest_mimic::Failed;
use serde_json::Value as Json;
use sockwatch::cli::filter_help::EXAMPLES;
use sockwatch::cli::{Cli, Topic};

use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{address, listener, pair};
use crate::support::wait::patience;
use crate::{fallible, run, sockwatch, text};

const REQUIREMENTS: &[Requirement] = &[Requirement::Root, Requirement::Ip];

/// Connections that are opened and closed while `events` runs.
const SHORT_CONNECTIONS: usize = 3000;

pub(crate) const CASES: &[Case] = &[
    fallible("every example of the help runs", REQUIREMENTS, examples_run),
    fallible(
        "every command of the README and the help topics runs",
        REQUIREMENTS,
        readme_runs,
    ),
    fallible(
        "kill ends the matching connection and no other",
        REQUIREMENTS,
        kill_ends_one,
    ),
    fallible(
        "kill spares a new socket with the same addresses",
        REQUIREMENTS,
        kill_spares_a_new_socket,
    ),
    fallible(
        "kill refuses empty and ambiguous filters",
        REQUIREMENTS,
        kill_refuses,
    ),
    fallible(
        "kill without the capability fails before it asks",
        REQUIREMENTS,
        kill_without_capability,
    ),
    fallible(
        "events reports every short connection once, with its bytes",
        REQUIREMENTS,
        events_are_complete,
    ),
    fallible(
        "events reports a connection that was reset and is still open, and its close once",
        REQUIREMENTS,
        events_of_one_reset,
    ),
    fallible(
        "events counts lost events and those that a filter could not be evaluated for",
        REQUIREMENTS,
        lost_events_are_counted,
    ),
    fallible(
        "kill ends all confirmed sockets even if its output is closed",
        REQUIREMENTS,
        kill_survives_a_closed_pipe,
    ),
    fallible(
        "kill closes nothing that it cannot show",
        REQUIREMENTS,
        kill_needs_an_output,
    ),
    fallible(
        "kill of most connections needs --all, or the number typed",
        REQUIREMENTS,
        kill_of_most_needs_all,
    ),
    fallible(
        "a filter file that is too long is refused, not cut",
        &[],
        a_long_filter_file_is_refused,
    ),
    fallible(
        "autobound means the same in every format, and to kill",
        REQUIREMENTS,
        autobound_is_the_kernels,
    ),
    fallible(
        "summary counts what the kernel counts",
        REQUIREMENTS,
        summary_counts,
    ),
];

fn examples_run() -> Result<(), Failed> {
    for (example, _) in EXAMPLES {
        let started = Instant::now();
        let output = run(&["list", "-a", example]);
        assert!(
            output.status.success(),
            "{example}: {}",
            text(&output.stderr)
        );
        // Only filters on rates wait for a second Sample.
        assert!(
            started.elapsed() < patience(Duration::from_secs(5)),
            "{example}"
        );
    }
    Ok(())
}

/// Returns the commands in a text: lines of code, which are fenced in Markdown and indented by four columns in help, and
/// spans of inline code. A command alone is a name. A description may follow after three spaces.
fn shown_commands(text: &str) -> Vec<String> {
    let program = Cli::command();
    let mut out = Vec::new();
    let mut is_fenced = false;
    for line in text.lines() {
        is_fenced ^= line.starts_with("```");
        let fenced = is_fenced.then(|| line.trim_start_matches("$ "));
        let indented = line.strip_prefix("    ");
        let inline = line.split('`').skip(1).step_by(2);
        for code in fenced.into_iter().chain(indented).chain(inline) {
            let code = code.split("   ").next().unwrap_or(code).trim_end();
            let words: Vec<&str> = code.split(' ').collect();
            let is_placeholder = |word: &&str| matches!(*word, "TOPIC" | "COMMAND");
            if words[0] == "sockwatch"
                && words.len() > 2
                && program.find_subcommand(words[1]).is_some()
                && !words.iter().any(is_placeholder)
            {
                out.push(code.replace("\\|", "|"));
            }
        }
    }
    out
}

/// Runs every command of the README and of the help topics in a shell, with short durations and a new recording as FILE.
fn readme_runs() -> Result<(), Failed> {
    let mut texts = vec![include_str!("../../README.md").to_owned()];
    for topic in Topic::ALL {
        let output = run(&["help", topic.name()]);
        assert!(output.status.success(), "{}", topic.name());
        texts.push(text(&output.stdout));
    }
    let directory = tempfile::tempdir()?;
    let program = Path::new(env!("CARGO_BIN_EXE_sockwatch"));
    let path = format!(
        "{}:{}",
        program.parent().expect("a directory").display(),
        std::env::var("PATH")?
    );
    let shell = |command: &str| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(directory.path())
            .env("PATH", &path);
        shell
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell")
    };
    let recorded = shell("sockwatch record -o FILE --duration 2s --interval 500ms");
    assert!(recorded.status.success(), "{}", text(&recorded.stderr));
    let mut count = 0;
    let commands: Vec<String> = texts.iter().flat_map(|text| shown_commands(text)).collect();
    for shown in &commands {
        let mut command = shown
            .replace("10s", "1s")
            .replace("--duration 1h", "--duration 1s");
        // Times within the new recording.
        for (time, relative) in [
            ("14:00", "+0s"),
            ("14:05", "+1s"),
            ("-5m", "+1s"),
            ("14:10", "+2s"),
        ] {
            command = command.replace(time, relative);
        }
        command = command.replace("yesterday.swr", "FILE");
        let subcommand = shown.split(' ').nth(1).unwrap_or_default();
        let ends_by_itself = match subcommand {
            "replay" => false,
            "list" => !command.contains("--watch"),
            "kill" => command.contains("--dry-run"),
            _ => true,
        };
        if !ends_by_itself {
            let words: Vec<&str> = command.split(' ').collect();
            Cli::try_parse_from(&words).map_err(|error| format!("{shown}: {error}"))?;
            continue;
        }
        if subcommand == "record" {
            command = command.replace("FILE", "RECORDED");
            let duration = if command.contains("--duration") {
                ""
            } else {
                " --duration 1s"
            };
            command = format!("{command}{duration} --force");
        }
        let output = shell(&command);
        // Findings on this machine are no failure of the test, nor is a recording too short for some of them.
        let said = text(&output.stderr);
        let found = subcommand == "diagnose"
            && match output.status.code() {
                Some(3) => said.contains("could not be checked"),
                code => code == Some(1),
            };
        assert!(output.status.success() || found, "{shown}: {said}");
        count += 1;
    }
    assert!(count > 30, "{count} commands: {commands:?}");
    Ok(())
}

/// Returns true if bytes written at one end of a connection arrive at the other.
fn is_alive(mut near: &TcpStream, mut far: &TcpStream) -> bool {
    let mut byte = [0];
    far.set_read_timeout(Some(patience(Duration::from_secs(2))))
        .expect("it can be set");
    near.write_all(b"x").is_ok() && far.read_exact(&mut byte).is_ok()
}

/// Returns a filter that matches one end of a connection.
fn filter_of(stream: &TcpStream) -> String {
    let (local, remote) = (
        stream.local_addr().expect("bound"),
        stream.peer_addr().expect("connected"),
    );
    format!("src {local} dst {remote}")
}

fn kill_ends_one() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (near, far) = pair(&server);
    let (other_near, other_far) = pair(&server);
    let filter = filter_of(&near);
    let dry = run(&["kill", "--dry-run", &filter]);
    assert!(
        text(&dry.stdout).contains("would close this socket"),
        "{}",
        text(&dry.stderr)
    );
    assert!(is_alive(&near, &far), "a dry run changes nothing");
    let output = run(&["kill", "--yes", &filter]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("1 of 1 closed"),
        "{}",
        text(&output.stdout)
    );
    let mut byte = [0];
    let error = (&near).read(&mut byte).expect_err("it is closed");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    let error = (&far).read(&mut byte).expect_err("its peer is told");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(is_alive(&other_near, &other_far), "and none beside it");
    Ok(())
}

fn kill_spares_a_new_socket() -> Result<(), Failed> {
    use nix::sys::socket::{setsockopt, sockopt};
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let to = address(&server);
    let connect = |from: SocketAddr| -> (TcpStream, TcpStream) {
        let socket = crate::support::sockets_in_every_state::nonblocking_tcp(
            rustix::net::AddressFamily::INET,
        );
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true).expect("it can be set");
        rustix::net::bind(&socket, &from).expect("it binds");
        crate::support::sockets_in_every_state::connect_started(&socket, to);
        let near = TcpStream::from(socket);
        let (far, _) = server.accept().expect("it accepts");
        near.set_nonblocking(false).expect("it can be set");
        (near, far)
    };
    let (near, far) = connect(SocketAddr::from(([127, 0, 0, 1], 0)));
    let from = near.local_addr()?;
    let mut asking = sockwatch(&["kill", &filter_of(&near)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut shown = String::new();
    let mut out = asking.stdout.take().ok_or("its output")?;
    let mut byte = [0];
    while !shown.ends_with("[y/N] ") {
        out.read_exact(&mut byte)?;
        shown.push(char::from(byte[0]));
    }
    assert!(shown.contains(&from.to_string()), "{shown}");
    // It is reset, without a TIME-WAIT, and another socket takes its addresses.
    for stream in [&near, &far] {
        let linger = nix::libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(stream, sockopt::Linger, &linger)?;
    }
    drop((near, far));
    let (near, far) = connect(from);
    asking.stdin.take().ok_or("its input")?.write_all(b"y\n")?;
    let mut rest = String::new();
    out.read_to_string(&mut rest)?;
    assert!(asking.wait()?.success());
    assert!(
        rest.contains("already closed") && rest.contains("0 of 1 closed"),
        "{rest}"
    );
    assert!(is_alive(&near, &far), "the next one is spared");
    Ok(())
}

fn kill_refuses() -> Result<(), Failed> {
    for (arguments, says) in [
        (&["kill", "--yes"][..], "needs a filter"),
        (&["kill", "--yes", "-t"], "needs a filter"),
        (
            &["kill", "--yes", "sport = 1 or sport = 2 and dport = 3"],
            "parentheses",
        ),
        (&["kill", "--yes", "-4"], "needs a filter"),
        (&["kill", "--yes", "-x", "src /x"], "TCP and UDP"),
        (&["kill", "--yes", "rate > 1MB"], "rates"),
        (&["kill", "--yes", "sport = nonsense"], "at character 9"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
    }
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (near, far) = pair(&server);
    let output = run(&["kill", &filter_of(&near)]);
    assert_eq!(output.status.code(), Some(1), "no answer is no");
    assert!(is_alive(&near, &far));
    Ok(())
}

fn kill_without_capability() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (near, far) = pair(&server);
    let directory = tempfile::tempdir()?;
    let binary = directory.path().join("sockwatch");
    std::fs::copy(env!("CARGO_BIN_EXE_sockwatch"), &binary)?;
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(directory.path(), everybody)?;
    let output = Command::new(&binary)
        .args(["kill", "--yes", &filter_of(&near)])
        .stdin(Stdio::null())
        .env_clear()
        .as_nobody()
        .output()?;
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("CAP_NET_ADMIN") && complaint.lines().count() == 1,
        "{complaint}"
    );
    assert!(output.stdout.is_empty(), "it does not even ask");
    assert!(is_alive(&near, &far));
    Ok(())
}

/// Runs a command as the user nobody, without capabilities.
trait WithoutCapabilities {
    fn as_nobody(&mut self) -> &mut Self;
}

impl WithoutCapabilities for Command {
    fn as_nobody(&mut self) -> &mut Self {
        use std::os::unix::process::CommandExt;
        self.uid(65534).gid(65534)
    }
}

fn events_are_complete() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let port = address(&server).port();
    let marker = listener(std::net::Ipv4Addr::LOCALHOST);
    let filter = format!("dport = {port} or dport = {}", address(&marker).port());
    let mut events = sockwatch(&["events", "-t", "--json", "--interval", "100ms", &filter])
        .stdout(Stdio::piped())
        .spawn()?;
    let out = events.stdout.take().ok_or("its output")?;
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            // Fails only after the test has failed.
            let _ = sender.send(line);
        }
    });
    // Once it reports a connection, it receives events.
    let limit = Instant::now() + patience(Duration::from_secs(20));
    while lines.recv_timeout(Duration::from_millis(50)).is_err() {
        assert!(Instant::now() < limit, "it tells nothing");
        drop(pair(&marker));
    }
    let pid = rustix::process::Pid::from_child(&events);
    let served = std::thread::spawn(move || serve(&server, SHORT_CONNECTIONS));
    let mut sent = BTreeMap::new();
    for at in 0..SHORT_CONNECTIONS {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        let from = stream.local_addr()?.port();
        let bytes = 1 + at % 1400;
        stream.write_all(&vec![7; bytes])?;
        *sent.entry(from).or_insert(0) += bytes as u64;
    }
    let received = served.join().map_err(|_| "the server panicked")?;
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    assert!(events.wait()?.success(), "a signal ends it in order");
    reader.join().map_err(|_| "the reader panicked")?;
    let (mut closed, mut bytes, mut lost, mut before) = (BTreeMap::new(), 0, 0, String::new());
    for line in lines {
        let event: Json = serde_json::from_str(&line)?;
        let at = event["at"].as_str().unwrap_or("").to_owned();
        assert!(at >= before, "the order is right");
        before = at;
        if event["event"] == "lost" {
            lost += event["count"].as_u64().unwrap_or(0);
        }
        if event["event"] == "closed" && event["socket"]["remote"]["port"] == port {
            *closed
                .entry(event["socket"]["cookie"].to_string())
                .or_insert(0) += 1;
            bytes += event["sent_bytes"].as_u64().unwrap_or(0);
        }
    }
    assert!(closed.values().all(|&times| times == 1), "each once");
    if lost == 0 {
        assert_eq!(closed.len(), SHORT_CONNECTIONS);
        assert_eq!(bytes, sent.values().sum::<u64>());
        assert_eq!(bytes, received);
    }
    Ok(())
}

/// A running `events --json` with its output.
pub(crate) struct EventStream {
    process: std::process::Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl EventStream {
    /// Starts it, and connects to `marker` until it reports a connection.
    pub(crate) fn start(mut command: Command, marker: &TcpListener) -> Result<EventStream, Failed> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().ok_or("its output")?;
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Fails only after the test has failed.
                let _ = sender.send(line);
            }
        });
        let limit = Instant::now() + patience(Duration::from_secs(20));
        while lines.recv_timeout(Duration::from_millis(50)).is_err() {
            assert!(Instant::now() < limit, "it tells nothing");
            drop(pair(marker));
        }
        Ok(EventStream { process, lines })
    }

    /// Waits for a line that satisfies a condition; returns the lines up to it.
    pub(crate) fn until(&self, holds: impl Fn(&Json) -> bool) -> Result<Vec<Json>, Failed> {
        let mut all = Vec::new();
        loop {
            let line = self
                .lines
                .recv_timeout(patience(Duration::from_secs(20)))
                .map_err(|_| format!("it did not come among {} events", all.len()))?;
            let event: Json = serde_json::from_str(&line)?;
            let found = holds(&event);
            all.push(event);
            if found {
                return Ok(all);
            }
        }
    }

    /// Stops it; returns the remaining lines.
    fn end(&mut self) -> Result<Vec<Json>, Failed> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        assert!(self.process.wait()?.success());
        let lines = self.lines.iter();
        Ok(lines
            .map(|line| serde_json::from_str(&line))
            .collect::<Result<_, _>>()?)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        // It has already ended unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn events_of_one_reset() -> Result<(), Failed> {
    let (server, marker) = (
        listener(std::net::Ipv4Addr::LOCALHOST),
        listener(std::net::Ipv4Addr::LOCALHOST),
    );
    let filter = format!(
        "dport = {} or dport = {}",
        address(&server).port(),
        address(&marker).port()
    );
    let arguments = ["events", "-t", "--json", "--interval", "100ms", &filter];
    let mut told = EventStream::start(sockwatch(&arguments), &marker)?;
    let (near, far) = pair(&server);
    let port = near.local_addr()?.port();
    let of = |event: &Json, kind: &str| {
        event["event"] == kind && event["socket"]["local"]["port"] == port
    };
    told.until(|event| of(event, "opened"))?;
    assert!(run(&["kill", "--yes", &filter_of(&near)]).status.success());
    let changed = told.until(|event| of(event, "state"))?;
    let last = changed.last().ok_or("a line")?;
    assert_eq!(
        (&last["from"], &last["to"]),
        (&Json::from("established"), &Json::from("closed"))
    );
    drop((near, far));
    let closed = told.until(|event| of(event, "closed"))?;
    assert!(
        !closed.iter().any(|event| of(event, "opened")),
        "it was told already"
    );
    let last = closed.last().ok_or("a line")?;
    // The kernel's destroy event lacks the remote port.
    assert_eq!(last["socket"]["remote"]["port"], address(&server).port());
    assert_eq!(last["lifetime_is"], "measured");
    assert_eq!(last["socket"]["owners"][0]["pid"], std::process::id());
    let rest = told.end()?;
    assert!(!rest.iter().any(|event| of(event, "closed")), "once");
    Ok(())
}

fn lost_events_are_counted() -> Result<(), Failed> {
    // More than fit into the receive buffer of the netlink socket.
    const CONNECTIONS: usize = 14_000;
    let (server, marker) = (
        listener(std::net::Ipv4Addr::LOCALHOST),
        listener(std::net::Ipv4Addr::LOCALHOST),
    );
    let to = address(&server);
    let arguments = ["events", "-t4", "--json", "--interval", "100ms"];
    let mut told = EventStream::start(sockwatch(&arguments), &marker)?;
    let pid = rustix::process::Pid::from_child(&told.process);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
    let served = std::thread::spawn(move || serve(&server, CONNECTIONS));
    for _ in 0..CONNECTIONS {
        TcpStream::connect(to)?;
    }
    served.join().map_err(|_| "the server panicked")?;
    rustix::process::kill_process(pid, rustix::process::Signal::CONT)?;
    let mut all = told.until(|event| event["event"] == "lost")?;
    all.extend(told.end()?);
    let lost: u64 = all.iter().filter_map(|event| event["count"].as_u64()).sum();
    let closed = all
        .iter()
        .filter(|event| event["event"] == "closed")
        .count() as u64;
    // Both ends of each, the listener, and the connections to the marker.
    let made = 2 * CONNECTIONS as u64;
    assert!(
        lost > 0 && (made..made + 200).contains(&(lost + closed)),
        "{lost} lost and {closed} closed of {made}"
    );

    let marker_port = address(&marker).port();
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let filter = format!("process no-such-process or dport = {marker_port}");
    let arguments = ["events", "-t", "--json", "--interval", "1s", &filter];
    let mut told = EventStream::start(sockwatch(&arguments), &marker)?;
    for _ in 0..10 {
        drop(pair(&server));
    }
    let rest = told.end()?;
    let undecided = rest.iter().find(|event| event["event"] == "undecided");
    let count = undecided.and_then(|event| event["count"].as_u64());
    assert!(count.is_some_and(|count| count > 0), "{rest:?}");
    Ok(())
}

/// Returns true if the connection is closed on the side that was killed.
fn is_closed(near: &TcpStream) -> bool {
    (&mut &*near).read(&mut [0]).is_err()
}

fn kill_survives_a_closed_pipe() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let pairs: Vec<_> = (0..50).map(|_| pair(&server)).collect();
    let filter = format!("dport = {}", address(&server).port());
    let mut killing = sockwatch(&["kill", "-t", &filter])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut out = killing.stdout.take().ok_or("its output")?;
    let mut shown = String::new();
    let mut byte = [0];
    while !shown.ends_with("[y/N] ") {
        out.read_exact(&mut byte)?;
        shown.push(char::from(byte[0]));
    }
    drop(out);
    let mut answer = killing.stdin.take().ok_or("its input")?;
    answer.write_all(b"y\n")?;
    killing.wait()?;
    assert!(pairs.iter().all(|(near, _)| is_closed(near)));
    Ok(())
}

fn kill_needs_an_output() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (near, far) = pair(&server);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let output = sockwatch(&["kill", "--yes", &filter_of(&near)])
        .stdout(full)
        .output()?;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("nothing was closed"), "{said}");
    // A pipe without a reader, and none at all.
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let mut unread = sockwatch(&["kill", "--yes", &filter_of(&near)]);
    let mut closed = Command::new("sh");
    closed
        .args(["-c", "exec \"$0\" kill --yes \"$1\" >&-"])
        .args([env!("CARGO_BIN_EXE_sockwatch"), &filter_of(&near)]);
    for command in [unread.stdout(writer), &mut closed] {
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()?;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("nothing was closed"), "{said}");
    }
    assert!(is_alive(&near, &far));
    Ok(())
}

/// Filters that every connection passes, however they are written.
const PASSED_BY_ALL: &[&[&str]] = &[
    &["dst 0.0.0.0/0"],
    &["sport = :1 or sport != :1"],
    &["process *"],
    &["uid >= 0"],
    &["protocol tcp"],
    &["state connected"],
    &["state all"],
    &["-ta", "sport >= 0 or sport = 80"],
];

fn kill_of_most_needs_all() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let pairs: Vec<_> = (0..4).map(|_| pair(&server)).collect();
    for filter in PASSED_BY_ALL {
        let output = run(&[&["kill", "--yes", "-t"], *filter].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{filter:?}: {said}");
        assert!(said.contains("--all"), "{filter:?}: {said}");
    }
    for (near, far) in &pairs {
        assert!(is_alive(near, far), "none was closed");
    }
    // Many idle sockets do not make all connections few.
    let idle: Vec<_> = (0..20)
        .map(|_| std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<_, _>>()?;
    let output = run(&["kill", "--yes", "-t", "state connected"]);
    let said = text(&output.stderr);
    assert!(said.contains("8 of 8 TCP and UDP connections"), "{said}");
    drop(idle);
    // Without --yes, the number of sockets is asked for.
    let answer = |text: &str| -> Result<Output, Failed> {
        let mut asking = sockwatch(&["kill", "-t", "dst 127.0.0.0/8"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = asking.stdin.take().ok_or("its input")?;
        input.write_all(text.as_bytes())?;
        drop(input);
        Ok(asking.wait_with_output()?)
    };
    assert_eq!(answer("y\n")?.status.code(), Some(1));
    assert!(is_alive(&pairs[0].0, &pairs[0].1), "y is not enough");
    let output = answer("8\n")?;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(pairs.iter().all(|(near, _)| is_closed(near)));

    let pairs: Vec<_> = (0..4).map(|_| pair(&server)).collect();
    let output = run(&["kill", "--yes", "--all", "-t", "dst 127.0.0.0/8"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(pairs.iter().all(|(near, _)| is_closed(near)));
    Ok(())
}

fn a_long_filter_file_is_refused() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (near, far) = pair(&server);
    let file = tempfile::NamedTempFile::new()?;
    // Without its last line, it would match.
    let mut filter = format!("dport = {}\n", address(&server).port());
    filter.push_str(&"# comment\n".repeat(110_000));
    filter.push_str("and dst 10.0.0.1\n");
    std::fs::write(file.path(), filter)?;
    let path = file.path().to_str().ok_or("a path")?;
    for arguments in [&["kill", "--yes", "-F", path][..], &["list", "-F", path]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("1 MiB"), "{arguments:?}");
    }
    assert!(is_alive(&near, &far));
    Ok(())
}

fn autobound_is_the_kernels() -> Result<(), Failed> {
    // A port in the ephemeral range that is bound explicitly.
    let chosen = (40_000..50_000)
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .ok_or("a free port")?;
    let port = address(&chosen).port();
    // It is not accepted: the listener accounts for it.
    let client = TcpStream::connect(("127.0.0.1", port))?;
    let filter = format!("autobound port = {port}");
    let own = client.local_addr()?.port();
    for format in [
        &["--csv"][..],
        &["--jsonl"],
        &[],
        &["--columns", "local,peer"],
    ] {
        let output = run(&[&["list", "-Hta", &filter], format].concat());
        let output = text(&output.stdout);
        // Both ends of the connection, without the listener, whose port is explicit.
        assert_eq!(output.lines().count(), 2, "{format:?}: {output}");
        assert!(output.contains(&own.to_string()), "{output}");
    }
    let dry = text(&run(&["kill", "-ta", "--dry-run", &filter]).stdout);
    assert!(dry.contains("would close these 2 sockets"), "{dry}");
    Ok(())
}

/// Accepts connections and reads each to its end; returns the number of bytes.
fn serve(server: &TcpListener, connections: usize) -> u64 {
    let mut all = 0;
    for _ in 0..connections {
        let (mut stream, _) = server.accept().expect("it accepts");
        let mut bytes = Vec::new();
        all += stream.read_to_end(&mut bytes).expect("it reads") as u64;
    }
    all
}

fn summary_counts() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let _pair = pair(&server);
    let summary: Json = serde_json::from_slice(&run(&["summary", "--json"]).stdout)?;
    let tcp = summary["protocols"]
        .as_array()
        .and_then(|rows| {
            rows.iter()
                .find(|row| row["protocol"] == "tcp" && row["family"] == "inet")
        })
        .ok_or("a line for TCP")?;
    let listing = run(&["list", "-t4a", "--jsonl"]);
    let counted = |state: &str| {
        let states = text(&listing.stdout);
        let wanted = format!("\"state\":\"{state}\"");
        states.lines().filter(|line| line.contains(&wanted)).count() as u64
    };
    for state in ["established", "listening"] {
        assert_eq!(
            tcp["states"][state].as_u64().unwrap_or(0),
            counted(state),
            "{state}"
        );
    }
    let limit = |id: &str| summary["limits"][id]["value"].as_u64();
    assert!(limit("time_wait").is_some() && limit("tcp_memory").is_some());
    let plain = text(&run(&["summary"]).stdout);
    assert!(
        plain.contains("TIME-WAIT") && plain.contains("sockets in use"),
        "{plain}"
    );
    Ok(())
}
