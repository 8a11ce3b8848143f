//! Samples the host at a fixed interval and publishes each moment.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::history_buffer::HistoryBuffer;
use super::latest_slot::LatestSlot;
use super::message::Message;
use super::program_pages::ProgramPages;
use crate::aggregate::Aggregator;
use crate::diagnose::Watch;
use crate::model::SampleProgress;
use crate::recording::Encoder;
use crate::source::{ProgressObserver, Schedule, Source};

/// Samples until the program has started, with everything that is done once.
const STARTING_SAMPLES: u32 = 3;

/// State that is dropped or released while the program starts.
pub(super) struct StartState {
    /// Dropped when the first moment is published.
    pub(super) first: Sender<()>,
    /// Released once the program has started.
    pub(super) program_pages: ProgramPages,
}

/// Publishes the progress of a Sample that takes long.
#[derive(Debug)]
struct ProgressPublisher {
    slot: Arc<LatestSlot>,
    wake: Sender<Message>,
}

impl ProgressObserver for ProgressPublisher {
    fn report(&self, progress: SampleProgress) {
        if self.slot.publish_progress(Some(progress)) {
            // A closed channel means that the program is ending.
            let _ = self.wake.send(Message::MomentReady);
        }
    }
}

/// Samples until the loop has ended or the source fails.
///
/// Samples that take longer than the interval follow each other less often, see [`Schedule`].
pub(super) fn run(
    mut source: Box<dyn Source>,
    mut watch: Watch,
    interval: Duration,
    slot: &Arc<LatestSlot>,
    history: &HistoryBuffer,
    wake: &Sender<Message>,
    start: StartState,
) {
    let mut first = Some(start.first);
    let mut program_pages = Some(start.program_pages);
    let mut samples_until_started = STARTING_SAMPLES;
    source.observe_progress(Arc::new(ProgressPublisher {
        slot: Arc::clone(slot),
        wake: wake.clone(),
    }));
    let mut aggregator = Aggregator::new();
    let mut encoder = Encoder::new();
    let mut schedule = Schedule::new(interval, Instant::now());
    loop {
        schedule.begin(Instant::now());
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
        first.take();
        samples_until_started = samples_until_started.saturating_sub(1);
        if samples_until_started == 0
            && let Some(pages) = program_pages.take()
        {
            pages.release();
        }
        let due = schedule.end(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
