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

/// Takes a preview on a new thread. The sender of `first` is dropped when the first moment is published, and `may_sample` once
/// the first Sample may begin.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn spawn(
    sockets: FirstSockets,
    first: Receiver<()>,
    may_sample: Sender<()>,
    slot: &Arc<LatestSlot>,
    wake: &Sender<Message>,
) -> anyhow::Result<()> {
    let (slot, messages) = (Arc::clone(slot), wake.clone());
    threads::spawn("preview", wake, move || {
        if sockets.before_first_sample {
            publish(sockets.open, &first, &slot, &messages);
            drop(may_sample);
            return;
        }
        drop(may_sample);
        if first.recv_timeout(DELAY) == Err(RecvTimeoutError::Timeout) {
            publish(sockets.open, &first, &slot, &messages);
        }
    })
}

/// Takes a preview and publishes it. Errors are left to the source of the complete Samples.
fn publish(open: OpenPreview, first: &Receiver<()>, slot: &LatestSlot, wake: &Sender<Message>) {
    let Ok(mut source) = open() else {
        return;
    };
    let mut moment = slot.acquire_spare();
    let Some(making) = Arc::get_mut(&mut moment) else {
        return;
    };
    if source.next_into(&mut making.sample).is_err() {
        return;
    }
    let sockets = making.sample.iter().len() as u64;
    let has_all = |preview: Preview| preview.expected.is_some_and(|expected| expected <= sockets);
    if making.sample.preview.is_some_and(has_all)
        && first.recv_timeout(DELAY_OF_COMPLETE) != Err(RecvTimeoutError::Timeout)
    {
        return;
    }
    // Of its own: the complete Samples neither follow from a preview nor are compared with it.
    making.derive(&mut Aggregator::new());
    if slot.publish_preview(moment) {
        // A closed channel means that the program is ending.
        let _ = wake.send(Message::MomentReady);
    }
}
