//! `record`, `info`, `export`, and `list`, `events` and `summary` over recordings, end to end on the real kernel, in a
//! network namespace of their own.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use nix::sched::{CloneFlags, unshare};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::network_namespace::ip;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{address, listener, pair};
use crate::support::wait::{patience, until};
use crate::{fallible, run, sockwatch, text};

const REQUIREMENTS: &[Requirement] = &[Requirement::Root, Requirement::Ip, Requirement::Unshare];

/// Host name in the tests.
const HOST: &str = "precious-host";

pub(crate) const CASES: &[Case] = &[
    fallible(
        "an export is byte for byte what was written beside the recording",
        REQUIREMENTS,
        || with_host_name(export_is_the_live_file),
    ),
    fallible(
        "list --at prints what the live file has at that instant",
        REQUIREMENTS,
        || with_host_name(list_is_the_live_file),
    ),
    fallible(
        "a recording of a filter has its sockets from beginning to end",
        REQUIREMENTS,
        || with_host_name(filtered),
    ),
    fallible("signals close a recording", REQUIREMENTS, || {
        with_host_name(signals_close)
    }),
    fallible(
        "what a killed recorder has recorded can be read and replayed",
        REQUIREMENTS,
        || with_host_name(killed_recorder),
    ),
    fallible(
        "a signal ends a recorder whose named pipe is not read",
        REQUIREMENTS,
        || with_host_name(unread_pipe),
    ),
    fallible("an ignored signal stays ignored", REQUIREMENTS, || {
        with_host_name(ignored_signals)
    }),
    fallible(
        "a full disk ends a recording, which can be read",
        REQUIREMENTS,
        || with_host_name(full_disk),
    ),
    fallible(
        "a limit on file sizes ends a recording, which can be read",
        REQUIREMENTS,
        || with_host_name(file_size_limit),
    ),
    fallible(
        "a removed directory ends a recording with one line",
        REQUIREMENTS,
        || with_host_name(removed_directory),
    ),
    fallible(
        "a truncated or replaced file ends a recording with one line",
        REQUIREMENTS,
        || with_host_name(interference),
    ),
    fallible(
        "JSON Lines that another process changes end a recording with one line",
        REQUIREMENTS,
        || with_host_name(interference_with_lines),
    ),
    fallible(
        "rotation overwrites no other file without --force",
        REQUIREMENTS,
        || with_host_name(rotation_spares_other_files),
    ),
    fallible(
        "a standard error that cannot be written changes nothing",
        REQUIREMENTS,
        || with_host_name(full_standard_error),
    ),
    fallible("two recorders do not share a file", REQUIREMENTS, || {
        with_host_name(two_recorders)
    }),
    fallible(
        "a file that exists is spared without --force",
        REQUIREMENTS,
        || with_host_name(existing_files),
    ),
    fallible(
        "files are rotated and each is complete",
        REQUIREMENTS,
        || with_host_name(rotation),
    ),
    fallible(
        "nothing of the original is in a redacted recording",
        REQUIREMENTS,
        || with_host_name(redacted),
    ),
    fallible(
        "events of a recording report every connection once",
        REQUIREMENTS,
        || with_host_name(events_of_a_recording),
    ),
    fallible("an unprivileged user can record", REQUIREMENTS, || {
        with_host_name(unprivileged_user)
    }),
    fallible(
        "invalid arguments are refused in one line",
        REQUIREMENTS,
        || with_host_name(refusals),
    ),
];

/// Runs the test with [`HOST`] as the host name.
fn with_host_name(test: fn() -> Result<(), Failed>) -> Result<(), Failed> {
    unshare(CloneFlags::CLONE_NEWUTS)?;
    rustix::system::sethostname(HOST.as_bytes())?;
    test()
}

/// Runs a command that succeeds; returns its standard output.
fn stdout_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A temporary directory.
struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

/// Number of short connections. Not more, because unoptimized tests read and write what stays in TIME-WAIT.
const SHORT: usize = 300;

/// Opens and closes connections, and moves data over some that stay, until it is dropped.
struct Churn {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Churn {
    fn start(staying: usize) -> Churn {
        let stop = Arc::new(AtomicBool::new(false));
        let its_own = Arc::clone(&stop);
        let work = move || {
            let server = listener(Ipv4Addr::LOCALHOST);
            let mut stay: Vec<_> = (0..staying).map(|_| pair(&server)).collect();
            let (mut buffer, mut short) = ([0; 4096], 0);
            while !its_own.load(Ordering::Relaxed) {
                if short < SHORT {
                    short += 1;
                    let (mut near, mut far) = pair(&server);
                    near.write_all(&[7; 300]).expect("it is open");
                    far.read_exact(&mut buffer[..300]).expect("it arrives");
                }
                // Others want the processor too.
                thread::sleep(Duration::from_millis(1));
                for (near, far) in &mut stay {
                    near.write_all(&buffer[..1000]).expect("it is open");
                    far.read_exact(&mut buffer[..1000]).expect("it arrives");
                }
            }
        };
        Churn {
            stop,
            thread: Some(thread::spawn(work)),
        }
    }
}

impl Drop for Churn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(matches!(ended, Some(Ok(()))), "the connections were moved");
    }
}

/// Returns the output of `info --json`.
fn info(path: &str) -> Json {
    serde_json::from_str(&stdout_of(&["info", path, "--json"])).expect("JSON")
}

/// Waits until some Samples of a recording can be read.
fn until_recorded(path: &str, samples: u64) {
    until("samples in the file", || {
        let output = run(&["info", path, "--json"]);
        serde_json::from_slice::<Json>(&output.stdout)
            .is_ok_and(|info| info["samples"].as_u64() >= Some(samples))
    });
}

/// A recorder in the background; it ends with the test at the latest.
struct Background(Option<Child>);

impl Background {
    /// Starts a command and keeps its output.
    fn start(command: &mut Command) -> Background {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Background(Some(command.spawn().expect("it runs")))
    }

    fn signal(&self, signal: Signal) {
        let child = self.0.as_ref().expect("it is not waited for yet");
        let pid = i32::try_from(child.id()).expect("a pid");
        kill_process(Pid::from_raw(pid).expect("not 0"), signal).expect("it runs");
    }

    /// Waits for its end.
    fn wait(mut self) -> Output {
        let child = self.0.take().expect("it is not waited for yet");
        child.wait_with_output().expect("it can be waited for")
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a recorder that gets a signal ends soon, whatever it waits for.
fn unread_pipe() -> Result<(), Failed> {
    let files = Files::new();
    let (pipe, recording) = (files.path("pipe"), files.path("s.swr"));
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &*pipe, rustix::fs::FileType::Fifo, mode, 0)?;
    // Until it has a reader, the pipe cannot be opened.
    let waiting = recorder(&["--jsonl", &pipe]);
    let at = waiting.0.as_ref().ok_or("it runs")?.id();
    until("it opens the pipe", || {
        // Before Linux 5.16, x86 has no `wchan`; `stack` is readable for root.
        ["wchan", "stack"].iter().any(|file| {
            let calls = fs::read_to_string(format!("/proc/{at}/{file}")).unwrap_or_default();
            calls.contains("fifo") || calls.contains("wait_for_partner")
        })
    });
    let asked = Instant::now();
    waiting.signal(Signal::TERM);
    assert!(!waiting.wait().status.success());
    assert!(asked.elapsed() < patience(Duration::from_secs(5)));

    // A reader that never reads: the pipe fills.
    let held: Vec<TcpListener> = (0..300).map(|_| listener(Ipv4Addr::LOCALHOST)).collect();
    let reader = fs::OpenOptions::new().read(true).write(true).open(&pipe)?;
    let blocked = recorder(&["-o", &recording, "--jsonl", &pipe]);
    until("the pipe is full", || {
        rustix::io::ioctl_fionread(&reader).is_ok_and(|unread| unread >= 60_000)
    });
    let asked = Instant::now();
    blocked.signal(Signal::TERM);
    let output = blocked.wait();
    assert!(asked.elapsed() < patience(Duration::from_secs(5)));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("does not read"), "{said}");
    assert_eq!(info(&recording)["whole"], true, "the recording is closed");
    drop(held);
    Ok(())
}

/// Starts to record.
fn recorder(arguments: &[&str]) -> Background {
    let mut command = sockwatch(&["record", "--interval", "100ms"]);
    Background::start(command.args(arguments))
}

/// Records, with JSON Lines beside it, until there are more samples than `count` and the first is older than `age`: on slow
/// machines a sample takes longer than the interval.
fn record_samples(recording: &str, live: &str, count: usize, age: Duration) -> Result<(), Failed> {
    let start = Instant::now();
    let child = recorder(&["-o", recording, "--jsonl", live]);
    let mut first = None;
    until("samples", || {
        let written = fs::read_to_string(live).unwrap_or_default();
        // The last line may be incomplete.
        let lines = written.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let samples = times(lines).len();
        if samples > 0 {
            first.get_or_insert_with(|| start.elapsed());
        }
        samples > count && first.is_some_and(|first| start.elapsed() > first + age)
    });
    child.signal(Signal::TERM);
    let output = child.wait();
    if output.status.success() {
        return Ok(());
    }
    Err(text(&output.stderr).into())
}

fn export_is_the_live_file() -> Result<(), Failed> {
    let files = Files::new();
    let (recording, live) = (files.path("s.swr"), files.path("live.jsonl"));
    let _churn = Churn::start(20);
    record_samples(&recording, &live, 10, Duration::from_secs(5))?;
    let written = fs::read_to_string(&live)?;
    let exported = stdout_of(&["export", &recording, "--format", "jsonl"]);
    assert!(written == exported, "not the same bytes");
    let times = times(&written);
    let info = info(&recording);
    assert!(times.len() > 10, "{} samples", times.len());
    assert_eq!(info["samples"], times.len());
    assert_eq!(info["whole"], true);
    assert_eq!(
        info["sockets"]["most"].as_u64(),
        times.values().max().map(|&most| most as u64)
    );
    // A reader that has seen enough closes the pipe.
    for format in ["jsonl", "csv", "parquet"] {
        let mut export = sockwatch(&["export", &recording, "--format", format]);
        let mut child = export
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        let said = text(&output.stderr);
        assert!(
            output.status.success() && said.is_empty(),
            "{format}: {said}"
        );
    }
    // A part is the part.
    let part = stdout_of(&[
        "export", &recording, "--format", "jsonl", "--from", "+2s", "--to", "-1s",
    ]);
    assert!(!part.is_empty() && written.contains(&part));
    let path = files.path("part.csv");
    stdout_of(&["export", &recording, "--format", "csv", "-o", &path, "-u"]);
    assert!(fs::read_to_string(&path)?.starts_with("taken_at,netns"));
    Ok(())
}

/// The times of JSON Lines, and how many sockets each has.
fn times(lines: &str) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for line in lines.lines() {
        let json: Json = serde_json::from_str(line).expect("JSON");
        let time = json["taken_at"].as_str().expect("a time").to_owned();
        *times.entry(time).or_default() += 1;
    }
    times
}

fn list_is_the_live_file() -> Result<(), Failed> {
    let files = Files::new();
    let (recording, live) = (files.path("s.swr"), files.path("live.jsonl"));
    {
        let _churn = Churn::start(20);
        record_samples(&recording, &live, 3, Duration::from_secs(3))?;
    }
    let written = fs::read_to_string(&live)?;
    let times: Vec<String> = times(&written).into_keys().collect();
    let of = |time: &str| -> String {
        let prefix = format!("{{\"taken_at\":\"{time}\",");
        let own = written
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix));
        own.fold(String::new(), |lines, rest| lines + "{" + rest + "\n")
    };
    let last = times.last().ok_or("no sample")?;
    for at in [&times[0], &times[1], &times[times.len() / 2], last] {
        let listed = stdout_of(&["list", "-a", "--from", &recording, "--at", at, "--jsonl"]);
        assert!(listed == of(at), "at {at}");
    }
    let listed = stdout_of(&["list", "-a", "--from", &recording, "--jsonl"]);
    assert!(listed == of(last), "the last of all");
    // Rates and owners are there, and a filter may ask for them.
    let own = format!("process {} rate > 0", std::process::id());
    let busy = stdout_of(&["list", "-t", "--from", &recording, "-H", &own]);
    assert!(busy.lines().count() >= 20, "{busy}");
    let summary = stdout_of(&["summary", "--from", &recording, "--at", &times[1], "--json"]);
    let summary: Json = serde_json::from_str(&summary)?;
    assert_eq!(summary["sockets"], of(&times[1]).lines().count());
    assert_eq!(summary["taken_at"], times[1].as_str());
    Ok(())
}

fn filtered() -> Result<(), Failed> {
    let files = Files::new();
    let (recording, live) = (files.path("s.swr"), files.path("live.jsonl"));
    let server = listener(Ipv4Addr::LOCALHOST);
    let port = address(&server).port();
    let _churn = Churn::start(3);
    let filter = format!("dport = {port} state established");
    let child = recorder(&["-o", &recording, "--jsonl", &live, "-t4", &filter]);
    let (near, far) = pair(&server);
    let has = |state: &str| {
        let lines = fs::read_to_string(&live).unwrap_or_default();
        lines.contains(&format!("\"state\":\"{state}\""))
    };
    until("the connection", || has("established"));
    drop(near);
    until("its first half to be closed", || has("fin-wait-2"));
    drop(far);
    until("what remains", || has("time-wait"));
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    let written = fs::read_to_string(&live)?;
    for line in written.lines() {
        let json: Json = serde_json::from_str(line)?;
        assert_eq!(json["remote"]["port"], port, "{line}");
    }
    assert!(written == stdout_of(&["export", &recording, "--format", "jsonl"]));
    assert_eq!(info(&recording)["filter"], format!("-t4 {filter}"));
    let events = stdout_of(&["events", "--from", &recording, "-H"]);
    let closed = events.lines().filter(|line| line.contains("closed"));
    assert_eq!(closed.count(), 1, "{events}");
    Ok(())
}

fn signals_close() -> Result<(), Failed> {
    for number in [Signal::TERM, Signal::INT, Signal::HUP] {
        let files = Files::new();
        let recording = files.path("s.swr");
        let child = recorder(&["-o", &recording]);
        until_recorded(&recording, 3);
        assert_eq!(info(&recording)["closed"], false, "it is being written");
        child.signal(number);
        let output = child.wait();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{number:?}: {said}");
        assert!(
            said.contains("recording to") && said.contains("none dropped"),
            "{said}"
        );
        let info = info(&recording);
        assert_eq!(info["whole"], true, "{number:?}: {info}");
    }
    Ok(())
}

fn killed_recorder() -> Result<(), Failed> {
    let files = Files::new();
    let (recording, live) = (files.path("s.swr"), files.path("live.jsonl"));
    let server = listener(Ipv4Addr::LOCALHOST);
    let (near, _far) = pair(&server);
    let child = recorder(&["-o", &recording, "--jsonl", &live]);
    until_recorded(&recording, 5);
    let readable = info(&recording)["samples"].as_u64().ok_or("samples")?;
    child.signal(Signal::KILL);
    assert!(!child.wait().status.success());

    let info = info(&recording);
    assert_eq!(info["closed"], false, "nobody closed it");
    assert!(info["samples"].as_u64() >= Some(readable), "{info}");
    // The connection is in the first and the last instant as it was written beside the recording.
    let written = fs::read_to_string(&live)?;
    let own = format!("sport = {}", near.local_addr()?.port());
    let from = |more: &[&str]| {
        let arguments = ["list", "-t", "--from", &recording, "--jsonl", &own];
        stdout_of(&[&arguments[..], more].concat())
    };
    let exported = stdout_of(&["export", &recording, "--format", "jsonl"]);
    let instants: Vec<String> = times(&exported).into_keys().collect();
    assert!(instants.len() as u64 >= readable, "{instants:?}");
    let first = instants.first().ok_or("no instant")?;
    for row in [from(&["--at", first]), from(&[])] {
        let row = row.trim_end().strip_prefix('{').ok_or("no such row")?;
        assert!(written.contains(row), "{row}");
    }
    Ok(())
}

fn ignored_signals() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let script = "trap '' HUP; exec \"$0\" record --interval 100ms -o \"$1\"";
    let mut command = Command::new("sh");
    let child = Background::start(command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_sockwatch"),
        &recording,
    ]));
    until_recorded(&recording, 1);
    child.signal(Signal::HUP);
    let samples = info(&recording)["samples"].as_u64().ok_or("samples")?;
    until_recorded(&recording, samples + 3);
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    assert_eq!(info(&recording)["closed"], true);
    Ok(())
}

/// Runs a script in a mount namespace where `$1` is a small file system of its own; `$0` is the program.
fn on_a_small_disk(script: &str) -> Output {
    let files = Files::new();
    let script = format!("mount -t tmpfs -o size=96k none \"$1\" && {script}");
    let program = env!("CARGO_BIN_EXE_sockwatch");
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, program, &files.path("")]);
    command.stdin(Stdio::null()).output().expect("it runs")
}

fn full_disk() -> Result<(), Failed> {
    let _churn = Churn::start(50);
    let output = on_a_small_disk(
        "\"$0\" record -o \"$1/s.swr\" --interval 100ms --duration 5m; echo $?; \"$0\" info \"$1/s.swr\" --json",
    );
    let (said, out) = (text(&output.stderr), text(&output.stdout));
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("No space left on device"))
        .collect();
    assert_eq!(complaints.len(), 1, "{said}");
    assert!(complaints[0].contains("is readable"), "{said}");
    let (status, info) = out.split_once('\n').ok_or("a status")?;
    assert_eq!(status, "1", "{said}");
    let info: Json = serde_json::from_str(info)?;
    let samples = info["samples"].as_u64().ok_or("a number of samples")?;
    assert!(samples > 0, "{info}");
    // What was reported as written is in the file; the rest is reported as dropped.
    let dropped_line = said.lines().find(|line| line.contains(" dropped"));
    let dropped_line = dropped_line.ok_or_else(|| format!("no line reports drops: {said}"))?;
    let written = dropped_line.contains(&format!("  {samples} sample"));
    let is_lost = !dropped_line.contains("none dropped");
    assert!(written && is_lost, "{dropped_line}: {info}");

    // Lines alone.
    let output = on_a_small_disk(
        "\"$0\" record --jsonl \"$1/lines\" --interval 100ms --duration 5m; echo $?",
    );
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "1\n", "{said}");
    assert!(said.contains("lines: No space left on device"), "{said}");
    Ok(())
}

/// A limit on file sizes ends a recording like a full disk.
fn file_size_limit() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let _churn = Churn::start(50);
    // In blocks of 1 KiB, or of 512 bytes in some shells.
    let script = "ulimit -f 64; \"$0\" record -o \"$1\" --interval 100ms --duration 5m; echo $?";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_sockwatch"), &recording])
        .stdin(Stdio::null())
        .output()?;
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "1\n", "{said}");
    assert!(said.contains("File too large"), "{said}");
    let info = info(&recording);
    // There may be no room left for its index.
    assert_eq!(info["losses"], serde_json::json!([]), "{info}");
    assert!(info["samples"].as_u64() > Some(0), "{info}");
    Ok(())
}

fn removed_directory() -> Result<(), Failed> {
    let files = Files::new();
    let directory = files.path("sub");
    fs::create_dir(&directory)?;
    let recording = files.path("sub/s.swr");
    let child = recorder(&["-o", &recording]);
    until_recorded(&recording, 2);
    fs::remove_dir_all(&directory)?;
    let output = child.wait();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let complaints = said.lines().filter(|line| line.contains("removed"));
    assert_eq!(complaints.count(), 1, "{said}");
    Ok(())
}

/// A file that another process truncated or replaced ends the recording, instead of growing a hole or going nowhere.
fn interference() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let other = files.path("other");
    let truncate = || fs::write(&recording, "");
    let replace = || fs::write(&other, "other").and_then(|()| fs::rename(&other, &recording));
    let long = "other".repeat(1 << 20);
    for (says, left) in [
        ("truncated", ""),
        ("replaced", "other"),
        ("wrote to", &long),
    ] {
        let child = recorder(&["--force", "-o", &recording]);
        until_recorded(&recording, 2);
        match says {
            "truncated" => truncate()?,
            "replaced" => replace()?,
            _ => fs::write(&recording, left)?,
        }
        let output = child.wait();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let complaints = said.lines().filter(|line| line.contains(says));
        assert_eq!(complaints.count(), 1, "{said}");
        assert!(
            fs::read_to_string(&recording)? == left,
            "{says}: it is left alone"
        );
    }
    Ok(())
}

/// The same for JSON Lines.
fn interference_with_lines() -> Result<(), Failed> {
    let files = Files::new();
    let (lines, other) = (files.path("lines"), files.path("other"));
    // A line for each sample.
    let _socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    for says in ["truncated", "replaced", "wrote to", "removed"] {
        let child = recorder(&["--jsonl", &lines]);
        until("a line", || {
            fs::read_to_string(&lines).is_ok_and(|text| text.contains('\n'))
        });
        match says {
            "truncated" => fs::write(&lines, "")?,
            "replaced" => {
                fs::write(&other, "other")?;
                fs::rename(&other, &lines)?;
            }
            "wrote to" => fs::write(&lines, "other".repeat(1 << 22))?,
            _ => fs::remove_file(&lines)?,
        }
        let output = child.wait();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let complaints = said.lines().filter(|line| line.contains(says));
        assert_eq!(complaints.count(), 1, "{says}: {said}");
        // Nothing is left if it was removed.
        let _ = fs::remove_file(&lines);
    }
    Ok(())
}

fn rotation_spares_other_files() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let first = files.path("s.swr.1");
    let rotating = ["-o", &recording, "--max-size", "64kB", "--keep", "2"];
    fs::write(&first, "precious")?;
    let output = recorder(&rotating).wait();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("s.swr.1: already exists"), "{said}");
    assert!(!Path::new(&recording).exists());

    // One that appears later ends the recording.
    fs::remove_file(&first)?;
    let _churn = Churn::start(200);
    let child = recorder(&rotating);
    until_recorded(&recording, 1);
    fs::write(&first, "precious")?;
    let output = child.wait();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(fs::read_to_string(&first)?, "precious", "{said}");
    assert!(said.contains("s.swr.1: already exists"), "{said}");
    assert_eq!(info(&recording)["whole"], true, "{said}");

    let child = recorder(&[&rotating[..], &["--force"]].concat());
    until("the file to be overwritten", || {
        fs::read(&first).is_ok_and(|bytes| bytes != b"precious")
    });
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());

    // A link is replaced, not followed.
    let target = files.path("target");
    fs::write(&target, "precious")?;
    fs::remove_file(&first)?;
    std::os::unix::fs::symlink(&target, &first)?;
    let child = recorder(&[&rotating[..], &["--force"]].concat());
    until("the link to be replaced", || {
        fs::symlink_metadata(&first).is_ok_and(|found| found.is_file())
    });
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    assert_eq!(fs::read_to_string(&target)?, "precious");

    // A directory is not, and what was recorded before can be read.
    fs::remove_file(&first)?;
    fs::create_dir(&first)?;
    let output = recorder(&[&rotating[..], &["--force"]].concat()).wait();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("Is a directory"), "{said}");
    assert!(info(&recording)["samples"].as_u64() > Some(0), "{said}");
    assert_eq!(info(&recording)["whole"], true, "{said}");

    // A link to the recording leads to it still, and full files are beside the file.
    fs::remove_dir(&first)?;
    let link = files.path("link");
    std::os::unix::fs::symlink(&recording, &link)?;
    let child = recorder(&["-o", &link, "--max-size", "64kB", "--force"]);
    until("a full file", || Path::new(&first).exists());
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    assert_eq!(info(&link)["whole"], true);
    assert!(fs::symlink_metadata(&link)?.is_symlink());
    Ok(())
}

/// Messages are best effort: without a standard error that can be written, the output is the same.
fn full_standard_error() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let mut killed = recorder(&["-o", &recording]);
    until_recorded(&recording, 2);
    let child = killed.0.as_mut().ok_or("it runs")?;
    child.kill()?;
    child.wait()?;
    for arguments in [
        &["export", &recording, "--format", "jsonl"][..],
        &["events", "--from", &recording],
        &["list", "-a", "--from", &recording],
        &["info", "/nonexistent"],
    ] {
        let usual = run(arguments);
        assert!(!usual.stderr.is_empty(), "{arguments:?} has a message");
        let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
        let output = sockwatch(arguments).stderr(full).output()?;
        assert_eq!(output.status.code(), usual.status.code(), "{arguments:?}");
        assert_eq!(output.stdout, usual.stdout, "{arguments:?}");
    }
    Ok(())
}

fn two_recorders() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let first = recorder(&["-o", &recording]);
    until_recorded(&recording, 1);
    for second in [
        &["record", "-o", &recording][..],
        &["record", "--force", "-o", &recording],
    ] {
        let output = run(second);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let samples = info(&recording)["samples"].as_u64().ok_or("samples")?;
    until_recorded(&recording, samples + 2);
    first.signal(Signal::TERM);
    assert!(first.wait().status.success());
    assert_eq!(info(&recording)["whole"], true);
    Ok(())
}

fn existing_files() -> Result<(), Failed> {
    let files = Files::new();
    let (precious, new) = (files.path("precious"), files.path("new"));
    let short = ["--duration", "300ms", "--interval", "100ms"];
    for arguments in [
        ["-o", &precious, "--jsonl", &new],
        ["-o", &new, "--jsonl", &precious],
    ] {
        fs::write(&precious, "precious")?;
        let with = |more: &[&str]| run(&[&["record"], &arguments[..], &short[..], more].concat());
        let output = with(&[]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.lines().count() == 1 && said.contains("--force"),
            "{said}"
        );
        assert_eq!(fs::read_to_string(&precious)?, "precious");
        assert!(!Path::new(&new).exists(), "nothing is left behind");
        let output = with(&["--force"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_ne!(fs::read(&precious)?, b"precious");
        fs::remove_file(&new)?;
    }
    let same = run(&["record", "-o", &new, "--jsonl", &new]);
    assert_eq!(same.status.code(), Some(2), "{}", text(&same.stderr));
    // A full file would get the name of the lines.
    let (full, rotated) = (format!("{new}.1"), ["--max-size", "64kB"]);
    let same = [&["record", "-o", &new, "--jsonl", &full][..], &rotated].concat();
    assert_eq!(run(&same).status.code(), Some(2));
    assert!(!Path::new(&full).exists(), "nothing is left behind");
    // Neither --force nor another kind of output overwrites what a recorder is writing.
    let busy = files.path("busy");
    let child = recorder(&["-o", &busy]);
    until_recorded(&busy, 1);
    let over = run(&[&["record", "--force", "--jsonl", &busy][..], &short].concat());
    assert_eq!(over.status.code(), Some(1), "{}", text(&over.stderr));
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    // Neither is a recording that is exported into itself.
    stdout_of(&[&["record", "-o", &new], &short[..]].concat());
    let before = fs::read(&new)?;
    let export = ["export", &new, "--format", "csv", "-o", &new];
    assert_eq!(run(&export).status.code(), Some(1));
    assert_eq!(
        run(&[&export[..], &["--force"]].concat()).status.code(),
        Some(2)
    );
    assert!(fs::read(&new)? == before, "it is as it was");
    Ok(())
}

fn rotation() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    let numbered = |number: u32| format!("{recording}.{number}");
    let _churn = Churn::start(200);
    let child = recorder(&["-o", &recording, "--max-size", "64kB", "--keep", "2"]);
    until("the oldest to be removed", || {
        Path::new(&numbered(2)).exists()
    });
    let oldest = fs::read(numbered(2))?;
    until("another in its place", || {
        fs::read(numbered(2)).is_ok_and(|bytes| bytes != oldest)
    });
    child.signal(Signal::TERM);
    let output = child.wait();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!Path::new(&numbered(3)).exists());
    for path in [numbered(2), numbered(1), recording.clone()] {
        let info = info(&path);
        assert_eq!(info["whole"], true, "{path}: {info}");
        assert!(info["samples"].as_u64() > Some(0), "{path}");
    }
    Ok(())
}

fn redacted() -> Result<(), Failed> {
    let files = Files::new();
    ip("address add 203.0.113.77/32 dev lo");
    let server = TcpListener::bind("203.0.113.77:0")?;
    let to = server.local_addr()?;
    let (_near, _far) = (TcpStream::connect(to)?, server.accept()?);
    let path = files.path("precious-name.sock");
    let _unix = std::os::unix::net::UnixListener::bind(&path)?;
    let plain = files.path("plain.swr");
    let short = ["--duration", "500ms", "--interval", "100ms"];
    stdout_of(&[&["record", "-o", &plain], &short[..]].concat());
    let original = stdout_of(&["export", &plain, "--format", "jsonl"]);
    let secrets = ["203.0.113.77", "precious-name", HOST];
    assert!(secrets[..2].iter().all(|secret| original.contains(secret)));

    let recording = files.path("redacted.swr");
    let (lines, parquet) = (files.path("lines"), files.path("parquet"));
    stdout_of(
        &[
            &["record", "-o", &recording, "--redact", "--jsonl", &lines],
            &short[..],
        ]
        .concat(),
    );
    stdout_of(&[
        "export", &plain, "--redact", "--format", "parquet", "-o", &parquet,
    ]);
    let written = [
        text(&fs::read(&recording)?),
        text(&fs::read(&parquet)?),
        fs::read_to_string(&lines)?,
        stdout_of(&["export", &recording, "--format", "jsonl"]),
        stdout_of(&["export", &plain, "--format", "csv", "--redact"]),
        stdout_of(&["list", "-a", "--from", &recording, "--json"]),
        stdout_of(&["summary", "--from", &recording]),
        stdout_of(&["info", &recording]),
    ];
    for secret in secrets {
        for (place, written) in written.iter().enumerate() {
            assert!(!written.contains(secret), "{secret} in {place}");
        }
    }
    assert_eq!(info(&recording)["redacted"], true);
    // The ends of connections still match.
    let port = to.port();
    let listed = stdout_of(&[
        "list",
        "-tn",
        "-H",
        "--from",
        &recording,
        &format!("sport = {port}"),
    ]);
    assert!(listed.contains(&format!("198.18.0.1:{port}")), "{listed}");
    ip("address del 203.0.113.77/32 dev lo");
    Ok(())
}

fn events_of_a_recording() -> Result<(), Failed> {
    const CONNECTIONS: usize = 300;
    let files = Files::new();
    let recording = files.path("s.swr");
    let server = listener(Ipv4Addr::LOCALHOST);
    let marker = listener(Ipv4Addr::LOCALHOST);
    let child = recorder(&["-o", &recording]);
    until_recorded(&recording, 2);
    for _ in 0..CONNECTIONS {
        let (mut near, far) = pair(&server);
        near.write_all(b"0123456789")?;
        drop(far);
        drop(near);
    }
    let _last = pair(&marker);
    let marker = format!("dport = {}", address(&marker).port());
    until("the last connection to be recorded", || {
        run(&["list", "-tnH", "--from", &recording, &marker])
            .stdout
            .contains(&b':')
    });
    child.signal(Signal::TERM);
    assert!(child.wait().status.success());
    let filter = format!("dport = {}", address(&server).port());
    let events = stdout_of(&["events", "--json", "-t", "--from", &recording, &filter]);
    let mut kinds: BTreeMap<(u64, String), usize> = BTreeMap::new();
    for line in events.lines() {
        let json: Json = serde_json::from_str(line)?;
        let cookie = json["socket"]["cookie"].as_u64().ok_or(line)?;
        let event = json["event"].as_str().ok_or(line)?.to_owned();
        *kinds.entry((cookie, event)).or_default() += 1;
    }
    let of = |kind: &str| {
        let own = kinds.iter().filter(|((_, event), _)| event == kind);
        own.map(|(_, number)| *number).collect::<Vec<_>>()
    };
    assert_eq!(of("closed"), vec![1; CONNECTIONS], "each once");
    let lines = stdout_of(&["events", "-t", "--from", &recording, &filter]);
    assert!(
        lines.starts_with("TIME"),
        "{}",
        lines.lines().next().unwrap_or("")
    );
    Ok(())
}

fn unprivileged_user() -> Result<(), Failed> {
    let files = Files::new();
    let (binary, recording) = (files.path("sockwatch"), files.path("s.swr"));
    fs::copy(env!("CARGO_BIN_EXE_sockwatch"), &binary)?;
    fs::set_permissions(files.0.path(), fs::Permissions::from_mode(0o777))?;
    let output = Command::new(&binary)
        .args([
            "record",
            "-o",
            &recording,
            "--interval",
            "100ms",
            "--duration",
            "500ms",
        ])
        .stdin(Stdio::null())
        .uid(65534)
        .gid(65534)
        .output()?;
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("without the owners"), "{said}");
    let info = info(&recording);
    assert_eq!(info["capabilities"], serde_json::json!([]));
    assert_eq!(info["whole"], true);
    // Owners that were not visible then are not looked up by a user who could.
    let own = listener(Ipv4Addr::LOCALHOST);
    let hidden = stdout_of(&[
        "list",
        "-tanH",
        "--from",
        &recording,
        "unowned permission-denied",
    ]);
    drop(own);
    assert!(!hidden.contains("pid="), "{hidden}");
    Ok(())
}

fn refusals() -> Result<(), Failed> {
    let files = Files::new();
    let recording = files.path("s.swr");
    stdout_of(&[
        "record",
        "-o",
        &recording,
        "--duration",
        "300ms",
        "--interval",
        "100ms",
    ]);
    let dump = files.path("dump");
    fs::write(&dump, b"hello, this is neither of the two")?;
    let missing = files.path("missing");
    for (arguments, status, says) in [
        (
            &["list", "-r", "--from", &recording][..],
            2,
            "-r would resolve names",
        ),
        (
            &["list", "--from", &recording, "--at", "soon"],
            2,
            "invalid time",
        ),
        (
            &["list", "--from", &recording, "--at", "-1h"],
            1,
            "the recording covers",
        ),
        (
            &["list", "--from", &recording, "dst www.example.org"],
            2,
            "cannot resolve host",
        ),
        (
            &["list", "--from", &dump, "--at", "-1s"],
            2,
            "is not a recording",
        ),
        (&["list", "--from", &dump], 1, "not a recording either"),
        (&["list", "--from", &missing], 1, "No such file"),
        (&["summary", "--from", &dump], 1, "dump"),
        (&["events", "--from", &missing], 1, "missing"),
        (&["info", &dump], 1, "dump"),
        (&["info", &missing], 1, "missing"),
        (&["export", &missing, "--format", "csv"], 1, "missing"),
        (
            &["export", &recording, "--format", "csv", "--from", "+1h"],
            1,
            "the recording covers",
        ),
        (
            &[
                "export",
                &recording,
                "--format",
                "csv",
                "-o",
                "/nonexistent/x",
            ],
            1,
            "/nonexistent/x",
        ),
        (&["record", "-o", "-"], 2, "needs a file"),
        (&["record", "-o", "/nonexistent/x"], 1, "/nonexistent/x"),
        (
            &["record", "-o", &missing, "sport = nonsense"],
            2,
            "nonsense",
        ),
    ] {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        let lines = said.lines().filter(|line| !line.starts_with(' ')).count();
        assert_eq!(lines, 1, "{arguments:?}: {said}");
    }
    assert!(!Path::new(&missing).exists());
    for (arguments, says) in [
        (&["list", "--at", "-1s"][..], "--from"),
        (&["summary", "--at", "-1s"], "--from"),
        (
            &["events", "--from", &recording, "--duration", "1s"],
            "--duration",
        ),
        (&["list", "--from", &recording, "--watch", "1s"], "--watch"),
        (&["export", &recording], "--format"),
        (&["record"], "--output"),
    ] {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    Ok(())
}
