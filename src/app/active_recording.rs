//! A recording that the dashboard is writing.

use std::path::PathBuf;

use crate::recording::{Frame, Metadata, Progress, Recorder, RecorderOptions, RecordingError};
use crate::tui::recording_progress::RecordingProgress;

/// A recording in progress.
#[derive(Debug)]
pub(super) struct ActiveRecording {
    recorder: Recorder,
    path: PathBuf,
    /// Times of its first and last Samples, ns of the monotonic clock.
    span: Option<(u64, u64)>,
}

impl ActiveRecording {
    /// Creates the file.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub(super) fn start(
        path: PathBuf,
        metadata: Metadata,
    ) -> Result<ActiveRecording, RecordingError> {
        let options = RecorderOptions {
            path: path.clone(),
            ..RecorderOptions::default()
        };
        Ok(ActiveRecording {
            recorder: Recorder::start(options, metadata)?,
            path,
            span: None,
        })
    }

    /// Returns true if the next frame must be a key frame.
    pub(super) fn needs_key(&self) -> bool {
        self.recorder.needs_key()
    }

    /// Writes a frame, in the background.
    pub(super) fn push(&mut self, frame: &Frame) {
        // The recording was started after this frame was encoded, and begins with the next one.
        if self.needs_key() && !frame.is_key {
            return;
        }
        let at_ns = frame.entry.time.monotonic_ns;
        if self.recorder.offer(frame) {
            self.span = Some((self.span.map_or(at_ns, |(first, _)| first), at_ns));
        }
    }

    /// Returns its progress for the screen.
    pub(super) fn progress(&self) -> RecordingProgress {
        let progress = self.recorder.progress();
        RecordingProgress {
            file: self.path.display().to_string(),
            length_us: self.span.map_or(0, |(first, last)| {
                (last.saturating_sub(first) / 1000).cast_signed()
            }),
            samples: progress.samples,
            bytes: progress.bytes,
            dropped: progress.dropped,
            failed: progress.failed,
        }
    }

    /// Writes what is pending and closes the file. Returns the path with what was written.
    pub(super) fn finish(self) -> (PathBuf, Result<Progress, RecordingError>) {
        (self.path, self.recorder.finish())
    }
}
