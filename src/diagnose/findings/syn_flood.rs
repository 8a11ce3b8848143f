//! Half-open connections from many sources that never complete a handshake pile up at a listener: most likely a flood with
//! forged addresses.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::half_open::{self, Thresholds, Verdict};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

/// Detects half-open connections from many sources, none of which completes a handshake.
#[derive(Debug)]
pub(in crate::diagnose) struct SynFlood;

impl Detector for SynFlood {
    const ID: &'static str = "syn-flood";
    const TITLE: &'static str =
        "Half-open connections of sources that never answer pile up at a listener.";
    const LOOK_ALIKES: &'static str = "Real clients that answer late, or whose handshake is complete and waits for data \
         (TCP_DEFER_ACCEPT), are reported as {0}: their handshakes complete, or their SYN cookies come back. Real clients \
         whose answers are all lost repeat their SYNs, which is also {0}. Without that, a broken return path to many \
         clients cannot be distinguished from forged addresses.";
    const REMEDY: &'static str = "Turn on SYN cookies. Limit SYNs in the firewall or upstream. A larger backlog does not stop a flood.";
    const NEEDS: &'static [Need] = half_open::NEEDS;

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SynFlood
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let sources = phrases::count(thresholds.flood_sources.into());
        let which = format!(
            "at least {sources} source addresses do not answer, and at most one in ten of these has completed a handshake"
        );
        half_open::reported_when(&which, thresholds)
    }

    fn severity(_thresholds: &Thresholds) -> String {
        half_open::SEVERITY.to_owned()
    }

    fn min_watch_s(_thresholds: &Thresholds) -> f64 {
        half_open::MIN_WATCH_S
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let half_open = &scan.measured.half_open;
        let is_flood = |verdict| verdict == Verdict::NeverCompleted;
        half_open.observe(scan.kind, &scan.facts, is_flood, out);
    }
}
