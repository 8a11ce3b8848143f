//! Writes frames to a file, on a thread of its own: a slow disk keeps nobody waiting.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::writer::Writer;
use super::{Archive, Encoder, Frame, Head, RecordingError};
use crate::model::Sample;

/// Bytes that may wait to be written: at 10 000 busy sockets a stall of half an hour.
const MOST_WAITING: usize = 64 << 20;

/// How often it is looked whether the file still has a name.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Where and how to record.
#[derive(Debug, Clone, Default)]
pub struct RecorderOptions {
    /// The file.
    pub path: PathBuf,
    /// Whether a file that exists may be overwritten.
    pub force: bool,
    /// From how many bytes on the next file is begun; `None` for one file however large.
    pub max_size: Option<u64>,
    /// How many files are kept beside the one being written: `FILE.1` is the latest of them.
    pub keep: usize,
}

/// How far a recording is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Samples written.
    pub samples: u64,
    /// Sockets in the last of them.
    pub sockets: u32,
    /// Bytes written, in all files.
    pub bytes: u64,
    /// Samples that could not be written in time.
    pub dropped: u64,
    /// Files begun.
    pub files: u32,
    /// Why it has ended, if it has by itself: a full disk, a file that was removed.
    pub failed: Option<String>,
}

/// A frame on its way to the file.
#[derive(Debug)]
struct Job {
    frame: Frame,
    dropped: u32,
    lost_closed: u32,
}

/// What the thread and its owner both see.
#[derive(Debug, Default)]
struct Shared {
    /// Bytes that wait to be written.
    waiting: AtomicUsize,
    /// Whether the next file is to be begun, for which a key frame is needed.
    is_full: AtomicBool,
    progress: Mutex<Progress>,
}

impl Shared {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        // Numbers are whole at any time, so a panic elsewhere does not matter here.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, why: String) {
        self.progress().failed.get_or_insert(why);
    }
}

/// A recording that is being made.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    sender: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Whether what was written last goes on with the next frame, whatever it is.
    goes_on: bool,
    /// Samples, and sockets that ended in them, that were dropped since the last one taken.
    dropped: u32,
    lost_closed: u32,
}

impl Recorder {
    /// Creates the file and starts to write.
    ///
    /// # Errors
    /// If the file exists (and `force` is not set), another recorder writes it, or it cannot be created.
    pub fn start(options: RecorderOptions, head: Head) -> Result<Recorder, RecordingError> {
        let path = options.path.clone();
        let mut writer = Writer::create(options, head)?;
        let shared = Arc::new(Shared::default());
        shared.progress().files = writer.files;
        shared.progress().bytes = writer.bytes;
        let (sender, jobs) = mpsc::channel();
        let its_own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write(&mut writer, &jobs, &its_own))
            .map_err(|error| RecordingError::Io {
                what: "start a thread to write",
                path,
                error,
            })?;
        Ok(Recorder {
            shared,
            sender: Some(sender),
            thread: Some(thread),
            goes_on: false,
            dropped: 0,
            lost_closed: 0,
        })
    }

    /// Whether only a key frame can go on from here: at the start, after a drop, for a new file.
    pub fn needs_key(&self) -> bool {
        !self.goes_on || self.shared.is_full.load(Ordering::Relaxed)
    }

    /// Hands a frame over to be written; answers whether it was taken. Never waits.
    pub fn offer(&mut self, frame: &Frame) -> bool {
        let length = frame.payload.len();
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        let fits = waiting == 0 || waiting + length <= MOST_WAITING;
        if !fits || !(self.goes_on || frame.is_key) {
            self.note_dropped(1, frame.closed);
            return false;
        }
        let job = Job {
            frame: frame.clone(),
            dropped: self.dropped,
            lost_closed: self.lost_closed,
        };
        self.shared.waiting.fetch_add(length, Ordering::Relaxed);
        let sent = self
            .sender
            .as_ref()
            .is_some_and(|sender| sender.send(job).is_ok());
        if sent {
            (self.goes_on, self.dropped, self.lost_closed) = (true, 0, 0);
        }
        sent
    }

    /// Says that Samples, and so many sockets that ended in them, will not be offered.
    pub fn note_dropped(&mut self, samples: u32, closed: u32) {
        self.goes_on = false;
        self.dropped = self.dropped.saturating_add(samples);
        self.lost_closed = self.lost_closed.saturating_add(closed);
        self.shared.progress().dropped += u64::from(samples);
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.shared.progress().clone()
    }

    /// Writes what is left, the index and the end.
    ///
    /// # Errors
    /// Why not all of it is in the file.
    pub fn finish(self) -> Result<Progress, RecordingError> {
        let progress = self.close();
        match progress.failed {
            Some(why) => Err(RecordingError::Ended(why)),
            None => Ok(progress),
        }
    }

    /// The same, answering what is in the file also if not all of it is: [`Progress::failed`] tells why.
    pub fn close(mut self) -> Progress {
        self.end();
        self.progress()
    }

    fn end(&mut self) {
        self.sender.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.shared
                .fail("its thread panicked; this is a bug in sockwatch".to_owned());
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.end();
    }
}

/// Writes what comes until no more does.
fn write(writer: &mut Writer, jobs: &Receiver<Job>, shared: &Shared) {
    let mut looked = Instant::now();
    for Job {
        frame,
        dropped,
        lost_closed,
    } in jobs
    {
        let is_failed = shared.progress().failed.is_some();
        if !is_failed {
            if let Err(error) = write_one(writer, &frame, dropped, lost_closed, shared) {
                shared.fail(format!("{error}; what was recorded before can be read"));
            } else if looked.elapsed() >= LOOK_AGAIN {
                looked = Instant::now();
                if writer.is_removed() {
                    shared.fail("the file was removed while it was being written".to_owned());
                }
            }
        }
        shared
            .waiting
            .fetch_sub(frame.payload.len(), Ordering::Relaxed);
    }
    // On a full disk there may be no room for an index; the file is read without it.
    let closed = writer.close();
    shared.progress().bytes = writer.bytes;
    let is_removed = writer.is_removed();
    if is_removed {
        shared.fail("the file was removed while it was being written".to_owned());
    } else if let Err(error) = closed {
        let error = writer.cannot(error);
        shared.fail(format!("{error}; what was recorded before can be read"));
    }
}

fn write_one(
    writer: &mut Writer,
    frame: &Frame,
    dropped: u32,
    lost_closed: u32,
    shared: &Shared,
) -> Result<(), RecordingError> {
    if frame.is_key && writer.is_full() {
        writer.rotate()?;
        shared.is_full.store(false, Ordering::Relaxed);
    }
    writer
        .write(frame, dropped, lost_closed)
        .map_err(|error| writer.cannot(error))?;
    if writer.is_full() {
        shared.is_full.store(true, Ordering::Relaxed);
    }
    let mut progress = shared.progress();
    progress.samples += 1;
    progress.sockets = frame.entry.sockets;
    progress.bytes = writer.bytes;
    progress.files = writer.files;
    Ok(())
}

/// Writes a part of a recording to a file of its own, `range` being places in [`Archive::entries`]. Samples that are damaged
/// are counted as dropped.
///
/// # Errors
/// If the file cannot be written.
pub fn save(
    archive: &mut dyn Archive,
    range: Range<usize>,
    options: RecorderOptions,
) -> Result<Progress, RecordingError> {
    let entries: Vec<_> = archive.entries().get(range.clone()).unwrap_or(&[]).to_vec();
    let mut writer = Writer::create(options, archive.head().clone())?;
    let mut encoder = Encoder::new();
    let mut sample = Sample::default();
    let mut progress = Progress::default();
    let mut dropped = 0u32;
    for (at, entry) in range.zip(&entries) {
        dropped = dropped.saturating_add(entry.dropped);
        if archive.read_into(at, &mut sample).is_err() {
            dropped = dropped.saturating_add(1);
            continue;
        }
        let written = encoder
            .encode(&sample)
            .and_then(|frame| writer.write(&frame, std::mem::take(&mut dropped), 0));
        written.map_err(|error| writer.cannot(error))?;
        progress.samples += 1;
        progress.sockets = entry.sockets;
        progress.dropped += u64::from(entry.dropped);
    }
    writer.close().map_err(|error| writer.cannot(error))?;
    progress.bytes = writer.bytes;
    progress.files = writer.files;
    Ok(progress)
}
