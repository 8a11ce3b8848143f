//! The position in a recording or in the kept history: its Samples by their times on the monotonic clock, its gaps, its finding marks, and the
//! requests to move. No Sample is read here.

mod finding_marks;

use std::sync::Arc;

pub use finding_marks::{FindingMarks, FindingSpan};

use crate::model::{SampleTime, TimeAxis};

/// The playback speeds, as multiples of real time.
pub const SPEEDS: [f64; 10] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// The index of real time in [`SPEEDS`].
pub const NORMAL_SPEED: usize = 3;

/// A request to move or play. Each is relative to the last request, so that ten keys pressed at once move as far as
/// ten pressed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// Move forward by Samples, or back if negative. Pauses.
    Step(isize),
    /// Move forward by µs of recorded time, or back if negative; by at least one Sample.
    Jump(i64),
    /// Move to the Sample at an index.
    To(usize),
    /// Move to the first Sample.
    Start,
    /// Move to the last Sample.
    End,
    /// Play or pause. At the end, play from the start.
    Toggle,
    /// Play faster by steps of [`SPEEDS`], or slower if negative.
    ChangeSpeed(isize),
}

/// The status of the playback of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaybackStatus {
    /// The index of the Sample shown.
    pub at: usize,
    /// True while it plays.
    pub playing: bool,
    /// The index of the speed in [`SPEEDS`].
    pub speed: usize,
    /// True if the moment follows the one shown before it, as in a live display.
    pub continues: bool,
    /// A message for the user.
    pub message: Option<String>,
}

impl PlaybackStatus {
    /// This status after one that was missed, whose parts that must not be lost it takes over.
    #[must_use]
    pub fn after_missed(mut self, missed: PlaybackStatus) -> PlaybackStatus {
        self.continues &= missed.continues;
        self.message = self.message.or(missed.message);
        self
    }
}

/// The reason for a time without Samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// No Sample was taken, or none could be recorded in time.
    Missing,
    /// A part of the recording is corrupt.
    Damaged,
}

/// A time without Samples, µs after the first Sample on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The time of the Sample before it.
    pub from_us: i64,
    /// The time of the Sample after it.
    pub to_us: i64,
    /// The reason.
    pub kind: GapKind,
}

/// The Samples of a recording by their times, and its gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// The times of the Samples.
    pub times: TimeAxis,
    /// The times without Samples, in order.
    pub gaps: Vec<Gap>,
}

impl Track {
    /// The time from the first Sample to the last, µs; `None` without Samples.
    pub fn span_us(&self) -> Option<i64> {
        (!self.times.is_empty()).then(|| self.times.span_us())
    }
}

/// A track with the position on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The Samples and gaps.
    pub track: Arc<Track>,
    /// The position and the state of playback.
    pub playback: PlaybackStatus,
    /// The Samples at which findings were raised and cleared, as far as known.
    pub marks: Arc<FindingMarks>,
    /// The index of the marked Sample that was requested, until it is shown.
    pub requested_mark: Option<usize>,
}

impl Timeline {
    /// A position at the Sample at an index.
    pub fn new(track: Arc<Track>, at: usize) -> Timeline {
        Timeline {
            track,
            playback: PlaybackStatus {
                at,
                playing: false,
                speed: NORMAL_SPEED,
                continues: false,
                message: None,
            },
            marks: Arc::default(),
            requested_mark: None,
        }
    }

    /// The same position with finding marks.
    #[must_use]
    pub fn with_marks(mut self, marks: FindingMarks) -> Timeline {
        self.marks = Arc::new(marks);
        self
    }

    /// The next Sample at which a finding is raised, or the previous one. Counts from the last request, so that two keys
    /// pressed at once move as far as two pressed one by one.
    pub fn seek_mark(&mut self, forward: bool) -> Option<usize> {
        let at = self.requested_mark.unwrap_or(self.playback.at);
        let to = self.marks.next_mark(at, forward)?;
        self.requested_mark = Some(to);
        (to < self.track.times.len()).then_some(to)
    }

    /// The share of its Samples that have been scanned for findings, 0 to 1.
    pub fn scanned_share(&self) -> f64 {
        let all = self.track.times.len();
        self.marks.len().min(all) as f64 / all.max(1) as f64
    }

    /// The clocks at the Sample shown.
    pub fn time(&self) -> Option<SampleTime> {
        self.track.times.get(self.playback.at)
    }

    /// The speed, as a multiple of real time.
    pub fn speed(&self) -> f64 {
        SPEEDS.get(self.playback.speed).copied().unwrap_or(1.0)
    }
}
