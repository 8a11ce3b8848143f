//! The registry of findings: one table with their thresholds and the rules of suppression between them.
//!
//! Each finding has a file with its id, title, documentation, thresholds, condition, evidence and advice. To add one, add
//! that file and its lines in the table; help, configuration, README and JSON follow from it.

mod accept_queue_filling;
mod accept_queue_full;
mod close_wait_leak;
mod closed_held;
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
        "Connections that a process does not close after its peers have (CLOSE-WAIT)" => {
            "close-wait-leak" close_wait_leak: close_wait_leak::Thresholds, mentions [];
        }
        "Sockets without a connection that a process does not close" => {
            "closed-held" closed_held: closed_held::Thresholds, mentions [];
        }
        "TIME-WAIT sockets at the side that closes first" => {
            "time-wait-buildup" time_wait_buildup: time_wait_buildup::Thresholds, mentions [EphemeralPortsLow];
        }
        "Local ports that the kernel chooses, by destination, or for all if sockets bind first" => {
            "ephemeral-ports-low" ephemeral_ports_low: ephemeral_ports_low::Thresholds, mentions [];
        }
        "Connections that wait for accept()" => {
            "accept-queue" accept_queue: accept_queues::Thresholds, mentions [];
            "not-accepted" not_accepted: not_accepted::Thresholds, mentions [];
        }
        "Half-open connections of a listener (SYN-RECV)" => {
            "syn-queue" syn_queue: half_open::Thresholds, mentions [SynFlood, SynQueueFull];
        }
        "Connection attempts without an answer (SYN-SENT)" => {
            "connect-stuck" connect_stuck: connect_stuck::Thresholds, mentions [];
        }
        "Unread data, unacknowledged data and retransmissions" => {
            "receiver-stalled" receiver_stalled: receiver_stalled::Thresholds, mentions [];
            "sender-stalled" sender_stalled: unacknowledged::Thresholds, mentions [SenderStalled, ZeroWindow];
            "retransmitting" retransmitting: retransmitting::Thresholds, mentions [];
        }
        "Datagrams dropped by a socket" => {
            "udp-drops" udp_drops: udp_drops::Thresholds, mentions [];
        }
        "Limits of processes and of the host" => {
            "descriptors-low" descriptors_low: descriptors_low::Thresholds, mentions [];
            "tcp-memory-pressure" tcp_memory_pressure: tcp_memory_pressure::Thresholds, mentions [];
            "orphans" orphans: orphans::Thresholds, mentions [];
            "time-wait-overflow" time_wait_overflow: time_wait_overflow::Thresholds, mentions [];
            "conntrack-full" conntrack_full: conntrack_full::Thresholds, mentions [];
        }
    }
    findings {
        close_wait_leak::CloseWaitLeak with close_wait_leak, refers to [NotAccepted];
        closed_held::ClosedHeld with closed_held, refers to [CloseWaitLeak];
        time_wait_buildup::TimeWaitBuildup with time_wait_buildup, refers to [];
        ephemeral_ports_low::EphemeralPortsLow with ephemeral_ports_low, refers to [];
        accept_queue_full::AcceptQueueFull with accept_queue, refers to [];
        accept_queue_filling::AcceptQueueFilling with accept_queue, refers to [AcceptQueueFull];
        not_accepted::NotAccepted with not_accepted, refers to [];
        syn_queue_full::SynQueueFull with syn_queue, refers to [AcceptQueueFull, SynFlood];
        syn_flood::SynFlood with syn_queue, refers to [SynQueueFull];
        connect_stuck::ConnectStuck with connect_stuck, refers to [];
        receiver_stalled::ReceiverStalled with receiver_stalled, refers to [];
        sender_stalled::SenderStalled with sender_stalled, refers to [ZeroWindow, Retransmitting];
        zero_window::ZeroWindow with sender_stalled, refers to [ReceiverStalled];
        retransmitting::Retransmitting with retransmitting, refers to [];
        udp_drops::UdpDrops with udp_drops, refers to [];
        descriptors_low::DescriptorsLow with descriptors_low, refers to [CloseWaitLeak, ClosedHeld];
        tcp_memory_pressure::TcpMemoryPressure with tcp_memory_pressure, refers to [ReceiverStalled, ZeroWindow];
        orphans::Orphans with orphans, refers to [];
        time_wait_overflow::TimeWaitOverflow with time_wait_overflow, refers to [TimeWaitBuildup];
        conntrack_full::ConntrackFull with conntrack_full, refers to [ConnectStuck];
    }
    measured with [accept_queue, syn_queue, sender_stalled]
    suppression {
        // Connections that wait in a full queue, those about to enter it, and their other ends on this machine.
        [AcceptQueueFull] suppresses [AcceptQueueFilling, NotAccepted, SynQueueFull, SynFlood] SameSubject;
        [AcceptQueueFilling] suppresses [NotAccepted] SameSubject;
        [SynFlood] suppresses [SynQueueFull] SameSubject;
        [AcceptQueueFull, NotAccepted, SynFlood, SynQueueFull]
            suppresses [ConnectStuck, SenderStalled, ZeroWindow, Retransmitting] ToItsListener;
        // Nothing arrives at all, so retransmissions are no news.
        [SenderStalled, ConnectStuck] suppresses [Retransmitting] SameAddress;
        // The TIME-WAIT sockets use the ports.
        [EphemeralPortsLow] suppresses [TimeWaitBuildup] ToItsDestination;
        [TimeWaitOverflow] suppresses [TimeWaitBuildup] Anywhere;
    }
}

/// Settings of `[diagnose]` itself, which apply to all findings.
pub static GENERAL: &[Threshold] = &[
    Threshold {
        name: "disable",
        rule: ValueRule::FindingIds,
        doc: &[
            " Ids of findings that are never reported, as listed by `sockwatch help findings`:",
            " [\"time-wait-buildup\", \"syn-flood\"]. A finding that one of them would have suppressed is then",
            " reported.",
        ],
    },
    Threshold {
        name: "ignore_processes",
        rule: ValueRule::ProcessNames,
        doc: &[
            " Names of processes about which nothing is reported, as in `ps -o comm` (at most 15 bytes):",
            " [\"mysqld\", \"legacy-worker\"]. Their sockets are still listed everywhere.",
        ],
    },
    Threshold {
        name: "hold_s",
        rule: ValueRule::SECONDS,
        doc: &[
            " How long a condition must persist before it is reported, and for at least two samples. A short",
            " burst that a single sample happens to catch is therefore not reported. Raise it to 10 or 30 for a",
            " host with bursty load, and then watch for longer with `diagnose --for`.",
        ],
    },
    Threshold {
        name: "clear_s",
        rule: ValueRule::SECONDS,
        doc: &[
            " How long a condition must be absent before its finding ends. It is longer than hold_s, so a",
            " condition that fluctuates around its threshold is one finding rather than many. Raise it if",
            " findings still flap.",
        ],
    },
];

/// Returns the kind of finding with an id.
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
