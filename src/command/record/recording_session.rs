//! The loop that takes Samples at a fixed interval and passes each to all outputs.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::json_lines_thread::JsonLinesThread;
use super::progress_reporter::ProgressReporter;
use super::recording_counts::RecordingCounts;
use super::tracked_sockets::TrackedSockets;
use crate::aggregate::Moment;
use crate::command::shared::stop_signals::StopFlag;
use crate::recording::{Encoder, Recorder, RecordingError, Redactor};
use crate::source::{Schedule, Source};

/// Time between two checks of the stop flag while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A recording in progress.
#[derive(Debug)]
pub(super) struct RecordingSession {
    pub(super) encoder: Encoder,
    pub(super) recorder: Option<Recorder>,
    pub(super) lines: Option<JsonLinesThread>,
    /// The sockets to record; `None` for all.
    pub(super) tracked: Option<TrackedSockets>,
    pub(super) redactor: Option<Redactor>,
    pub(super) reporter: ProgressReporter,
    pub(super) counts: RecordingCounts,
    /// Destroy events in the Samples dropped since the last written one, and events that the kernel lost before them.
    pub(super) lost_events: u64,
}

impl RecordingSession {
    /// Records until the duration is over, the flag is set or an output fails, and closes the files.
    ///
    /// Samples that take longer than the interval follow each other less often, see [`Schedule`].
    pub(super) fn run(
        mut self,
        source: &mut dyn Source,
        interval: Duration,
        duration: Option<Duration>,
        stop: &StopFlag,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let until = duration.and_then(|duration| start.checked_add(duration));
        let must_stop = || stop.is_set() || until.is_some_and(|until| Instant::now() >= until);
        let mut moment = Moment::default();
        let mut schedule = Schedule::new(interval, start);
        let mut sampled: anyhow::Result<()> = Ok(());
        self.reporter.report_start();
        while !must_stop() && !self.has_failed() {
            schedule.begin(Instant::now());
            sampled = self.sample(source, &mut moment);
            if sampled.is_err() {
                break;
            }
            let due = schedule.end(Instant::now());
            self.counts.stretched = schedule.stretched();
            self.reporter
                .report_pace(&schedule, moment.sample.iter().len());
            self.report_progress();
            while !must_stop() && !self.has_failed() {
                let rest = due.saturating_duration_since(Instant::now());
                if rest.is_zero() {
                    break;
                }
                thread::sleep(rest.min(POLL_INTERVAL));
                if self.reporter.is_stale() {
                    self.report_progress();
                }
            }
        }
        stop.notice();
        let written = self.finish(stop);
        stop.complete();
        sampled?;
        written
    }

    /// Takes the next Sample and writes it.
    fn sample(&mut self, source: &mut dyn Source, moment: &mut Moment) -> anyhow::Result<()> {
        source.next_into(&mut moment.sample)?;
        self.reporter.report_faults(&moment.sample);
        self.write(moment)
    }

    /// Writes a Sample to all outputs or to none, so that all have the same Samples.
    fn write(&mut self, moment: &mut Moment) -> anyhow::Result<()> {
        if let Some(tracked) = &mut self.tracked {
            tracked.retain_tracked(moment);
        }
        let sample = &mut moment.sample;
        let (closed, lost) = (sample.closed.len() as u64, sample.lost_events);
        if let Some(lines) = &mut self.lines
            && !lines.is_ready()
        {
            self.drop_sample(closed, lost);
            return Ok(());
        }
        if let Some(redactor) = &mut self.redactor {
            redactor.redact(sample);
        }
        if let Some(recorder) = &mut self.recorder {
            if recorder.needs_key() {
                self.encoder.restart();
            }
            let frame = self.encoder.encode(sample);
            if !recorder.offer(&frame.context("cannot encode a sample")?) {
                // The recorder has counted the Sample and its destroy events itself.
                recorder.note_dropped(0, saturate(lost));
                self.count_dropped(closed + lost);
                return Ok(());
            }
        }
        self.counts.samples += 1;
        self.counts.sockets = sample.sockets.len();
        if let Some(lines) = &mut self.lines {
            // The recording has the same number.
            sample.lost_events += self.lost_events;
            lines.push(sample);
        }
        self.lost_events = 0;
        Ok(())
    }

    /// Counts a dropped Sample with its destroy events, and with events that the kernel lost before it.
    fn drop_sample(&mut self, closed: u64, lost: u64) {
        if let Some(recorder) = &mut self.recorder {
            recorder.note_dropped(1, saturate(closed + lost));
        }
        self.count_dropped(closed + lost);
    }

    fn count_dropped(&mut self, lost: u64) {
        self.counts.dropped += 1;
        self.lost_events += lost;
    }

    /// Returns true if an output has failed.
    fn has_failed(&self) -> bool {
        let recorder = self.recorder.as_ref();
        recorder.is_some_and(|recorder| recorder.progress().failed.is_some())
            || self.lines.as_ref().is_some_and(JsonLinesThread::has_failed)
    }

    fn report_progress(&mut self) {
        let progress = self.recorder.as_ref().map(Recorder::progress);
        self.reporter.update(&self.counts, progress.as_ref());
    }

    /// Closes the files and reports the result.
    fn finish(self, stop: &StopFlag) -> anyhow::Result<()> {
        let RecordingSession {
            recorder,
            lines,
            reporter,
            mut counts,
            ..
        } = self;
        // The recording first: it does not block.
        let progress = recorder.map(Recorder::close);
        let is_only = progress.is_none();
        let written = lines.map_or(Ok(()), |lines| lines.finish(stop, is_only));
        if let Some(progress) = &progress {
            // Samples that the recorder accepted and could not write are in no file.
            counts.dropped += counts.samples.saturating_sub(progress.samples);
        }
        reporter.finish(&counts, progress.as_ref());
        match progress.and_then(|progress| progress.failed) {
            Some(why) => Err(RecordingError::Ended(why).into()),
            None => written,
        }
    }
}

/// Saturates a count to the 32 bits of a recording.
fn saturate(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
