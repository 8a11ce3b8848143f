//! What visits of network namespaces begin with, and what is known from the last ones.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::finder::FoundNamespace;
use super::scope::NamespaceScope;
use super::tracking::TrackingNamespace;
use crate::model::NetNamespace;
use crate::source::netlink::request::{AttributeRequest, Table};

/// A namespace as its last visit left it.
#[derive(Debug)]
pub(super) struct KnownNamespace {
    /// Bytes that change when its sockets do.
    pub(super) signs: Vec<u8>,
    /// Its pages in the last table, and the number of its rows.
    pub(super) pages: Range<usize>,
    /// The first of these pages that is not of the internet protocols.
    pub(super) other_pages: usize,
    /// True if a queue of an internet socket, or of another one, is not empty.
    pub(super) has_waiting: bool,
    pub(super) others_wait: bool,
    /// Time to which the ages of its rows refer, ns of the monotonic clock.
    pub(super) rows_ns: u64,
    /// Time of the last visit that found a change, ns.
    pub(super) changed_ns: u64,
    /// Number that determines when it is visited and dumped without a sign of change.
    pub(super) phase: u64,
    pub(super) namespace: Arc<NetNamespace>,
    /// Time at which its settings were read, ns; `None` if they were not.
    pub(super) settings_ns: Option<u64>,
    /// The same for its devices.
    pub(super) devices_ns: u64,
    /// Its id in our own namespace, which another one with its inode does not have.
    pub(super) id: Option<i32>,
    /// Set if connections are tracked in it.
    pub(super) tracking: Option<TrackingNamespace>,
    /// The number that processes in it have in common, if this user may not trace them.
    pub(super) number: Option<u64>,
    /// Number of the last round in which it was found.
    pub(super) round: u64,
}

impl KnownNamespace {
    /// Returns the time since its rows were written to a table, ms.
    pub(super) fn elapsed_ms(&self, now_ns: u64) -> u32 {
        let elapsed_ms = now_ns.saturating_sub(self.rows_ns) / 1_000_000;
        u32::try_from(elapsed_ms).unwrap_or(u32::MAX)
    }

    /// Notes that its rows are in a table `elapsed_ms` later, and that it was found in this round.
    pub(super) fn carry(&mut self, found: &FoundNamespace, elapsed_ms: u32, round: u64) {
        self.rows_ns += u64::from(elapsed_ms) * 1_000_000;
        self.round = round;
        if self.namespace.name != found.name || self.namespace.handle != found.handle {
            let namespace = Arc::make_mut(&mut self.namespace);
            namespace.name = Arc::clone(&found.name);
            namespace.handle = found.handle;
        }
    }
}

/// Options of visits that are those of the source.
#[derive(Debug)]
pub(in crate::source) struct VisitOptions<'a> {
    pub(in crate::source) root: &'a Path,
    pub(in crate::source) scope: NamespaceScope,
    pub(in crate::source) tables: &'a [Table],
    pub(in crate::source) request: &'a AttributeRequest,
    pub(in crate::source) include_peers: bool,
    pub(in crate::source) devices: bool,
    pub(in crate::source) settings: bool,
}
