//! The Samples of the last minutes, encoded in memory for rewinding, and passed to the active recording.
//!
//! The sampler thread encodes each Sample once, before it is shown. That takes a few milliseconds at ten thousand
//! sockets, about the same as copying the Sample to encode it later. Nothing here waits for a disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::active_recording::ActiveRecording;
use super::findings_history::FindingsHistory;
use crate::diagnose::Findings;
use crate::model::{Host, Sample};
use crate::recording::{Archive, Encoder, FrameHistory, HistorySnapshot, Metadata, RecordingError};
use crate::tui::recording_progress::RecordingProgress;
use crate::tui::timeline::FindingMarks;

/// Maximum size of the history in memory, bytes: of the encoded Samples and of the findings at each, also of those that a
/// rewind still shows.
const MAX_BYTES: usize = 64 << 20;

/// Maximum size of the findings, bytes.
const MAX_FINDINGS_BYTES: usize = MAX_BYTES / 4;

/// Bounded history of encoded Samples, and the active recording.
#[derive(Debug)]
pub(super) struct HistoryBuffer {
    /// Time span to keep; zero disables the history.
    span: Duration,
    /// Header fields that are known before the first Sample.
    metadata: Metadata,
    state: Mutex<BufferState>,
}

#[derive(Debug, Default)]
struct BufferState {
    history: Option<FrameHistory>,
    /// Findings at each Sample of the history.
    findings: FindingsHistory,
    recording: Option<ActiveRecording>,
    /// Host and time of the latest Sample, µs since 1970 UTC.
    latest: Option<(Arc<Host>, i64)>,
}

impl HistoryBuffer {
    /// Creates an empty buffer for a time span; `head` has the header fields of recordings made from it.
    pub(super) fn new(span: Duration, metadata: Metadata) -> HistoryBuffer {
        HistoryBuffer {
            span,
            metadata,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, BufferState> {
        // The state is always consistent, so a panic in another thread does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the header of a recording of a host that begins at a time.
    fn metadata(&self, host: &Host, begun_at_us: i64) -> Metadata {
        Metadata {
            host: host.clone(),
            begun_at_us,
            ..self.metadata.clone()
        }
    }

    /// Encodes the next Sample; adds it to the history and to the active recording.
    pub(super) fn push(&self, sample: &Sample, findings: &Arc<Findings>, encoder: &mut Encoder) {
        let mut state = self.state();
        state.latest = Some((Arc::clone(&sample.host), sample.taken_at_us));
        let recording = state.recording.as_ref();
        if self.span.is_zero() && recording.is_none() {
            return;
        }
        let history = state.history.as_ref();
        if recording.is_some_and(ActiveRecording::needs_key)
            || history.is_some_and(FrameHistory::needs_key)
        {
            encoder.restart();
        }
        drop(state);
        // Encoded without the lock: the loop polls the progress of the recording.
        let Ok(frame) = encoder.encode(sample) else {
            // Out of memory: the next frame must not depend on this one.
            encoder.restart();
            return;
        };
        let mut state = self.state();
        if let Some(recording) = &mut state.recording {
            recording.push(&frame);
        }
        if !self.span.is_zero() {
            let since_ns = state.history.as_ref().and_then(FrameHistory::since_ns);
            let (at_ns, since_ns) = (sample.monotonic_ns, since_ns.unwrap_or(0));
            (state.findings).push(at_ns, findings, since_ns, MAX_FINDINGS_BYTES);
            // Twice: a rewind keeps the findings at its Samples while others follow.
            let max_bytes = MAX_BYTES - 2 * state.findings.bytes().min(MAX_FINDINGS_BYTES);
            let history = state.history.get_or_insert_with(|| {
                let metadata = self.metadata(&sample.host, sample.taken_at_us);
                FrameHistory::new(metadata, self.span, max_bytes)
            });
            history.set_max_bytes(max_bytes);
            history.push(&frame);
        }
    }

    /// Starts a recording of the Samples that follow.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub(super) fn start_recording(&self, path: PathBuf) -> Result<(), RecordingError> {
        let latest = self.state().latest.clone();
        let (host, at_us) = latest.unwrap_or_default();
        let recording = ActiveRecording::start(path, self.metadata(&host, at_us))?;
        self.state().recording = Some(recording);
        Ok(())
    }

    /// Removes the active recording, for the caller to finish.
    pub(super) fn detach_recording(&self) -> Option<ActiveRecording> {
        self.state().recording.take()
    }

    /// Returns the progress of the active recording.
    pub(super) fn recording(&self) -> Option<RecordingProgress> {
        let state = self.state();
        state.recording.as_ref().map(ActiveRecording::progress)
    }

    /// Returns the history as an archive.
    ///
    /// # Errors
    /// Why there is none, for the user.
    pub(super) fn snapshot(&self) -> Result<HistorySnapshot, String> {
        if self.span.is_zero() {
            return Err("no history: --history is 0".to_owned());
        }
        let state = self.state();
        let memory = state.history.as_ref().map(FrameHistory::snapshot);
        memory
            .filter(|memory| !memory.entries().is_empty())
            .ok_or_else(|| "no history yet".to_owned())
    }

    /// Returns the findings at each Sample of a snapshot.
    pub(super) fn marks(&self, memory: &HistorySnapshot) -> FindingMarks {
        self.state().findings.marks(memory.entries())
    }
}
