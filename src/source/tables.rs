//! Dumps the kernel's socket tables into a Sample, or reads a substitute from `/proc` for unsupported tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::filter::{LoweredFilter, StateSet};
use crate::model::{Fault, FaultSeverity, Protocol, Sample, Socket, SocketKey, SocketTable, State};
use crate::model::{SeededMap, SeededSet};
use crate::source::clock::{self, SuspensionClock};
use crate::source::netlink::dump::Dumper;
use crate::source::netlink::request::{AttributeRequest, Table};
use crate::source::procfs::{SocketFile, counts_mptcp_sockets, has_no_mptcp_socket, read_host};
use crate::source::progress_meter::ProgressMeter;

/// Time before an unsupported table is requested again: each request makes the kernel look for a module.
const UNSUPPORTED_RETRY: Duration = Duration::from_secs(60);

/// Maximum number of rows for which the peers of connections are looked up one by one.
const MAX_PEER_LOOKUPS: usize = 4096;

/// Dumps the tables that a live source samples.
#[derive(Debug)]
pub(super) struct TableDumps {
    proc_root: PathBuf,
    netns: u32,
    dumper: Dumper,
    tables: Vec<Table>,
    request: AttributeRequest,
    include_peers: bool,
    /// True if its socket is in a network namespace that is only visited.
    is_visiting: bool,
    suspension: SuspensionClock,
    /// Tables that the kernel does not support, with the time of its report and the fault.
    unsupported: SeededMap<Table, (Instant, Fault)>,
    /// True if the kernel counts the MPTCP sockets, so that their tables need not be dumped if there are none: the kernel
    /// walks a large table for each dump, even if it is empty.
    counts_mptcp: bool,
    text: Vec<u8>,
}

impl TableDumps {
    /// Creates the dumps of `tables` with `dumper`, whose socket is in the network namespace `netns`.
    pub(super) fn new(
        proc_root: &Path,
        netns: u32,
        dumper: Dumper,
        tables: &[Table],
        request: &AttributeRequest,
        include_peers: bool,
    ) -> TableDumps {
        TableDumps {
            proc_root: proc_root.to_owned(),
            netns,
            dumper,
            tables: tables.to_vec(),
            request: request.clone(),
            include_peers,
            is_visiting: false,
            suspension: SuspensionClock::default(),
            unsupported: SeededMap::default(),
            counts_mptcp: counts_mptcp_sockets(&read_host(proc_root).kernel),
            text: Vec::new(),
        }
    }

    /// Continues in the network namespace of the calling thread, whose inode is `netns`.
    ///
    /// # Errors
    /// If no `sock_diag` socket can be opened there.
    pub(super) fn reopen(&mut self, netns: u32) -> std::io::Result<()> {
        self.dumper.reopen(netns)?;
        self.netns = netns;
        self.is_visiting = true;
        Ok(())
    }

    /// Appends the rows of every table to those of `sample`: first those of the internet protocols.
    pub(super) fn dump(&mut self, sample: &mut Sample) {
        self.dump_internet(sample);
        self.dump_others(sample);
    }

    /// Appends the rows of the tables of other families than the internet protocols.
    pub(super) fn dump_others(&mut self, sample: &mut Sample) {
        for at in 0..self.tables.len() {
            let table = self.tables[at];
            if table == Table::Netlink && self.is_visiting {
                self.dump_netlink(sample);
            } else if !is_internet(table) {
                self.dump_table(table, sample);
            }
        }
        sample.sockets.end_page();
    }

    /// Appends the rows of the netlink sockets except ours, which is in that namespace for this dump alone.
    fn dump_netlink(&mut self, sample: &mut Sample) {
        let own = self.dumper.inode();
        let mut rows = SocketTable::default();
        std::mem::swap(&mut sample.sockets, &mut rows);
        self.dump_table(Table::Netlink, sample);
        sample.sockets.finish();
        std::mem::swap(&mut sample.sockets, &mut rows);
        for row in &rows {
            if Some(row.inode) != own {
                sample.sockets.push_copy(*row.socket, row);
            }
        }
        sample.sockets.end_page();
    }

    /// Appends the rows of the tables of the internet protocols.
    pub(super) fn dump_internet(&mut self, sample: &mut Sample) {
        let from = sample.sockets.len_unfinished();
        let no_mptcp = self.counts_mptcp
            && self.tables.iter().copied().any(is_mptcp)
            && has_no_mptcp_socket(&self.proc_root, &mut self.text);
        for at in 0..self.tables.len() {
            let table = self.tables[at];
            if is_internet(table) && !(no_mptcp && is_mptcp(table)) {
                self.dump_table(table, sample);
            }
        }
        if self.is_selective() {
            self.add_context(from, sample);
        }
        sample.sockets.end_page();
    }

    /// Ends the table of `sample` and sets its times.
    pub(super) fn finish(&mut self, sample: &mut Sample) {
        sample.sockets.finish();
        sample.monotonic_ns = clock::monotonic_ns();
        sample.taken_at_us = clock::realtime_us();
        sample.suspended_ns = Some(self.suspension.read());
    }

    /// Returns true if the request selects only some sockets, so that looking up the owners of all is not worthwhile.
    pub(super) fn is_selective(&self) -> bool {
        let lowered = &self.request.lowered;
        !lowered.code.is_empty() || !lowered.states.contains(State::Established)
    }

    /// Reports whether a process still has `socket` open; `None` if the kernel cannot report it.
    pub(super) fn is_open(&mut self, socket: &Socket) -> Option<bool> {
        self.dumper.is_open(socket)
    }

    /// Counts the sockets that are dumped.
    pub(super) fn count_with(&mut self, meter: &Arc<ProgressMeter>) {
        self.dumper.count_with(meter);
    }

    /// Resolves a device's index to its name.
    pub(super) fn interface_name(&self, index: u32) -> Option<String> {
        self.dumper.interface_name(index)
    }

    fn dump_table(&mut self, table: Table, sample: &mut Sample) {
        if is_only_in_procfs(table) {
            self.substitute(table, sample);
            return;
        }
        if let Some((since, fault)) = self.unsupported.get(&table)
            && since.elapsed() < UNSUPPORTED_RETRY
        {
            sample.faults.push(fault.clone());
            self.substitute(table, sample);
            return;
        }
        let from = sample.sockets.len();
        let outcome = self.dumper.dump(table, &self.request, &mut sample.sockets);
        if matches!(
            table,
            Table::Inet(Protocol::Sctp) | Table::Inet6(Protocol::Sctp)
        ) {
            keep_last_of_each(&mut sample.sockets, from);
        }
        sample.sockets.end_page();
        sample.timings.dump_ns += outcome.wait_time.as_nanos() as u64;
        sample.timings.decode_ns += outcome.decode_time.as_nanos() as u64;
        match outcome.fault {
            Some(mut fault) if outcome.unsupported => {
                if let Some(file) = socket_file(table) {
                    fault.error = format!(
                        "{}; reading /proc/net/{} instead, which has fewer details",
                        fault.error, file.name
                    );
                }
                sample.faults.push(fault.clone());
                self.unsupported.insert(table, (Instant::now(), fault));
                self.substitute(table, sample);
            }
            fault => {
                sample.faults.extend(fault);
                self.unsupported.remove(&table);
            }
        }
    }

    /// Reads the rows of a table that `sock_diag` does not support from `/proc`, if a file lists them.
    fn substitute(&self, table: Table, sample: &mut Sample) {
        let Some(file) = socket_file(table) else {
            return;
        };
        let result = file.read(&self.proc_root, self.netns, &mut sample.sockets);
        // Without the file, the family does not exist either.
        if let Err(error) = result
            && !matches!(error, procfs::ProcError::NotFound(_))
        {
            let path = format!("/proc/net/{}", file.name);
            sample
                .faults
                .push(Fault::new(FaultSeverity::Incomplete, path, error));
        }
    }

    /// Adds sockets that explain the requested ones from the row `from` on: the peers of connections, and the listeners that
    /// accepted connections without an owner. A later filter removes them again.
    fn add_context(&mut self, from: usize, sample: &mut Sample) {
        if !self.tables.contains(&Table::Tcp) || self.request.lowered.kernel_only {
            return;
        }
        let table = &mut sample.sockets;
        let rows = table.len();
        let unowned_ports: SeededSet<u16> = table
            .iter()
            .skip(from)
            .filter(|socket| socket.protocol == Protocol::Tcp && socket.inode == 0)
            .filter_map(|socket| socket.local().map(|local| local.port))
            .collect();
        if self.include_peers && rows - from <= MAX_PEER_LOOKUPS {
            for at in from..rows {
                let socket = table[at];
                if socket.protocol == Protocol::Tcp && socket.remote().is_some() {
                    self.dumper.dump_peer(&socket, table);
                }
            }
        }
        if !unowned_ports.is_empty() {
            let fault = self.dump_listeners(&unowned_ports, table);
            sample.faults.extend(fault);
        }
    }

    /// Appends the TCP listeners on some ports.
    fn dump_listeners(&mut self, ports: &SeededSet<u16>, table: &mut SocketTable) -> Option<Fault> {
        let listeners = AttributeRequest {
            lowered: LoweredFilter {
                states: StateSet::of(State::Listen),
                ..LoweredFilter::ALL
            },
            details: self.request.details,
        };
        let from = table.len();
        let outcome = self.dumper.dump(Table::Tcp, &listeners, table);
        let is_on_port = |socket: &Socket| {
            let local = socket.local();
            local.is_some_and(|local| ports.contains(&local.port))
        };
        table.retain(|at, socket| at < from || is_on_port(socket));
        outcome.fault
    }
}

/// Removes the rows of SCTP sockets that are repeated later. Older kernels report all sockets first, and once more those
/// with associations, each followed by these.
fn keep_last_of_each(table: &mut SocketTable, from: usize) {
    let mut last: SeededMap<SocketKey, usize> = SeededMap::default();
    let rows = table.iter().enumerate().skip(from);
    last.extend(rows.map(|(at, row)| (row.key(), at)));
    if last.len() < table.len() - from {
        table.retain(|at, socket| at < from || last.get(&socket.key()) == Some(&at));
    }
}

/// Returns the file in `/proc` that lists the sockets of a table. Only raw and ICMP sockets have one.
fn socket_file(table: Table) -> Option<SocketFile> {
    match table {
        Table::Inet(Protocol::Raw) => Some(SocketFile::RAW),
        Table::Inet6(Protocol::Raw) => Some(SocketFile::RAW6),
        Table::Inet(Protocol::Icmp) => Some(SocketFile::ICMP),
        Table::Inet6(Protocol::Icmp6) => Some(SocketFile::ICMP6),
        _ => None,
    }
}

/// Returns true for the tables of the internet protocols.
fn is_internet(table: Table) -> bool {
    matches!(table, Table::Tcp | Table::Inet(_) | Table::Inet6(_))
}

/// Returns true for the tables of MPTCP.
fn is_mptcp(table: Table) -> bool {
    matches!(
        table,
        Table::Inet(Protocol::Mptcp) | Table::Inet6(Protocol::Mptcp)
    )
}

/// Returns true if `sock_diag` has no module for a table, so that it is always read from `/proc`.
fn is_only_in_procfs(table: Table) -> bool {
    matches!(
        table,
        Table::Inet(Protocol::Icmp) | Table::Inet6(Protocol::Icmp6)
    )
}
