//! Writes the events of successive moments to standard output.

use std::io::{self, BufWriter, Write};

use anyhow::Context as _;

use crate::aggregate::{Event, Moment};
use crate::app::environment;
use crate::cli;
use crate::column::{EventLine, describe_change};
use crate::command::shared::selection::Selection;
use crate::export;
use crate::export::message::report;
use crate::model::{ClockChange, SampleTime, SocketRef};

/// Size of the output buffer, bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes selected events, each once, as lines or JSON objects.
#[derive(Debug)]
pub(super) struct EventWriter<'a> {
    arguments: &'a cli::Events,
    selection: &'a Selection,
    timezone: jiff::tz::TimeZone,
    /// True if the locale is not UTF-8.
    ascii: bool,
    /// Number of the next event to write.
    next: u64,
    /// The clocks at the last moment.
    last_time: Option<SampleTime>,
    /// Closed sockets whose owner or remote end was unknown, so that the filter could not be evaluated.
    undecided: u64,
}

impl<'a> EventWriter<'a> {
    /// Creates a writer and writes the heading.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn new(
        arguments: &'a cli::Events,
        selection: &'a Selection,
    ) -> anyhow::Result<EventWriter<'a>> {
        if !arguments.json && !arguments.no_header {
            let mut out = io::stdout().lock();
            export::events::write_heading(&mut out)
                .and_then(|()| out.flush())
                .context("cannot write to standard output")?;
        }
        Ok(EventWriter {
            arguments,
            selection,
            timezone: environment::time_zone(),
            ascii: environment::is_ascii(),
            next: 0,
            last_time: None,
            undecided: 0,
        })
    }

    /// Writes the events since the last call.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn write_moment(&mut self, moment: &Moment) -> io::Result<()> {
        let now = moment.sample.time();
        if let Some(before) = self.last_time.replace(now) {
            // The times of the events that follow do not continue those before.
            for change in ClockChange::between(before, now) {
                report!("sockwatch: {}", describe_change(change));
            }
        }
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        let log = &moment.aggregate.events;
        // Events were lost before those of this moment.
        let lost = moment.sample.lost_events;
        if lost > 0 {
            if self.arguments.json {
                export::json::write_count(moment.sample.taken_at_us, "lost", lost, &mut out)?;
            } else {
                report!(
                    "sockwatch: {lost} events were lost because they arrived faster than they were read"
                );
            }
        }
        for batch in log.batches().filter(|batch| batch.first >= self.next) {
            for (at, event) in batch.events.iter().enumerate() {
                let Some(socket) = batch.sample.socket(event.row as usize) else {
                    continue;
                };
                if self.selection.matches_event(event, socket) {
                    let number = batch.first + at as u64;
                    self.write_event(number, event, socket, &mut out)?;
                } else if self.selection.could_match_event(event, socket) {
                    self.undecided += 1;
                }
            }
        }
        self.next = log.next();
        out.flush()
    }

    /// Writes, with the time in µs since 1970 UTC, the number of sockets that the filter could not be evaluated for.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn finish(&self, at_us: i64) -> io::Result<()> {
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
        report!(
            "sockwatch: {} more sockets closed before the filter could be evaluated: they lived only between two samples",
            self.undecided
        );
        Ok(())
    }

    fn write_event(
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
            export::events::write_line(&line, self.ascii, out)
        }
    }
}
