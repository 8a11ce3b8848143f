//! Half-open connections from few sources pile up at a listener: clients with a broken return path.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::half_open::{self, Thresholds};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

/// Detects half-open connections from few sources.
#[derive(Debug)]
pub(in crate::diagnose) struct SynQueueFull;

impl Detector for SynQueueFull {
    const ID: &'static str = "syn-queue-full";
    const TITLE: &'static str = "Half-open connections from few sources pile up at a listener.";
    const LOOK_ALIKES: &'static str = "Few sources are clients with a broken return path, or a scanner. If accept() is too slow, {0} \
         is reported instead.";
    const REMEDY: &'static str =
        "Check the path to these clients: routes, or a firewall that sees only one direction.";
    const NEEDS: &'static [Need] = half_open::NEEDS;

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SynQueueFull
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let sources = phrases::count(thresholds.flood_sources.into());
        half_open::reported_when(&format!("fewer than {sources}"), thresholds)
    }

    fn severity(_thresholds: &Thresholds) -> String {
        half_open::SEVERITY.to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let half_open = &scan.measured.half_open;
        half_open.observe(scan.kind, &scan.facts, false, advice, out);
    }
}

fn advice(syncookies: Option<u64>, _backlog: u32) -> String {
    let cookies = half_open::cookies_advice(syncookies);
    format!(
        "{cookies}The SYNs arrive, but the SYN-ACKs or the clients' answers are probably lost. Check the path to these \
         clients (routes, a firewall that sees only one direction, `tcpdump 'tcp[tcpflags] & tcp-syn != 0'`)."
    )
}
