//! Goes through a recording as it is asked to, and makes a moment of each place that is to be shown.
//!
//! A place that is jumped to is shown at once with its own numbers, and again once its history is there too. Whatever is
//! asked for meanwhile comes first. Playing makes every Sample in turn, because rates depend on the one before, and shows
//! as many of them as frames make sense.

mod thread;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::track;
use crate::aggregate::Moment;
use crate::diagnose::{Findings, Watch};
use crate::recording::{Archive, entry_at};
use crate::replay::{Depth, Replayer, WHOLE};
use crate::tui::timeline::{AS_IT_WAS, SPEEDS, Seek, Standing, Track};
pub(super) use thread::spawn;

/// The least time between two frames while playing.
const FRAME: Duration = Duration::from_millis(33);

/// Time between two Samples from which on it is a gap, which is not waited for: in intervals.
const LONGEST_WAIT: u32 = 3;

/// The interval of a recording that does not tell it.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a player has done, or waits for.
#[derive(Debug, PartialEq)]
pub enum Work {
    /// The moment is to be shown.
    Show(Standing),
    /// The moment that is shown stays, and it stands like this.
    Tell(Standing),
    /// There is more to do before there is something to show. The moment is to be handed in again.
    More,
    /// There is nothing to do for so long.
    Wait(Duration),
    /// There is nothing to do until something is asked for.
    Rest,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Nothing,
    /// Show the place.
    Show,
    /// Show the moment that is made already.
    Draw,
    /// Take the Samples before the place, this one next.
    Fill(usize),
}

/// How the replayer came to where it is.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// All of its history has been taken.
    whole: bool,
    /// Every Sample since the one shown last has been taken in turn.
    unbroken: bool,
    /// One of those before the place could not be read.
    damaged: bool,
}

/// Goes through a recording. Does as much at a time as nobody minds waiting for.
#[derive(Debug)]
pub struct Player {
    replayer: Replayer,
    /// The Sample that is wanted.
    at: usize,
    /// The Sample that is shown.
    shown: Option<usize>,
    /// The Sample that the replayer took last.
    last: Option<usize>,
    task: Task,
    /// How the replayer came to the Sample that it took last.
    way: Way,
    /// Whether a damaged Sample is passed over backwards, and whether that has been turned around already.
    backwards: (bool, bool),
    playing: bool,
    speed: usize,
    /// When the next Sample is due.
    due: Option<Instant>,
    /// When a moment was last shown.
    drawn: Option<Instant>,
    changed: bool,
    said: Option<String>,
}

impl Player {
    /// Stands at the Sample taken at or before a time, µs since 1970 UTC.
    pub fn new(archive: Box<dyn Archive>, at_us: i64) -> Player {
        let at = entry_at(archive.entries(), at_us);
        Player {
            replayer: Replayer::new(archive),
            at,
            shown: None,
            last: None,
            task: Task::Show,
            way: Way::default(),
            backwards: (false, false),
            playing: false,
            speed: AS_IT_WAS,
            due: None,
            drawn: None,
            changed: false,
            said: None,
        }
    }

    /// Looks for what is wrong as well.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Player {
        self.replayer = self.replayer.watching(watch);
        self
    }

    /// The findings of the moment that was made last; none are looked for before its history is there, because they
    /// would be told as if they had just come.
    pub fn findings(&self) -> Arc<Findings> {
        let found = self.replayer.findings();
        if self.way.whole {
            return found;
        }
        Arc::new(Findings {
            ports: found.ports,
            ..Findings::default()
        })
    }

    /// What it goes through.
    pub fn track(&self) -> Track {
        track::of(self.replayer.archive())
    }

    fn len(&self) -> usize {
        self.replayer.archive().entries().len()
    }

    fn time(&self, at: usize) -> i64 {
        let entries = self.replayer.archive().entries();
        entries.get(at).map_or(0, |entry| entry.taken_at_us)
    }

    /// Takes up what somebody wants. It is done by [`Self::work`].
    pub fn obey(&mut self, seek: Seek, now: Instant) {
        let last = self.len().saturating_sub(1);
        match seek {
            Seek::Step(samples) => {
                self.pause();
                self.go_to(self.at.saturating_add_signed(samples).min(last));
            }
            Seek::Jump(by_us) => {
                let to = self.time(self.at).saturating_add(by_us);
                let entries = self.replayer.archive().entries();
                self.go_to(if by_us < 0 {
                    entry_at(entries, to).min(self.at.saturating_sub(1))
                } else {
                    let at = entries.partition_point(|entry| entry.taken_at_us < to);
                    at.max(self.at.saturating_add(1)).min(last)
                });
            }
            Seek::To(at_us) => self.go_to(entry_at(self.replayer.archive().entries(), at_us)),
            Seek::Start => self.go_to(0),
            Seek::End => self.go_to(last),
            Seek::Toggle if self.playing => self.pause(),
            Seek::Toggle => {
                if self.at >= last {
                    self.go_to(0);
                }
                self.playing = true;
            }
            Seek::Faster(by) => {
                let speed = self.speed.saturating_add_signed(by);
                self.speed = speed.min(SPEEDS.len() - 1);
            }
        }
        self.changed = true;
        self.schedule(now);
    }

    fn pause(&mut self) {
        self.playing = false;
        // What was made and not shown for want of a frame is shown now.
        if self.shown != Some(self.at) && self.last == Some(self.at) {
            self.task = Task::Draw;
        }
    }

    fn go_to(&mut self, at: usize) {
        if at != self.at || self.shown != Some(at) {
            self.backwards = (at < self.at, false);
            self.at = at;
            self.task = Task::Show;
        }
    }

    /// The next Sample is due so much later than now as it was when they were taken.
    fn schedule(&mut self, now: Instant) {
        self.due = self.playing.then(|| now + self.wait(self.at));
    }

    /// Time until the Sample after a place, as it is played.
    fn wait(&self, at: usize) -> Duration {
        let interval = match self.replayer.archive().head().interval {
            Duration::ZERO => INTERVAL,
            interval => interval,
        };
        let us = self.time(at + 1).saturating_sub(self.time(at));
        let recorded = Duration::from_micros(u64::try_from(us).unwrap_or(0));
        // What was not recorded is not waited for.
        let recorded = if recorded > interval.saturating_mul(LONGEST_WAIT) {
            interval
        } else {
            recorded
        };
        recorded.div_f64(SPEEDS[self.speed])
    }

    /// How it stands.
    fn standing(&mut self, continues: bool) -> Standing {
        self.changed = false;
        Standing {
            at: self.at,
            playing: self.playing,
            speed: self.speed,
            continues,
            said: self.said.take(),
        }
    }

    /// Does the next piece of work, which takes no longer than reading a few Samples.
    pub fn work(&mut self, moment: &mut Moment, now: Instant) -> Work {
        if self.len() == 0 {
            self.task = Task::Nothing;
            self.playing = false;
        }
        match self.task {
            Task::Show => self.show(moment, now),
            Task::Draw => self.draw(now, self.way.unbroken),
            Task::Fill(next) => self.fill(next, moment, now),
            Task::Nothing if self.changed => Work::Tell(self.standing(true)),
            Task::Nothing if self.playing => self.play(moment, now),
            Task::Nothing => Work::Rest,
        }
    }

    /// Shows the place with its own numbers.
    fn show(&mut self, moment: &mut Moment, now: Instant) -> Work {
        let follows = self.at > 0 && self.last == Some(self.at - 1);
        if let Err(error) = self.replayer.show(self.at, Depth::Near, moment) {
            self.pass_over(&error.to_string());
            return Work::More;
        }
        self.last = Some(self.at);
        // Without a Sample before it there is no history to be had.
        self.way.whole = (follows && self.way.whole) || self.at == 0;
        let continues = follows && self.way.unbroken;
        let shown = self.draw(now, continues);
        let plays_on = follows && self.playing;
        if !self.way.whole && !plays_on {
            self.way.damaged = false;
            self.task = Task::Fill(self.at.saturating_sub(WHOLE));
        }
        shown
    }

    /// The moment made last is to be shown.
    fn draw(&mut self, now: Instant, continues: bool) -> Work {
        self.task = Task::Nothing;
        self.shown = Some(self.at);
        self.drawn = Some(now);
        self.way.unbroken = true;
        Work::Show(self.standing(continues))
    }

    /// Takes one of the Samples before the place; shows the place once all are taken.
    fn fill(&mut self, next: usize, moment: &mut Moment, now: Instant) -> Work {
        self.way.unbroken = false;
        if next < self.at {
            self.way.damaged |= self.replayer.show(next, Depth::Near, moment).is_err();
            self.last = Some(next);
            self.task = Task::Fill(next + 1);
            return Work::More;
        }
        // What is taken one by one after a damaged Sample does not reach back beyond it.
        let depth = if self.way.damaged {
            Depth::Whole
        } else {
            Depth::Near
        };
        self.task = Task::Nothing;
        if self.replayer.show(self.at, depth, moment).is_err() {
            return Work::More;
        }
        self.last = Some(self.at);
        self.way.whole = true;
        self.schedule(now);
        self.draw(now, false)
    }

    /// Goes on to the next Sample once it is due.
    fn play(&mut self, moment: &mut Moment, now: Instant) -> Work {
        if self.at + 1 >= self.len() {
            self.playing = false;
            return Work::Tell(self.standing(true));
        }
        let due = self.due.unwrap_or(now);
        if let Some(wait) = due.checked_duration_since(now).filter(|w| !w.is_zero()) {
            return Work::Wait(wait);
        }
        self.at += 1;
        self.backwards = (false, false);
        // Whoever cannot keep up does not run after the time that was lost.
        let next = due.max(now.checked_sub(FRAME).unwrap_or(now)) + self.wait(self.at);
        self.due = Some(next);
        let soon = self.drawn.is_some_and(|drawn| next < drawn + FRAME);
        if !soon || self.at + 1 == self.len() || self.last != Some(self.at - 1) {
            self.task = Task::Show;
            return self.show(moment, now);
        }
        // The next one comes before this one could be seen.
        match self.replayer.show(self.at, Depth::Near, moment) {
            Ok(()) => self.last = Some(self.at),
            Err(error) => {
                self.task = Task::Show;
                self.pass_over(&error.to_string());
            }
        }
        Work::More
    }

    /// Goes past a Sample that cannot be read.
    fn pass_over(&mut self, error: &str) {
        let (sample, of) = (self.at + 1, self.len());
        self.said = Some(format!("sample {sample} of {of} is passed over: {error}"));
        let (back, turned) = self.backwards;
        self.last = None;
        let next = if back {
            self.at.checked_sub(1)
        } else {
            Some(self.at + 1).filter(|&next| next < self.len())
        };
        match next {
            Some(next) => self.at = next,
            None if !turned => {
                self.backwards = (!back, true);
                self.playing = false;
            }
            None => {
                // Nothing can be read: what is shown stays.
                self.at = self.shown.unwrap_or(self.at);
                self.task = Task::Nothing;
                self.playing = false;
                self.changed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests;
