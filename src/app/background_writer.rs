//! Writes files on separate threads, so the dashboard never waits for a disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use super::active_recording::ActiveRecording;
use super::history_buffer::HistoryBuffer;
use super::message::Message;
use crate::column::format;
use crate::recording::{Archive, Progress, RecorderOptions, save};

/// Threads that write files. Each sends its outcome to the loop as a notice, or returns it if the loop has ended.
#[derive(Debug, Default)]
pub(super) struct BackgroundWriter {
    threads: Vec<JoinHandle<Option<String>>>,
}

impl BackgroundWriter {
    /// Runs `work` on a new thread and sends the outcome that it returns to the loop.
    fn spawn(
        &mut self,
        sender: &Sender<Message>,
        work: impl FnOnce() -> String + Send + 'static,
    ) -> io::Result<()> {
        self.threads.retain(|thread| !thread.is_finished());
        let sender = sender.clone();
        let work = move || {
            let undelivered = sender.send(Message::Notice(work())).err()?;
            match undelivered.0 {
                Message::Notice(text) => Some(text),
                _ => None,
            }
        };
        let thread = std::thread::Builder::new().name("file".into());
        self.threads.push(thread.spawn(work)?);
        Ok(())
    }

    /// Finishes a recording.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn finish(
        &mut self,
        sender: &Sender<Message>,
        recording: ActiveRecording,
    ) -> io::Result<()> {
        self.spawn(sender, move || finish(recording))
    }

    /// Saves the last part of the history, or all of it.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn save(
        &mut self,
        sender: &Sender<Message>,
        history: &Arc<HistoryBuffer>,
        last: Option<Duration>,
    ) -> io::Result<()> {
        let history = Arc::clone(history);
        self.spawn(sender, move || save_last(&history, last))
    }

    /// Waits for all threads; returns the outcomes that the loop did not receive.
    pub(super) fn wait(self) -> impl Iterator<Item = String> {
        let threads = self.threads.into_iter();
        threads.filter_map(|thread| thread.join().ok().flatten())
    }
}

/// Finishes a recording; returns the outcome for the user.
pub(super) fn finish(recording: ActiveRecording) -> String {
    match recording.finish() {
        (path, Ok(progress)) => format!("recorded {} in {}", describe(&progress), path.display()),
        (_, Err(error)) => error.to_string(),
    }
}

/// Returns the name of a new recording in the working directory: `sockwatch-20261120-201407.swr`, in local time.
pub(super) fn new_path() -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    format!("sockwatch-{now}.swr").into()
}

fn save_last(history: &HistoryBuffer, last: Option<Duration>) -> String {
    let mut memory = match history.snapshot() {
        Ok(memory) => memory,
        Err(why) => return why,
    };
    let entries = memory.entries();
    let from = match (last, entries.last()) {
        (Some(last), Some(end)) => {
            let last_ns = u64::try_from(last.as_nanos()).unwrap_or(u64::MAX);
            let start_ns = end.time.monotonic_ns.saturating_sub(last_ns);
            entries.partition_point(|entry| entry.time.monotonic_ns < start_ns)
        }
        _ => 0,
    };
    let range = from..entries.len();
    let options = RecorderOptions {
        path: new_path(),
        ..RecorderOptions::default()
    };
    let path = options.path.clone();
    match save(&mut memory, range, options) {
        Ok(progress) => format!("saved {} in {}", describe(&progress), path.display()),
        Err(error) => format!("cannot save: {error}"),
    }
}

/// `751 samples, 4.10 MB`.
fn describe(progress: &Progress) -> String {
    let mut text = String::new();
    format::count(&mut text, progress.samples);
    text.push_str(if progress.samples == 1 {
        " sample, "
    } else {
        " samples, "
    });
    format::bytes(&mut text, progress.bytes as f64);
    if progress.dropped > 0 {
        text.push_str(", ");
        format::count(&mut text, progress.dropped);
        text.push_str(" dropped,");
    }
    text
}
