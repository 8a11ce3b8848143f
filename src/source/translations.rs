//! Finds the connections whose addresses are translated on their way, and the ends that their peers see.
//!
//! The entries of connection tracking that translate them may be in their own network namespace, as with rules for the
//! output of a host, and in those that packets pass through, such as that of the host of a container. A connection is
//! looked up once, when it is new, in each of these namespaces that has entries; see [`resolve`]. With 10 000 sockets, that
//! takes 42 ms of the first Sample, and nothing that can be measured of a later one. Without entries, a Sample costs one
//! read of `nf_conntrack_count`.
//!
//! A userland proxy, such as `docker-proxy`, needs none of this: it is a process with two connections.

mod claims;
mod connection;
mod resolve;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::claims::Claims;
use self::connection::Connection;
use self::resolve::{Lookup, resolve};
use super::namespaces::{NamespaceEntrance, Namespaces, TrackingNamespace};
use super::netlink::conntrack::{ConntrackReader, TrackedConnection, Tuple};
use super::procfs::tracks_connections;
use crate::model::{
    Fault, FaultSeverity, PreviousRows, Protocol, RowLinks, Sample, SeededMap, SeededSet,
    SocketKey, SocketTable, Translation, Translations,
};
use crate::privilege::{self, ADMINISTER_NETWORK};

/// Maximum number of requests for one Sample, of about four microseconds each, and the same for the first one, which may be
/// the only one.
const MAX_REQUESTS: usize = 8192;
const MAX_FIRST_REQUESTS: usize = 1 << 18;

/// Interval for looking up datagram sockets again: their entries expire after 30 s to 120 s without a packet, and the next
/// packet may be translated to another address.
const DATAGRAMS_NS: u64 = 10_000_000_000;

/// Source of its faults.
const SOURCE: &str = "connection tracking";

/// Looks up the new connections of consecutive Samples, and remembers the translations of those that still exist.
#[derive(Debug)]
pub(super) struct TranslationTracker {
    root: PathBuf,
    /// The network namespace of the source, and the reader of its entries.
    own: u32,
    reader: Option<ConntrackReader>,
    links: RowLinks,
    table: Arc<Translations>,
    claims: Claims,
    /// Connections that are not looked up yet, the oldest first.
    pending: VecDeque<Connection>,
    /// Those that were looked up for the last Sample and are not translated.
    untranslated: Vec<Connection>,
    /// The namespaces of the last Sample in which connections are tracked.
    tracking: Vec<u32>,
    /// The connected datagram sockets, and when they were last looked up, ns.
    datagrams: SeededMap<SocketKey, Connection>,
    datagrams_ns: u64,
    /// Sockets that closed before the last Sample, which may contain them as such.
    closed: Vec<(SocketKey, Protocol)>,
    /// True if the sockets of the last Sample are known here.
    is_linked: bool,
    is_first: bool,
}

impl TranslationTracker {
    /// Creates it without reading anything. `root` is the mount point of procfs, `own` the network namespace of the source.
    pub(super) fn new(root: &Path, own: u32) -> TranslationTracker {
        TranslationTracker {
            root: root.to_owned(),
            own,
            reader: None,
            links: RowLinks::default(),
            table: Arc::default(),
            claims: Claims::default(),
            pending: VecDeque::new(),
            untranslated: Vec::new(),
            tracking: Vec::new(),
            datagrams: SeededMap::default(),
            datagrams_ns: 0,
            closed: Vec::new(),
            is_linked: false,
            is_first: true,
        }
    }

    /// Adds the translations of its connections to `sample`, whose table follows `previous`. `namespaces` have been visited
    /// for it.
    pub(super) fn update(
        &mut self,
        previous: &SocketTable,
        namespaces: Option<&Namespaces>,
        sample: &mut Sample,
    ) {
        let others = namespaces.into_iter().flat_map(Namespaces::tracking);
        let mut tracking: Vec<TrackingNamespace> = others.collect();
        if tracks_connections(&self.root) {
            let devices = &sample.counters.interfaces;
            tracking.push(TrackingNamespace::new(self.own, devices));
        }
        if tracking.is_empty() && self.table.is_empty() {
            self.forget();
            return;
        }
        if !privilege::permits(ADMINISTER_NETWORK) {
            self.forget();
            let error = "permission denied; requires root or CAP_NET_ADMIN to find the peers of translated connections";
            let fault = Fault::new(FaultSeverity::Note, SOURCE, error);
            sample.faults.push(fault);
            return;
        }
        tracking.sort_unstable_by_key(|namespace| namespace.inode);
        self.remove_closed();
        self.collect(previous, &tracking, sample);
        let requests = if self.is_first {
            MAX_FIRST_REQUESTS
        } else {
            MAX_REQUESTS
        };
        self.is_first = false;
        let mut lookups = self.next_lookups(&tracking, requests);
        if !lookups.is_empty()
            && let Err(error) = self.look_up(&mut lookups, &tracking, namespaces)
        {
            let fault = Fault::new(FaultSeverity::Note, SOURCE, error);
            sample.faults.push(fault);
        }
        self.apply(&lookups);
        let left = self.pending.len();
        if left > 0 {
            let error = format!("{left} connections are looked up for a later sample");
            let fault = Fault::new(FaultSeverity::Note, SOURCE, error);
            sample.faults.push(fault);
        }
        if !self.table.is_empty() {
            sample.translations = Some(Arc::clone(&self.table));
        }
    }

    /// Forgets everything: all connections are looked up once some are tracked.
    fn forget(&mut self) {
        self.table = Arc::default();
        self.claims = Claims::default();
        self.pending.clear();
        self.untranslated.clear();
        self.tracking.clear();
        self.datagrams.clear();
        self.closed.clear();
        self.is_linked = false;
    }

    /// Removes the sockets that closed before the last Sample.
    fn remove_closed(&mut self) {
        for (key, protocol) in std::mem::take(&mut self.closed) {
            self.remove(key, protocol);
            self.claims.close(key);
        }
    }

    fn remove(&mut self, key: SocketKey, protocol: Protocol) {
        if let Some(translation) = self.table.get(&key).copied() {
            Arc::make_mut(&mut self.table).remove(&key);
            self.claims.release(key, protocol, &translation);
        }
    }

    /// Finds the connections to look up, and the sockets that closed.
    fn collect(&mut self, previous: &SocketTable, tracking: &[TrackingNamespace], sample: &Sample) {
        let none = SocketTable::default();
        let previous = if self.is_linked { previous } else { &none };
        // Those that could not be looked up so far come first: they would pile up otherwise.
        let is_behind = !self.pending.is_empty();
        self.is_linked = true;
        self.links.update(previous, &sample.sockets);
        let mut closed: SeededSet<SocketKey> = SeededSet::default();
        for &row in self.links.vanished() {
            let Some(row) = previous.get(row as usize) else {
                continue;
            };
            if Connection::is_supported(row.protocol) {
                let key = row.key();
                self.datagrams.remove(&key);
                self.closed.push((key, row.protocol));
                closed.insert(key);
            }
        }
        if !closed.is_empty() {
            self.pending.retain(|known| !closed.contains(&known.key));
        }
        let inodes: Vec<u32> = tracking.iter().map(|namespace| namespace.inode).collect();
        // Their first packet may have passed after a namespace was found to track none.
        let has_more = inodes.iter().any(|inode| !self.tracking.contains(inode));
        self.tracking = inodes;
        let again = self.untranslated.drain(..);
        let again =
            again.filter(|known| (has_more || known.is_opening) && !closed.contains(&known.key));
        self.pending.extend(again.map(Connection::repeated));
        for page in self.links.pages() {
            let PreviousRows::Linked(number) = page.previous else {
                continue;
            };
            for at in 0..page.rows {
                if self.links.previous_of(number + at).is_some() {
                    continue;
                }
                let socket = sample.sockets.get((page.first + at) as usize);
                let Some(connection) = socket.and_then(|row| Connection::of(row.socket)) else {
                    continue;
                };
                if connection.protocol == Protocol::Udp {
                    self.datagrams.insert(connection.key, connection);
                }
                self.pending.push_back(connection);
            }
        }
        let now = sample.monotonic_ns;
        if !is_behind && now.saturating_sub(self.datagrams_ns) >= DATAGRAMS_NS {
            self.datagrams_ns = now;
            self.pending.extend(self.datagrams.values().copied());
        }
    }

    /// Takes as many connections as may be looked up.
    fn next_lookups(&mut self, tracking: &[TrackingNamespace], requests: usize) -> Vec<Lookup> {
        let forwarding = tracking.iter().filter(|namespace| namespace.may_forward);
        let each = 1 + forwarding.count();
        let count = (requests / each).max(1).min(self.pending.len());
        let connections = self.pending.drain(..count);
        connections.map(Lookup::new).collect()
    }

    /// Looks up connections, in a thread of its own if other namespaces have entries.
    fn look_up(
        &mut self,
        lookups: &mut [Lookup],
        tracking: &[TrackingNamespace],
        namespaces: Option<&Namespaces>,
    ) -> io::Result<()> {
        let own = self.own;
        if self.reader.is_none() && tracking.iter().any(|namespace| namespace.inode == own) {
            self.reader = Some(ConntrackReader::new()?);
        }
        let mut readers = Readers {
            own,
            reader: self.reader.as_mut(),
            entrance: None,
            visiting: None,
        };
        let is_other = |namespace: &TrackingNamespace| namespace.inode != own;
        match namespaces.filter(|_| tracking.iter().any(is_other)) {
            None => resolve(lookups, tracking, &mut |netns, tuples, found| {
                readers.look_up(netns, tuples, found)
            }),
            Some(namespaces) => namespaces.run_in_thread(|entrance| {
                let mut readers = Readers {
                    entrance: Some(entrance),
                    ..readers
                };
                resolve(lookups, tracking, &mut |netns, tuples, found| {
                    readers.look_up(netns, tuples, found)
                })
            })?,
        }
    }

    /// Stores the results of lookups.
    fn apply(&mut self, lookups: &[Lookup]) {
        for lookup in lookups {
            let Connection { key, protocol, .. } = lookup.connection;
            let Some(translation) = lookup.translation() else {
                self.remove(key, protocol);
                if !lookup.connection.is_repeated {
                    self.untranslated.push(lookup.connection);
                }
                continue;
            };
            if self.table.get(&key) == Some(&translation) {
                continue;
            }
            self.remove(key, protocol);
            self.insert(key, protocol, translation);
        }
    }

    fn insert(&mut self, key: SocketKey, protocol: Protocol, translation: Translation) {
        let outcome = self.claims.claim(key, protocol, &translation);
        if !outcome.is_granted && outcome.revoked.is_none() {
            return;
        }
        let table = Arc::make_mut(&mut self.table);
        if let Some(other) = outcome.revoked {
            table.remove(&other);
        }
        if outcome.is_granted {
            table.insert(key, translation);
        }
    }
}

/// Readers of entries: that of the own network namespace, and that of the one in which the thread is.
struct Readers<'a> {
    own: u32,
    reader: Option<&'a mut ConntrackReader>,
    entrance: Option<NamespaceEntrance<'a>>,
    /// Its socket keeps its namespace alive, so it does not outlive the lookups.
    visiting: Option<(u32, ConntrackReader)>,
}

impl Readers<'_> {
    fn look_up(
        &mut self,
        netns: u32,
        tuples: &[Tuple],
        found: &mut dyn FnMut(usize, TrackedConnection),
    ) -> io::Result<()> {
        if netns == self.own {
            return match &mut self.reader {
                Some(reader) => reader.look_up(tuples, found),
                None => Ok(()),
            };
        }
        let Some(entrance) = self.entrance else {
            return Ok(());
        };
        if self
            .visiting
            .as_ref()
            .is_none_or(|(known, _)| *known != netns)
        {
            self.visiting = None;
            entrance.enter(netns)?;
            self.visiting = Some((netns, ConntrackReader::new()?));
        }
        match &mut self.visiting {
            Some((_, reader)) => reader.look_up(tuples, found),
            None => Ok(()),
        }
    }
}
