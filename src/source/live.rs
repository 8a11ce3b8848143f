//! One Sample a tick from the running kernel.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::activity;
use super::attribution::{Attributor, LiveInodes, closed_rows};
use super::netlink::devices::Devices;
use super::netlink::dump::Dumper;
use super::netlink::events::{Heard, Listener};
use super::netlink::request::{Asked, Table};
use super::procfs::{
    CgroupPaths, CounterReader, Owners, SettingsReader, hides_namespaces, host, netlink_drops,
    network_namespace, read_raw,
};
use super::{Source, SourceError};
use crate::filter::{LoweredFilter, StateSet};
use crate::model::{Family, Fault, Host, Protocol, Sample, Severity, Socket, State};

/// How long a table that the kernel lacks is not asked for again: asking makes the kernel look for a module.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// Sockets from which on finding the owners of all is as quick as finding theirs.
const FEW: usize = 1024;

/// Connections whose other ends are looked up one by one.
const MOST_OTHER_ENDS: usize = 4096;

/// How often the names of devices are read again.
const INTERFACES_AGAIN: Duration = Duration::from_secs(5);

/// Of which sockets the owners are looked for. That costs more than all the rest: a system call for each descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnersOf {
    /// Of none.
    None,
    /// Of all, unless there are more sockets than that.
    AtMost(usize),
    /// Of all.
    All,
}

/// What [`Live`] samples.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Where `/proc` is.
    pub proc_root: PathBuf,
    /// Which tables are asked for.
    pub tables: Vec<Table>,
    /// Whether to listen for destroy events; a single snapshot has no use for them.
    pub destroy_events: bool,
    /// What is asked of the tables of the internet protocols.
    pub asked: Asked,
    /// LimitScope owners are looked for; the others' are unknown.
    pub owners: OwnersOf,
    /// Whether the other ends of connections are looked up if what is asked for leaves them out.
    pub other_ends: bool,
    /// Whether it is read what network devices are set to.
    pub devices: bool,
    /// How long Samples may wait for users' names, in all. Later ones have those that came meanwhile.
    pub name_wait: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        LiveOptions {
            proc_root: PathBuf::from("/proc"),
            tables: Table::ALL.to_vec(),
            destroy_events: true,
            asked: Asked::default(),
            owners: OwnersOf::All,
            other_ends: true,
            devices: true,
            name_wait: Duration::from_millis(20),
        }
    }
}

/// The running kernel, seen from the network namespace of the thread that made it.
#[derive(Debug)]
pub struct Live {
    options: LiveOptions,
    host: Arc<Host>,
    netns: u32,
    dumper: Dumper,
    listener: Option<Listener>,
    heard: Heard,
    owners: Owners,
    attributor: Attributor,
    counters: CounterReader,
    devices: Option<Devices>,
    settings: SettingsReader,
    cgroups: CgroupPaths,
    interfaces: FxHashMap<u32, String>,
    interfaces_read: Option<Instant>,
    left_owners_out: bool,
    /// Tables that the kernel lacks: when it said so, and how.
    lacking: FxHashMap<Table, (Instant, Fault)>,
    /// Why destroy events are not heard.
    deaf: Option<Fault>,
    lost_in_all: u64,
    /// Events that the kernel has dropped since the listener began.
    dropped: u64,
    samples: u64,
}

impl Live {
    /// Opens the kernel's doors.
    ///
    /// # Errors
    /// If there is no `sock_diag` socket to be had. Whatever else is missing becomes a [`Fault`] on the Samples.
    pub fn new(options: LiveOptions) -> Result<Live, SourceError> {
        let netns = network_namespace(&options.proc_root).unwrap_or(0);
        let unavailable = |what| move |error| SourceError::Unavailable { what, error };
        let dumper =
            Dumper::new(netns).map_err(unavailable("open a netlink socket (NETLINK_SOCK_DIAG)"))?;
        let mut deaf = None;
        let listener = if options.destroy_events {
            Listener::start(netns)
                .map_err(|error| {
                    deaf = Some(Fault::new(Severity::Degraded, "destroy events", error));
                })
                .ok()
        } else {
            None
        };
        Ok(Live {
            host: Arc::new(host(&options.proc_root)),
            netns,
            dumper,
            listener,
            heard: Heard::default(),
            owners: Owners::new(&options.proc_root, options.name_wait),
            attributor: Attributor::new(hides_namespaces(&options.proc_root)),
            counters: CounterReader::new(&options.proc_root),
            devices: options.devices.then(Devices::new),
            settings: SettingsReader::new(&options.proc_root),
            cgroups: CgroupPaths::new(&options.proc_root),
            interfaces: FxHashMap::default(),
            interfaces_read: None,
            left_owners_out: false,
            lacking: FxHashMap::default(),
            deaf,
            lost_in_all: 0,
            dropped: 0,
            samples: 0,
            options,
        })
    }

    /// Destroy events that were lost since the start.
    pub fn lost_events(&self) -> u64 {
        self.lost_in_all
    }

    fn dump(&mut self, sample: &mut Sample) {
        for &table in &self.options.tables {
            if let Some((since, fault)) = self.lacking.get(&table)
                && since.elapsed() < ASK_AGAIN
            {
                sample.faults.push(fault.clone());
                self.make_up(table, sample);
                continue;
            }
            let asked = &self.options.asked;
            let outcome = self.dumper.dump(table, asked, &mut sample.sockets);
            sample.timings.dump_ns += outcome.waited.as_nanos() as u64;
            sample.timings.decode_ns += outcome.decoded.as_nanos() as u64;
            match outcome.fault {
                Some(mut fault) if outcome.lacking => {
                    if let Some((_, name)) = substitute(table) {
                        fault.error = format!(
                            "{}; {name} is read in its place, which tells less",
                            fault.error
                        );
                    }
                    sample.faults.push(fault.clone());
                    self.lacking.insert(table, (Instant::now(), fault));
                    self.make_up(table, sample);
                }
                fault => {
                    sample.faults.extend(fault);
                    self.lacking.remove(&table);
                }
            }
        }
        if self.asks_for_few() {
            self.complete(sample);
        }
        sample.monotonic_ns = clock_ns(rustix::time::ClockId::Monotonic);
        sample.taken_at_us = (clock_ns(rustix::time::ClockId::Realtime) / 1000) as i64;
    }

    /// Whether few sockets are asked for, so that it is not worth while to find the owners of all.
    fn asks_for_few(&self) -> bool {
        let lowered = &self.options.asked.lowered;
        !lowered.code.is_empty() || !lowered.states.contains(State::Established)
    }

    /// Adds what explains the sockets that were asked for: listeners by which connections without an owner came in, and
    /// other ends. Whoever asked for few leaves them out again.
    fn complete(&mut self, sample: &mut Sample) {
        if !self.options.tables.contains(&Table::Tcp) || self.options.asked.lowered.kernel_only {
            return;
        }
        let table = &mut sample.sockets;
        let rows = table.rows.len();
        let is_tcp = |socket: &&Socket| socket.protocol == Protocol::Tcp;
        let unowned: FxHashSet<u16> = table
            .rows
            .iter()
            .filter(|socket| is_tcp(socket) && socket.inode == 0)
            .filter_map(|socket| socket.local().map(|local| local.port))
            .collect();
        if self.options.other_ends && rows <= MOST_OTHER_ENDS {
            for at in 0..rows {
                let socket = table.rows[at];
                if socket.protocol == Protocol::Tcp && socket.remote().is_some() {
                    self.dumper.other_end(&socket, table);
                }
            }
        }
        if !unowned.is_empty() {
            let listeners = Asked {
                lowered: LoweredFilter {
                    states: StateSet::of(State::Listen),
                    ..LoweredFilter::ALL
                },
                details: self.options.asked.details,
            };
            let from = table.rows.len();
            let outcome = self.dumper.dump(Table::Tcp, &listeners, table);
            sample.faults.extend(outcome.fault);
            let mut kept = from;
            for at in from..table.rows.len() {
                let socket = table.rows[at];
                if socket
                    .local()
                    .is_some_and(|local| unowned.contains(&local.port))
                {
                    table.rows[kept] = socket;
                    kept += 1;
                }
            }
            table.rows.truncate(kept);
        }
    }

    /// What `/proc` tells of a table that `sock_diag` lacks: the raw sockets.
    fn make_up(&self, table: Table, sample: &mut Sample) {
        let Some((family, name)) = substitute(table) else {
            return;
        };
        let rows = &mut sample.sockets.rows;
        let result = read_raw(&self.options.proc_root, family, self.netns, rows);
        // Without the file there is no such family either, which sock_diag has said already.
        if let Err(error) = result
            && !matches!(error, procfs::ProcError::NotFound(_))
        {
            sample
                .faults
                .push(Fault::new(Severity::Incomplete, name, error));
        }
    }

    fn hear(&mut self, sample: &mut Sample) {
        sample.events_available = self.listener.is_some();
        sample.faults.extend(self.deaf.clone());
        let Some(listener) = &self.listener else {
            return;
        };
        listener.fetch(&mut self.heard);
        std::mem::swap(&mut sample.closed_sockets, &mut self.heard.sockets);
        sample.closed.clear();
        sample.closed.extend(closed_rows(&self.heard.at_ns));
        sample.lost_events = self.heard.unkept;
        // It says so once, and goes on to drop until its queue is empty.
        if self.heard.overruns > 0 || self.dropped > 0 {
            let root = &self.options.proc_root;
            let drops = listener
                .inode()
                .and_then(|inode| netlink_drops(root, inode));
            let since = drops.map_or(0, |drops| drops.saturating_sub(self.dropped));
            self.dropped = drops.unwrap_or(self.dropped);
            // Without a count, each time that the kernel said so it was one at least.
            sample.lost_events += since.max(self.heard.overruns);
        }
        self.lost_in_all += sample.lost_events;
        if let Some(why) = self.heard.ended.take() {
            let fault = Fault::new(Severity::Degraded, "destroy events", why);
            sample.faults.push(fault.clone());
            self.deaf = Some(fault);
            self.listener = None;
        }
    }

    /// Names of users, devices and groups that the Sample's sockets mention.
    fn name(&mut self, sample: &mut Sample) {
        let mut uids = FxHashSet::default();
        let mut groups = FxHashSet::default();
        let mut interfaces = FxHashSet::default();
        let (mut last_uid, mut last_group) = (None, 0);
        for socket in &sample.sockets.rows {
            // Neighbours mostly agree; only where they do not is the set asked.
            if socket.uid != last_uid {
                last_uid = socket.uid;
                uids.extend(socket.uid);
            }
            if socket.cgroup_id != last_group {
                last_group = socket.cgroup_id;
                groups.insert(socket.cgroup_id);
            }
            if socket.interface != 0 {
                interfaces.insert(socket.interface);
            }
        }
        uids.extend(sample.processes.iter().map(|row| row.process.uid));
        for uid in uids {
            if let Some(name) = self.owners.user_name(uid) {
                sample.users.push((uid, name));
            }
        }
        sample.users.sort_unstable_by_key(|(uid, _)| *uid);
        for id in groups {
            if let Some(path) = self.cgroups.path(id, sample.monotonic_ns) {
                sample.cgroups.push((id, path));
            }
        }
        sample.cgroups.sort_unstable_by_key(|(id, _)| *id);
        self.name_interfaces(&interfaces, sample);
    }

    fn name_interfaces(&mut self, wanted: &FxHashSet<u32>, sample: &mut Sample) {
        if wanted.is_empty() {
            return;
        }
        if self
            .interfaces_read
            .is_none_or(|read| read.elapsed() >= INTERFACES_AGAIN)
        {
            self.interfaces.clear();
            self.interfaces_read = Some(Instant::now());
        }
        for &index in wanted {
            let name = match self.interfaces.get(&index) {
                Some(name) => name.clone(),
                None => match self.dumper.interface_name(index) {
                    Some(name) => self.interfaces.entry(index).or_insert(name).clone(),
                    None => continue,
                },
            };
            sample.interfaces.push((index, name));
        }
        sample.interfaces.sort_unstable_by_key(|(index, _)| *index);
    }
}

/// Who owns the sockets.
impl Live {
    /// Whether the owners were too many to be looked for in the last Sample.
    pub fn left_owners_out(&self) -> bool {
        self.left_owners_out
    }

    /// Whether owners will be looked for, going by what the kernel counts before the sockets are known.
    fn expects_owners(&mut self, sample: &mut Sample) -> bool {
        match self.options.owners {
            OwnersOf::None => false,
            OwnersOf::AtMost(most) => {
                self.counters.read(&mut sample.counters, &mut Vec::new());
                let in_use = sample.counters.protocols.get("sockstat.sockets.used");
                in_use.is_none_or(|in_use| usize::try_from(in_use).unwrap_or(0) <= most)
            }
            OwnersOf::All => true,
        }
    }

    /// Takes the first dump on one core while another reads all of `/proc`; answers how long that took.
    fn dump_and_find_owners(&mut self, sample: &mut Sample) -> Duration {
        let now = clock_ns(rustix::time::ClockId::Monotonic);
        let nobody = Owners::new(&self.options.proc_root, Duration::ZERO);
        let mut owners = std::mem::replace(&mut self.owners, nobody);
        let mut scan = || {
            let clock = Instant::now();
            owners.refresh(now, &|_| true);
            clock.elapsed()
        };
        let scanned = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("owners".into());
            let scanning = thread.spawn_scoped(scope, &mut scan).ok();
            self.dump(sample);
            scanning.and_then(|scanning| scanning.join().ok())
        });
        // Without a second thread to be had, one does both.
        let took = scanned.unwrap_or_else(scan);
        self.owners = owners;
        took
    }

    /// Looks into the processes that may hold what was dumped, if [`Self::dump_and_find_owners`] has not.
    fn find_owners(&mut self, sample: &Sample) {
        if self.samples > 0 {
            let inodes = LiveInodes::new(&sample.sockets.rows);
            self.owners
                .refresh(sample.monotonic_ns, &|inode| inodes.contains(inode));
        } else if sample.sockets.rows.len() <= FEW {
            let inodes: Vec<u32> = sample.sockets.rows.iter().map(|row| row.inode).collect();
            self.owners.seek(sample.monotonic_ns, &inodes);
        } else {
            self.owners.refresh(sample.monotonic_ns, &|_| true);
        }
    }
}

impl Source for Live {
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError> {
        let start = Instant::now();
        sample.clear();
        sample.host = Arc::clone(&self.host);
        let mut owners_time = Duration::ZERO;
        let together = self.samples == 0 && !self.asks_for_few() && self.expects_owners(sample);
        if together {
            owners_time += self.dump_and_find_owners(sample);
        } else {
            self.dump(sample);
        }
        let clock = Instant::now();
        let with_owners = match self.options.owners {
            OwnersOf::None => false,
            OwnersOf::AtMost(most) => together || sample.sockets.rows.len() <= most,
            OwnersOf::All => true,
        };
        if with_owners && !together {
            self.find_owners(sample);
        }
        self.left_owners_out = !with_owners && self.options.owners != OwnersOf::None;
        // Only now: what a process held that ended after the dump is then told as freed, and not looked for.
        self.hear(sample);
        let dumper = &mut self.dumper;
        if with_owners {
            self.attributor
                .attribute(sample, &mut self.owners, &mut |socket| {
                    dumper.is_held(socket)
                });
            activity::look(sample, &mut self.owners);
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
        sample.settings = self.settings.read();
        self.name(sample);
        self.samples += 1;
        sample.timings.total_ns = start.elapsed().as_nanos() as u64;
        Ok(())
    }
}

/// The file that has what a table without its module would tell: the family and its name.
fn substitute(table: Table) -> Option<(Family, &'static str)> {
    match table {
        Table::Inet(Protocol::Raw) => Some((Family::Inet, "/proc/net/raw")),
        Table::Inet6(Protocol::Raw) => Some((Family::Inet6, "/proc/net/raw6")),
        _ => None,
    }
}

fn clock_ns(clock: rustix::time::ClockId) -> u64 {
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
