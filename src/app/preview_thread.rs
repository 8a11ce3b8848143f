//! Shows the first sockets while the first Sample takes long: with a million sockets, it takes seconds.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::latest_slot::LatestSlot;
use super::message::Message;
use super::threads;
use crate::aggregate::Aggregator;
use crate::model::Preview;
use crate::source::{Source, SourceError};

/// Time given to the first Sample before a preview is taken. Most machines need no preview.
const DELAY: Duration = Duration::from_millis(20);

/// Further time given to it before a preview with all sockets is shown, which lacks only their owners.
const DELAY_OF_COMPLETE: Duration = Duration::from_millis(50);

/// Time that the first Sample waits at most until a preview is on the screen: the terminal may be stopped.
const DELAY_OF_FRAME: Duration = Duration::from_millis(100);

/// Creates the source of a preview, whose Samples have the first sockets only.
pub type OpenPreview = Box<dyn FnOnce() -> Result<Box<dyn Source>, SourceError> + Send>;

/// How the first sockets are shown before the first Sample.
pub struct FirstSockets {
    /// Creates their source.
    pub open: OpenPreview,
    /// True if the first Sample waits for them: with very many sockets, both would compete for the processors. False if they are
    /// only taken once that Sample is late.
    pub before_first_sample: bool,
}

/// The channels that the begin of the first Sample depends on.
pub(super) struct BeforeSample {
    /// Its sender is dropped when a moment was drawn.
    pub(super) drawn: Receiver<()>,
    /// Dropped when the first Sample may begin.
    pub(super) may_sample: Sender<()>,
}

/// Takes a preview on a new thread. The sender of `first` is dropped when the first moment is published.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn spawn(
    sockets: FirstSockets,
    first: Receiver<()>,
    before: BeforeSample,
    slot: &Arc<LatestSlot>,
    wake: &Sender<Message>,
) -> anyhow::Result<()> {
    let (slot, messages) = (Arc::clone(slot), wake.clone());
    threads::spawn("preview", wake, move || {
        if sockets.before_first_sample {
            if publish(sockets.open, &first, &slot, &messages) {
                // Otherwise the Sample and the search for owners would delay the frame.
                let _ = before.drawn.recv_timeout(DELAY_OF_FRAME);
            }
            drop(before.may_sample);
            return;
        }
        drop(before);
        if first.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
            publish(sockets.open, &first, &slot, &messages);
        }
    })
}

/// Takes a preview and publishes it; returns true if it will be drawn. Errors are left to the source of the complete Samples.
fn publish(
    open: OpenPreview,
    first: &Receiver<()>,
    slot: &LatestSlot,
    wake: &Sender<Message>,
) -> bool {
    let Ok(mut source) = open() else {
        return false;
    };
    let mut moment = slot.acquire_spare();
    let Some(making) = Arc::get_mut(&mut moment) else {
        return false;
    };
    if source.next_into(&mut making.sample).is_err() {
        return false;
    }
    let sockets = making.sample.iter().len() as u64;
    let has_all = |preview: Preview| preview.expected.is_some_and(|expected| expected <= sockets);
    if making.sample.preview.is_some_and(has_all)
        && first.recv_timeout(DELAY_OF_COMPLETE) != Err(RecvTimeoutError::Timeout)
    {
        return false;
    }
    // Of its own: the complete Samples neither follow from a preview nor are compared with it.
    making.derive(&mut Aggregator::new());
    // A closed channel means that the program is ending.
    slot.publish_preview(moment) && wake.send(Message::MomentReady).is_ok()
}
