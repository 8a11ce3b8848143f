//! `sockwatch diagnose`: what is wrong, live or in a recording, for people, scripts and monitoring.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use super::shared::configuration;
use super::shared::recording_input;
use crate::aggregate::{Aggregator, Moment};
use crate::cli;
use crate::diagnose::{Change, Diagnosis, Finding};
use crate::export;
use crate::replay::Depth;
use crate::source::{Live, LiveOptions, Source};

/// The least number of Samples of a watch, however short: what holds has to be seen several times.
const LEAST_SAMPLES: u32 = 10;

/// Watches, or reads a recording, and tells what is wrong. Answers the status of INTERFACE: 1 if there is something at or
/// above the severity that was asked for.
///
/// # Errors
/// If the configuration is wrong, the kernel gives no sockets, the recording cannot be read, or standard output cannot be written.
pub fn run(arguments: &cli::Diagnose) -> anyhow::Result<ExitCode> {
    let zone = TimeZone::system();
    let config = configuration::load(&arguments.config)?;
    let hold_s = config.diagnose.hold_s;
    let diagnosis = Diagnosis::new(config.diagnose, zone.clone());
    let (findings, looked) = if let Some(path) = &arguments.file {
        read(path, diagnosis)?
    } else {
        let seconds = arguments.watch.as_secs_f64();
        if seconds < hold_s {
            eprintln!(
                "sockwatch: note: nothing can be told within {seconds} s: it has to hold for {hold_s} s (hold_s)"
            );
        }
        watch(arguments.watch, diagnosis)?
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if arguments.json {
        export::findings::write_json(&findings, &mut out)
    } else {
        let columns = columns();
        export::findings::write_text(&findings, &looked, columns, &zone, &mut out)
    };
    match written.and_then(|()| out.flush()) {
        // `| head` has seen enough; the status tells all the same.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot write to standard output")?,
    }
    let failed = findings
        .iter()
        .any(|finding| finding.severity >= arguments.fail_on.severity());
    Ok(ExitCode::from(u8::from(failed)))
}

/// Columns of the terminal; without one, lines are as long as they are.
fn columns() -> usize {
    let out = io::stdout();
    if !out.is_terminal() {
        return usize::MAX;
    }
    rustix::termios::tcgetwinsize(&out).map_or(80, |size| usize::from(size.ws_col))
}

/// Samples for some time; answers the findings that hold at its end.
fn watch(longest: Duration, mut diagnosis: Diagnosis) -> anyhow::Result<(Vec<Finding>, String)> {
    let mut live = Live::new(LiveOptions::default())?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let interval =
        (longest / LEAST_SAMPLES).clamp(Duration::from_millis(100), Duration::from_secs(1));
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
        if due.duration_since(start) > longest {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    for fault in moment.sample.faults.iter().filter(|fault| fault.matters()) {
        eprintln!("sockwatch: {}: {fault}", fault.severity.name());
    }
    let seconds = start.elapsed().as_secs_f64().round();
    let looked = format!("watched for {seconds} s, {samples} samples");
    Ok((diagnosis.findings().to_vec(), looked))
}

/// Goes through a recording; answers every finding there was, in the order in which they came.
fn read(path: &Path, mut diagnosis: Diagnosis) -> anyhow::Result<(Vec<Finding>, String)> {
    let mut replayer = recording_input::open(path)?;
    let samples = replayer.archive().entries().len();
    let mut moment = Moment::default();
    let mut ended: Vec<Finding> = Vec::new();
    for at in 0..samples {
        // What is damaged has been told.
        if replayer.show(at, Depth::Rates, &mut moment).is_err() {
            continue;
        }
        diagnosis.update(&moment);
        let gone = diagnosis.take_changes().into_iter();
        ended.extend(gone.filter_map(|change| match change {
            Change::Gone(finding) => Some(finding),
            Change::Come(_) => None,
        }));
    }
    ended.extend_from_slice(diagnosis.findings());
    ended.sort_by_key(|finding| finding.since_us);
    let looked = format!("{samples} samples");
    Ok((ended, looked))
}
