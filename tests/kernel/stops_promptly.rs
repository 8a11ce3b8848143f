//! SIGTERM and SIGINT end every command within a second, whatever it waits for, and a recording is whole afterwards.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{address, listener};
use crate::support::wait::{patience, until};
use crate::{fallible, run, sockwatch, text};

pub(crate) const CASES: &[Case] = &[
    fallible(
        "a signal ends every command within a second, whatever it waits for",
        &[],
        every_waiting_state,
    ),
    fallible(
        "a signal ends kill while it asks, and closes nothing",
        &[Requirement::Root],
        asking,
    ),
    fallible(
        "a signal ends a command that waits for a name server",
        &[Requirement::Root, Requirement::Ip, Requirement::Unshare],
        name_server,
    ),
    fallible(
        "named pipes are refused as recordings, and devices have no end to wait for",
        &[],
        pipes_and_devices,
    ),
    fallible(
        "a closed standard output ends a command with success",
        &[],
        closed_output,
    ),
    fallible(
        "a named output or a recording that ends with its reader is an error",
        &[],
        incomplete_outputs,
    ),
];

/// Time in which a command must have ended.
const LIMIT: Duration = Duration::from_secs(1);

/// A named pipe that has no other end.
const PIPE: &str = "PIPE";
/// A recording.
const RECORDING: &str = "RECORDING";
/// A file that the command makes.
const NEW: &str = "NEW";

/// Evidence that a command waits.
#[derive(Debug, Clone, Copy)]
enum Until {
    /// Its main thread sleeps and uses no processor.
    Asleep,
    /// [`NEW`] has a Sample, and its main thread sleeps.
    Recorded,
}

/// Outputs that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    Nothing,
    Stdout,
    Stderr,
    Both,
}

/// How a command ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// By the signal itself.
    Signal,
    /// With 0: the signal is the usual end.
    Success,
    /// With 1: an output is incomplete.
    Failure,
    /// With 128 and the number of the signal.
    Blocked,
}

/// A command that waits: its arguments, what cannot be written, what shows that it waits, how it ends.
type Waiting = (&'static [&'static str], Full, Until, End);

const WAITING: &[Waiting] = &[
    // For the next Sample.
    (
        &["events", "--interval", "1h"],
        Full::Nothing,
        Until::Asleep,
        End::Success,
    ),
    (
        &["list", "--jsonl", "--watch", "1h"],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["diagnose", "--for", "1h"],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["record", "-o", NEW, "--interval", "1h"],
        Full::Nothing,
        Until::Recorded,
        End::Success,
    ),
    // For the other end of a named pipe.
    (
        &["list", "-F", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["kill", "-F", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["events", "-F", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["record", "-o", NEW, "-F", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["--config", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["diagnose", "--config", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["replay", RECORDING, "--config", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["list", "--from", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["export", RECORDING, "--format", "csv", "-o", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["record", "--jsonl", PIPE],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["record", "--jsonl", PIPE, "-o", NEW],
        Full::Nothing,
        Until::Asleep,
        End::Signal,
    ),
    // For the reader of a pipe.
    (&["list", "-a"], Full::Stdout, Until::Asleep, End::Signal),
    (
        &["list", "-a", "--json"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["list", "-a", "--csv"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["list", "-a", "--jsonl", "--watch", "1h"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["list", "-a", "--from", RECORDING],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (&["summary"], Full::Stdout, Until::Asleep, End::Signal),
    (
        &["info", RECORDING],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["export", RECORDING, "--format", "jsonl"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["export", RECORDING, "--format", "csv"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["diagnose", RECORDING],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["help", "recording"],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (&["--help"], Full::Stdout, Until::Asleep, End::Signal),
    (
        &["--no-such-option"],
        Full::Stderr,
        Until::Asleep,
        End::Signal,
    ),
    (&["events"], Full::Stdout, Until::Asleep, End::Blocked),
    (
        &["events", "--from", RECORDING],
        Full::Stdout,
        Until::Asleep,
        End::Signal,
    ),
    (
        &["record", "--jsonl", "-", "--interval", "1h"],
        Full::Stdout,
        Until::Asleep,
        End::Failure,
    ),
    (
        &["record", "--jsonl", "-", "-o", NEW, "--interval", "1h"],
        Full::Stdout,
        Until::Recorded,
        End::Failure,
    ),
    (
        &["record", "--jsonl", "-", "-o", NEW, "--interval", "1h"],
        Full::Both,
        Until::Recorded,
        End::Failure,
    ),
    (
        &["record", "-o", NEW, "--interval", "1h"],
        Full::Stderr,
        Until::Recorded,
        End::Success,
    ),
    (
        &["record", "-o", RECORDING],
        Full::Stderr,
        Until::Asleep,
        End::Failure,
    ),
];

fn every_waiting_state() -> Result<(), Failed> {
    let _listeners: Vec<TcpListener> = (0..50).map(|_| listener(Ipv4Addr::LOCALHOST)).collect();
    let mut wrong = Vec::new();
    for (at, waiting) in WAITING.iter().enumerate() {
        for signal in [Signal::TERM, Signal::INT] {
            let (arguments, full, ..) = waiting;
            let place = Place::new()?;
            if let Err(why) = place.ends(waiting, signal) {
                wrong.push(format!(
                    "{at}: {arguments:?}, full: {full:?}, {signal:?}: {why}"
                ));
            }
        }
    }
    // The zone is read at the start of every command, but not from a pipe.
    let place = Place::new()?;
    let mut command = sockwatch(&["list"]);
    let output = command
        .env("TZ", format!(":{}", place.path(PIPE)))
        .output()?;
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("which is not a time zone file"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A directory with a named pipe and a recording.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Place, Failed> {
        let place = Place(tempfile::tempdir()?);
        mknodat(CWD, place.path(PIPE), FileType::Fifo, Mode::RWXU, 0)?;
        let recording = place.path(RECORDING);
        let recorded = run(&[
            "record",
            "-o",
            &recording,
            "--duration",
            "150ms",
            "--interval",
            "100ms",
        ]);
        assert!(recorded.status.success(), "{}", text(&recorded.stderr));
        Ok(place)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Starts a command, sends the signal while it waits, and checks how it ends.
    fn ends(&self, waiting: &Waiting, signal: Signal) -> Result<(), String> {
        let &(arguments, full, wait, end) = waiting;
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&word| match word {
                PIPE | RECORDING | NEW => self.path(word),
                word => word.to_owned(),
            })
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = sockwatch(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut readers = Vec::new();
        let mut full_pipe = || {
            let (reader, writer) = full_pipe().expect("a pipe");
            readers.push(reader);
            writer
        };
        if matches!(full, Full::Stdout | Full::Both) {
            command.stdout(full_pipe());
        }
        if matches!(full, Full::Stderr | Full::Both) {
            command.stderr(full_pipe());
        }
        let child = Running::start(&mut command).map_err(|error| format!("{error:?}"))?;
        let recording = self.path(NEW);
        match wait {
            Until::Asleep => child.until_asleep(),
            Until::Recorded => {
                until("a sample", || is_recorded(&recording));
                child.until_asleep();
            }
        }
        let status = child
            .end(signal)
            .map_err(|error| error.message().unwrap_or_default().to_owned())?;
        let number = signal.as_raw();
        let as_expected = match end {
            End::Signal => status.signal() == Some(number),
            End::Success => status.code() == Some(0),
            End::Failure => status.code() == Some(1),
            End::Blocked => status.code() == Some(128 + number),
        };
        if !as_expected {
            return Err(format!("{status:?}, not {end:?}"));
        }
        match fs::exists(&recording) {
            Ok(true) if info(&recording)["whole"] != true => {
                Err("the recording is not whole".into())
            }
            _ => Ok(()),
        }
    }
}

/// Returns the output of `info --json`; null if there is none.
fn info(path: &str) -> Json {
    let output = run(&["info", path, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn is_recorded(path: &str) -> bool {
    info(path)["samples"].as_u64() > Some(0)
}

/// A pipe that takes no more bytes.
fn full_pipe() -> std::io::Result<(std::io::PipeReader, std::io::PipeWriter)> {
    let (reader, mut writer) = std::io::pipe()?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    while writer.write(&[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false)?;
    Ok((reader, writer))
}

/// A command in the background; it ends with the test at the latest.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Running, Failed> {
        Ok(Running(command.spawn()?))
    }

    /// Returns the state of the main thread, and its processor time in ticks.
    fn main_thread(&self) -> Option<(String, u64)> {
        let pid = self.0.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((fields.first()?.to_string(), ticks(11)? + ticks(12)?))
    }

    /// Waits until the main thread sleeps for some time, without using the processor.
    fn until_asleep(&self) {
        let mut since: Option<(u64, Instant)> = None;
        until("it sleeps", || {
            let asleep = match self.main_thread() {
                Some((state, ticks)) if state == "S" => Some(ticks),
                _ => None,
            };
            match (asleep, since) {
                (None, _) => since = None,
                (Some(ticks), Some((before, _))) if ticks == before => {}
                (Some(ticks), _) => since = Some((ticks, Instant::now())),
            }
            since.is_some_and(|(_, start)| start.elapsed() >= patience(Duration::from_millis(200)))
        });
    }

    fn signal(&self, signal: Signal) -> Result<(), Failed> {
        let pid = Pid::from_raw(self.0.id().cast_signed()).ok_or("a pid")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Sends a signal; fails unless the process ends within the limit.
    fn end(mut self, signal: Signal) -> Result<ExitStatus, Failed> {
        if let Some(status) = self.0.try_wait()? {
            return Err(format!("it ended before: {status:?}").into());
        }
        let start = Instant::now();
        self.signal(signal)?;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > patience(LIMIT) {
                return Err("it goes on".into());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn asking() -> Result<(), Failed> {
    let server = listener(Ipv4Addr::LOCALHOST);
    let filter = format!("sport = {}", address(&server).port());
    for signal in [Signal::TERM, Signal::INT] {
        let mut command = sockwatch(&["kill", "-l", "-t", &filter]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = Running::start(&mut command)?;
        let mut output = child.0.stdout.take().ok_or("it is piped")?;
        let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
        while !text(&shown).contains("close this socket?") {
            match output.read(&mut bytes)? {
                0 => return Err(text(&shown).into()),
                length => shown.extend_from_slice(&bytes[..length]),
            }
        }
        assert_eq!(child.end(signal)?.signal(), Some(signal.as_raw()));
    }
    std::net::TcpStream::connect(server.local_addr()?)?;
    Ok(())
}

fn name_server() -> Result<(), Failed> {
    let place = Place::new()?;
    fs::write(place.path("resolv.conf"), "nameserver 127.0.0.1\n")?;
    fs::write(place.path("nsswitch.conf"), "hosts: dns\n")?;
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53))?;
    silent.set_read_timeout(Some(patience(Duration::from_secs(20))))?;
    let _peer = listener(Ipv4Addr::LOCALHOST);
    let script = "mount --bind \"$1/resolv.conf\" /etc/resolv.conf && mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf && shift && exec \"$0\" \"$@\"";
    let directory = place.0.path().display().to_string();
    for arguments in [
        &["list", "-t", "dst no-such-host.test"][..],
        &["record", "-o", "/dev/null", "dst no-such-host.test"],
        &["events", "dst no-such-host.test"],
    ] {
        let mut command = Command::new("unshare");
        command
            .args([
                "-m",
                "sh",
                "-c",
                script,
                env!("CARGO_BIN_EXE_sockwatch"),
                &directory,
            ])
            .args(arguments)
            .stdout(Stdio::null())
            .stdin(Stdio::null());
        let child = Running::start(&mut command)?;
        // It asks again if there is no answer: the questions of the last command are read as well.
        silent
            .recv(&mut [0; 512])
            .map_err(|error| format!("{arguments:?}: {error}"))?;
        child.until_asleep();
        assert_eq!(child.end(Signal::TERM)?.signal(), Some(15), "{arguments:?}");
        silent.set_nonblocking(true)?;
        while silent.recv(&mut [0; 512]).is_ok() {}
        silent.set_nonblocking(false)?;
    }
    Ok(())
}

fn pipes_and_devices() -> Result<(), Failed> {
    let place = Place::new()?;
    let (pipe, recording, new) = (place.path(PIPE), place.path(RECORDING), place.path(NEW));
    let mut cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["record", "-o", &pipe], "already exists"),
        (vec!["record", "-o", &pipe, "--force"], "not a regular file"),
    ];
    for endless in [
        &*pipe,
        "/dev/zero",
        "/dev/urandom",
        "/dev/null",
        "/dev/full",
    ] {
        cases.extend([
            (vec!["info", endless], "not a regular file"),
            (
                vec!["export", endless, "--format", "csv"],
                "not a regular file",
            ),
            (vec!["replay", endless], "not a regular file"),
            (vec!["diagnose", endless], "not a regular file"),
            (vec!["summary", "--from", endless], "not a regular file"),
            (vec!["events", "--from", endless], "not a regular file"),
            (
                vec!["record", "-o", endless, "--force"],
                "not a regular file",
            ),
        ]);
    }
    for endless in ["/dev/zero", "/dev/urandom", "/dev/full"] {
        cases.extend([
            (vec!["list", "-F", endless], ""),
            (vec!["kill", "-F", endless], ""),
            (vec!["record", "-o", &new, "-F", endless], ""),
            (vec!["list", "--from", endless], ""),
            (vec!["diagnose", "--config", endless, &recording], ""),
        ]);
    }
    cases.extend([
        (
            vec!["export", &recording, "--format", "csv", "-o", "/dev/full"],
            "No space left",
        ),
        (
            vec!["record", "--jsonl", "/dev/full", "--duration", "1h"],
            "No space left",
        ),
    ]);
    for (arguments, says) in cases {
        let output = run(&arguments);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(output.status.code().is_some(), "{arguments:?}: {said}");
        assert!(
            said.contains(says) && !said.is_empty(),
            "{arguments:?}: {said}"
        );
        assert!(!Path::new(&new).exists(), "{arguments:?}");
    }
    // A device has no contents to overwrite.
    for device in ["/dev/null", "/dev/zero", "/dev/urandom"] {
        let output = run(&["export", &recording, "--format", "csv", "-o", device]);
        assert!(
            output.status.success(),
            "{device}: {}",
            text(&output.stderr)
        );
    }
    Ok(())
}

fn closed_output() -> Result<(), Failed> {
    let place = Place::new()?;
    let recording = place.path(RECORDING);
    for arguments in [
        &["list", "-a"][..],
        &["list", "-a", "--json"],
        &["list", "-a", "--jsonl", "--watch", "100ms"],
        &["summary"],
        &["events"],
        &["export", &recording, "--format", "jsonl"],
        &["info", &recording],
    ] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let output = sockwatch(arguments).stdout(writer).output()?;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
    Ok(())
}

/// A file is incomplete if its reader goes, and so is a recording that ends because a reader went.
fn incomplete_outputs() -> Result<(), Failed> {
    let place = Place::new()?;
    let (pipe, recording, new) = (place.path(PIPE), place.path(RECORDING), place.path(NEW));
    let shortly = ["--interval", "100ms", "--duration", "20s"];
    let record = |output: &[&'static str]| [&["record"], output, &shortly].concat();
    let to_pipe = record(&["--jsonl", PIPE]);
    let beside = record(&["--jsonl", "-", "-o", NEW]);
    let export = ["export", RECORDING, "--format", "jsonl", "-o", PIPE];
    for arguments in [&to_pipe[..], &beside, &export] {
        let words = arguments.iter().map(|&word| match word {
            PIPE => pipe.clone(),
            RECORDING => recording.clone(),
            NEW => new.clone(),
            word => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = sockwatch(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if arguments.contains(&PIPE) {
            // Opened for a moment.
            drop(fs::File::open(&pipe)?);
        }
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("its reader has gone"),
            "{arguments:?}: {said}"
        );
    }
    assert_eq!(info(&new)["whole"], true);
    Ok(())
}
