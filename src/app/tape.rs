//! What is kept of what is sampled: the last minutes in memory, and all of it in a file while somebody records.
//!
//! Each Sample is packed once, by the sampler, before it is shown: it takes a few milliseconds at ten thousand sockets,
//! and copying the Sample to pack it later would take as many. What is packed is handed on without waiting for anybody.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::diagnose::Findings;
use crate::model::{Host, Sample};
use crate::recording::{
    Archive, Encoder, Frame, Head, History, Memory, Recorder, RecorderOptions, RecordingError,
};
use crate::tui::recording::Recording;
use crate::tui::timeline::Marks;

/// The most that is kept in memory, bytes.
const MOST_BYTES: usize = 64 << 20;

/// Keeps what is sampled.
#[derive(Debug)]
pub(super) struct Tape {
    /// How long Samples are kept; zero for none.
    longest: Duration,
    /// What is known of the Samples before there is one.
    head: Head,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    history: Option<History>,
    /// What was told of findings at each Sample of the history, with the time of that, µs since 1970 UTC.
    told: VecDeque<(i64, Arc<Findings>)>,
    recording: Option<Reel>,
    /// The machine that is sampled, and when it was last, µs since 1970 UTC.
    latest: Option<(Arc<Host>, i64)>,
}

/// A recording that is being made.
#[derive(Debug)]
pub(super) struct Reel {
    pub(super) recorder: Recorder,
    pub(super) path: PathBuf,
    /// When its first Sample and its last were taken, µs since 1970 UTC.
    span: Option<(i64, i64)>,
}

impl Reel {
    /// Whether what is packed next has to stand alone for its sake.
    fn needs_key(&self) -> bool {
        self.recorder.needs_key()
    }

    fn take(&mut self, frame: &Frame) {
        // Begun after this frame was packed: it begins with the next.
        if self.needs_key() && !frame.is_key {
            return;
        }
        let at_us = frame.entry.taken_at_us;
        if self.recorder.offer(frame) {
            self.span = Some((self.span.map_or(at_us, |(first, _)| first), at_us));
        }
    }

    fn tell(&self) -> Recording {
        let progress = self.recorder.progress();
        Recording {
            file: self.path.display().to_string(),
            length_us: self
                .span
                .map_or(0, |(first, last)| last.saturating_sub(first)),
            samples: progress.samples,
            bytes: progress.bytes,
            dropped: progress.dropped,
            failed: progress.failed,
        }
    }
}

impl Kept {
    /// Takes down what is told at a time, and forgets what is too long ago.
    fn tell(&mut self, at_us: i64, findings: &Arc<Findings>, longest: Duration) {
        self.told.push_back((at_us, Arc::clone(findings)));
        // A history is kept from one key frame to the next: it reaches a little further back than was asked for.
        let kept_us = i64::try_from(longest.saturating_mul(2).as_micros()).unwrap_or(i64::MAX);
        let oldest_us = at_us.saturating_sub(kept_us);
        while self.told.front().is_some_and(|(us, _)| *us < oldest_us) {
            self.told.pop_front();
        }
    }
}

impl Tape {
    /// Keeps Samples for so long, made by whom `head` tells.
    pub(super) fn new(longest: Duration, head: Head) -> Tape {
        Tape {
            longest,
            head,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // What is kept is whole at any time, so a panic elsewhere does not matter here.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is said of a recording of a machine that begins at a time.
    fn head(&self, host: &Host, begun_at_us: i64) -> Head {
        Head {
            host: host.clone(),
            begun_at_us,
            ..self.head.clone()
        }
    }

    /// Takes the next Sample, and what is wrong at it.
    pub(super) fn take(&self, sample: &Sample, findings: &Arc<Findings>, encoder: &mut Encoder) {
        let mut kept = self.kept();
        kept.latest = Some((Arc::clone(&sample.host), sample.taken_at_us));
        let reel = kept.recording.as_ref();
        if self.longest.is_zero() && reel.is_none() {
            return;
        }
        let history = kept.history.as_ref();
        if reel.is_some_and(Reel::needs_key) || history.is_some_and(History::needs_key) {
            encoder.restart();
        }
        drop(kept);
        // Nobody waits for this: the loop asks now and then how far the recording is.
        let Ok(frame) = encoder.encode(sample) else {
            // There is no memory for it: the next one does not build upon it.
            encoder.restart();
            return;
        };
        let mut kept = self.kept();
        if let Some(reel) = &mut kept.recording {
            reel.take(&frame);
        }
        if !self.longest.is_zero() {
            let history = kept.history.get_or_insert_with(|| {
                let head = self.head(&sample.host, sample.taken_at_us);
                History::new(head, self.longest, MOST_BYTES)
            });
            history.push(&frame);
            kept.tell(sample.taken_at_us, findings, self.longest);
        }
    }

    /// Begins to record.
    pub(super) fn begin(&self, path: PathBuf) -> Result<(), RecordingError> {
        let latest = self.kept().latest.clone();
        let (host, at_us) = latest.unwrap_or_default();
        let options = RecorderOptions {
            path: path.clone(),
            ..RecorderOptions::default()
        };
        let recorder = Recorder::start(options, self.head(&host, at_us))?;
        self.kept().recording = Some(Reel {
            recorder,
            path,
            span: None,
        });
        Ok(())
    }

    /// Hands out the recording that is being made, which is to be finished.
    pub(super) fn end(&self) -> Option<Reel> {
        self.kept().recording.take()
    }

    /// How far the recording is.
    pub(super) fn recording(&self) -> Option<Recording> {
        self.kept().recording.as_ref().map(Reel::tell)
    }

    /// What is kept now.
    pub(super) fn snapshot(&self) -> Result<Memory, String> {
        if self.longest.is_zero() {
            return Err("nothing is kept to go back to: --history is 0".to_owned());
        }
        let kept = self.kept();
        let memory = kept.history.as_ref().map(History::snapshot);
        memory
            .filter(|memory| !memory.entries().is_empty())
            .ok_or_else(|| "nothing is kept yet".to_owned())
    }

    /// What was told of findings at each Sample of a snapshot.
    pub(super) fn marks(&self, memory: &Memory) -> Marks {
        let told = self.kept().told.clone();
        let mut told = told.into_iter().peekable();
        let mut marks = Marks::default();
        let mut latest = Arc::default();
        for entry in memory.entries() {
            while let Some((_, findings)) = told.next_if(|(us, _)| *us <= entry.taken_at_us) {
                latest = findings;
            }
            marks.push(&latest);
        }
        marks
    }
}
