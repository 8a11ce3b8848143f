//! Files that the dashboard writes, each on a thread of its own: nobody waits for a disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use super::event_loop::Message;
use super::tape::{Reel, Tape};
use crate::column::format;
use crate::recording::{Archive, Progress, RecorderOptions, save};

/// Threads that write, and what they say in the end.
#[derive(Debug, Default)]
pub(super) struct Files {
    writing: Vec<JoinHandle<Option<String>>>,
}

impl Files {
    /// Writes on a thread of its own, and tells what became of it.
    fn write(
        &mut self,
        sender: &Sender<Message>,
        work: impl FnOnce() -> String + Send + 'static,
    ) -> io::Result<()> {
        self.writing.retain(|thread| !thread.is_finished());
        let sender = sender.clone();
        let work = move || {
            let unheard = sender.send(Message::Said(work())).err()?;
            match unheard.0 {
                Message::Said(text) => Some(text),
                _ => None,
            }
        };
        let thread = std::thread::Builder::new().name("file".into());
        self.writing.push(thread.spawn(work)?);
        Ok(())
    }

    /// Finishes a recording.
    pub(super) fn finish(&mut self, sender: &Sender<Message>, reel: Reel) -> io::Result<()> {
        self.write(sender, move || finish(reel))
    }

    /// Saves what is kept, so much of it as is wanted.
    pub(super) fn save(
        &mut self,
        sender: &Sender<Message>,
        tape: &Arc<Tape>,
        last: Option<Duration>,
    ) -> io::Result<()> {
        let tape = Arc::clone(tape);
        self.write(sender, move || save_last(&tape, last))
    }

    /// Waits until all is written; answers what nobody has heard.
    pub(super) fn wait(self) -> impl Iterator<Item = String> {
        let threads = self.writing.into_iter();
        threads.filter_map(|thread| thread.join().ok().flatten())
    }
}

/// Finishes a recording; answers what became of it.
pub(super) fn finish(reel: Reel) -> String {
    let path = reel.path;
    match reel.recorder.finish() {
        Ok(progress) => format!("recorded {} in {}", written(&progress), path.display()),
        Err(error) => error.to_string(),
    }
}

/// A new file's name: `sockwatch-20261120-201407.swr`, by the clock on the wall.
pub(super) fn new_path() -> PathBuf {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    format!("sockwatch-{now}.swr").into()
}

fn save_last(tape: &Tape, last: Option<Duration>) -> String {
    let mut memory = match tape.snapshot() {
        Ok(memory) => memory,
        Err(why) => return why,
    };
    let entries = memory.entries();
    let from = match (last, entries.last()) {
        (Some(last), Some(end)) => {
            let last = i64::try_from(last.as_micros()).unwrap_or(i64::MAX);
            let start = end.taken_at_us.saturating_sub(last);
            entries.partition_point(|entry| entry.taken_at_us < start)
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
        Ok(progress) => format!("saved {} in {}", written(&progress), path.display()),
        Err(error) => format!("saving has failed: {error}"),
    }
}

/// `751 samples, 4.10 MB`.
fn written(progress: &Progress) -> String {
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
