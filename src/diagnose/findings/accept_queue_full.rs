//! A listener drops connections: its accept queue is full.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::help_text;
use crate::diagnose::measure::accept_queues::Thresholds;
use crate::diagnose::observation::Observation;

/// Detects accept queues that overflow.
#[derive(Debug)]
pub(in crate::diagnose) struct AcceptQueueFull {
    thresholds: Thresholds,
}

impl Detector for AcceptQueueFull {
    const ID: &'static str = "accept-queue-full";
    const TITLE: &'static str = "A listener drops connections: its accept queue is full.";
    const LOOK_ALIKES: &'static str = "Cause stopped: the process is in state T. not-accepting: it runs and calls accept() no more. slow: it \
         accepts, but less than comes. backlog: it accepts quickly, and listen() was given too few. somaxconn: \
         net.core.somaxconn cut what listen() was given.";
    const REMEDY: &'static str =
        "By its cause: let it go on, see what it waits for, more workers, a larger backlog.";

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        AcceptQueueFull {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "More connections wait than the limit of the queue, or the listener dropped some within {} and the \
             queue was full again and again.",
            help_text::seconds(thresholds.window_s)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Critical.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let queues = scan.measured.accept_queues.pressed().iter();
        out.extend(queues.filter(|queue| queue.is_full).filter_map(|queue| {
            queue.observe(scan.kind, &scan.facts, &self.thresholds, Severity::Critical)
        }));
    }
}
