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
use super::schedule::{Due, Schedule};
use super::scope::NamespaceScope;
use super::signs;
use super::tracking::TrackingNamespace;
use crate::model::{
    Counters, Fault, FaultSeverity, NetNamespace, Sample, SeededMap, SeededSet, Settings,
    SocketTable,
};
use crate::privilege::{self, ENTER_NAMESPACES, READ_PROCESSES};
use crate::source::clock;
use crate::source::netlink::devices::DeviceReader;
use crate::source::netlink::namespace_ids::{KnownIds, NamespaceIds};
use crate::source::procfs::{CounterReader, SettingsReader};
use crate::source::tables::TableDumps;

/// Interval for reading the devices of a namespace again.
const DEVICES_NS: u64 = 60_000_000_000;

/// The namespaces to visit, and the result.
#[derive(Debug)]
pub(super) struct Visits<'a> {
    pub(super) found: &'a [FoundNamespace],
    pub(super) known: &'a mut SeededMap<u32, KnownNamespace>,
    pub(super) schedule: &'a mut Schedule,
    pub(super) previous: &'a SocketTable,
    /// Namespaces that could not be entered or dumped.
    pub(super) failed: u32,
    /// Those that this user may not enter.
    pub(super) refused: u32,
    /// True if one has gone, or the process by which it was found.
    pub(super) has_gone: bool,
}

/// Reads all settings of a namespace, or those that findings depend on.
#[derive(Debug)]
struct NamespaceSettings {
    all: SettingsReader,
    of_findings: SettingsReader,
}

impl NamespaceSettings {
    fn new(root: &Path) -> NamespaceSettings {
        NamespaceSettings {
            all: SettingsReader::new(root),
            of_findings: SettingsReader::for_findings(root),
        }
    }

    fn read(&mut self, schedule: &Schedule, faults: &mut Vec<Fault>) -> Arc<Settings> {
        if schedule.has_all_settings {
            self.all.read(faults)
        } else {
            self.of_findings.read(faults)
        }
    }
}

/// Dumps and reads namespaces with its own buffers.
#[derive(Debug)]
pub(super) struct Visitor {
    root: PathBuf,
    dumps: TableDumps,
    counters: CounterReader,
    settings: Option<NamespaceSettings>,
    devices: bool,
    /// Ids for destroy events, if other namespaces are in scope.
    ids: Option<NamespaceIds>,
    /// Ids that the kernel has removed since the previous Sample, because their namespaces have gone; `None` if that is not
    /// known.
    removed: Option<SeededSet<i32>>,
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
            settings: options.settings.then(|| NamespaceSettings::new(&root)),
            devices: options.devices,
            ids: (options.scope == NamespaceScope::All)
                .then(|| NamespaceIds::new().ok())
                .flatten(),
            removed: None,
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

    /// Reports whether namespaces need not be dumped for each Sample.
    pub(super) fn can_spare(&self) -> bool {
        !self.dumps.is_selective()
    }

    /// Returns the namespaces from which events were received since the last call.
    pub(super) fn take_woken(&self) -> SeededSet<u32> {
        let ids = self.ids.as_ref();
        ids.map(NamespaceIds::take_woken).unwrap_or_default()
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
        self.removed = self.ids.as_mut().and_then(NamespaceIds::take_removed);
        if let Some(removed) = self.removed.as_ref().filter(|removed| !removed.is_empty()) {
            let is_kept = |known: &KnownNamespace| known.id.is_none_or(|id| !removed.contains(&id));
            visits.known.retain(|_, known| is_kept(known));
        }
        for found in visits.found {
            let known = visits.known.get(&found.inode);
            let due = visits.schedule.due(found.inode, known);
            if due == Due::Nothing && keep(found, visits, sample) {
                continue;
            }
            match self.visit(found, due, visits, sample) {
                Ok(()) => {}
                Err(error) if is_gone(&error) => visits.has_gone = true,
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
        // Once for all that follows: each change of capabilities takes four system calls.
        let raised = privilege::raise(ENTER_NAMESPACES | READ_PROCESSES);
        let file = found.open()?;
        let known = visits.known.get(&found.inode);
        let known_id = known.and_then(|known| known.id);
        let is_kept = |id: &i32| {
            let removed = self.removed.as_ref();
            removed.is_some_and(|removed| !removed.contains(id))
        };
        // Without an id, its events are missing, but not its sockets.
        let kept = known_id.filter(is_kept).map(|id| (id, false));
        let assigned = kept.or_else(|| {
            let ids = self.ids.as_mut()?;
            ids.assign(&file, found.inode).ok()?
        });
        let id = assigned.map(|(id, _)| id);
        let had_none = assigned.is_some_and(|(_, is_new)| is_new);
        if known_id.is_some() && (id != known_id || had_none) {
            // Another one, which was given the inode of one that has gone, and perhaps its id.
            visits.known.remove(&found.inode);
        }
        self.id = id;
        enter(&file)?;
        drop((file, raised));
        let has_signs = signs::read(&self.root, &mut self.text, &mut self.signs);
        let known = visits.known.get_mut(&found.inode);
        if let Some(known) = known
            && has_signs
            && due != Due::All
            && known.signs == self.signs
            && !known.has_waiting
        {
            let elapsed = known.elapsed_ms(visits.schedule.now_ns);
            let (table, inode) = (&mut sample.sockets, found.inode);
            let first = table.page_count();
            let internet = known.pages.start..known.other_pages;
            if table.push_pages(visits.previous, internet, inode, elapsed) {
                let others = known.other_pages..known.pages.end;
                known.other_pages = table.page_count();
                let is_due = due == Due::Others || known.others_wait;
                let is_dumped = is_due && self.dumps.reopen(inode).is_ok();
                if is_dumped || !table.push_pages(visits.previous, others, inode, elapsed) {
                    if !is_dumped {
                        self.dumps.reopen(inode)?;
                    }
                    self.dumps.dump_others(sample);
                }
                known.pages = first..sample.sockets.page_count();
                let others = known.other_pages..known.pages.end;
                known.others_wait = sample.sockets.has_waiting(others);
                known.carry(found, elapsed, visits.schedule.round);
                let namespace = Arc::make_mut(&mut known.namespace);
                namespace.checked_ns = clock::monotonic_ns();
                if let Some(reader) = &mut self.settings
                    && known.settings_ns.is_none()
                    && visits.schedule.takes_settings(None)
                {
                    let first_fault = sample.faults.len();
                    namespace.settings = reader.read(visits.schedule, &mut sample.faults);
                    known.settings_ns = Some(namespace.checked_ns);
                    name_faults(&mut sample.faults, first_fault, &found.name);
                }
                sample.namespaces.push(Arc::clone(&known.namespace));
                return Ok(());
            }
        }
        self.dump(found, has_signs, visits, sample)
    }

    /// Dumps the namespace of the calling thread and reads what else belongs to it.
    fn dump(
        &mut self,
        found: &FoundNamespace,
        has_signs: bool,
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
        counters.protocols.values.shrink_to_fit();
        let is_old = |read_ns: u64, interval: u64| rows_ns.saturating_sub(read_ns) >= interval;
        let (mut settings, mut settings_ns) = match &before {
            Some(before) => (Arc::clone(&before.namespace.settings), before.settings_ns),
            None => (Arc::<Settings>::default(), None),
        };
        if let Some(reader) = &mut self.settings
            && visits.schedule.takes_settings(settings_ns)
        {
            settings = reader.read(visits.schedule, &mut sample.faults);
            settings_ns = Some(rows_ns);
        }
        let (mut devices, mut interfaces, mut devices_ns) = match &before {
            Some(before) => {
                let namespace = &before.namespace;
                let interfaces = Arc::clone(&namespace.interfaces);
                (namespace.devices.clone(), interfaces, before.devices_ns)
            }
            None => (None, Arc::default(), 0),
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
            let names: BTreeMap<u32, String> = named
                .map(|device| (device.index, device.name.clone()))
                .collect();
            interfaces = Arc::new(names);
        }
        let (changed_ns, phase) = match &before {
            Some(before) if has_signs && before.signs == self.signs => {
                (before.changed_ns, before.phase)
            }
            Some(before) => (visits.schedule.now_ns, before.phase),
            None => (visits.schedule.now_ns, visits.schedule.next_phase()),
        };
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
            checked_ns: rows_ns,
            counters: Arc::new(counters),
            devices,
            settings,
            interfaces,
        });
        sample.namespaces.push(Arc::clone(&namespace));
        let pages = first..sample.sockets.page_count();
        let known = KnownNamespace {
            signs: self.signs.clone(),
            tracking: TrackingNamespace::of_thread(&self.root, &namespace),
            has_waiting: sample.sockets.has_waiting(first..other_pages),
            others_wait: sample.sockets.has_waiting(other_pages..pages.end),
            pages,
            other_pages,
            rows_ns,
            changed_ns,
            phase,
            namespace,
            settings_ns,
            devices_ns,
            id: self.id,
            number: before
                .as_ref()
                .map_or_else(|| common_number(&self.root), |before| before.number),
            round: visits.schedule.round,
        };
        visits.known.insert(found.inode, known);
        Ok(())
    }
}

/// Appends the rows of a namespace that is not visited: those of the previous Sample. Returns false if they cannot be used.
fn keep(found: &FoundNamespace, visits: &mut Visits<'_>, sample: &mut Sample) -> bool {
    let Some(known) = visits.known.get_mut(&found.inode) else {
        return false;
    };
    let elapsed = known.elapsed_ms(visits.schedule.now_ns);
    let table = &mut sample.sockets;
    let first = table.page_count();
    if !table.push_pages(visits.previous, known.pages.clone(), found.inode, elapsed) {
        return false;
    }
    known.other_pages = first + (known.other_pages - known.pages.start);
    known.pages = first..table.page_count();
    known.carry(found, elapsed, visits.schedule.round);
    sample.namespaces.push(Arc::clone(&known.namespace));
    true
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
