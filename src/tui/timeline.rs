//! Where one is in a recording: its Samples by their times, its gaps, and what somebody wants of whoever goes through it.
//! Nothing is read here.

mod marks;

use std::sync::Arc;

pub use marks::{Marks, Span};

/// Speeds at which a recording is played, times as fast as it was made.
pub const SPEEDS: [f64; 10] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// The place of the speed at which it was made.
pub const AS_IT_WAS: usize = 3;

/// What somebody wants of whoever goes through a recording. All are relative to what was wanted before, so that ten keys
/// pressed at once lead as far as ten pressed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// So many Samples further, or back if negative. Stops playing.
    Step(isize),
    /// So many µs of recorded time further, or back if negative; one Sample at least.
    Jump(i64),
    /// To the last Sample taken at or before a time, µs since 1970 UTC.
    To(i64),
    /// To the first Sample.
    Start,
    /// To the last Sample.
    End,
    /// Play, or pause. At the end it is played from the start.
    Toggle,
    /// So many speeds faster, or slower if negative.
    Faster(isize),
}

/// How it stands with whoever goes through a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The Sample shown, by its place.
    pub at: usize,
    /// Whether it is played.
    pub playing: bool,
    /// Place of the speed in [`SPEEDS`].
    pub speed: usize,
    /// Whether the moment follows the one that was shown before it, as in a live display.
    pub continues: bool,
    /// Something to say.
    pub said: Option<String>,
}

/// Why there are no Samples for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// None was taken, or none could be recorded in time.
    Missing,
    /// A part of the recording is damaged.
    Damaged,
}

/// A time without Samples, µs since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The Sample before it.
    pub from_us: i64,
    /// The Sample after it.
    pub to_us: i64,
    /// Why.
    pub kind: GapKind,
}

/// What there is to go through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// When each Sample was taken, µs since 1970 UTC, in order.
    pub times: Vec<i64>,
    /// Times without Samples, in order.
    pub gaps: Vec<Gap>,
}

impl Track {
    /// The first and the last time, µs since 1970 UTC; `None` without Samples.
    pub fn span(&self) -> Option<(i64, i64)> {
        Some((*self.times.first()?, *self.times.last()?))
    }
}

/// A track and where one is on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// What there is.
    pub track: Arc<Track>,
    /// Where one is.
    pub standing: Standing,
    /// Where findings came and went, as far as that is known.
    pub marks: Arc<Marks>,
    /// The Sample that somebody goes to from mark to mark, until it is shown.
    pub wanted: Option<usize>,
}

impl Timeline {
    /// At the Sample of a track that was taken at or before a time, µs since 1970 UTC.
    pub fn new(track: Arc<Track>, at_us: i64) -> Timeline {
        let at = track.times.partition_point(|&time| time <= at_us);
        Timeline {
            track,
            standing: Standing {
                at: at.saturating_sub(1),
                playing: false,
                speed: AS_IT_WAS,
                continues: false,
                said: None,
            },
            marks: Arc::default(),
            wanted: None,
        }
    }

    /// Takes up what is known of findings.
    #[must_use]
    pub fn with_marks(mut self, marks: Marks) -> Timeline {
        self.marks = Arc::new(marks);
        self
    }

    /// The time of the next Sample at which a finding comes, or of the one before, µs since 1970 UTC. Where somebody goes
    /// already counts, so that two keys pressed at once lead as far as two pressed one by one.
    pub fn seek_mark(&mut self, forward: bool) -> Option<i64> {
        let at = self.wanted.unwrap_or(self.standing.at);
        let to = self.marks.beside(at, forward)?;
        self.wanted = Some(to);
        self.track.times.get(to).copied()
    }

    /// How much of it has been gone through for findings, 0 to 1.
    pub fn looked_through(&self) -> f64 {
        let all = self.track.times.len();
        self.marks.len().min(all) as f64 / all.max(1) as f64
    }

    /// When the Sample shown was taken, µs since 1970 UTC.
    pub fn at_us(&self) -> Option<i64> {
        self.track.times.get(self.standing.at).copied()
    }

    /// The speed, times as fast as it was made.
    pub fn speed(&self) -> f64 {
        SPEEDS.get(self.standing.speed).copied().unwrap_or(1.0)
    }
}
