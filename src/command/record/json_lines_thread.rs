//! Writes Samples as JSON Lines on a thread of its own: formatting text is slower than encoding a recording.

use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use crate::aggregate::{Aggregator, Moment};
use crate::command::shared::stop_signals::StopFlag;
use crate::command::shared::text_output::TextOutput;
use crate::export;
use crate::model::Sample;

/// Samples that may be queued or written while the next one is taken.
const BUFFERS: usize = 2;

/// Size of the output buffer, bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Time for which a blocked output is waited for after a signal.
const PATIENCE: Duration = Duration::from_millis(400);

/// Interval for checking whether the thread has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A writer thread with a fixed number of Samples, whose memory is reused after they are written.
#[derive(Debug)]
pub(super) struct JsonLinesThread {
    full: Sender<Sample>,
    empty: Receiver<Sample>,
    /// An empty Sample to exchange for a full one.
    spare: Option<Sample>,
    thread: JoinHandle<io::Result<()>>,
    name: String,
    /// True if it is not standard output.
    is_named: bool,
}

impl JsonLinesThread {
    /// Truncates the file and starts the thread.
    ///
    /// # Errors
    /// If the file cannot be truncated or the thread cannot be started.
    pub(super) fn start(out: TextOutput) -> anyhow::Result<JsonLinesThread> {
        out.truncate()?;
        let (name, is_named) = (out.name(), out.is_named());
        let (full, to_write) = channel();
        let (written, empty) = channel();
        for _ in 0..BUFFERS {
            // Cannot fail: the receiver exists.
            let _ = written.send(Sample::default());
        }
        let thread = thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || write(&to_write, &written, out))
            .context("cannot start a thread")?;
        Ok(JsonLinesThread {
            full,
            empty,
            spare: None,
            thread,
            name,
            is_named,
        })
    }

    /// Returns true if [`Self::push`] can queue a Sample without waiting.
    pub(super) fn is_ready(&mut self) -> bool {
        if self.spare.is_none() {
            self.spare = self.empty.try_recv().ok();
        }
        self.spare.is_some()
    }

    /// Queues a Sample and replaces it with an empty one. Does nothing unless [`Self::is_ready`].
    pub(super) fn push(&mut self, sample: &mut Sample) {
        if let Some(spare) = self.spare.take() {
            // A thread that has ended is reported by `has_failed`.
            let _ = self.full.send(std::mem::replace(sample, spare));
        }
    }

    /// Returns true if the thread ended before [`Self::finish`].
    pub(super) fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits until everything is written; after a signal, only for [`PATIENCE`]. `is_only` if there is no other output.
    ///
    /// # Errors
    /// If the output cannot be written, or its reader does not read it.
    pub(super) fn finish(self, stop: &StopFlag, is_only: bool) -> anyhow::Result<()> {
        drop(self.full);
        let mut stopped: Option<Instant> = None;
        while !self.thread.is_finished() {
            if stop.is_set() && stopped.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                // The thread ends with the process.
                return Err(anyhow!(
                    "{}: its reader does not read; the last samples are missing",
                    self.name
                ));
            }
            thread::sleep(POLL_INTERVAL);
        }
        let ended = self.thread.join();
        let ended = ended.unwrap_or_else(|_| Err(io::Error::other("its thread panicked")));
        let name = (self.is_named || !is_only).then_some(self.name.as_str());
        ended.map_err(|error| TextOutput::write_error(name, error))
    }
}

/// Derives and writes Samples until the sender is dropped.
fn write(full: &Receiver<Sample>, empty: &Sender<Sample>, out: TextOutput) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    while let Ok(sample) = full.recv() {
        let before = std::mem::replace(&mut moment.sample, sample);
        moment.derive(&mut aggregator);
        let rows: Vec<u32> = (0..moment.sample.sockets.len() as u32).collect();
        export::json::write_lines_with_time(&moment, &rows, &mut out)?;
        out.flush()?;
        if let Some(why) = out.get_ref().interference() {
            return Err(io::Error::other(why));
        }
        // The receiver is dropped at the end.
        let _ = empty.send(before);
    }
    Ok(())
}
