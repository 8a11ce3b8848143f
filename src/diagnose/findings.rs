//! The registry of findings: the one table that lists them, with their thresholds and with which suppress which others.
//!
//! Each finding has a file that holds its id, title, documentation, thresholds, condition, evidence and advice. A new one is
//! that file and its lines in the table; help, configuration, README and JSON follow from it.

mod accept_queue_filling;
mod accept_queue_full;
mod close_wait_leak;
mod connect_stuck;
mod conntrack_full;
mod descriptors_low;
mod ephemeral_ports_low;
mod not_accepted;
mod orphans;
mod receiver_stalled;
mod retransmitting;
mod sender_stalled;
mod syn_flood;
mod syn_queue_full;
mod tcp_memory_pressure;
mod time_wait_buildup;
mod time_wait_overflow;
mod udp_drops;
mod zero_window;

use serde::{Deserialize, Deserializer, Serialize};

use super::detector::{Detector, Scan};
use super::documentation::Documentation;
use super::facts::Facts;
use super::kind::FindingKind;
use super::measure::{Measurements, accept_queues, half_open, unacknowledged};
use super::observation::Observation;
use super::registry::registry;
use super::suppress::{Relation, Rule, Rules};
use super::threshold::{Section, SectionGroup, Threshold, ValueRule};

registry! {
    thresholds {
        "Connections that a process does not close, though their peers have (CLOSE-WAIT)." => {
            "close-wait-leak" close_wait_leak: close_wait_leak::Thresholds, mentions [];
        }
        "TIME-WAIT of whoever closes first." => {
            "time-wait-buildup" time_wait_buildup: time_wait_buildup::Thresholds, mentions [EphemeralPortsLow];
        }
        "Local ports of one source address, destination address and port." => {
            "ephemeral-ports-low" ephemeral_ports_low: ephemeral_ports_low::Thresholds, mentions [];
        }
        "Connections that wait for accept()." => {
            "accept-queue" accept_queue: accept_queues::Thresholds, mentions [];
            "not-accepted" not_accepted: not_accepted::Thresholds, mentions [];
        }
        "Half-open connections (SYN-RECV) at a listener." => {
            "syn-queue" syn_queue: half_open::Thresholds, mentions [SynFlood, SynQueueFull];
        }
        "Requests to connect that get no answer (SYN-SENT)." => {
            "connect-stuck" connect_stuck: connect_stuck::Thresholds, mentions [];
        }
        "Data that is not read, and data that cannot leave." => {
            "receiver-stalled" receiver_stalled: receiver_stalled::Thresholds, mentions [];
            "sender-stalled" sender_stalled: unacknowledged::Thresholds, mentions [SenderStalled, ZeroWindow];
            "retransmitting" retransmitting: retransmitting::Thresholds, mentions [];
        }
        "Datagrams that are dropped at a socket." => {
            "udp-drops" udp_drops: udp_drops::Thresholds, mentions [];
        }
        "Limits of a process and of the host." => {
            "descriptors-low" descriptors_low: descriptors_low::Thresholds, mentions [];
            "tcp-memory-pressure" tcp_memory_pressure: tcp_memory_pressure::Thresholds, mentions [];
            "orphans" orphans: orphans::Thresholds, mentions [];
            "time-wait-overflow" time_wait_overflow: time_wait_overflow::Thresholds, mentions [];
            "conntrack-full" conntrack_full: conntrack_full::Thresholds, mentions [];
        }
    }
    findings {
        close_wait_leak::CloseWaitLeak with close_wait_leak, refers to [NotAccepted];
        time_wait_buildup::TimeWaitBuildup with time_wait_buildup, refers to [];
        ephemeral_ports_low::EphemeralPortsLow with ephemeral_ports_low, refers to [];
        accept_queue_full::AcceptQueueFull with accept_queue, refers to [];
        accept_queue_filling::AcceptQueueFilling with accept_queue, refers to [AcceptQueueFull];
        not_accepted::NotAccepted with not_accepted, refers to [];
        syn_queue_full::SynQueueFull with syn_queue, refers to [AcceptQueueFull];
        syn_flood::SynFlood with syn_queue, refers to [];
        connect_stuck::ConnectStuck with connect_stuck, refers to [];
        receiver_stalled::ReceiverStalled with receiver_stalled, refers to [];
        sender_stalled::SenderStalled with sender_stalled, refers to [ZeroWindow, Retransmitting];
        zero_window::ZeroWindow with sender_stalled, refers to [ReceiverStalled];
        retransmitting::Retransmitting with retransmitting, refers to [];
        udp_drops::UdpDrops with udp_drops, refers to [];
        descriptors_low::DescriptorsLow with descriptors_low, refers to [CloseWaitLeak];
        tcp_memory_pressure::TcpMemoryPressure with tcp_memory_pressure, refers to [ReceiverStalled, ZeroWindow];
        orphans::Orphans with orphans, refers to [];
        time_wait_overflow::TimeWaitOverflow with time_wait_overflow, refers to [TimeWaitBuildup];
        conntrack_full::ConntrackFull with conntrack_full, refers to [ConnectStuck];
    }
    measured with [accept_queue, syn_queue, sender_stalled]
    suppression {
        // Connections that wait in a full queue, those on their way into it, and their own other ends.
        [AcceptQueueFull] suppresses [AcceptQueueFilling, NotAccepted, SynQueueFull, SynFlood] SameSubject;
        [AcceptQueueFilling] suppresses [NotAccepted] SameSubject;
        [SynFlood] suppresses [SynQueueFull] SameSubject;
        [AcceptQueueFull, NotAccepted, SynFlood, SynQueueFull]
            suppresses [ConnectStuck, SenderStalled, ZeroWindow, Retransmitting] ToItsListener;
        // Nothing arrives at all: that some of it is sent again says no more.
        [SenderStalled, ConnectStuck] suppresses [Retransmitting] SameAddress;
        // The ports are taken by the TIME-WAITs.
        [EphemeralPortsLow] suppresses [TimeWaitBuildup] ToItsDestination;
        [TimeWaitOverflow] suppresses [TimeWaitBuildup] Anywhere;
    }
}

/// The settings of `[diagnose]` itself, which apply to all findings.
pub static GENERAL: &[Threshold] = &[
    Threshold {
        name: "disable",
        rule: ValueRule::FindingIds,
        doc: &[
            " Findings that are never told, by the ids that `sockwatch help findings` has:",
            " [\"time-wait-buildup\", \"syn-flood\"]. What only follows from one of them (connections that wait in",
            " a full accept queue) is then told for itself.",
        ],
    },
    Threshold {
        name: "ignore_processes",
        rule: ValueRule::ProcessNames,
        doc: &[
            " Processes of which nothing is told, by the name that the kernel has for them (at most 15 bytes,",
            " as in `ps -o comm`): [\"mysqld\", \"legacy-worker\"]. Their sockets are still there in every list.",
        ],
    },
    Threshold {
        name: "hold_s",
        rule: ValueRule::SECONDS,
        doc: &[
            " How long something has to hold until it is told. Two seconds are two samples or more, so that",
            " what one of them catches by chance, such as a burst that is over, is not told. Raise it for a",
            " machine that is bursty by nature, to 10 or 30; with `diagnose --for` watch for longer then.",
        ],
    },
    Threshold {
        name: "clear_s",
        rule: ValueRule::SECONDS,
        doc: &[
            " How long it has to be well until it is no longer told. Longer than it takes to be told, so that",
            " what comes and goes around its threshold is one finding and not many. Raise it if findings still",
            " come and go.",
        ],
    },
];

/// The kind of finding with an id.
pub fn finding_by_id(id: &str) -> Option<&'static FindingKind> {
    FINDINGS.iter().find(|kind| kind.id() == id)
}

/// Deserializes a kind from its id.
impl<'de> Deserialize<'de> for &'static FindingKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        finding_by_id(&id)
            .ok_or_else(|| serde::de::Error::custom(format!("no finding is called {id}")))
    }
}

#[cfg(test)]
mod tests;
