//! Half-open connections from many sources pile up at a listener: a flood, most likely with forged addresses.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::measure::half_open::{self, Thresholds};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::phrases;

/// Detects half-open connections from many sources.
#[derive(Debug)]
pub(in crate::diagnose) struct SynFlood;

impl Detector for SynFlood {
    const ID: &'static str = "syn-flood";
    const TITLE: &'static str = "Half-open connections from many sources pile up at a listener.";
    const LOOK_ALIKES: &'static str = "Many sources that never answer are most likely forged. The evidence shows whether SYN cookies are \
         active; with them, clients that answer can still connect.";
    const REMEDY: &'static str = "Turn on SYN cookies. Limit SYNs in the firewall or upstream. A larger backlog does not stop a flood.";
    const NEEDS: &'static [Need] = half_open::NEEDS;

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SynFlood
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        let sources = phrases::count(thresholds.flood_sources.into());
        half_open::reported_when(&format!("at least {sources}"), thresholds)
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
            "Clients that answer can still connect through SYN cookies, but without window scaling unless they use \
             timestamps. "
        }
    };
    format!(
        "Many sources that never answer are most likely forged. {cookies}{meanwhile}Limit SYNs in the firewall \
         (nftables `synproxy`, `limit rate`) or upstream; a backlog above {backlog} does not stop a flood."
    )
}
