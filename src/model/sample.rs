//! Everything known about the system at one instant.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::SeededMap;
use super::{
    ClearForReuse, Container, Counters, Device, Ends, Fault, FaultSeverity, Holder, MemoryInfo,
    MptcpInfo, NetNamespace, OmittedNamespaces, Payload, Preview, Process, ProcessKey, ProcessRow,
    Protocol, Row, SUSPENDED_MODULUS, SampleTime, SctpAddresses, SctpInfo, SctpOptions, Settings,
    Socket, SocketTable, TcpExtras, TcpInfo, Timer, TlsInfo, Translation, Translations, Visibility,
};

/// Unit of a process's start time, µs. Kernel: `USER_HZ` is 100 on every architecture that runs Linux today.
const TICK_US: u64 = 10_000;

/// The sampled host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// Kernel: `uname` nodename.
    pub hostname: String,
    /// Kernel: `uname` release.
    pub kernel: String,
    /// Kernel: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
}

/// Durations of the steps of taking a Sample, ns of wall time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for the kernel's responses and copying them.
    pub dump_ns: u64,
    /// Decoding bytes to rows.
    pub decode_ns: u64,
    /// Reading processes and attributing sockets.
    pub owners_ns: u64,
    /// Total.
    pub total_ns: u64,
}

/// A socket that the kernel has freed, from its destroy event. `socket` and its figures are the final ones; for TCP
/// they include the complete `tcp_info`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedSocket {
    /// Index into [`Sample::closed`]'s rows.
    pub row: u32,
    /// Time at which the event was read, ns of the monotonic clock.
    pub monotonic_ns: u64,
    /// The state in which it was last sampled; `None` if it opened and closed between two Samples.
    pub last_state: Option<super::State>,
    /// Time of the first Sample that contained it, ns of the monotonic clock; `None` if none did.
    pub first_seen_ns: Option<u64>,
}

/// Everything known about the system at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Wall clock at the end of the dump, µs since 1970 UTC.
    pub taken_at_us: i64,
    /// `CLOCK_MONOTONIC` at the same moment, ns.
    pub monotonic_ns: u64,
    /// Time for which the system has been suspended since it booted, ns: `CLOCK_BOOTTIME` less `CLOCK_MONOTONIC`;
    /// `None` if unknown.
    pub suspended_ns: Option<u64>,
    /// The host.
    pub host: Arc<Host>,
    /// The existing sockets.
    pub sockets: SocketTable,
    /// The sockets freed since the previous Sample, in the order of their events.
    pub closed: Vec<ClosedSocket>,
    /// Rows and final figures of [`Self::closed`].
    pub closed_sockets: SocketTable,
    /// Destroy events lost since the previous Sample. Kernel: `sk_drops` of the listening socket; a lower bound without
    /// `/proc/net/netlink`.
    pub lost_events: u64,
    /// True if destroy events are received.
    pub events_available: bool,
    /// Processes that own sockets or are remembered as their owners.
    pub processes: Vec<ProcessRow>,
    /// Descriptors that refer to sockets; those of one socket are contiguous.
    pub holders: Vec<Holder>,
    /// Names of network devices by index.
    pub interfaces: BTreeMap<u32, String>,
    /// Paths of cgroups by id.
    pub cgroups: BTreeMap<u64, Arc<str>>,
    /// Containers by the path of the cgroup that is in them, of sockets and of processes.
    pub containers: BTreeMap<Arc<str>, Arc<Container>>,
    /// Names of users by id, of sockets and of processes.
    pub users: BTreeMap<u32, Arc<str>>,
    /// Readability of processes.
    pub visibility: Visibility,
    /// Protocol counters and interfaces.
    pub counters: Counters,
    /// Settings of the network devices, shared while they do not change; `None` if they were not read. They are read
    /// only every few seconds.
    pub devices: Option<Arc<Vec<Device>>>,
    /// Settings of the kernel, shared between Samples while they do not change.
    pub settings: Arc<Settings>,
    /// The network namespace of the source, whose counters, settings, devices and interfaces are those of the Sample; 0 if
    /// unknown. Kernel: inode of `/proc/thread-self/ns/net`.
    pub own_netns: u32,
    /// Name of the network namespace of the source; `None` if namespaces were not examined.
    pub own_netns_name: Option<Arc<str>>,
    /// The other network namespaces whose sockets are in it, ordered by inode.
    pub namespaces: Vec<Arc<NetNamespace>>,
    /// Network namespaces that are left out; `None` if they were not counted.
    pub omitted_namespaces: Option<OmittedNamespaces>,
    /// Connections whose addresses are translated, shared between Samples while none opens or closes; `None` if none is
    /// known.
    pub translations: Option<Arc<Translations>>,
    /// Reads that failed.
    pub faults: Vec<Fault>,
    /// Durations of the steps of taking it.
    pub timings: Timings,
    /// Set if it has only the first sockets. Never recorded or exported.
    pub preview: Option<Preview>,
}

impl Sample {
    /// Clears the Sample for the next instant and keeps its memory.
    pub fn clear(&mut self) {
        self.sockets.clear();
        self.closed.clear_for_reuse();
        self.closed_sockets.clear();
        self.lost_events = 0;
        self.processes.clear_for_reuse();
        self.holders.clear_for_reuse();
        self.interfaces.clear();
        self.cgroups.clear();
        self.containers.clear();
        self.users.clear();
        self.devices = None;
        self.own_netns_name = None;
        self.namespaces.clear_for_reuse();
        self.omitted_namespaces = None;
        self.translations = None;
        self.faults.clear();
        self.timings = Timings::default();
        self.preview = None;
    }

    /// Returns the clocks.
    pub fn time(&self) -> SampleTime {
        // Rounded, because the readings of two clocks waver.
        let seconds = |ns: u64| {
            (ns.saturating_add(500_000_000) / 1_000_000_000) % u64::from(SUSPENDED_MODULUS)
        };
        SampleTime {
            wall_us: self.taken_at_us,
            monotonic_ns: self.monotonic_ns,
            suspended_s: self.suspended_ns.map(|ns| seconds(ns) as u32),
        }
    }

    /// Returns how long a process has been running, µs; `None` if its start is unknown.
    pub fn age_us(&self, process: &Process) -> Option<i64> {
        let started_at_us = process.started_at_us?;
        // The wall clock may have been set since the process started.
        let Some(suspended_ns) = self.suspended_ns else {
            return Some(self.taken_at_us.saturating_sub(started_at_us));
        };
        let since_boot_us = self.monotonic_ns.saturating_add(suspended_ns) / 1000;
        let started_us = process.key.start_time.saturating_mul(TICK_US);
        Some(since_boot_us.saturating_sub(started_us).cast_signed())
    }

    /// Iterates over all sockets, each with its variable parts.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = SocketRef<'_>> {
        let rows = self.sockets.iter();
        rows.map(|row| SocketRef::new(self, &self.sockets, row))
    }

    /// Returns the socket in row `index`.
    pub fn socket(&self, index: usize) -> Option<SocketRef<'_>> {
        let row = self.sockets.get(index)?;
        Some(SocketRef::new(self, &self.sockets, row))
    }

    /// Returns the socket that was closed.
    pub fn closed_socket(&self, closed: &ClosedSocket) -> Option<SocketRef<'_>> {
        let row = self.closed_sockets.get(closed.row as usize)?;
        Some(SocketRef::new(self, &self.closed_sockets, row))
    }

    /// Returns a Sample of one socket only, with everything that belongs to it.
    pub fn of_socket(socket: SocketRef<'_>) -> Sample {
        let mut sample = Sample::default();
        sample.copy_socket(socket, &mut SeededMap::default());
        sample
    }

    /// Appends a copy of a socket of another Sample, with everything that belongs to it; returns its row. `processes` are the positions of the processes that were copied before.
    pub fn copy_socket(
        &mut self,
        other: SocketRef<'_>,
        processes: &mut SeededMap<ProcessKey, u32>,
    ) -> Option<usize> {
        let mut socket = *other.socket;
        socket.congestion = other
            .congestion()
            .map_or(0, |name| self.sockets.name_index(name.as_bytes()));
        socket.holders_at = u32::try_from(self.holders.len()).ok()?;
        socket.holders_len = 0;
        for (process, holders) in other.owners() {
            let at = *processes.entry(process.process.key).or_insert_with(|| {
                if let Some(path) = &process.process.cgroup {
                    copy_container(&mut self.containers, other.sample, path);
                }
                self.processes.push(process.clone());
                self.processes.len() as u32 - 1
            });
            for holder in holders {
                self.holders.push(Holder {
                    process: at,
                    fd: holder.fd,
                });
                socket.holders_len = socket.holders_len.saturating_add(1);
            }
        }
        if let Some(uid) = socket.uid
            && let Some(name) = other.sample.users.get(&uid)
        {
            let name = || Arc::clone(name);
            self.users.entry(uid).or_insert_with(name);
        }
        if let Some(namespace) = other.namespace() {
            self.insert_namespace(namespace);
        } else if let Some(name) = other.interface_name() {
            let name = || name.to_owned();
            self.interfaces.entry(socket.interface).or_insert_with(name);
        }
        self.own_netns = other.sample.own_netns;
        self.own_netns_name.clone_from(&other.sample.own_netns_name);
        if let Some(path) = other.sample.cgroups.get(&socket.cgroup_id) {
            copy_container(&mut self.containers, other.sample, path);
            let path = || Arc::clone(path);
            self.cgroups.entry(socket.cgroup_id).or_insert_with(path);
        }
        if let Some(translation) = other.translation() {
            let translations = self.translations.get_or_insert_default();
            Arc::make_mut(translations).insert(socket.key(), translation);
        }
        self.sockets.push_copy(socket, other.row);
        Some(self.sockets.len() - 1)
    }

    /// Keeps only the sockets in these rows and the closed sockets at these positions, and everything that is not a
    /// socket.
    pub fn select_sockets(&mut self, rows: &[u32], closed: &[usize]) {
        self.sockets
            .select_rows(rows.iter().map(|&row| row as usize));
        let freed = closed.iter().filter_map(|&at| self.closed.get(at).copied());
        let mut freed: Vec<ClosedSocket> = freed.collect();
        let rows = freed.iter().map(|closed| closed.row as usize);
        self.closed_sockets.select_rows(rows);
        for (row, closed) in freed.iter_mut().enumerate() {
            closed.row = row as u32;
        }
        self.closed = freed;
    }

    /// Returns the descriptors that refer to one of its sockets, ordered by process.
    #[inline]
    pub fn holders_of(&self, socket: &Socket) -> &[Holder] {
        let from = socket.holders_at as usize;
        let to = from + usize::from(socket.holders_len);
        self.holders.get(from..to).unwrap_or(&[])
    }

    /// Reports whether it contains every existing socket, so that absence means closed.
    pub fn is_complete(&self) -> bool {
        self.preview.is_none()
            && !self
                .faults
                .iter()
                .any(|fault| fault.severity == FaultSeverity::Incomplete)
    }

    /// Returns a user's name by id.
    pub fn user_name(&self, uid: u32) -> Option<&str> {
        self.users.get(&uid).map(AsRef::as_ref)
    }

    /// Returns the name of a device of a network namespace by index.
    pub fn interface_name(&self, netns: u32, index: u32) -> Option<&str> {
        let interfaces = match self.namespace(netns) {
            Some(namespace) => &namespace.interfaces,
            None if self.is_own(netns) => &self.interfaces,
            None => return None,
        };
        interfaces.get(&index).map(String::as_str)
    }

    /// Returns another network namespace than that of the source.
    pub fn namespace(&self, netns: u32) -> Option<&Arc<NetNamespace>> {
        if netns == self.own_netns || self.namespaces.is_empty() {
            return None;
        }
        let by_inode = |namespace: &Arc<NetNamespace>| namespace.inode;
        let at = self
            .namespaces
            .binary_search_by_key(&netns, by_inode)
            .ok()?;
        self.namespaces.get(at)
    }

    /// Returns the name of a network namespace; `None` if it has none or is not known.
    pub fn namespace_name(&self, netns: u32) -> Option<&str> {
        if netns == self.own_netns {
            return self.own_netns_name.as_deref();
        }
        self.namespace(netns).map(|namespace| &*namespace.name)
    }

    /// Returns the number of a network namespace if it is another one than that of the source.
    pub fn other_netns(&self, netns: u32) -> Option<u32> {
        (!self.namespaces.is_empty() && !self.is_own(netns)).then_some(netns)
    }

    /// Reports whether a network namespace is that of the source, or may be it.
    fn is_own(&self, netns: u32) -> bool {
        netns == self.own_netns || self.own_netns == 0
    }

    /// Returns the counters of a network namespace; none if it is not in the Sample.
    pub fn counters_of(&self, netns: u32) -> &Counters {
        static NONE: LazyLock<Counters> = LazyLock::new(Counters::default);
        match self.namespace(netns) {
            Some(namespace) => &namespace.counters,
            None if self.is_own(netns) => &self.counters,
            None => &NONE,
        }
    }

    /// Returns the settings of a network namespace; none if it is not in the Sample.
    pub fn settings_of(&self, netns: u32) -> &Arc<Settings> {
        static NONE: LazyLock<Arc<Settings>> = LazyLock::new(Arc::default);
        match self.namespace(netns) {
            Some(namespace) => &namespace.settings,
            None if self.is_own(netns) => &self.settings,
            None => &NONE,
        }
    }

    /// Inserts a network namespace at its place unless it is known.
    pub fn insert_namespace(&mut self, namespace: &Arc<NetNamespace>) {
        let by_inode = |known: &Arc<NetNamespace>| known.inode;
        let place = self
            .namespaces
            .binary_search_by_key(&namespace.inode, by_inode);
        if let Err(at) = place {
            self.namespaces.insert(at, Arc::clone(namespace));
        }
    }

    /// Returns a cgroup's path by id.
    pub fn cgroup_path(&self, id: u64) -> Option<&str> {
        self.cgroups.get(&id).map(AsRef::as_ref)
    }

    /// Returns the container in which a process runs, if it is in one.
    pub fn container_of(&self, process: &Process) -> Option<&Container> {
        self.containers
            .get(process.cgroup.as_deref()?)
            .map(AsRef::as_ref)
    }
}

/// Copies the container of a cgroup of another Sample, if it is in one.
fn copy_container(
    containers: &mut BTreeMap<Arc<str>, Arc<Container>>,
    from: &Sample,
    path: &Arc<str>,
) {
    if let Some(container) = from.containers.get(path) {
        containers
            .entry(Arc::clone(path))
            .or_insert_with(|| Arc::clone(container));
    }
}

/// The network device that a socket is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundDevice<'a> {
    /// By its name.
    Name(&'a str),
    /// By its index: it was removed or its name is not known.
    Index(u32),
}

/// Writes the name, or `if5` for index 5 as iproute2 does.
impl std::fmt::Display for BoundDevice<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BoundDevice::Name(name) => f.write_str(name),
            // A packet socket whose device was removed. Kernel: `packet_notifier`.
            BoundDevice::Index(u32::MAX) => f.write_str("removed"),
            BoundDevice::Index(index) => write!(f, "if{index}"),
        }
    }
}

/// A socket together with the Sample that contains it.
#[derive(Debug, Clone, Copy)]
pub struct SocketRef<'a> {
    /// The Sample.
    pub sample: &'a Sample,
    /// The table that contains it.
    pub table: &'a SocketTable,
    /// Its row.
    pub row: Row<'a>,
    /// The fixed-size part of the row.
    pub socket: &'a Socket,
}

impl<'a> SocketRef<'a> {
    /// Joins a row with its table and its Sample.
    #[inline]
    pub fn new(sample: &'a Sample, table: &'a SocketTable, row: Row<'a>) -> SocketRef<'a> {
        SocketRef {
            sample,
            table,
            row,
            socket: row.socket,
        }
    }

    /// Returns the same socket with another fixed-size part, whose variable parts are in the same places.
    #[must_use]
    pub fn with_socket<'b>(self, socket: &'b Socket) -> SocketRef<'b>
    where
        'a: 'b,
    {
        SocketRef {
            row: Row { socket, ..self.row },
            socket,
            ..self
        }
    }

    /// Returns the running timer.
    pub fn timer(&self) -> Option<Timer> {
        self.row.timer()
    }

    /// Returns `struct tcp_info`, as far as the kernel sent it.
    pub fn tcp_info(&self) -> Option<TcpInfo<'a>> {
        self.row.tcp_info()
    }

    /// Returns the payload that a connection has transferred; `None` for listeners and where the kernel does not count.
    pub fn payload(&self) -> Option<Payload> {
        let info = self.tcp_info().filter(|_| !self.socket.is_listener())?;
        Payload::of(self.socket, info)
    }

    /// Returns `struct mptcp_info`, as far as the kernel sent it.
    pub fn mptcp_info(&self) -> Option<MptcpInfo<'a>> {
        self.row.mptcp_info()
    }

    /// Returns the part of `struct sctp_info` for associations, as far as the kernel sent it.
    pub fn sctp_info(&self) -> Option<SctpInfo<'a>> {
        self.row.sctp_info()
    }

    /// Returns the part of `struct sctp_info` for sockets, as far as the kernel sent it.
    pub fn sctp_options(&self) -> Option<SctpOptions<'a>> {
        self.row.sctp_options()
    }

    /// Returns all addresses of both ends of an SCTP socket or association. Kernel: `INET_DIAG_LOCALS`,
    /// `INET_DIAG_PEERS`.
    pub fn sctp_addresses(&self) -> Option<SctpAddresses<'a>> {
        (self.socket.protocol == Protocol::Sctp)
            .then(|| self.row.name())
            .flatten()
            .map(SctpAddresses::new)
    }

    /// Returns the memory figures, in bytes.
    pub fn memory(&self) -> Option<MemoryInfo<'a>> {
        self.row.memory()
    }

    /// Returns the congestion control algorithm.
    pub fn congestion(&self) -> Option<&'a str> {
        self.table.name_at(self.socket.congestion)
    }

    /// Returns the congestion control report, raw.
    pub fn congestion_info(&self) -> Option<&'a [u8]> {
        self.row.congestion_info()
    }

    /// Returns the congestion control report by field; see [`congestion_fields`](super::congestion_fields).
    pub fn congestion_fields(&self) -> Vec<(&'static str, Option<u64>)> {
        let bytes = self.congestion_info().unwrap_or(&[]);
        super::congestion_fields(self.congestion(), bytes)
    }

    /// Returns a unix socket's path; an abstract name begins with a NUL byte, as in the kernel.
    pub fn name(&self) -> Option<&'a [u8]> {
        matches!(self.socket.ends, Ends::Unix { .. })
            .then(|| self.row.name())
            .flatten()
    }

    /// Returns the name of the upper-layer protocol over TCP, such as `tls` or `mptcp`. Kernel: `INET_ULP_INFO_NAME`.
    pub fn ulp(&self) -> Option<&'a [u8]> {
        self.tcp_extras()?.ulp()
    }

    /// Returns what kTLS reports. Kernel: `INET_ULP_INFO_TLS`.
    pub fn tls(&self) -> Option<TlsInfo> {
        self.tcp_extras()?.tls()
    }

    /// Returns what is set on top of a TCP socket.
    pub fn tcp_extras(&self) -> Option<TcpExtras<'a>> {
        (self.socket.protocol == Protocol::Tcp)
            .then(|| self.row.name())
            .flatten()
            .map(TcpExtras::new)
    }

    /// Returns the descriptors that refer to it, ordered by process.
    pub fn holders(&self) -> &'a [Holder] {
        self.sample.holders_of(self.socket)
    }

    /// Iterates over the processes that own it, each once, with their descriptors.
    pub fn owners(&self) -> impl Iterator<Item = (&'a ProcessRow, &'a [Holder])> {
        self.holders()
            .chunk_by(|a, b| a.process == b.process)
            .filter_map(|run| Some((self.sample.processes.get(run[0].process as usize)?, run)))
    }

    /// Returns the first owner, for tables with room for only one.
    pub fn owner(&self) -> Option<&'a ProcessRow> {
        self.owners().next().map(|(process, _)| process)
    }

    /// Returns the bound device; `None` if it is not bound to one.
    pub fn device(&self) -> Option<BoundDevice<'a>> {
        let index = self.socket.interface;
        let name = self.sample.interface_name(self.socket.netns, index);
        (index != 0).then(|| name.map_or(BoundDevice::Index(index), BoundDevice::Name))
    }

    /// Returns the name of the bound device; `None` also if the device was removed.
    pub fn interface_name(&self) -> Option<&'a str> {
        match self.device()? {
            BoundDevice::Name(name) => Some(name),
            BoundDevice::Index(_) => None,
        }
    }

    /// Returns its network namespace, if it is another one than that of the source.
    pub fn namespace(&self) -> Option<&'a Arc<NetNamespace>> {
        self.sample.namespace(self.socket.netns)
    }

    /// Returns the ends of the connection as the peer sees them, if addresses are translated on the way.
    pub fn translation(&self) -> Option<Translation> {
        let translations = self.sample.translations.as_ref()?;
        translations.get(&self.socket.key()).copied()
    }

    /// Returns the name of its network namespace.
    pub fn namespace_name(&self) -> Option<&'a str> {
        self.sample.namespace_name(self.socket.netns)
    }

    /// Returns the name of the owner's user.
    pub fn user_name(&self) -> Option<&'a str> {
        self.sample.user_name(self.socket.uid?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProcessKey;

    #[test]
    fn the_age_of_a_process_does_not_depend_on_the_wall_clock() {
        // Started 100 s after the boot, when the wall clock was an hour ahead.
        let process = Process {
            started_at_us: Some(1_003_700_000_000),
            ..Process::new(ProcessKey {
                pid: 7,
                start_time: 10_000,
            })
        };
        let mut sample = Sample {
            taken_at_us: 1_000_150_000_000,
            monotonic_ns: 120_000_000_000,
            suspended_ns: Some(30_000_000_000),
            ..Sample::default()
        };
        assert_eq!(sample.age_us(&process), Some(50_000_000));
        // Recorded without the time in suspension.
        sample.suspended_ns = None;
        sample.taken_at_us = 1_003_750_000_000;
        assert_eq!(sample.age_us(&process), Some(50_000_000));
        let unknown = Process::new(process.key);
        assert_eq!(sample.age_us(&unknown), None);
    }
}
