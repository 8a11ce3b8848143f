//! Plays a recording: seeks in it and derives a moment from each Sample that is shown.
//!
//! A seek shows its target immediately with its own figures, and again once its history has been read. New seeks
//! interrupt that reading. Playback reads every Sample in order, because rates depend on the previous one, and shows
//! at most one per frame.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::timeline_track::track_of;
use crate::aggregate::Moment;
use crate::diagnose::{Findings, Watch};
use crate::model::{SampleProgress, TimeAxis};
use crate::recording::Archive;
use crate::replay::{Depth, FULL_DEPTH, Replayer};
use crate::tui::timeline::{NORMAL_SPEED, PlaybackStatus, SPEEDS, Seek, Track};

/// Shortest time between two frames while playing.
const FRAME: Duration = Duration::from_millis(33);

/// Sockets from which decoding a Sample takes long enough for its progress to be shown.
const MANY_SOCKETS: u64 = 50_000;

/// Interval if the header of a recording has none.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// Outcome of one [`Player::step`].
#[derive(Debug, PartialEq)]
pub enum PlayerStep {
    /// The moment is ready to be shown.
    Show(PlaybackStatus),
    /// The status changed; the moment on the screen is unchanged.
    Report(PlaybackStatus),
    /// More steps are needed before a moment can be shown. The caller passes the same moment again.
    Continue,
    /// Nothing to do for this time.
    Wait(Duration),
    /// Nothing to do until the next seek.
    Idle,
}

/// Work for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    None,
    /// Read the target and show it.
    Show,
    /// Show the moment that is already derived.
    Draw,
    /// Read the history of the target, beginning with this Sample.
    FillHistory(usize),
}

/// State of the history that the replayer has read for its current Sample.
#[derive(Debug, Clone, Copy, Default)]
struct HistoryState {
    /// All of the history has been read.
    complete: bool,
    /// Every Sample since the last one shown has been read in order.
    contiguous: bool,
    /// A Sample of the history could not be read.
    damaged: bool,
}

/// Direction in which damaged Samples are skipped.
#[derive(Debug, Clone, Copy, Default)]
struct SkipDirection {
    backward: bool,
    /// The end was reached once, and the direction was reversed.
    reversed: bool,
}

/// Plays a recording in short steps, with seeks handled between them.
#[derive(Debug)]
pub struct Player {
    replayer: Replayer,
    times: TimeAxis,
    /// Index of the target Sample.
    at: usize,
    /// Index of the Sample on the screen.
    shown: Option<usize>,
    /// Index of the Sample that the replayer read last.
    last: Option<usize>,
    task: Task,
    history: HistoryState,
    skip: SkipDirection,
    playing: bool,
    /// Index into [`SPEEDS`].
    speed: usize,
    /// When the next Sample is due during playback.
    due: Option<Instant>,
    /// When a moment was last shown.
    drawn: Option<Instant>,
    /// True if the status changed since it was reported.
    changed: bool,
    /// Text for the user in the next status.
    message: Option<String>,
}

impl Player {
    /// Creates a player at the Sample at an index, or at the last one.
    pub fn new(archive: Box<dyn Archive>, at: usize) -> Player {
        let at = at.min(archive.entries().len().saturating_sub(1));
        Player {
            times: archive.time_axis(),
            replayer: Replayer::new(archive),
            at,
            shown: None,
            last: None,
            task: Task::Show,
            history: HistoryState::default(),
            skip: SkipDirection::default(),
            playing: false,
            speed: NORMAL_SPEED,
            due: None,
            drawn: None,
            changed: false,
            message: None,
        }
    }

    /// Derives findings from the Samples that it reads.
    #[must_use]
    pub fn with_watch(mut self, watch: Watch) -> Player {
        self.replayer = self.replayer.watching(watch);
        self
    }

    /// Returns the findings of the last moment. There are none before its history is read, because they would be
    /// reported as just raised.
    pub fn findings(&self) -> Arc<Findings> {
        let found = self.replayer.findings();
        if self.history.complete {
            return found;
        }
        Arc::new(Findings {
            ports: found.ports,
            other_ports: Arc::clone(&found.other_ports),
            ..Findings::default()
        })
    }

    /// Returns the progress to show before the next step, if that decodes a Sample with very many sockets.
    pub fn progress(&self) -> Option<SampleProgress> {
        let entries = self.replayer.archive().entries();
        let sockets = entries.get(self.at)?.sockets.into();
        if sockets < MANY_SOCKETS {
            return None;
        }
        match self.task {
            Task::Show => Some(SampleProgress::Recorded { sockets }),
            Task::FillHistory(next) => {
                let first = self.at.saturating_sub(FULL_DEPTH);
                Some(SampleProgress::RecordedHistory {
                    read: next.saturating_sub(first) as u64,
                    expected: (self.at - first) as u64,
                })
            }
            Task::None | Task::Draw => None,
        }
    }

    /// Returns the times of the recording's Samples and its gaps.
    pub fn track(&self) -> Track {
        track_of(self.replayer.archive(), &self.times)
    }

    fn len(&self) -> usize {
        self.replayer.archive().entries().len()
    }

    /// Returns the time from the first Sample to another, µs.
    fn elapsed_us(&self, at: usize) -> i64 {
        self.times.elapsed_us(at).unwrap_or(0)
    }

    /// Sets the target, the speed, or whether it plays. [`Self::step`] does the work.
    pub fn seek(&mut self, seek: Seek, now: Instant) {
        let last = self.len().saturating_sub(1);
        match seek {
            Seek::Step(samples) => {
                self.pause();
                self.set_target(self.at.saturating_add_signed(samples).min(last));
            }
            Seek::Jump(by_us) => {
                let to = self.elapsed_us(self.at).saturating_add(by_us);
                self.set_target(if by_us < 0 {
                    self.times.at_elapsed(to).min(self.at.saturating_sub(1))
                } else {
                    let at = self.times.count_until(|elapsed| elapsed < to);
                    at.max(self.at.saturating_add(1)).min(last)
                });
            }
            Seek::To(at) => self.set_target(at.min(last)),
            Seek::Start => self.set_target(0),
            Seek::End => self.set_target(last),
            Seek::Toggle if self.playing => self.pause(),
            Seek::Toggle => {
                if self.at >= last {
                    self.set_target(0);
                }
                self.playing = true;
            }
            Seek::ChangeSpeed(by) => {
                let speed = self.speed.saturating_add_signed(by);
                self.speed = speed.min(SPEEDS.len() - 1);
            }
        }
        self.changed = true;
        self.schedule(now);
    }

    fn pause(&mut self) {
        self.playing = false;
        // A moment that was derived between two frames is shown now.
        if self.shown != Some(self.at) && self.last == Some(self.at) {
            self.task = Task::Draw;
        }
    }

    fn set_target(&mut self, at: usize) {
        if at != self.at || self.shown != Some(at) {
            self.skip = SkipDirection {
                backward: at < self.at,
                reversed: false,
            };
            self.at = at;
            self.task = Task::Show;
        }
    }

    /// Sets when the next Sample is due during playback.
    fn schedule(&mut self, now: Instant) {
        self.due = self.playing.then(|| now + self.delay(self.at));
    }

    /// Returns the time from a Sample to the next one at the current speed.
    fn delay(&self, at: usize) -> Duration {
        let interval = match self.replayer.archive().metadata().interval {
            Duration::ZERO => DEFAULT_INTERVAL,
            interval => interval,
        };
        let interval_us = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        // Playback skips gaps.
        let us = if self.times.is_gap(at, interval_us) {
            self.times.pace_us(at, interval_us)
        } else {
            self.elapsed_us(at + 1).saturating_sub(self.elapsed_us(at))
        };
        let recorded = Duration::from_micros(u64::try_from(us).unwrap_or(0));
        recorded.div_f64(SPEEDS[self.speed])
    }

    /// Returns the status to report.
    fn status(&mut self, continues: bool) -> PlaybackStatus {
        self.changed = false;
        PlaybackStatus {
            at: self.at,
            playing: self.playing,
            speed: self.speed,
            continues,
            message: self.message.take(),
        }
    }

    /// Does the next piece of work, at most reading a few Samples.
    pub fn step(&mut self, moment: &mut Moment, now: Instant) -> PlayerStep {
        if self.len() == 0 {
            self.task = Task::None;
            self.playing = false;
        }
        match self.task {
            Task::Show => self.show(moment, now),
            Task::Draw => self.draw(now, self.history.contiguous),
            Task::FillHistory(next) => self.fill_history(next, moment, now),
            Task::None if self.changed => PlayerStep::Report(self.status(true)),
            Task::None if self.playing => self.play(moment, now),
            Task::None => PlayerStep::Idle,
        }
    }

    /// Shows the target with its own figures.
    fn show(&mut self, moment: &mut Moment, now: Instant) -> PlayerStep {
        let follows = self.at > 0 && self.last == Some(self.at - 1);
        if let Err(error) = self.replayer.show(self.at, Depth::Rates, moment) {
            self.skip_damaged(&error.to_string());
            return PlayerStep::Continue;
        }
        self.last = Some(self.at);
        // The first Sample has no history.
        self.history.complete = (follows && self.history.complete) || self.at == 0;
        let continues = follows && self.history.contiguous;
        let shown = self.draw(now, continues);
        let keeps_playing = follows && self.playing;
        if !self.history.complete && !keeps_playing {
            self.history.damaged = false;
            self.task = Task::FillHistory(self.at.saturating_sub(FULL_DEPTH));
        }
        shown
    }

    /// Reports the last moment as ready to be shown.
    fn draw(&mut self, now: Instant, continues: bool) -> PlayerStep {
        self.task = Task::None;
        self.shown = Some(self.at);
        self.drawn = Some(now);
        self.history.contiguous = true;
        PlayerStep::Show(self.status(continues))
    }

    /// Reads one Sample of the target's history; shows the target again once all are read.
    fn fill_history(&mut self, next: usize, moment: &mut Moment, now: Instant) -> PlayerStep {
        self.history.contiguous = false;
        if next < self.at {
            self.history.damaged |= self.replayer.show(next, Depth::Rates, moment).is_err();
            self.last = Some(next);
            self.task = Task::FillHistory(next + 1);
            return PlayerStep::Continue;
        }
        // A history read Sample by Sample does not reach back beyond a damaged one.
        let depth = if self.history.damaged {
            Depth::Full
        } else {
            Depth::Rates
        };
        self.task = Task::None;
        if self.replayer.show(self.at, depth, moment).is_err() {
            return PlayerStep::Continue;
        }
        self.last = Some(self.at);
        self.history.complete = true;
        self.schedule(now);
        self.draw(now, false)
    }

    /// Advances to the next Sample once it is due.
    fn play(&mut self, moment: &mut Moment, now: Instant) -> PlayerStep {
        if self.at + 1 >= self.len() {
            self.playing = false;
            return PlayerStep::Report(self.status(true));
        }
        let due = self.due.unwrap_or(now);
        if let Some(wait) = due.checked_duration_since(now).filter(|w| !w.is_zero()) {
            return PlayerStep::Wait(wait);
        }
        self.at += 1;
        self.skip = SkipDirection::default();
        // Playback that cannot keep up does not catch up later.
        let next = due.max(now.checked_sub(FRAME).unwrap_or(now)) + self.delay(self.at);
        self.due = Some(next);
        let soon = self.drawn.is_some_and(|drawn| next < drawn + FRAME);
        if !soon || self.at + 1 == self.len() || self.last != Some(self.at - 1) {
            self.task = Task::Show;
            return self.show(moment, now);
        }
        // The next one is due before this one could be shown.
        match self.replayer.show(self.at, Depth::Rates, moment) {
            Ok(()) => self.last = Some(self.at),
            Err(error) => {
                self.task = Task::Show;
                self.skip_damaged(&error.to_string());
            }
        }
        PlayerStep::Continue
    }

    /// Skips a Sample that cannot be read.
    fn skip_damaged(&mut self, error: &str) {
        let (sample, of) = (self.at + 1, self.len());
        self.message = Some(format!("skipped sample {sample} of {of}: {error}"));
        let SkipDirection { backward, reversed } = self.skip;
        self.last = None;
        let next = if backward {
            self.at.checked_sub(1)
        } else {
            Some(self.at + 1).filter(|&next| next < self.len())
        };
        match next {
            Some(next) => self.at = next,
            None if !reversed => {
                self.skip = SkipDirection {
                    backward: !backward,
                    reversed: true,
                };
                self.playing = false;
            }
            None => {
                // No Sample can be read: the moment on the screen is unchanged.
                self.at = self.shown.unwrap_or(self.at);
                self.task = Task::None;
                self.playing = false;
                self.changed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
