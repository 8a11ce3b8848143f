//! Computes views on a thread of its own, so that keys and frames never wait for work on all sockets.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use super::message::Message;
use super::threads;
use crate::aggregate::Moment;
use crate::tui::{PreparedView, ViewRequest};

/// The work of the thread.
enum Work {
    Prepare(Box<ViewRequest>),
    /// Releases the memory of a moment, which takes long if it has a million sockets.
    Release(Arc<Moment>),
}

/// The thread that computes views. It ends when this is dropped.
#[derive(Debug)]
pub struct ViewWorker {
    work: Sender<Work>,
    prepared: Receiver<PreparedView>,
}

impl ViewWorker {
    /// Number of sockets from which views are computed here. Fewer take less than a frame.
    pub const MIN_SOCKETS: usize = 10_000;

    /// Starts the thread. It sends [`Message::ViewPrepared`] when a view can be received.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn spawn(wake: &Sender<Message>) -> anyhow::Result<ViewWorker> {
        let (work, requests) = mpsc::channel();
        let (results, prepared) = mpsc::channel();
        let messages = wake.clone();
        threads::spawn("view", wake, move || {
            for work in requests {
                match work {
                    Work::Prepare(request) => {
                        let sent = results.send(request.prepare());
                        if sent.is_err() || messages.send(Message::ViewPrepared).is_err() {
                            return;
                        }
                    }
                    Work::Release(moment) => drop(moment),
                }
            }
        })?;
        Ok(ViewWorker { work, prepared })
    }

    /// Has a view computed.
    pub(super) fn request(&self, request: ViewRequest) {
        // If the thread has failed, a message about it ends the program.
        let _ = self.work.send(Work::Prepare(Box::new(request)));
    }

    /// Releases the memory of a moment elsewhere.
    pub(super) fn release(&self, moment: Arc<Moment>) {
        let _ = self.work.send(Work::Release(moment));
    }

    /// Returns a view that has been computed, and waits for it until a time if one is given.
    pub(super) fn receive(&self, until: Option<Instant>) -> Option<PreparedView> {
        match until {
            None => self.prepared.try_recv().ok(),
            Some(until) => {
                let time = until.saturating_duration_since(Instant::now());
                self.prepared.recv_timeout(time).ok()
            }
        }
    }
}
