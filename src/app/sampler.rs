//! Makes one moment after another, at its own pace.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::event_loop::Message;
use super::exchange::Exchange;
use super::tape::Tape;
use crate::aggregate::Aggregator;
use crate::diagnose::Watch;
use crate::recording::Encoder;
use crate::source::Source;

/// Samples until nobody listens any more or the source gives up.
///
/// The schedule is steady: a Sample that takes long does not delay those after it, and times that passed meanwhile are
/// skipped.
pub(super) fn run(
    mut source: Box<dyn Source>,
    mut watch: Watch,
    interval: Duration,
    exchange: &Exchange,
    tape: &Tape,
    wake: &Sender<Message>,
) {
    let mut aggregator = Aggregator::new();
    let mut encoder = Encoder::new();
    let mut due = Instant::now();
    loop {
        let mut moment = exchange.blank();
        // Nobody else holds it: the exchange gives away only what is free.
        let Some(making) = Arc::get_mut(&mut moment) else {
            continue;
        };
        if let Err(error) = source.next_into(&mut making.sample) {
            let _ = wake.send(Message::Failed(error.into()));
            return;
        }
        making.derive(&mut aggregator);
        let findings = watch.update(making);
        tape.take(&making.sample, &findings, &mut encoder);
        if exchange.publish(moment, findings) && wake.send(Message::Moment).is_err() {
            return;
        }
        let now = Instant::now();
        while due <= now {
            due += interval.max(Duration::from_millis(10));
        }
        std::thread::sleep(due - now);
    }
}
