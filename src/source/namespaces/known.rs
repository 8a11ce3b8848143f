//! What visits of network namespaces begin with, and what is known from the last ones.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

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
    /// Time to which the ages of its rows refer, ns of the monotonic clock.
    pub(super) rows_ns: u64,
    pub(super) namespace: Arc<NetNamespace>,
    /// Time at which its settings were read, ns.
    pub(super) settings_ns: u64,
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
