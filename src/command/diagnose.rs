//! `sockwatch diagnose`: prints findings, live or in a recording, for users, scripts and monitoring.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use super::shared::configuration;
use super::shared::recording_input;
use super::shared::text_stdout::text_stdout;
use crate::aggregate::{Aggregator, Moment};
use crate::cli;
use crate::diagnose::{Change, Diagnosis, Finding};
use crate::export;
use crate::replay::Depth;
use crate::source::{LiveOptions, LiveSource, Source};

/// Smallest number of Samples of a watch, however short: a condition has to persist over several.
const MIN_SAMPLES: u32 = 10;

/// Watches this machine or reads a recording, and prints the findings. The exit status is 1 if a finding has the
/// severity of `--fail-on` or a higher one.
///
/// # Errors
/// If the configuration is invalid, the kernel reports no sockets, the recording cannot be read, or standard output
/// cannot be written.
pub fn run(arguments: &cli::Diagnose) -> anyhow::Result<ExitCode> {
    let zone = TimeZone::system();
    let config = configuration::load(&arguments.config)?;
    let hold_s = config.diagnose.hold_s;
    let diagnosis = Diagnosis::new(config.diagnose, zone.clone());
    let (findings, scope) = if let Some(path) = &arguments.file {
        read_recording(path, diagnosis)?
    } else {
        let seconds = arguments.watch.as_secs_f64();
        if seconds < hold_s {
            eprintln!(
                "sockwatch: note: --for {seconds}s is too short: a condition must persist for {hold_s} s (hold_s) to be reported"
            );
        }
        watch(arguments.watch, diagnosis)?
    };
    let written = if arguments.json {
        let mut out = io::BufWriter::new(io::stdout().lock());
        export::findings::write_json(&findings, &mut out).and_then(|()| out.flush())
    } else {
        let mut out = io::BufWriter::new(text_stdout());
        let width = output_width();
        export::findings::write_text(&findings, &scope, width, &zone, &mut out)
            .and_then(|()| out.flush())
    };
    match written {
        // The reader closed the pipe, as `head` does; the exit status still counts.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot write to standard output")?,
    }
    let failed = findings
        .iter()
        .any(|finding| finding.severity >= arguments.fail_on.severity());
    Ok(ExitCode::from(u8::from(failed)))
}

/// Returns the width of the terminal in columns; without a terminal lines are not wrapped.
fn output_width() -> usize {
    let out = io::stdout();
    if !out.is_terminal() {
        return usize::MAX;
    }
    rustix::termios::tcgetwinsize(&out).map_or(80, |size| usize::from(size.ws_col))
}

/// Samples this machine for some time. Returns the findings at its end and a description of what was sampled.
fn watch(duration: Duration, mut diagnosis: Diagnosis) -> anyhow::Result<(Vec<Finding>, String)> {
    let mut live = LiveSource::new(LiveOptions::default())?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let interval =
        (duration / MIN_SAMPLES).clamp(Duration::from_millis(100), Duration::from_secs(1));
    let start = Instant::now();
    let mut due = start;
    let mut samples = 0u32;
    loop {
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
        diagnosis.update(&moment);
        samples += 1;
        let now = Instant::now();
        while due <= now {
            due += interval;
        }
        if due.duration_since(start) > duration {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    for fault in moment
        .sample
        .faults
        .iter()
        .filter(|fault| fault.hides_data())
    {
        eprintln!("sockwatch: {}: {fault}", fault.severity.name());
    }
    let seconds = start.elapsed().as_secs_f64().round();
    let scope = format!("watched for {seconds} s, {samples} samples");
    Ok((diagnosis.findings().to_vec(), scope))
}

/// Reads a recording. Returns all of its findings in the order in which they were raised, and a description of what was
/// read.
fn read_recording(path: &Path, mut diagnosis: Diagnosis) -> anyhow::Result<(Vec<Finding>, String)> {
    let mut replayer = recording_input::open(path)?;
    let samples = replayer.archive().entries().len();
    let mut moment = Moment::default();
    let mut ended: Vec<Finding> = Vec::new();
    for at in 0..samples {
        // Damage was reported when the recording was opened.
        if replayer.show(at, Depth::Rates, &mut moment).is_err() {
            continue;
        }
        diagnosis.update(&moment);
        let changes = diagnosis.take_changes().into_iter();
        ended.extend(changes.filter_map(|change| match change {
            Change::Cleared(finding) => Some(finding),
            Change::Raised(_) => None,
        }));
    }
    ended.extend_from_slice(diagnosis.findings());
    ended.sort_by_key(|finding| finding.since_ns);
    let scope = format!("{samples} samples");
    Ok((ended, scope))
}
