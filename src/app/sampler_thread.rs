//! Samples the host at a fixed interval and publishes each moment.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::history_buffer::HistoryBuffer;
use super::latest_slot::LatestSlot;
use super::message::Message;
use crate::aggregate::Aggregator;
use crate::diagnose::Watch;
use crate::recording::Encoder;
use crate::source::Source;

/// Samples until the loop has ended or the source fails.
///
/// The schedule is fixed: a slow Sample does not delay the following ones, and missed times are skipped.
pub(super) fn run(
    mut source: Box<dyn Source>,
    mut watch: Watch,
    interval: Duration,
    slot: &LatestSlot,
    history: &HistoryBuffer,
    wake: &Sender<Message>,
) {
    let mut aggregator = Aggregator::new();
    let mut encoder = Encoder::new();
    let mut due = Instant::now();
    loop {
        let mut moment = slot.acquire();
        // Never shared: the slot returns only moments without another owner.
        let Some(making) = Arc::get_mut(&mut moment) else {
            continue;
        };
        if let Err(error) = source.next_into(&mut making.sample) {
            let _ = wake.send(Message::Failed(error.into()));
            return;
        }
        making.derive(&mut aggregator);
        let findings = watch.update(making);
        history.push(&making.sample, &findings, &mut encoder);
        if slot.publish(moment, findings) && wake.send(Message::MomentReady).is_err() {
            return;
        }
        let now = Instant::now();
        while due <= now {
            due += interval.max(Duration::from_millis(10));
        }
        std::thread::sleep(due - now);
    }
}
