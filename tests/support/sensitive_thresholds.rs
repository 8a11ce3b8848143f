//! Thresholds by which nearly everything is a finding.

use std::sync::LazyLock;

use sockwatch::config::Config;
use sockwatch::diagnose::Thresholds;

/// The thresholds, parsed once.
pub static SENSITIVE: LazyLock<Thresholds> = LazyLock::new(|| {
    let text = "[diagnose]\nhold_s = 0\nclear_s = 0\n\
                close-wait-leak = { connections = 1, age_s = 0 }\n\
                time-wait-buildup = { sockets = 1, per_s = 0.01 }\n\
                ephemeral-ports-low = { warning = 0.0001, critical = 0.0001 }\n\
                accept-queue = { filling_share = 0.0001, filling_connections = 1 }\n\
                not-accepted = { age_s = 0 }\n\
                syn-queue = { half_open = 1, flood_sources = 1 }\n\
                connect-stuck = { retries = 0 }\n\
                receiver-stalled = { unread_bytes = 1, age_s = 0 }\n\
                sender-stalled = { retries = 0, age_s = 0 }\n\
                retransmitting = { warning = 0.0001, bytes = 1 }\n\
                udp-drops = { datagrams = 1 }\n\
                descriptors-low = { warning = 0.0001 }\n";
    Config::parse(text, &sockwatch::tui::names())
        .expect("it is allowed")
        .diagnose
});
