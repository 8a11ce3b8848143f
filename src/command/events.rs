//! `sockwatch events`: prints sockets as they open, change state and close, live or of a recording.

mod event_writer;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use signal_hook::consts::{SIGINT, SIGTERM};

use self::event_writer::EventWriter;
use super::shared::net_scope;
use super::shared::pace_note::PaceNote;
use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input::{self, DamageReporter};
use super::shared::selection::Selection;
use super::shared::stop_signals::StopSignals;
use crate::aggregate::{Aggregator, Moment};
use crate::cli;
use crate::export::message::report;
use crate::replay::Depth;
use crate::source::{LiveOptions, LiveSource, NamespaceScope, Schedule, Source, SystemNames};

/// Time between two checks of the stop flag while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Prints events until the duration is over, a signal arrives or standard output is closed; or the events of a
/// recording.
///
/// # Errors
/// If the filter is invalid, the kernel reports no sockets or no events, the recording cannot be read, or standard
/// output cannot be written.
pub fn run(arguments: &cli::Events) -> anyhow::Result<()> {
    match &arguments.from {
        Some(path) => {
            net_scope::reject_with_file(&arguments.net)?;
            replay(arguments, path)
        }
        None => listen(arguments),
    }
}

/// Prints the events of this machine.
fn listen(arguments: &cli::Events) -> anyhow::Result<()> {
    let namespaces = net_scope::enter(&arguments.net, NamespaceScope::Own)?;
    let selection = Selection::new(&arguments.select, &SystemNames::default(), false)?;
    selection.check_permissions()?;
    // Each batch is written at once: nothing is pending if the command is blocked, but what its reader does not read.
    let stop = StopSignals::listen(&[SIGINT, SIGTERM])
        .and_then(|signals| signals.watch(|| false))
        .context("cannot wait for signals")?;
    let mut live = LiveSource::new(LiveOptions {
        tables: selection.tables(),
        namespaces,
        devices: false,
        settings: false,
        ..LiveOptions::default()
    })?;
    let mut aggregator = Aggregator::new().with_all_events();
    let mut moment = Moment::default();
    let start = Instant::now();
    let until = arguments
        .duration
        .and_then(|duration| start.checked_add(duration));
    let mut writer = EventWriter::new(arguments, &selection)?;
    let mut schedule = Schedule::new(arguments.interval, start);
    let mut pace = PaceNote::new(arguments.interval);
    let mut is_reported = false;
    loop {
        schedule.begin(Instant::now());
        let last = stop.is_set() || until.is_some_and(|until| Instant::now() >= until);
        live.next_into(&mut moment.sample)?;
        if !moment.sample.events_available {
            let why = moment
                .sample
                .faults
                .iter()
                .find(|fault| fault.source == "destroy events");
            return Err(anyhow!(
                "the kernel does not report closed sockets: {}",
                why.map_or("no reason given", |fault| fault.error.as_str())
            ));
        }
        if !std::mem::replace(&mut is_reported, true) {
            net_scope::report_omitted(&moment.sample);
        }
        moment.derive(&mut aggregator);
        writer
            .write_moment(&moment)
            .context("cannot write to standard output")?;
        if last {
            let now = jiff::Timestamp::now().as_microsecond();
            return writer
                .finish(now)
                .context("cannot write to standard output");
        }
        let due = schedule.end(Instant::now());
        pace.report(&schedule, moment.sample.iter().len());
        let wake = until.map_or(due, |until| until.min(due));
        while !stop.is_set() {
            let rest = wake.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            std::thread::sleep(rest.min(POLL_INTERVAL));
        }
    }
}

/// Prints all events of a recording.
fn replay(arguments: &cli::Events, path: &Path) -> anyhow::Result<()> {
    let selection = Selection::new(&arguments.select, &RecordedNames::default(), true)?;
    let mut replayer = recording_input::open(path)?.with_all_events();
    let mut writer = EventWriter::new(arguments, &selection)?;
    let mut moment = Moment::default();
    let damage = DamageReporter::new(path);
    let mut gap_reported = false;
    for at in 0..replayer.archive().entries().len() {
        if let Err(error) = replayer.show(at, Depth::Rates, &mut moment) {
            damage.report(&error);
            continue;
        }
        if !moment.sample.events_available && !gap_reported {
            gap_reported = true;
            report!(
                "sockwatch: {}: the kernel did not report closed sockets; sockets that lived only between two samples are missing",
                path.display()
            );
        }
        writer
            .write_moment(&moment)
            .context("cannot write to standard output")?;
    }
    writer
        .finish(moment.sample.taken_at_us)
        .context("cannot write to standard output")
}
