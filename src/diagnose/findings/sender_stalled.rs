//! Sent data is not acknowledged by the peer.
//!
//! Partial loss, and a peer that has closed its window, are other findings.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::measure::unacknowledged::{Obstacle, StuckGroup, Thresholds};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::{help_text, phrases};
use crate::model::Protocol;

/// Detects peers that acknowledge nothing.
#[derive(Debug)]
pub(in crate::diagnose) struct SenderStalled;

impl Detector for SenderStalled {
    const ID: &'static str = "sender-stalled";
    const TITLE: &'static str = "A peer does not acknowledge the data sent to it.";
    const LOOK_ALIKES: &'static str = "The peer sends nothing: the host is down, or the path is cut. A peer that answers retransmissions without \
         acknowledging them no longer has the connection, and is not reported. A peer that has closed its window \
         is reported as {0}, and partial loss as {1}.";
    const REMEDY: &'static str =
        "Check the path in both directions. TCP_USER_TIMEOUT lets the process notice sooner.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        SenderStalled
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "Nothing was acknowledged for {}, and the same data was retransmitted at least {} without an answer.",
            help_text::seconds(thresholds.age_s),
            phrases::times(thresholds.retries.into())
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Critical.".to_owned()
    }

    fn min_watch_s(thresholds: &Thresholds) -> f64 {
        thresholds.age_s
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
        "{} has received no acknowledgment from {}",
        stuck.sender, stuck.destination
    );
    observation.rest = format!(": {bytes} wait, and the first segment was retransmitted {again}");
    let limit = scan.facts.settings().number("net.ipv4.tcp_retries2", 0);
    let limit = limit.map_or_else(String::new, |n| {
        format!(" after net.ipv4.tcp_retries2 = {n} retransmissions")
    });
    observation.advice = format!(
        "Nothing comes back: the host may be down, or the path may be cut in either direction (a firewall that lost \
         its state, a route, a link). Try `ip route get {0}` and `tracepath {0}`. The kernel gives up{limit}; set \
         TCP_USER_TIMEOUT to let the process notice sooner.",
        group.remote.0
    );
    Some(observation)
}
