//! Half-open connections of many sources pile up at a listener: a flood, most likely with forged addresses.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::half_open::{self, Thresholds};
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

/// Detects half-open connections of many sources.
#[derive(Debug)]
pub(in crate::diagnose) struct SynFlood;

impl Detector for SynFlood {
    const ID: &'static str = "syn-flood";
    const TITLE: &'static str = "Half-open connections of many sources pile up at a listener.";
    const LOOK_ALIKES: &'static str = "Many sources that never answer are most likely forged. The evidence says whether SYN cookies are at work, \
         by which clients that answer get in all the same.";
    const REMEDY: &'static str =
        "SYN cookies on; limit SYNs in the firewall or upstream. A larger backlog does not end it.";

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SynFlood
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let sources = phrases::count(thresholds.flood_sources.into());
        half_open::reported_when(&format!("From {sources} or more"), thresholds)
    }

    fn severity(_thresholds: &Thresholds) -> String {
        half_open::SEVERITY.to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let half_open = &scan.measured.half_open;
        half_open.observe(scan.kind, &scan.facts, true, advice, out);
    }
}

fn advice(syncookies: Option<u64>, backlog: u32) -> String {
    let cookies = half_open::cookies_advice(syncookies);
    let meanwhile = match syncookies {
        Some(0) => "",
        _ => {
            "Clients that answer still get in by SYN cookies, without window scaling if they have no timestamps. "
        }
    };
    format!(
        "So many sources that never answer are most likely forged. {cookies}{meanwhile}Limit SYNs in the firewall \
         (nftables `synproxy`, `limit rate`) or upstream; a larger backlog than {backlog} does not end it."
    )
}
