//! The accept queue of a listener stays nearly full: it is about to drop connections.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::measure::accept_queues::Thresholds;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::{help_text, phrases};
use crate::model::Protocol;

/// Detects accept queues that are nearly full but drop nothing yet.
#[derive(Debug)]
pub(in crate::diagnose) struct AcceptQueueFilling {
    thresholds: Thresholds,
}

impl Detector for AcceptQueueFilling {
    const ID: &'static str = "accept-queue-filling";
    const TITLE: &'static str = "A listener's accept queue is nearly full.";
    const LOOK_ALIKES: &'static str =
        "It has the same causes as {0} and precedes it. Nothing is dropped yet.";
    const REMEDY: &'static str = "See {0}.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        AcceptQueueFilling {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let connections = thresholds.filling_connections;
        format!(
            "The queue stays at {} of its capacity or above, with at least {}.",
            help_text::share(thresholds.filling_share),
            phrases::plural(connections.into(), "connection", "connections")
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let queues = scan.measured.accept_queues.pressed().iter();
        out.extend(queues.filter(|queue| !queue.is_full).filter_map(|queue| {
            queue.observe(scan.kind, &scan.facts, &self.thresholds, Severity::Warning)
        }));
    }
}
