//! Takes one Sample per tick from the running kernel.
//!
//! A Sample is built in this order: the socket tables ([`tables`](super::tables)), the processes that own the sockets ([`Owners`]),
//! the destroy events ([`closed_sockets`]), the owner of each socket ([`attribution`](super::attribution)), counters,
//! devices, settings, names ([`names`]), containers ([`Containers`]) and translated connections ([`TranslationTracker`]).

mod closed_sockets;
mod names;
mod options;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::closed_sockets::ClosedSocketCollector;
use self::names::SampleNames;
use super::attribution::{Attributor, LiveInodes};
use super::clock;
use super::containers::Containers;
use super::namespaces::{
    DepartedNamespaces, NamespaceScope, Namespaces, VisitOptions, WorkloadNames,
};
use super::netlink::devices::DeviceReader;
use super::netlink::dump::Dumper;
use super::process_activity;
use super::procfs::{
    CounterReader, Owners, SettingsReader, approximate_socket_count, network_namespace, read_host,
};
use super::progress_meter::{ProgressMeter, ProgressObserver};
use super::tables::TableDumps;
use super::translations::TranslationTracker;
use super::unexplained::Evidence;
use super::{Source, SourceError};
use crate::filter::LoweredFilter;
use crate::model::{Attribution, Host, Preview, Sample, SocketTable, Unowned};
use crate::privilege::{self, READ_PROCESSES};

pub use self::options::{LiveOptions, OwnerScope};

/// Number of sockets above which a full scan for owners is as fast as a targeted one.
const TARGETED_SCAN_LIMIT: usize = 1024;

/// Samples the running kernel, in the network namespace of the thread that created it, and if requested in all others.
#[derive(Debug)]
pub struct LiveSource {
    options: LiveOptions,
    /// The network namespace of the thread that created it.
    netns: u32,
    host: Arc<Host>,
    tables: TableDumps,
    /// The other network namespaces; `None` if they are not counted.
    namespaces: Option<Namespaces>,
    closed_sockets: ClosedSocketCollector,
    owners: Owners,
    attributor: Attributor,
    evidence: Evidence,
    counters: CounterReader,
    devices: Option<DeviceReader>,
    settings: Option<SettingsReader>,
    names: SampleNames,
    containers: Containers,
    workload_names: WorkloadNames,
    translations: TranslationTracker,
    departed: DepartedNamespaces,
    meter: Arc<ProgressMeter>,
    /// Number of sockets in the last Sample.
    last_count: Option<usize>,
    owners_skipped: bool,
    /// The sockets of the previous Sample, whose unchanged pages the next one shares.
    previous: SocketTable,
    /// Number of Samples so far.
    samples: u64,
}

impl LiveSource {
    /// Opens the netlink sockets and starts listening for destroy events.
    ///
    /// # Errors
    /// If no `sock_diag` socket can be opened. Everything else that is missing becomes a [`Fault`](crate::model::Fault)
    /// of the Samples.
    pub fn new(options: LiveOptions) -> Result<LiveSource, SourceError> {
        let root = &options.proc_root;
        let netns = network_namespace(root).unwrap_or(0);
        let mut attributor = Attributor::default();
        if options.request.lowered == LoweredFilter::ALL {
            attributor.track_unlisted(netns, &options.tables);
        }
        let mut dumper = Dumper::new(netns).map_err(unavailable)?;
        dumper.fetch_first(options.first_rows);
        let visit = VisitOptions {
            root,
            scope: options.namespaces,
            tables: &options.tables,
            request: &options.request,
            include_peers: options.include_peers,
            devices: options.devices,
            settings: options.settings,
        };
        let namespaces = options
            .counts_namespaces
            .then(|| Namespaces::new(netns, &visit));
        let namespaces = namespaces.transpose().map_err(unavailable)?;
        let ids = namespaces.as_ref().and_then(Namespaces::ids);
        Ok(LiveSource {
            netns,
            namespaces,
            host: Arc::new(read_host(root)),
            tables: TableDumps::new(
                root,
                netns,
                dumper,
                &options.tables,
                &options.request,
                options.include_peers,
            ),
            closed_sockets: ClosedSocketCollector::start(root, netns, ids, options.destroy_events),
            owners: Owners::new(root, options.name_wait),
            attributor,
            evidence: Evidence::new(root),
            counters: CounterReader::new(root),
            devices: options.devices.then(DeviceReader::new),
            settings: options.settings.then(|| SettingsReader::new(root)),
            names: SampleNames::new(root),
            workload_names: WorkloadNames::default(),
            translations: TranslationTracker::new(root, netns),
            departed: DepartedNamespaces::default(),
            containers: Containers::new(root, &options.file_root),
            meter: Arc::default(),
            last_count: None,
            owners_skipped: false,
            previous: SocketTable::default(),
            samples: 0,
            options,
        })
    }

    /// Returns the approximate number of sockets that a Sample has; `None` if it cannot be read.
    pub fn approximate_count(&self) -> Option<u64> {
        approximate_socket_count(&self.options.proc_root)
    }

    /// Reports whether the last Sample has no owners because it had more sockets than [`OwnerScope::AtMost`].
    pub fn owners_skipped(&self) -> bool {
        self.owners_skipped
    }

    /// Predicts whether owners will be looked up, from the kernel's count of sockets.
    fn expects_owners(&mut self, sample: &mut Sample) -> bool {
        match self.options.owners {
            OwnerScope::None => false,
            OwnerScope::AtMost(most) => {
                self.counters.read(&mut sample.counters, &mut Vec::new());
                let in_use = sample.counters.protocols.get("sockstat.sockets.used");
                in_use.is_none_or(|in_use| usize::try_from(in_use).unwrap_or(0) <= most)
            }
            OwnerScope::All => true,
        }
    }

    /// Performs the first dump on one core while another reads all of `/proc`; returns the duration of the latter.
    fn dump_and_scan_owners(&mut self, sample: &mut Sample) -> Duration {
        let now = clock::monotonic_ns();
        let placeholder = Owners::new(&self.options.proc_root, Duration::ZERO);
        let mut owners = std::mem::replace(&mut self.owners, placeholder);
        let mut scan = || {
            let clock = Instant::now();
            let _raised = privilege::raise(READ_PROCESSES);
            owners.refresh(now, &|_| true);
            clock.elapsed()
        };
        let scanned = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("owners".into());
            let scanning = thread.spawn_scoped(scope, &mut scan).ok();
            self.tables.dump(sample);
            scanning.and_then(|scanning| scanning.join().ok())
        });
        // If no second thread can be started, this thread does both.
        let took = scanned.unwrap_or_else(scan);
        self.owners = owners;
        took
    }

    /// Dumps the tables of the other network namespaces, and ends the table of `sample`. `owners_read` if all descriptors
    /// of processes were read, some of which may keep a namespace alive.
    fn dump_namespaces(&mut self, owners_read: bool, sample: &mut Sample) {
        if let Some(namespaces) = &mut self.namespaces {
            let owners = owners_read.then_some(&mut self.owners);
            let now_ns = clock::monotonic_ns();
            namespaces.dump(now_ns, owners, &self.previous, sample);
        }
        self.tables.finish(sample);
        self.last_count = Some(sample.sockets.len());
        self.meter.finish_sockets();
    }

    /// Reads all processes for the first Sample, if that may find other network namespaces; returns the duration.
    fn scan_for_namespaces(&mut self) -> Option<Duration> {
        let is_needed = self.samples == 0
            && self.namespaces.is_some()
            && self.options.namespaces == NamespaceScope::All
            && self.options.owners != OwnerScope::None;
        let clock = is_needed.then(Instant::now)?;
        let _raised = privilege::raise(READ_PROCESSES);
        self.owners.refresh(clock::monotonic_ns(), &|_| true);
        Some(clock.elapsed())
    }

    /// Marks a Sample as a preview. The sockets are the first of each table, and no process was read.
    fn mark_preview(&self, sample: &mut Sample) {
        sample.preview = Some(Preview {
            expected: approximate_socket_count(&self.options.proc_root),
        });
        for socket in sample.sockets.iter_mut() {
            socket.attribution = Attribution::Unowned(Unowned::NotRead);
        }
    }

    /// Returns the approximate number of sockets in the next Sample, for the report of its progress.
    fn expected_sockets(&self) -> Option<u64> {
        let last = self.last_count.map(|sockets| sockets as u64);
        last.or_else(|| approximate_socket_count(&self.options.proc_root))
    }

    /// Scans the processes that may own the dumped sockets, unless [`Self::dump_and_scan_owners`] has done so.
    fn scan_owners(&mut self, sample: &Sample) {
        let _raised = privilege::raise(READ_PROCESSES);
        if self.samples > 0 {
            let inodes = LiveInodes::new(&sample.sockets);
            self.owners
                .refresh(sample.monotonic_ns, &|inode| inodes.contains(inode));
        } else if sample.sockets.len() <= TARGETED_SCAN_LIMIT {
            let inodes: Vec<u32> = sample.sockets.iter().map(|row| row.inode).collect();
            self.owners.scan_for(sample.monotonic_ns, &inodes);
        } else {
            self.owners.refresh(sample.monotonic_ns, &|_| true);
        }
    }
}

/// Returns the error for a `sock_diag` socket that cannot be opened.
fn unavailable(error: std::io::Error) -> SourceError {
    SourceError::Unavailable {
        what: "open a netlink socket (NETLINK_SOCK_DIAG)",
        error,
    }
}

impl Source for LiveSource {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        let start = Instant::now();
        self.meter.begin(self.samples == 0, self.expected_sockets());
        sample.clear();
        sample.host = Arc::clone(&self.host);
        sample.own_netns = self.netns;
        if !self.tables.is_selective() {
            sample.sockets.begin_after(&self.previous);
        }
        let mut owners_time = Duration::ZERO;
        let in_parallel =
            self.samples == 0 && !self.tables.is_selective() && self.expects_owners(sample);
        let mut owners_read = in_parallel || self.samples > 0;
        if in_parallel {
            owners_time += self.dump_and_scan_owners(sample);
        } else {
            self.tables.dump(sample);
            let scan_time = self.scan_for_namespaces();
            owners_read |= scan_time.is_some();
            owners_time += scan_time.unwrap_or_default();
        }
        self.dump_namespaces(owners_read, sample);
        if self.options.first_rows.is_some() {
            self.mark_preview(sample);
        }
        let clock = Instant::now();
        let with_owners = match self.options.owners {
            OwnerScope::None => false,
            OwnerScope::AtMost(most) => in_parallel || sample.sockets.len() <= most,
            OwnerScope::All => true,
        };
        if with_owners && !in_parallel {
            self.scan_owners(sample);
        }
        self.owners_skipped = !with_owners && self.options.owners != OwnerScope::None;
        // Only now, so that the sockets of a process that ended after the dump are known to be closed and are not
        // searched for.
        self.closed_sockets.collect(sample);
        let (tables, netns) = (&mut self.tables, self.netns);
        if with_owners {
            let _raised = privilege::raise(READ_PROCESSES);
            self.attributor
                .attribute(sample, &mut self.owners, &mut |socket| {
                    // The kernel is asked in our own network namespace.
                    (socket.netns == netns).then(|| tables.is_open(socket))?
                });
            let unexplained = self.attributor.unexplained();
            self.evidence.apply(sample, unexplained, &mut self.owners);
            process_activity::sample_activity(sample, &mut self.owners);
        }
        sample.visibility = self.owners.visibility();
        sample.faults.extend(self.owners.take_faults());
        owners_time += clock.elapsed();
        sample.timings.owners_ns = owners_time.as_nanos() as u64;
        self.counters.read(&mut sample.counters, &mut sample.faults);
        if let Some(devices) = &mut self.devices {
            let interfaces = &sample.counters.interfaces;
            sample.devices = devices.get(interfaces, &mut sample.faults);
        }
        if let Some(settings) = &mut self.settings {
            sample.settings = settings.read(&mut sample.faults);
        }
        self.names.resolve(sample, &mut self.owners, |index| {
            self.tables.interface_name(index)
        });
        if self.options.first_rows.is_none() {
            self.containers.resolve(sample);
            self.workload_names.apply(sample);
            let namespaces = self.namespaces.as_ref();
            self.translations.update(&self.previous, namespaces, sample);
            self.departed.apply(sample);
        }
        self.previous.clone_from(&sample.sockets);
        self.samples += 1;
        sample.timings.total_ns = start.elapsed().as_nanos() as u64;
        Ok(())
    }

    fn observe_progress(&mut self, observer: Arc<dyn ProgressObserver>) {
        self.meter = Arc::new(ProgressMeter::new(observer));
        self.tables.count_with(&self.meter);
        self.owners.count_with(&self.meter);
    }
}
