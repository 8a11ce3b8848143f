//! From which numbers on something is told. Each finding has its own, in its file, with the reason of each.

use serde::{Deserialize, Serialize};

use super::{
    accept_queue, close_wait_leak, connect_stuck, descriptors_low, ephemeral_ports_low,
    finding::Kind, host_limits, not_accepted, receiver_stalled, retransmitting, sender_stalled,
    syn_queue, time_wait_buildup, udp_drops,
};

/// The thresholds of all findings, as `[diagnose]` in the configuration has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is explained in its own file")]
pub struct Thresholds {
    /// Findings that are never told; what only follows from one of them is then told for itself.
    pub disable: Vec<Kind>,
    /// Names of processes of which nothing is told, as the kernel has them (`comm`, 15 bytes at most).
    #[serde(rename = "ignore_processes")]
    pub ignore_processes: Vec<String>,
    /// How long something has to hold before it is told, s: two Samples at least, so that what one Sample catches by
    /// chance is not told.
    #[serde(rename = "hold_s")]
    pub hold_s: f64,
    /// How long it has to be well before it is no longer told, s: what comes and goes around its threshold does not
    /// flicker.
    #[serde(rename = "clear_s")]
    pub clear_s: f64,
    pub close_wait_leak: close_wait_leak::Thresholds,
    pub time_wait_buildup: time_wait_buildup::Thresholds,
    pub ephemeral_ports_low: ephemeral_ports_low::Thresholds,
    pub accept_queue: accept_queue::Thresholds,
    pub not_accepted: not_accepted::Thresholds,
    pub syn_queue: syn_queue::Thresholds,
    pub connect_stuck: connect_stuck::Thresholds,
    pub receiver_stalled: receiver_stalled::Thresholds,
    pub sender_stalled: sender_stalled::Thresholds,
    pub retransmitting: retransmitting::Thresholds,
    pub udp_drops: udp_drops::Thresholds,
    pub descriptors_low: descriptors_low::Thresholds,
    pub tcp_memory_pressure: host_limits::Share,
    pub orphans: host_limits::Share,
    pub time_wait_overflow: host_limits::Share,
    pub conntrack_full: host_limits::Share,
}

impl Default for Thresholds {
    fn default() -> Self {
        let share = |warning, critical| host_limits::Share { warning, critical };
        Thresholds {
            disable: Vec::new(),
            ignore_processes: Vec::new(),
            hold_s: 2.0,
            clear_s: 5.0,
            close_wait_leak: close_wait_leak::Thresholds::default(),
            time_wait_buildup: time_wait_buildup::Thresholds::default(),
            ephemeral_ports_low: ephemeral_ports_low::Thresholds::default(),
            accept_queue: accept_queue::Thresholds::default(),
            not_accepted: not_accepted::Thresholds::default(),
            syn_queue: syn_queue::Thresholds::default(),
            connect_stuck: connect_stuck::Thresholds::default(),
            receiver_stalled: receiver_stalled::Thresholds::default(),
            sender_stalled: sender_stalled::Thresholds::default(),
            retransmitting: retransmitting::Thresholds::default(),
            udp_drops: udp_drops::Thresholds::default(),
            descriptors_low: descriptors_low::Thresholds::default(),
            // Pressure begins at two thirds of the most that may be used.
            tcp_memory_pressure: share(0.6, 0.9),
            // The kernel counts an orphan that sends slowly up to four times.
            orphans: share(0.4, 0.8),
            // From the limit on TIME-WAITs are not kept at all, which may let old segments into new connections.
            time_wait_overflow: share(0.8, 1.0),
            // A full table drops packets of new connections.
            conntrack_full: share(0.8, 0.95),
        }
    }
}
