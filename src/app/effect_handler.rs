//! The interface through which the event loop acts on everything outside the screen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::job_control::StopRequest;
use super::latest_slot::LatestSlot;
use crate::model::{NamespaceHandle, ProcessKey, Socket};
use crate::tui::recording_progress::RecordingProgress;
use crate::tui::timeline::{FindingMarks, Seek, Track};

/// Carries out [`Effect`](crate::tui::Effect)s: the terminal, sockets, processes, host names, recordings.
pub trait EffectHandler {
    /// Restores the terminal, stops the program, and acquires the terminal again when the program continues.
    ///
    /// # Errors
    /// If the terminal cannot be set.
    fn suspend(&mut self, request: StopRequest) -> io::Result<()>;
    /// Acquires the terminal again after another process stopped and continued the program.
    ///
    /// # Errors
    /// If the terminal cannot be set.
    fn resume(&mut self) -> io::Result<()>;
    /// Captures mouse clicks, or leaves them to the terminal.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    fn capture_mouse(&mut self, capture: bool) -> io::Result<()>;
    /// Copies a text to the terminal's clipboard.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    fn copy_to_clipboard(&mut self, text: &str) -> io::Result<()>;
    /// Destroys a socket, in another network namespace if there is a way into one; returns the outcome for the user.
    fn destroy_socket(&mut self, socket: &Socket, namespace: Option<NamespaceHandle>) -> String;
    /// Sends a signal to a process unless its pid was reused; returns the outcome for the user.
    fn signal_process(&mut self, process: ProcessKey, number: i32, name: &str) -> String;
    /// Resolves host names in the background and notifies the loop when it is done.
    fn resolve_hosts(&mut self, hosts: Vec<String>);
    /// Starts playing the history buffer from a time, ns of the monotonic clock.
    ///
    /// # Errors
    /// Why there is no history, for the user.
    fn start_rewind(&mut self, at_ns: u64) -> Result<Rewind, String>;
    /// Ends the playback started by [`Self::start_rewind`].
    fn stop_rewind(&mut self);
    /// Passes a seek to the player of the recording or of the history buffer.
    fn seek(&mut self, seek: Seek);
    /// Starts a recording, or stops the active one; returns the outcome for the user.
    fn toggle_recording(&mut self) -> String;
    /// Returns the progress of the active recording.
    fn recording(&self) -> Option<RecordingProgress>;
    /// Saves the last part of the history buffer, or all of it, to a file in the background.
    fn save_history(&mut self, last: Option<Duration>);
}

/// A running playback of the history buffer.
#[derive(Debug, Clone)]
pub struct Rewind {
    /// Slot that the player publishes to.
    pub slot: Arc<LatestSlot>,
    /// Times of the Samples in the history.
    pub track: Arc<Track>,
    /// Findings reported at those Samples.
    pub marks: FindingMarks,
}
