//! What a recording says of itself before its first Sample.

use std::time::Duration;

use crate::model::Host;

/// What a recording says of itself before its first Sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The machine that was sampled.
    pub host: Host,
    /// The version of sockwatch that wrote it.
    pub program: String,
    /// When it was begun, µs since 1970 UTC.
    pub begun_at_us: i64,
    /// The time between two Samples that was asked for.
    pub interval: Duration,
    /// Capabilities that the recording process had, by the kernel's names; empty without any.
    pub capabilities: Vec<String>,
    /// Which sockets were recorded, as it was typed; empty if all were.
    pub filter: String,
    /// Whether addresses, paths and names were replaced.
    pub redacted: bool,
}
