//! A listener drops connections because its accept queue is full.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::help_text;
use crate::diagnose::measure::accept_queues::Thresholds;
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::model::Protocol;

/// Detects accept queues that overflow.
#[derive(Debug)]
pub(in crate::diagnose) struct AcceptQueueFull {
    thresholds: Thresholds,
}

impl Detector for AcceptQueueFull {
    const ID: &'static str = "accept-queue-full";
    const TITLE: &'static str = "A listener drops connections because its accept queue is full.";
    const LOOK_ALIKES: &'static str = "Cause stopped: the process is in state T. Cause not-accepting: it is running but accepts nothing. Cause \
         slow: it accepts fewer connections than arrive, or that is not known. Of several listeners on one address and \
         port (SO_REUSEPORT), the one with the full queue is named, and the state of the others. Cause backlog: it accepts quickly, but its backlog for \
         listen() is too small. Cause somaxconn: net.core.somaxconn limits that backlog.";
    const REMEDY: &'static str = "Depends on the cause: continue the process, find what it waits for, add workers, or raise the backlog.";
    const NEEDS: &'static [Need] = &[
        Need::Sockets(Protocol::Tcp),
        Need::Counter("TcpExt.ListenOverflows"),
    ];

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        AcceptQueueFull {
            thresholds: *thresholds,
        }
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "More connections wait than the queue's limit, or the listener dropped connections within {} while \
             the queue was repeatedly full.",
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
