//! Metadata of a recording, from its header.

use std::time::Duration;

use crate::model::Host;

/// Facts about a whole recording, written before its first Sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The sampled host.
    pub host: Host,
    /// Version of sockwatch that wrote it.
    pub program: String,
    /// Start of the recording, µs since 1970 UTC.
    pub begun_at_us: i64,
    /// Requested time between two Samples.
    pub interval: Duration,
    /// Capabilities of the recording process, with the kernel's names; empty if it had none.
    pub capabilities: Vec<String>,
    /// Filter of the recorded sockets, as typed; empty if all were recorded.
    pub filter: String,
    /// Names of the recorded tables, such as `tcp` and `udp (IPv6)`; `None` in files of earlier versions.
    pub tables: Option<Vec<String>>,
    /// True if the filter left out sockets of these tables.
    pub restricted: bool,
    /// True if addresses, paths and names were replaced.
    pub redacted: bool,
}
