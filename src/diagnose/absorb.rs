//! What only follows from something graver is left to that.

use super::finding::{Kind, Subject, SubjectKey};
use super::observation::Observation;
use crate::model::Endpoint;

/// What is compared of two observations, or of an observation and a finding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) kind: Kind,
    pub(super) subject: &'a Subject,
    /// The end on this machine that it is about, where both ends are here.
    pub(super) towards_own: Option<Endpoint>,
}

/// What something lesser may follow from.
#[derive(Debug, Clone)]
pub(super) struct Grave {
    pub(super) kind: Kind,
    pub(super) subject: Subject,
    pub(super) towards_own: Option<Endpoint>,
}

impl Grave {
    pub(super) fn of(observation: &Observation) -> Grave {
        Grave {
            kind: observation.kind,
            subject: observation.subject.clone(),
            towards_own: observation.towards_own,
        }
    }

    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            kind: self.kind,
            subject: &self.subject,
            towards_own: self.towards_own,
        }
    }
}

/// Whether `lesser` only follows from `graver`.
pub(super) fn absorbs(graver: Seen<'_>, lesser: Seen<'_>) -> bool {
    let same = || graver.subject.key() == lesser.subject.key();
    match (graver.kind, lesser.kind) {
        // Connections that wait in a full queue, those on their way into it, and their own other ends.
        (
            Kind::AcceptQueueFull,
            Kind::AcceptQueueFilling | Kind::NotAccepted | Kind::SynQueueFull | Kind::SynFlood,
        )
        | (Kind::AcceptQueueFilling, Kind::NotAccepted)
        | (Kind::SynFlood, Kind::SynQueueFull) => same(),
        (
            Kind::AcceptQueueFull | Kind::NotAccepted | Kind::SynFlood | Kind::SynQueueFull,
            Kind::ConnectStuck | Kind::SenderStalled | Kind::ZeroWindow | Kind::Retransmitting,
        ) => matches!(
            (graver.subject, lesser.towards_own),
            (Subject::Socket { local: Some(local), .. }, Some(end)) if takes(*local, end)
        ),
        // Nothing arrives at all: that some of it is sent again says no more.
        (Kind::SenderStalled | Kind::ConnectStuck, Kind::Retransmitting) => {
            address(&graver.subject.key()) == address(&lesser.subject.key())
        }
        // The ports are taken by the TIME-WAITs.
        (Kind::EphemeralPortsLow, Kind::TimeWaitBuildup) => {
            match (graver.subject, lesser.subject) {
                (Subject::Path { destination, .. }, Subject::Remote { address, port, .. }) => {
                    destination.address == *address && Some(destination.port) == *port
                }
                (
                    Subject::Path { destination, .. },
                    Subject::Socket {
                        local: Some(local), ..
                    },
                ) => takes(*local, *destination),
                _ => false,
            }
        }
        (Kind::TimeWaitOverflow, Kind::TimeWaitBuildup) => true,
        _ => false,
    }
}

fn address(key: &SubjectKey) -> Option<std::net::IpAddr> {
    match key {
        SubjectKey::Remote(address, _) => Some(*address),
        _ => None,
    }
}

/// Whether what is bound to `local` is what `end` means.
fn takes(local: Endpoint, end: Endpoint) -> bool {
    let (local, end) = (local.canonical(), end.canonical());
    local.port == end.port && (local.address == end.address || local.address.is_unspecified())
}
