//! Visits network namespaces one after the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::enter::enter;
use super::finder::FoundNamespace;
use super::known::{KnownNamespace, VisitOptions};
use super::scope::NamespaceScope;
use super::signs;
use super::tracking::TrackingNamespace;
use crate::model::{
    Counters, Fault, FaultSeverity, NetNamespace, Sample, SeededMap, Settings, SocketTable,
};
use crate::source::clock;
use crate::source::netlink::devices::DeviceReader;
use crate::source::netlink::namespace_ids::{KnownIds, NamespaceIds};
use crate::source::procfs::{CounterReader, SettingsReader};
use crate::source::tables::TableDumps;

/// Number of other namespaces up to which all are dumped for each Sample.
pub(super) const ALWAYS_DUMPED: usize = 20;

/// Samples within which the sockets of each namespace without a sign of change are dumped, except those of the internet
/// protocols.
pub(super) const TURNS: u64 = 64;

/// The same for sockets of the internet protocols, which hardly change without a sign. A multiple of [`TURNS`].
const INTERNET_TURNS: u64 = 4 * TURNS;

/// The sockets that are dumped at a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// All sockets.
    All,
    /// All sockets if there is a sign of change, else those that are not of the internet protocols.
    Others,
    /// All sockets if there is a sign of change, else none.
    IfChanged,
}

/// Interval for reading the settings of a namespace again, and the same if there are many, because the kernel searches those
/// of all namespaces by name.
const SETTINGS_NS: u64 = 10_000_000_000;
const MANY_SETTINGS_NS: u64 = 120_000_000_000;

/// The same for its devices.
const DEVICES_NS: u64 = 60_000_000_000;

/// The namespaces to visit, and the result.
#[derive(Debug)]
pub(super) struct Visits<'a> {
    pub(super) found: &'a [FoundNamespace],
    pub(super) known: &'a mut SeededMap<u32, KnownNamespace>,
    pub(super) round: u64,
    pub(super) now_ns: u64,
    pub(super) previous: &'a SocketTable,
    /// Namespaces that could not be entered or dumped.
    pub(super) failed: u32,
    /// Those that this user may not enter.
    pub(super) refused: u32,
}

impl Visits<'_> {
    fn settings_interval_ns(&self) -> u64 {
        if self.found.len() > ALWAYS_DUMPED {
            MANY_SETTINGS_NS
        } else {
            SETTINGS_NS
        }
    }
}

/// Dumps and reads namespaces with its own buffers.
#[derive(Debug)]
pub(super) struct Visitor {
    root: PathBuf,
    dumps: TableDumps,
    counters: CounterReader,
    settings: Option<SettingsReader>,
    devices: bool,
    /// Ids for destroy events, if other namespaces are in scope.
    ids: Option<NamespaceIds>,
    /// Id of the namespace that is visited.
    id: Option<i32>,
    /// Our own namespace.
    own: u32,
    text: Vec<u8>,
    signs: Vec<u8>,
}

impl Visitor {
    pub(super) fn new(
        root: PathBuf,
        own: u32,
        dumps: TableDumps,
        options: &VisitOptions<'_>,
    ) -> Visitor {
        Visitor {
            dumps,
            counters: CounterReader::new(&root),
            settings: options.settings.then(|| SettingsReader::new(&root)),
            devices: options.devices,
            ids: (options.scope == NamespaceScope::All)
                .then(|| NamespaceIds::new().ok())
                .flatten(),
            id: None,
            own,
            text: Vec::new(),
            signs: Vec::new(),
            root,
        }
    }

    /// Returns the ids of the namespaces that were visited; `None` if none is.
    pub(super) fn ids(&self) -> Option<&KnownIds> {
        self.ids.as_ref().map(NamespaceIds::known)
    }

    /// Visits all namespaces and appends their rows to `sample`. Nothing refers to any of them afterwards.
    pub(super) fn visit_all(&mut self, visits: &mut Visits<'_>, sample: &mut Sample) {
        let home = File::open(self.root.join("thread-self/ns/net"));
        self.visit_each(visits, sample);
        // The socket of the last dump would keep its namespace alive.
        let closed = home.and_then(|home| {
            enter(&home)?;
            self.dumps.reopen(self.own)
        });
        if let Err(error) = closed {
            let fault = Fault::new(FaultSeverity::Degraded, "own network namespace", error);
            sample.faults.push(fault);
        }
    }

    fn visit_each(&mut self, visits: &mut Visits<'_>, sample: &mut Sample) {
        let spares = visits.found.len() > ALWAYS_DUMPED && !self.dumps.is_selective();
        for (at, found) in visits.found.iter().enumerate() {
            let turn = (at as u64).wrapping_add(visits.round);
            let due = match turn {
                _ if !spares => Due::All,
                turn if turn.is_multiple_of(INTERNET_TURNS) => Due::All,
                turn if turn.is_multiple_of(TURNS) => Due::Others,
                _ => Due::IfChanged,
            };
            match self.visit(found, due, visits, sample) {
                Ok(()) => {}
                // It has gone.
                Err(error) if is_gone(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    visits.refused += 1;
                }
                // A namespace of another kind.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                Err(error) => {
                    visits.failed += 1;
                    let source = format!("network namespace {}", found.name);
                    let fault = Fault::new(FaultSeverity::Incomplete, source, error);
                    sample.faults.push(fault);
                }
            }
        }
    }

    fn visit(
        &mut self,
        found: &FoundNamespace,
        due: Due,
        visits: &mut Visits<'_>,
        sample: &mut Sample,
    ) -> io::Result<()> {
        let file = found.open()?;
        let known = visits.known.get(&found.inode);
        let known_id = known.and_then(|known| known.id);
        // Without an id, its events are missing, but not its sockets.
        let ids = self.ids.as_mut();
        let id = ids.and_then(|ids| ids.assign(&file, found.inode).ok()?);
        if known_id.is_some() && id != known_id {
            // Another one, which was given the number of one that has gone.
            visits.known.remove(&found.inode);
        }
        self.id = id;
        enter(&file)?;
        drop(file);
        let has_signs = signs::read(&self.root, &mut self.text, &mut self.signs);
        let known = visits.known.get_mut(&found.inode);
        if let Some(known) = known
            && has_signs
            && due != Due::All
            && known.signs == self.signs
        {
            let elapsed_ms = visits.now_ns.saturating_sub(known.rows_ns) / 1_000_000;
            let elapsed = u32::try_from(elapsed_ms).unwrap_or(u32::MAX);
            let (table, inode) = (&mut sample.sockets, found.inode);
            let first = table.page_count();
            let internet = known.pages.start..known.other_pages;
            if table.push_pages(visits.previous, internet, inode, elapsed) {
                let others = known.other_pages..known.pages.end;
                known.other_pages = table.page_count();
                let is_dumped = due == Due::Others && self.dumps.reopen(inode).is_ok();
                if is_dumped || !table.push_pages(visits.previous, others, inode, elapsed) {
                    if !is_dumped {
                        self.dumps.reopen(inode)?;
                    }
                    self.dumps.dump_others(sample);
                }
                known.pages = first..sample.sockets.page_count();
                known.rows_ns += elapsed_ms * 1_000_000;
                known.round = visits.round;
                if known.namespace.name != found.name || known.namespace.handle != found.handle {
                    let namespace = Arc::make_mut(&mut known.namespace);
                    namespace.name = Arc::clone(&found.name);
                    namespace.handle = found.handle;
                }
                sample.namespaces.push(Arc::clone(&known.namespace));
                return Ok(());
            }
        }
        self.dump(found, visits, sample)
    }

    /// Dumps the namespace of the calling thread and reads what else belongs to it.
    fn dump(
        &mut self,
        found: &FoundNamespace,
        visits: &mut Visits<'_>,
        sample: &mut Sample,
    ) -> io::Result<()> {
        self.dumps.reopen(found.inode)?;
        let first = sample.sockets.page_count();
        let first_fault = sample.faults.len();
        self.dumps.dump_internet(sample);
        let other_pages = sample.sockets.page_count();
        self.dumps.dump_others(sample);
        let rows_ns = clock::monotonic_ns();
        let before = visits.known.remove(&found.inode);
        let mut counters = Counters::default();
        self.counters.read(&mut counters, &mut sample.faults);
        let is_old = |read_ns: u64, interval: u64| rows_ns.saturating_sub(read_ns) >= interval;
        let (mut settings, mut settings_ns) = match &before {
            Some(before) => (Arc::clone(&before.namespace.settings), before.settings_ns),
            None => (Arc::<Settings>::default(), 0),
        };
        if let Some(reader) = &mut self.settings
            && (before.is_none() || is_old(settings_ns, visits.settings_interval_ns()))
        {
            settings = reader.read(&mut sample.faults);
            settings_ns = rows_ns;
        }
        let (mut devices, mut interfaces, mut devices_ns) = match &before {
            Some(before) => {
                let namespace = &before.namespace;
                let interfaces = namespace.interfaces.clone();
                (namespace.devices.clone(), interfaces, before.devices_ns)
            }
            None => (None, BTreeMap::new(), 0),
        };
        let has_other_devices = before.as_ref().is_none_or(|before| {
            let (known, now) = (&before.namespace.counters.interfaces, &counters.interfaces);
            let names = known.iter().map(|known| &known.name);
            !names.eq(now.iter().map(|now| &now.name))
        });
        if self.devices && (has_other_devices || is_old(devices_ns, DEVICES_NS)) {
            devices = DeviceReader::new().get(&counters.interfaces, &mut sample.faults);
            devices_ns = rows_ns;
            let named = devices.iter().flat_map(|devices| devices.iter());
            interfaces = named
                .map(|device| (device.index, device.name.clone()))
                .collect();
        }
        let of_it = sample.faults.get(first_fault..).unwrap_or(&[]);
        let is_incomplete = |fault: &Fault| fault.severity == FaultSeverity::Incomplete;
        if of_it.iter().any(is_incomplete) {
            // It is dumped again for the next Sample.
            self.signs.clear();
        }
        name_faults(&mut sample.faults, first_fault, &found.name);
        let namespace = Arc::new(NetNamespace {
            inode: found.inode,
            name: Arc::clone(&found.name),
            handle: found.handle,
            since_ns: before
                .as_ref()
                .map_or(rows_ns, |before| before.namespace.since_ns),
            dumped_ns: rows_ns,
            counters,
            devices,
            settings,
            interfaces,
        });
        sample.namespaces.push(Arc::clone(&namespace));
        let known = KnownNamespace {
            signs: self.signs.clone(),
            tracking: TrackingNamespace::of_thread(&self.root, &namespace),
            pages: first..sample.sockets.page_count(),
            other_pages,
            rows_ns,
            namespace,
            settings_ns,
            devices_ns,
            id: self.id,
            number: before
                .as_ref()
                .map_or_else(|| common_number(&self.root), |before| before.number),
            round: visits.round,
        };
        visits.known.insert(found.inode, known);
        Ok(())
    }
}

/// Returns the number that processes in the calling thread's namespace have in common.
fn common_number(root: &Path) -> Option<u64> {
    let file = std::fs::metadata(root.join("thread-self/net/sockstat"));
    Some(file.ok()?.ino())
}

/// Removes the faults of a namespace that say what is missing everywhere, and names it in the others.
fn name_faults(faults: &mut Vec<Fault>, first: usize, name: &str) {
    let own = faults.split_off(first.min(faults.len()));
    for mut fault in own {
        if fault.severity == FaultSeverity::Note {
            continue;
        }
        fault.source = format!("{} in network namespace {name}", fault.source);
        faults.push(fault);
    }
}

/// Returns true if an error means that the namespace, or the process by which it was found, no longer exists.
fn is_gone(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    error.kind() == io::ErrorKind::NotFound || errno == Some(Errno::SRCH)
}
