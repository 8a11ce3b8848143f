//! Data cannot be sent: the peer has closed its window because its process does not read.

use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::finding::Severity;
use crate::diagnose::measure::unacknowledged::{Obstacle, StuckGroup, Thresholds};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::{help_text, phrases};
use crate::model::Protocol;

/// Detects peers that do not read.
#[derive(Debug)]
pub(in crate::diagnose) struct ZeroWindow;

impl Detector for ZeroWindow {
    const ID: &'static str = "zero-window";
    const TITLE: &'static str = "Data cannot be sent because the peer does not read it.";
    const LOOK_ALIKES: &'static str = "The peer is reachable, but its process does not read, so its window is closed. If the peer is on \
         this machine, {0} reports it too.";
    const REMEDY: &'static str = "Look at the process at the other end, not at the network.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(_thresholds: &Thresholds) -> Self {
        ZeroWindow
    }

    fn reported_when(thresholds: &Thresholds) -> String {
        format!(
            "The peer has closed its window, and nothing was acknowledged for {}.",
            help_text::seconds(thresholds.age_s)
        )
    }

    fn severity(_thresholds: &Thresholds) -> String {
        "Warning.".to_owned()
    }

    fn min_watch_s(thresholds: &Thresholds) -> f64 {
        thresholds.age_s
    }

    fn detect(&mut self, scan: &Scan<'_>, out: &mut Vec<Observation>) {
        let groups = scan.measured.unacknowledged.groups(Obstacle::ClosedWindow);
        out.extend(groups.filter_map(|group| observe(scan, group)));
    }
}

fn observe(scan: &Scan<'_>, group: &StuckGroup) -> Option<Observation> {
    let stuck = group.observe(scan.kind, &scan.facts)?;
    let mut observation = stuck.observation;
    observation.severity = Severity::Warning;
    let bytes = phrases::bytes(group.unacknowledged);
    let reader = stuck.reader.as_ref();
    let name = reader.map_or_else(|| "the peer".to_owned(), ToString::to_string);
    observation.summary = format!(
        "{} has been unable to send to {}",
        stuck.sender, stuck.destination
    );
    observation.rest = format!(": {name} does not read, its window is closed, and {bytes} wait");
    observation.advice = match reader {
        Some(reader) => format!(
            "The other end is on this machine: find out why {reader} does not read (see {}). The network and the sender \
             are not the problem.",
            scan.kind.related(0)
        ),
        None => "The peer is reachable and acknowledges, but its process does not read. Look at that host, not at the \
                 network. Until it reads, data stays in the send buffer; once that is full, writes here block."
            .to_owned(),
    };
    Some(observation)
}
