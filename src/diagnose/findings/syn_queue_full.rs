//! Half-open connections of real clients pile up at a listener: they answer late or not at all, or have nothing to send yet.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::half_open::{self, Thresholds, Verdict};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;

/// Detects half-open connections that are not known to be a flood.
#[derive(Debug)]
pub(in crate::diagnose) struct SynQueueFull;

impl Detector for SynQueueFull {
    const ID: &'static str = "syn-queue-full";
    const TITLE: &'static str = "Half-open connections of clients pile up at a listener.";
    const LOOK_ALIKES: &'static str = "Many sources that never complete a handshake are {1}. If accept() is too slow, {0} is reported \
         instead. Cause backlog: handshakes complete or SYN cookies come back, but more are under way than the backlog \
         holds. Cause deferred: the handshakes are complete and wait for the client's first data (TCP_DEFER_ACCEPT); \
         the SYN-ACKs were not retransmitted. Cause no-answer: few sources do not answer, or clients repeat their SYNs; \
         their return path is broken, or they are scanners. Cause undecided: neither is known.";
    const REMEDY: &'static str = "Cause backlog or deferred: raise the backlog. Cause no-answer: check the path to these clients: routes, or a \
         firewall that sees only one direction.";
    const NEEDS: &'static [Need] = half_open::NEEDS;

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SynQueueFull
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        half_open::reported_when("it is not known to be a flood", thresholds)
    }

    fn severity(_thresholds: &Thresholds) -> String {
        format!(
            "{} Info if the handshakes only wait for data.",
            half_open::SEVERITY
        )
    }

    fn min_watch_s(_thresholds: &Thresholds) -> f64 {
        half_open::MIN_WATCH_S
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let half_open = &scan.measured.half_open;
        let is_no_flood = |verdict| verdict != Verdict::NeverCompleted;
        half_open.observe(scan.kind, &scan.facts, is_no_flood, out);
    }
}
