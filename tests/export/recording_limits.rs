//! Commands that read a recording which takes more than its bytes account for: they say so in one line, keep what was
//! readable before, and end with a status. Recordings of real machines that compress extremely well are read.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use sockwatch::model::{Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State};
use sockwatch::recording::{Archive as _, Encoder, Metadata, Reader, Recorder, RecorderOptions};

use crate::recording_bombs::{append_frame, million_sockets};

/// Memory limit of the commands, kB.
const MEMORY_KB: u32 = 512 << 10;

/// Sockets of a media server: one for almost every port.
const PORTS: u32 = 60_000;

/// Error of a frame that expands to more than its bytes account for.
const REFUSED: &str = "expands to more than a recording of its size can hold";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test(
            "every command says in one line that a Sample takes too much memory, and keeps the others",
            commands_keep_what_is_readable,
        ),
        Trial::test(
            "a recording that needs more than the memory limit of the process is refused with the remedy",
            the_limit_of_the_process_is_respected,
        ),
        Trial::test(
            "60 000 UDP sockets of consecutive ports are read within 512 MB",
            consecutive_ports_are_read,
        ),
        Trial::test(
            "a frame with other sockets than its header states is refused",
            unannounced_sockets_are_refused,
        ),
    ]
}

/// UDP sockets that a process opened one after the other: only numbers that grow by one distinguish them.
fn consecutive_ports(sockets: u32, second: u64) -> Sample {
    let mut sample = Sample {
        monotonic_ns: (100 + second) * 1_000_000_000,
        taken_at_us: (1_795_205_647 + second as i64) * 1_000_000,
        ..Sample::default()
    };
    let end = |port| Endpoint {
        address: IpAddr::from(Ipv4Addr::LOCALHOST),
        port,
    };
    for at in 0..sockets {
        let ends = Ends::Inet {
            local: end(2000 + (at % PORTS) as u16),
            remote: end(0),
        };
        let cookie = u64::from(at) + 1;
        let (protocol, state) = (Protocol::Udp, State::Closed);
        let mut socket = Socket::new(1, cookie, Family::Inet, protocol, state, ends);
        (socket.inode, socket.uid) = (5000 + at, Some(33));
        let parts = Parts {
            memory: &[0; 36],
            ..Parts::default()
        };
        let pushed = sample.sockets.push(socket, parts);
        pushed.expect("the table is not full");
    }
    sample
}

/// Records Samples of consecutive ports.
fn record(path: &Path, sockets: u32, samples: u64) -> Result<(), Failed> {
    let options = RecorderOptions {
        path: path.to_owned(),
        ..RecorderOptions::default()
    };
    let mut recorder = Recorder::start(options, Metadata::default())?;
    let mut encoder = Encoder::new();
    for second in 0..samples {
        let sample = consecutive_ports(sockets, second);
        assert!(recorder.offer(&encoder.encode(&sample)?));
    }
    recorder.finish()?;
    Ok(())
}

/// Runs a command whose address space is limited.
fn run_limited(memory_kb: u32, arguments: &[&str]) -> Result<Output, Failed> {
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v {memory_kb}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_sockwatch"))
        .args(arguments)
        .output()?;
    Ok(output)
}

/// The commands that read a recording, and whether they read all of its Samples.
fn reading_commands(path: &str) -> Vec<(Vec<&str>, bool)> {
    vec![
        (vec!["info", path], true),
        (vec!["info", path, "--json"], true),
        (vec!["list", "-a", "--from", path], false),
        (vec!["summary", "--from", path], false),
        (vec!["export", path, "--format", "csv"], true),
        (vec!["export", path, "--format", "jsonl"], true),
        #[cfg(feature = "parquet")]
        (vec!["export", path, "--format", "parquet"], true),
        (vec!["diagnose", path], true),
    ]
}

fn commands_keep_what_is_readable() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path: PathBuf = directory.path().join("mixed.swr");
    record(&path, 3, 2)?;
    let mut file = std::fs::read(&path)?;
    append_frame(&mut file, &million_sockets(), None);
    std::fs::write(&path, file)?;
    for (arguments, reads_all) in reading_commands(path.to_str().expect("it is text")) {
        let output = run_limited(MEMORY_KB, &arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let shown = String::from_utf8_lossy(&output.stdout);
        let context = format!("{arguments:?}: {}\n{errors}\n{shown}", output.status);
        let status = output.status.code();
        let said = errors.lines().chain(shown.lines());
        let said = said.filter(|line| line.contains(REFUSED)).count();
        if said != 1 {
            return Err(format!("said {said} times: {context}").into());
        }
        let is_kept =
            shown.contains("2001") || arguments[0] == "info" || arguments[0] == "diagnose";
        let is_right = if reads_all {
            // Without processes and counters, `diagnose` cannot check everything and ends with 3.
            let ended = if arguments[0] == "diagnose" {
                status == Some(3)
            } else {
                status == Some(0)
            };
            ended && (is_kept || !shown.is_ascii())
        } else {
            // The Sample before is shown.
            status == Some(0) && errors.contains("; this is the one at ")
        };
        if !is_right {
            return Err(context.into());
        }
    }
    Ok(())
}

fn the_limit_of_the_process_is_respected() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("ports.swr");
    record(&path, 2 * PORTS, 1)?;
    let path = path.to_str().expect("it is text");
    let output = run_limited(100 << 10, &["info", path])?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.contains("raise the limit with ulimit -v") {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {said}{errors}", output.status).into())
}

fn consecutive_ports_are_read() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("ports.swr");
    record(&path, PORTS, 3)?;
    let path = path.to_str().expect("it is text");
    for arguments in [["info", path].as_slice(), &["summary", "--from", path]] {
        let output = run_limited(MEMORY_KB, arguments)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || errors.contains("corrupt") || said.contains("corrupt") {
            return Err(format!("{arguments:?}: {}: {said}{errors}", output.status).into());
        }
    }
    Ok(())
}

fn unannounced_sockets_are_refused() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("unannounced.swr");
    record(&path, 3, 1)?;
    let mut file = std::fs::read(&path)?;
    append_frame(&mut file, &million_sockets(), Some(3));
    std::fs::write(&path, file)?;
    let mut reader = Reader::open(&path)?;
    let mut sample = Sample::default();
    reader.read_into(0, &mut sample)?;
    let refused = reader.read_into(1, &mut sample).err();
    let refused = refused.ok_or("it was read")?.to_string();
    if refused.contains("as many sockets as its header states") {
        return Ok(());
    }
    Err(refused.into())
}
