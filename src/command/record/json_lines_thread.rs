//! The same Samples as JSON Lines, on a thread of its own: text is slower than what is recorded.

use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::Context as _;

use crate::aggregate::{Aggregator, Moment};
use crate::command::shared::text_output::TextOutput;
use crate::export;
use crate::model::Sample;

/// Samples that may wait or be written while the next one is taken.
const SPARES: usize = 2;

/// Text is handed over in pieces of so many bytes.
const PIECE: usize = 256 * 1024;

/// Writes Samples that are handed over. Their number is fixed: one that is written comes back, and what it holds is used
/// for the next.
#[derive(Debug)]
pub(super) struct Lines {
    full: Sender<Sample>,
    empty: Receiver<Sample>,
    /// One that can be handed over for a full one.
    spare: Option<Sample>,
    thread: JoinHandle<io::Result<()>>,
    name: String,
}

impl Lines {
    /// Begins to write.
    ///
    /// # Errors
    /// If the file cannot be emptied, or there is no thread to be had.
    pub(super) fn start(out: TextOutput) -> anyhow::Result<Lines> {
        out.begin()?;
        let name = out.name();
        let (full, to_write) = channel();
        let (written, empty) = channel();
        for _ in 0..SPARES {
            // Its other end is here.
            let _ = written.send(Sample::default());
        }
        let thread = thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || write(&to_write, &written, out))
            .context("cannot start a thread")?;
        Ok(Lines {
            full,
            empty,
            spare: None,
            thread,
            name,
        })
    }

    /// Whether a Sample can be handed over now.
    pub(super) fn has_room(&mut self) -> bool {
        if self.spare.is_none() {
            self.spare = self.empty.try_recv().ok();
        }
        self.spare.is_some()
    }

    /// Hands a Sample over, if there is room, for another one to be filled.
    pub(super) fn give(&mut self, sample: &mut Sample) {
        if let Some(spare) = self.spare.take() {
            // Whether the thread has ended is asked by `has_failed`.
            let _ = self.full.send(std::mem::replace(sample, spare));
        }
    }

    /// Whether it has ended by itself.
    pub(super) fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Why not all of it is written.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        drop(self.full);
        let ended = self.thread.join();
        let ended = ended.unwrap_or_else(|_| Err(io::Error::other("its thread panicked")));
        ended.with_context(|| format!("cannot write to {}", self.name))
    }
}

/// Derives and writes one Sample after another, until no more come.
fn write(full: &Receiver<Sample>, empty: &Sender<Sample>, out: TextOutput) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(PIECE, out);
    let mut aggregator = Aggregator::new();
    let mut moment = Moment::default();
    while let Ok(sample) = full.recv() {
        let before = std::mem::replace(&mut moment.sample, sample);
        moment.derive(&mut aggregator);
        let rows: Vec<u32> = (0..moment.sample.sockets.rows.len() as u32).collect();
        export::json::write_lines_with_time(&moment, &rows, &mut out)?;
        out.flush()?;
        // Nobody takes it back at the end.
        let _ = empty.send(before);
    }
    Ok(())
}
