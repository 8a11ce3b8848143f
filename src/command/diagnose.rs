//! `sockwatch diagnose`: prints findings, live or in a recording, for users, scripts and monitoring.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::shared::configuration;
use super::shared::net_scope;
use super::shared::pace_note::PaceNote;
use super::shared::recording_input::{self, DamageReporter};
use super::shared::text_stdout::text_stdout;
use crate::aggregate::{Aggregator, Moment};
use crate::app::environment;
use crate::app::terminal_size;
use crate::cli;
use crate::diagnose::{Change, Diagnosis, Finding, Severity, plural};
use crate::export;
use crate::export::NamespaceCounts;
use crate::export::findings::FindingsReport;
use crate::export::message::report;
use crate::replay::{Depth, recorded_sockets};
use crate::source::{LiveOptions, LiveSource, NamespaceScope, Schedule, Source};

/// Exit status with findings.
const FOUND: u8 = 1;

/// Exit status without findings if some could not be checked.
const UNKNOWN: u8 = 3;

/// Width of the text if the terminal claims none, columns.
const DEFAULT_WIDTH: usize = 80;

/// Smallest number of Samples of a watch, however short: a condition has to persist over several.
const MIN_SAMPLES: u32 = 10;

/// Watches this machine or reads a recording, and prints the findings and what could not be checked. The exit status is 1
/// if a finding has the severity of `--fail-on` or a higher one, and 3 if one that could have it was not looked for.
///
/// # Errors
/// If the configuration is invalid, the kernel reports no sockets, the recording cannot be read, or standard output
/// cannot be written.
pub fn run(arguments: &cli::Diagnose) -> anyhow::Result<ExitCode> {
    let zone = environment::time_zone();
    let config = configuration::load(&arguments.config)?;
    let diagnosis = Diagnosis::new(config.diagnose, zone.clone());
    let report = if let Some(path) = &arguments.file {
        net_scope::reject_with_file(&arguments.net)?;
        read_recording(path, diagnosis)?
    } else {
        let namespaces = net_scope::enter(&arguments.net, NamespaceScope::All)?;
        watch(arguments.watch, namespaces, diagnosis)?
    };
    let written = if arguments.json {
        let mut out = io::BufWriter::new(io::stdout().lock());
        export::findings::write_json(&report, &mut out).and_then(|()| out.flush())
    } else {
        let mut out = io::BufWriter::new(text_stdout());
        let width = output_width();
        export::findings::write_text(&report, width, &zone, &mut out).and_then(|()| out.flush())
    };
    match written {
        // The reader closed the pipe, as `head` does; the exit status still counts.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot write to standard output")?,
    }
    Ok(exit_status(&report, arguments.fail_on.severity()))
}

/// Returns 1 if a finding has the severity or a higher one, 3 if one that could have it was not looked for, which is
/// reported on standard error, and 0 otherwise.
fn exit_status(report: &FindingsReport, fail_on: Severity) -> ExitCode {
    let mut findings = report.findings.iter();
    if findings.any(|finding| finding.severity >= fail_on) {
        return ExitCode::from(FOUND);
    }
    let unknown = report.blindness.not_checked.iter();
    let unknown = unknown.filter(|unchecked| unchecked.kind.max_severity() >= fail_on);
    let ids: Vec<&str> = unknown.map(|unchecked| unchecked.kind.id()).collect();
    if ids.is_empty() {
        return ExitCode::SUCCESS;
    }
    report!(
        "sockwatch: {} of severity {} or higher could not be checked: {}",
        plural(ids.len() as u64, "finding", "findings"),
        fail_on.name(),
        ids.join(", ")
    );
    ExitCode::from(UNKNOWN)
}

/// Returns the width of the terminal in columns; without a terminal lines are not wrapped.
fn output_width() -> usize {
    let out = io::stdout();
    if !out.is_terminal() {
        return usize::MAX;
    }
    terminal_size::width(&out).unwrap_or(DEFAULT_WIDTH)
}

/// Samples this machine for some time. Returns the findings at its end.
fn watch(
    duration: Duration,
    namespaces: NamespaceScope,
    mut diagnosis: Diagnosis,
) -> anyhow::Result<FindingsReport> {
    let mut live = LiveSource::new(LiveOptions {
        namespaces,
        ..LiveOptions::default()
    })?;
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    let interval =
        (duration / MIN_SAMPLES).clamp(Duration::from_millis(100), Duration::from_secs(1));
    let start = Instant::now();
    let mut schedule = Schedule::new(interval, start);
    let mut pace = PaceNote::new(interval);
    let mut first_ns = None;
    let mut samples = 0u32;
    loop {
        schedule.begin(Instant::now());
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
        diagnosis.update(&moment);
        first_ns.get_or_insert(moment.sample.monotonic_ns);
        samples += 1;
        let due = schedule.end(Instant::now());
        pace.report(&schedule, moment.sample.iter().len());
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
        report!("sockwatch: {}: {fault}", fault.severity.name());
    }
    net_scope::report_omitted(&moment.sample);
    let seconds = start.elapsed().as_secs_f64().round();
    // Samples that take long leave less time between the first and the last one. A condition that a Sample shows has
    // lasted for up to one interval before it.
    let first_ns = first_ns.unwrap_or(moment.sample.monotonic_ns);
    let span = Duration::from_nanos(moment.sample.monotonic_ns.saturating_sub(first_ns));
    let watched = (span + interval).min(duration);
    Ok(FindingsReport {
        findings: diagnosis.findings().to_vec(),
        blindness: diagnosis.blindness_of_watch(watched.as_secs_f64()),
        scope: format!("watched for {seconds} s, {samples} samples"),
        namespaces: NamespaceCounts::of(&moment.sample),
    })
}

/// Reads a recording. Returns all of its findings in the order in which they were raised.
fn read_recording(path: &Path, diagnosis: Diagnosis) -> anyhow::Result<FindingsReport> {
    let mut replayer = recording_input::open(path)?;
    let metadata = replayer.archive().metadata();
    let interval_s = metadata.interval.as_secs_f64();
    let mut diagnosis = diagnosis.of_recording(recorded_sockets(metadata));
    let samples = replayer.archive().entries().len();
    let mut moment = Moment::default();
    let mut ended: Vec<Finding> = Vec::new();
    let damage = DamageReporter::new(path);
    let mut read = 0;
    for at in 0..samples {
        if let Err(error) = replayer.show(at, Depth::Rates, &mut moment) {
            damage.report(&error);
            continue;
        }
        read += 1;
        diagnosis.update(&moment);
        let changes = diagnosis.take_changes().into_iter();
        ended.extend(changes.filter_map(|change| match change {
            Change::Cleared(finding) => Some(finding),
            Change::Raised(_) => None,
        }));
    }
    ended.extend_from_slice(diagnosis.findings());
    ended.sort_by_key(|finding| finding.since_ns);
    let entries = replayer.archive().entries();
    let (first, last) = (entries.first(), entries.last());
    let span_ns = match (first, last) {
        (Some(first), Some(last)) => last
            .time
            .monotonic_ns
            .saturating_sub(first.time.monotonic_ns),
        _ => 0,
    };
    let losses = replayer.archive().losses().iter();
    let corrupt = losses.filter(|loss| loss.loses_samples).count() as u64;
    Ok(FindingsReport {
        findings: ended,
        blindness: diagnosis.blindness_of_recording(span_ns as f64 / 1e9 + interval_s, corrupt),
        scope: plural(read, "sample", "samples"),
        namespaces: NamespaceCounts::of(&moment.sample),
    })
}
