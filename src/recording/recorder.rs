//! Records frames to a file on a separate thread, so that a slow disk delays nothing else.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::error::RecordingError;
use super::frame::Frame;
use super::metadata::Metadata;
use super::options::RecorderOptions;
use super::progress::Progress;
use super::writer::FileWriter;

/// Maximum number of bytes queued for writing: a stall of half an hour at 10 000 busy sockets.
const MAX_QUEUED: usize = 64 << 20;

/// Interval for checking whether the file is closed.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A frame queued for writing.
#[derive(Debug)]
struct WriteJob {
    frame: Frame,
    dropped: u32,
    lost_closed: u32,
}

/// Work of the thread.
#[derive(Debug)]
enum Job {
    Write(WriteJob),
    Close,
}

/// State shared by the thread and the recorder.
#[derive(Debug, Default)]
struct Shared {
    /// Number of bytes queued for writing.
    queued: AtomicUsize,
    /// True if the next file is due, which begins with a key frame.
    is_full: AtomicBool,
    /// True once the file is closed, or has failed.
    is_closed: AtomicBool,
    progress: Mutex<Progress>,
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // A panic cannot leave the numbers inconsistent.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, reason: String) {
        self.progress().failed.get_or_insert(reason);
    }
}

/// A recording in progress.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    sender: Sender<Job>,
    thread: Option<JoinHandle<()>>,
    /// True if a delta frame can follow the last frame.
    can_continue: bool,
    /// Number of Samples dropped since the last frame, and of sockets that closed in them.
    dropped: u32,
    lost_closed: u32,
}

impl Recorder {
    /// Creates the file and starts the thread.
    ///
    /// # Errors
    /// If the file exists and `force` is not set, if another recorder is writing it, or if it cannot be created.
    pub fn start(options: RecorderOptions, metadata: Metadata) -> Result<Recorder, RecordingError> {
        let path = options.path.clone();
        let mut writer = FileWriter::create(options, metadata)?;
        let shared = Arc::new(Shared::default());
        shared.progress().files = writer.files;
        shared.progress().bytes = writer.bytes;
        let (sender, jobs) = mpsc::channel();
        let thread_shared = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || {
                write_jobs(&mut writer, &jobs, &thread_shared);
                thread_shared.is_closed.store(true, Ordering::Release);
            })
            .map_err(|error| RecordingError::Io {
                what: "start a thread to write",
                path,
                error,
            })?;
        Ok(Recorder {
            shared,
            sender,
            thread: Some(thread),
            can_continue: false,
            dropped: 0,
            lost_closed: 0,
        })
    }

    /// Reports whether the next frame must be a key frame: at the start, after a drop, and for a new file.
    pub fn needs_key(&self) -> bool {
        !self.can_continue || self.shared.is_full.load(Ordering::Relaxed)
    }

    /// Queues a frame without waiting; returns false if it was dropped.
    pub fn offer(&mut self, frame: &Frame) -> bool {
        let length = frame.payload.len();
        let queued = self.shared.queued.load(Ordering::Relaxed);
        let fits = queued == 0 || queued + length <= MAX_QUEUED;
        if !fits || !(self.can_continue || frame.is_key) {
            self.note_dropped(1, frame.closed);
            return false;
        }
        let job = WriteJob {
            frame: frame.clone(),
            dropped: self.dropped,
            lost_closed: self.lost_closed,
        };
        self.shared.queued.fetch_add(length, Ordering::Relaxed);
        let sent = self.sender.send(Job::Write(job)).is_ok();
        if sent {
            (self.can_continue, self.dropped, self.lost_closed) = (true, 0, 0);
        }
        sent
    }

    /// Counts Samples that will not be offered, and the sockets that closed in them.
    pub fn note_dropped(&mut self, samples: u32, closed: u32) {
        self.can_continue = false;
        self.dropped = self.dropped.saturating_add(samples);
        self.lost_closed = self.lost_closed.saturating_add(closed);
        self.shared.progress().dropped += u64::from(samples);
    }

    /// Returns the progress so far.
    pub fn progress(&self) -> Progress {
        self.shared.progress().clone()
    }

    /// Returns a handle that closes the recording from another thread.
    pub fn closer(&self) -> RecordingCloser {
        RecordingCloser {
            shared: Arc::clone(&self.shared),
            sender: self.sender.clone(),
        }
    }

    /// Writes the queued frames, the index and the end.
    ///
    /// # Errors
    /// If the file is incomplete.
    pub fn finish(self) -> Result<Progress, RecordingError> {
        let progress = self.close();
        match progress.failed {
            Some(reason) => Err(RecordingError::Ended(reason)),
            None => Ok(progress),
        }
    }

    /// Like [`Self::finish`], but reports an error in [`Progress::failed`].
    pub fn close(mut self) -> Progress {
        self.join();
        self.progress()
    }

    fn join(&mut self) {
        // Fails if a closer has ended the thread.
        let _ = self.sender.send(Job::Close);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.shared
                .fail("the recorder thread panicked; this is a bug in sockwatch".to_owned());
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.join();
    }
}

/// Closes a recording whose owner is blocked.
#[derive(Debug)]
pub struct RecordingCloser {
    shared: Arc<Shared>,
    sender: Sender<Job>,
}

impl RecordingCloser {
    /// Writes the queued frames, the index and the end. Returns true if the file was complete in time.
    pub fn close(self, timeout: Duration) -> bool {
        let start = Instant::now();
        // The thread has ended if the owner has closed the recording.
        let _ = self.sender.send(Job::Close);
        while !self.shared.is_closed.load(Ordering::Acquire) {
            if start.elapsed() >= timeout {
                return false;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        self.shared.progress().failed.is_none()
    }
}

/// Writes frames until it is to close the file, or the recorder disconnects; then closes the file.
fn write_jobs(writer: &mut FileWriter, jobs: &Receiver<Job>, shared: &Shared) {
    while let Ok(Job::Write(WriteJob {
        frame,
        dropped,
        lost_closed,
    })) = jobs.recv()
    {
        let is_failed = shared.progress().failed.is_some();
        if !is_failed {
            if let Some(why) = writer.interference() {
                shared.fail(why.to_owned());
            } else if let Err(error) = write_frame(writer, &frame, dropped, lost_closed, shared) {
                shared.fail(format!(
                    "{error}; everything recorded before that is readable"
                ));
            }
        }
        shared
            .queued
            .fetch_sub(frame.payload.len(), Ordering::Relaxed);
    }
    if let Some(why) = writer.interference() {
        shared.fail(why.to_owned());
        return;
    }
    // A full disk may have no room for the index; the file is readable without it.
    let closed = writer.close();
    shared.progress().bytes = writer.bytes;
    if let Err(error) = closed {
        let error = writer.write_error(error);
        shared.fail(format!(
            "{error}; everything recorded before that is readable"
        ));
    }
}

fn write_frame(
    writer: &mut FileWriter,
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
        .map_err(|error| writer.write_error(error))?;
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
