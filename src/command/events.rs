//! `sockwatch events`: what is opened, changed and closed, as it happens.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::shared::recorded_names::RecordedNames;
use super::shared::recording_input;
use super::shared::selection::Selection;
use crate::aggregate::{Aggregator, Event, Moment};
use crate::cli;
use crate::column::EventLine;
use crate::export;
use crate::model::SocketRef;
use crate::replay::Depth;
use crate::source::{Live, LiveOptions, Source, System};

/// How often somebody who waits looks whether it is time to end.
const LOOK: Duration = Duration::from_millis(20);

/// Tells what happens until the time is over, a signal comes or nobody listens any more; or what happened in a recording.
///
/// # Errors
/// If the filter is not understood, the kernel gives no sockets or no events, the recording cannot be read, or standard
/// output cannot be written.
pub fn run(arguments: &cli::Events) -> anyhow::Result<()> {
    match &arguments.from {
        Some(path) => replay(arguments, path),
        None => listen(arguments),
    }
}

fn listen(arguments: &cli::Events) -> anyhow::Result<()> {
    let selection = Selection::new(&arguments.select, &System::default(), false)?;
    selection.check()?;
    let end = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&end)).context("cannot wait for signals")?;
    }
    let mut live = Live::new(LiveOptions {
        tables: selection.tables(),
        devices: false,
        ..LiveOptions::default()
    })?;
    let mut aggregator = Aggregator::new().with_all_events();
    let mut moment = Moment::default();
    let start = Instant::now();
    let until = arguments
        .duration
        .and_then(|duration| start.checked_add(duration));
    let mut teller = Teller::new(arguments, &selection)?;
    let mut next = start;
    loop {
        let last =
            end.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() >= until);
        live.next_into(&mut moment.sample)?;
        if !moment.sample.events_available {
            let why = moment
                .sample
                .faults
                .iter()
                .find(|fault| fault.source == "destroy events");
            return Err(anyhow!(
                "the kernel does not tell of sockets that end: {}",
                why.map_or("no reason given", |fault| fault.error.as_str())
            ));
        }
        moment.derive(&mut aggregator);
        teller
            .tell(&moment)
            .context("cannot write to standard output")?;
        if last {
            let now = jiff::Timestamp::now().as_microsecond();
            return teller
                .finish(now)
                .context("cannot write to standard output");
        }
        next = (next + arguments.interval).max(Instant::now());
        let wake = until.map_or(next, |until| until.min(next));
        while !end.load(Ordering::Relaxed) {
            let rest = wake.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            std::thread::sleep(rest.min(LOOK));
        }
    }
}

/// Tells all that happened in a recording.
fn replay(arguments: &cli::Events, path: &Path) -> anyhow::Result<()> {
    let selection = Selection::new(&arguments.select, &RecordedNames::default(), true)?;
    let mut replayer = recording_input::open(path)?.with_all_events();
    let mut teller = Teller::new(arguments, &selection)?;
    let mut moment = Moment::default();
    let mut deaf = false;
    for at in 0..replayer.archive().entries().len() {
        // What goes before is taken again after a gap, and was told.
        let again = at > 0 && !replayer.is_sequential(at, Depth::Rates);
        if let Err(error) = replayer.show(at, Depth::Rates, &mut moment) {
            eprintln!("sockwatch: {}: {error}", path.display());
            continue;
        }
        if again {
            teller.skip_to(&moment);
        }
        if !moment.sample.events_available && !deaf {
            deaf = true;
            eprintln!(
                "sockwatch: {}: the kernel did not tell of sockets that ended; what lived between two samples is missing",
                path.display()
            );
        }
        teller
            .tell(&moment)
            .context("cannot write to standard output")?;
    }
    teller
        .finish(moment.sample.taken_at_us)
        .context("cannot write to standard output")
}

/// Writes down what was not told yet.
#[derive(Debug)]
struct Teller<'a> {
    arguments: &'a cli::Events,
    selection: &'a Selection,
    timezone: jiff::tz::TimeZone,
    /// Number of the next event.
    told: u64,
    /// Sockets that ended before their owner or their other end was known, so that the filter could not decide.
    undecided: u64,
}

impl<'a> Teller<'a> {
    /// Has told nothing yet but the heading.
    fn new(arguments: &'a cli::Events, selection: &'a Selection) -> anyhow::Result<Teller<'a>> {
        if !arguments.json && !arguments.no_header {
            let mut out = io::stdout().lock();
            export::events::write_heading(&mut out)
                .and_then(|()| out.flush())
                .context("cannot write to standard output")?;
        }
        Ok(Teller {
            arguments,
            selection,
            timezone: jiff::tz::TimeZone::system(),
            told: 0,
            undecided: 0,
        })
    }

    /// Leaves out what happened before a moment.
    fn skip_to(&mut self, moment: &Moment) {
        let log = &moment.aggregate.events;
        let now = moment.sample.monotonic_ns;
        let own = log.batches().next_back();
        let own = own.filter(|batch| batch.sample.monotonic_ns == now);
        self.told = own.map_or(log.next(), |batch| batch.first);
    }

    fn tell(&mut self, moment: &Moment) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(256 * 1024, io::stdout().lock());
        let log = &moment.aggregate.events;
        // What was lost was lost before the moment's events.
        let lost = moment.sample.lost_events;
        if lost > 0 {
            if self.arguments.json {
                export::json::write_count(moment.sample.taken_at_us, "lost", lost, &mut out)?;
            } else {
                eprintln!(
                    "sockwatch: {lost} events were lost: they came faster than they were read"
                );
            }
        }
        for batch in log.batches().filter(|batch| batch.first >= self.told) {
            for (at, event) in batch.events.iter().enumerate() {
                let Some(socket) = batch.sample.socket(event.row as usize) else {
                    continue;
                };
                if self.selection.holds_event(event, socket) {
                    let number = batch.first + at as u64;
                    self.write(number, event, socket, &mut out)?;
                } else if self.selection.could_hold_event(event, socket) {
                    self.undecided += 1;
                }
            }
        }
        self.told = log.next();
        out.flush()
    }

    /// Tells in the end, at a time in µs since 1970 UTC, how much the filter could not decide.
    fn finish(&self, at_us: i64) -> io::Result<()> {
        if self.undecided == 0 {
            return Ok(());
        }
        if self.arguments.json {
            return export::json::write_count(
                at_us,
                "undecided",
                self.undecided,
                &mut io::stdout().lock(),
            );
        }
        eprintln!(
            "sockwatch: {} more sockets ended before it was known what the filter asks of them: they lived between two looks",
            self.undecided
        );
        Ok(())
    }

    fn write(
        &self,
        number: u64,
        event: &Event,
        socket: SocketRef<'_>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.arguments.json {
            export::json::write_event(event, socket, out)
        } else {
            let line = EventLine::new(number, event, socket, &self.timezone);
            export::events::write_line(&line, out)
        }
    }
}
