//! Data cannot leave: the peer does not acknowledge.
//!
//! Loss that lets some of it through, and a peer that has closed its window, are other findings.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::measure::unacknowledged::{Obstacle, StuckGroup, Thresholds};
use crate::diagnose::observation::Observation;
use crate::diagnose::{help_text, phrases};

/// Detects peers that acknowledge nothing.
#[derive(Debug)]
pub(in crate::diagnose) struct SenderStalled;

impl Detector for SenderStalled {
    const ID: &'static str = "sender-stalled";
    const TITLE: &'static str = "Data cannot leave: the peer does not acknowledge.";
    const LOOK_ALIKES: &'static str = "The peer says nothing: it, or the way, is gone. A peer that says it has no room is {0}; one that \
         gets some of it is {1}.";
    const REMEDY: &'static str =
        "Look at the way there and back; TCP_USER_TIMEOUT or keepalive notice it sooner.";

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SenderStalled
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "Nothing was acknowledged for {}, and the same data was sent again {} or more.",
            help_text::seconds(thresholds.age_s),
            phrases::times(thresholds.retries.into())
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Critical.".to_owned()
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let groups = scan
            .measured
            .unacknowledged
            .groups(Obstacle::NoAcknowledgement);
        out.extend(groups.filter_map(|group| observe(scan, group)));
    }
}

fn observe(scan: &Scan<'_>, group: &StuckGroup) -> Option<Observation> {
    let stuck = group.observe(scan.kind, &scan.facts)?;
    let mut observation = stuck.observation;
    observation.severity = Severity::Critical;
    let bytes = phrases::bytes(group.unacknowledged);
    let again = phrases::times(group.retries.into());
    observation.summary = format!(
        "{} gets no acknowledgement from {}",
        stuck.sender, stuck.destination
    );
    observation.rest = format!(": {bytes} wait, and their first segment was sent again {again}");
    let limit = scan.facts.settings().number("net.ipv4.tcp_retries2", 0);
    let limit = limit.map_or_else(String::new, |n| {
        format!(" after net.ipv4.tcp_retries2 = {n} attempts")
    });
    observation.advice = format!(
        "Nothing comes back: the host is gone or the way there or back is cut (a firewall that forgot the connection, \
         a route, a link). Try `ip route get {0}` and `tracepath {0}`. The kernel gives up{limit}; TCP_USER_TIMEOUT \
         or keepalive lets the process notice sooner.",
        group.remote.0
    );
    Some(observation)
}
