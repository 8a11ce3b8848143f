//! One Sample after another, at a steady pace, to wherever they are written.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::json_lines_thread::Lines;
use super::progress_reporter::Teller;
use super::stop_signals::Ending;
use super::tracked_sockets::Followed;
use crate::aggregate::Moment;
use crate::recording::{Encoder, Recorder, RecordingError, Redactor};
use crate::source::Source;

/// How often somebody who waits looks whether it is time to end.
const LOOK: Duration = Duration::from_millis(20);

/// What has been done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Samples handed over to be written.
    pub(super) samples: u64,
    /// Sockets in the last of them.
    pub(super) sockets: usize,
    /// Samples that were taken and could not be written in time.
    pub(super) dropped: u64,
}

/// A recording that is being made.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) encoder: Encoder,
    pub(super) recorder: Option<Recorder>,
    pub(super) lines: Option<Lines>,
    /// What is recorded, if not everything is.
    pub(super) followed: Option<Followed>,
    pub(super) redactor: Option<Redactor>,
    pub(super) teller: Teller,
    pub(super) counts: Counts,
    /// Closings in Samples that were dropped since the last that was not, and what was lost before them: lost with them.
    pub(super) lost: u64,
}

impl Session {
    /// Records until it is time to end, and closes the files.
    ///
    /// The schedule is steady: a Sample that takes long does not delay those after it, and times that passed meanwhile
    /// are skipped.
    pub(super) fn run(
        mut self,
        source: &mut dyn Source,
        interval: Duration,
        longest: Option<Duration>,
        ending: &Ending,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let until = longest.and_then(|longest| start.checked_add(longest));
        let is_due = || ending.is_due() || until.is_some_and(|until| Instant::now() >= until);
        let mut moment = Moment::default();
        let mut due = start;
        let mut sampled: anyhow::Result<()> = Ok(());
        self.teller.begin();
        while !is_due() && !self.has_failed() {
            sampled = self.sample(source, &mut moment);
            if sampled.is_err() {
                break;
            }
            self.tell();
            let now = Instant::now();
            while due <= now {
                due += interval;
            }
            while !is_due() && !self.has_failed() {
                let rest = due.saturating_duration_since(Instant::now());
                if rest.is_zero() {
                    break;
                }
                thread::sleep(rest.min(LOOK));
                if self.teller.wants_to_tell() {
                    self.tell();
                }
            }
        }
        let written = self.finish();
        sampled?;
        written
    }

    /// Takes the next Sample.
    fn sample(&mut self, source: &mut dyn Source, moment: &mut Moment) -> anyhow::Result<()> {
        source.next_into(&mut moment.sample)?;
        self.teller.tell_faults(&moment.sample);
        self.take(moment)
    }

    /// Hands the next Sample over to be written, everywhere or nowhere: all that is written has the same Samples.
    fn take(&mut self, moment: &mut Moment) -> anyhow::Result<()> {
        if let Some(followed) = &mut self.followed {
            followed.narrow(moment);
        }
        let sample = &mut moment.sample;
        let (closed, lost) = (sample.closed.len() as u64, sample.lost_events);
        if let Some(lines) = &mut self.lines
            && !lines.has_room()
        {
            self.drop_one(closed, lost);
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
            if !recorder.offer(&frame.context("cannot pack a sample")?) {
                // It has counted the Sample and its closings itself.
                recorder.note_dropped(0, bounded(lost));
                self.count_dropped(closed + lost);
                return Ok(());
            }
        }
        self.counts.samples += 1;
        self.counts.sockets = sample.sockets.rows.len();
        if let Some(lines) = &mut self.lines {
            // As whoever reads the recording is told of it.
            sample.lost_events += self.lost;
            lines.give(sample);
        }
        self.lost = 0;
        Ok(())
    }

    /// Leaves a Sample out, with so many closings, and others that were lost before.
    fn drop_one(&mut self, closed: u64, lost: u64) {
        if let Some(recorder) = &mut self.recorder {
            recorder.note_dropped(1, bounded(closed + lost));
        }
        self.count_dropped(closed + lost);
    }

    fn count_dropped(&mut self, lost: u64) {
        self.counts.dropped += 1;
        self.lost += lost;
    }

    /// Whether nothing more can be written.
    fn has_failed(&self) -> bool {
        let recorder = self.recorder.as_ref();
        recorder.is_some_and(|recorder| recorder.progress().failed.is_some())
            || self.lines.as_ref().is_some_and(Lines::has_failed)
    }

    fn tell(&mut self) {
        let progress = self.recorder.as_ref().map(Recorder::progress);
        self.teller.tell(&self.counts, progress.as_ref());
    }

    /// Closes the files and tells what is in them.
    fn finish(self) -> anyhow::Result<()> {
        let Session {
            recorder,
            lines,
            teller,
            mut counts,
            ..
        } = self;
        // The recording first: it waits for nobody.
        let progress = recorder.map(Recorder::close);
        let written = lines.map_or(Ok(()), Lines::finish);
        if let Some(progress) = &progress {
            // What was handed over and found no room is in no file.
            counts.dropped += counts.samples.saturating_sub(progress.samples);
        }
        teller.end(&counts, progress.as_ref());
        match progress.and_then(|progress| progress.failed) {
            Some(why) => Err(RecordingError::Ended(why).into()),
            None => written,
        }
    }
}

/// A number as far as recordings count.
fn bounded(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
