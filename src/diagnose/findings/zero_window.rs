//! Data cannot be sent: the peer has closed its window because its process does not read or reads too slowly.

use crate::diagnose::ages::Ages;
use crate::diagnose::detector::{Detector, Scan};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::Severity;
use crate::diagnose::measure::unacknowledged::{Obstacle, StuckGroup, Thresholds};
use crate::diagnose::need::Need;
use crate::diagnose::observation::Observation;
use crate::diagnose::{help_text, phrases};
use crate::model::{Protocol, SocketRef, TcpInfo};

/// Detects peers that do not read.
#[derive(Debug)]
pub(in crate::diagnose) struct ZeroWindow {
    thresholds: Thresholds,
    /// Since when the other ends on this machine are examined, and their bytes read with the time of the last change.
    watched: Ages,
    reads: Ages,
}

impl Detector for ZeroWindow {
    const ID: &'static str = "zero-window";
    const TITLE: &'static str =
        "Data cannot be sent because the peer reads it too slowly or not at all.";
    const LOOK_ALIKES: &'static str = "The peer has closed its window: its process does not read or reads too slowly to open it. If the \
         peer is on this machine, it is named, and {0} reports it too once it reads nothing.";
    const REMEDY: &'static str = "Look at the process at the other end, not at the network.";
    const NEEDS: &'static [Need] = &[Need::Sockets(Protocol::Tcp)];
    const MAX_SEVERITY: Severity = Severity::Warning;

    type Thresholds = Thresholds;

    fn new(thresholds: &Thresholds) -> Self {
        ZeroWindow {
            thresholds: *thresholds,
            watched: Ages::default(),
            reads: Ages::default(),
        }
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
        self.watched.begin();
        self.reads.begin();
        out.extend(groups.filter_map(|group| self.observe(scan, group)));
        self.watched.end();
        self.reads.end();
    }
}

/// Reading behavior of the process at the other end, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It has read nothing for as long as makes a finding.
    Nothing,
    /// It has read something, too little to open its window.
    Slowly,
    /// One of both.
    Unknown,
}

impl Reading {
    /// Describes it after the name of one process, or of several.
    fn phrase(self, are_several: bool) -> &'static str {
        match (self, are_several) {
            (Reading::Nothing, false) => "does not read",
            (Reading::Nothing, true) => "do not read",
            (Reading::Slowly, false) => "reads too slowly",
            (Reading::Slowly, true) => "read too slowly",
            (Reading::Unknown, false) => "does not read or reads too slowly",
            (Reading::Unknown, true) => "do not read or read too slowly",
        }
    }
}

impl ZeroWindow {
    /// Returns whether the process at the other end reads, if that end is on this machine.
    fn reading(&mut self, facts: &Facts<'_>, peer: SocketRef<'_>) -> Reading {
        let Some(received) = peer.tcp_info().and_then(TcpInfo::bytes_received) else {
            return Reading::Unknown;
        };
        let read = received.saturating_sub(peer.socket.recv_queue.into());
        let now = facts.now_ns();
        let key = peer.socket.key();
        // A time of 0 marks a number that has not changed.
        let first_ns = self.watched.since(key, 0, now, now);
        let last_ns = self.reads.since(key, read, 0, now);
        if facts.age_s(last_ns.max(first_ns)) >= self.thresholds.age_s {
            return Reading::Nothing;
        }
        match last_ns {
            0 => Reading::Unknown,
            _ => Reading::Slowly,
        }
    }

    fn observe(&mut self, scan: &Scan<'_>, group: &StuckGroup) -> Option<Observation> {
        let stuck = group.observe(scan.kind, &scan.facts)?;
        let reading = match stuck.peer {
            Some(peer) => self.reading(&scan.facts, peer),
            None => Reading::Unknown,
        };
        let mut observation = stuck.observation;
        observation.severity = Severity::Warning;
        let bytes = phrases::bytes(group.unacknowledged);
        let reader = stuck.reader.as_deref();
        let (name, reads) = (
            reader.unwrap_or("the peer"),
            reading.phrase(stuck.readers > 1),
        );
        observation.summary = format!(
            "{} has been unable to send to {}",
            stuck.sender, stuck.destination
        );
        observation.rest = format!(": {name} {reads}, its window is closed, and {bytes} wait");
        observation.advice = match (reader, stuck.holds_both_ends) {
            (_, Some(both)) => format!(
                "{both} holds both ends: the network is not the problem. If the thread that writes is the one that \
                 should read, it waits for itself."
            ),
            (Some(reader), None) => format!(
                "The other end is on this machine: find out why {reader} {reads}. The network is not the problem."
            ),
            (None, None) if group.retries >= self.thresholds.retries => {
                let of = if group.connections > 1 {
                    " of a connection"
                } else {
                    ""
                };
                format!(
                    "The peer has closed its window, and has not answered the last {} probes{of}: its process did not \
                     read, or too slowly, and its host may be down or unreachable since.",
                    group.retries
                )
            }
            (None, None) => "The peer is reachable and acknowledges, but its process does not read or reads too slowly. Look at \
                     that host, not at the network. Until it reads, data stays in the send buffer; once that is full, \
                     writes here block."
                .to_owned(),
        };
        Some(observation)
    }
}
