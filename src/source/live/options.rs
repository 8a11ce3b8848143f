//! Options of a live source.

use std::path::PathBuf;
use std::time::Duration;

use crate::filter::{LoweredFilter, StateSet};
use crate::model::{Protocol, State};
use crate::source::namespaces::NamespaceScope;
use crate::source::netlink::request::{AttributeRequest, Table};

/// The sockets whose owners are looked up. This costs more than the rest of a Sample: one system call per descriptor of
/// each process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerScope {
    /// No sockets.
    None,
    /// All sockets, unless there are more than this.
    AtMost(usize),
    /// All sockets.
    All,
}

/// Options of a [`LiveSource`](crate::source::LiveSource).
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each switches one part of a Sample"
)]
pub struct LiveOptions {
    /// Mount point of procfs.
    pub proc_root: PathBuf,
    /// Root of the file system, below which the files of container runtimes are.
    pub file_root: PathBuf,
    /// Tables to dump.
    pub tables: Vec<Table>,
    /// Network namespaces to sample.
    pub namespaces: NamespaceScope,
    /// Counts the other network namespaces, which takes a system call for each process.
    pub counts_namespaces: bool,
    /// Listens for destroy events, which a single snapshot does not need.
    pub destroy_events: bool,
    /// Sockets and attributes requested of the tables of the internet protocols.
    pub request: AttributeRequest,
    /// Sockets whose owners are looked up; the owners of the others are unknown.
    pub owners: OwnerScope,
    /// Looks up the peers of connections that `request` leaves out.
    pub include_peers: bool,
    /// Reads the network devices.
    pub devices: bool,
    /// Reads the settings of the kernel.
    pub settings: bool,
    /// Total time that Samples may wait for user names. Later Samples have the names that arrived meanwhile.
    pub name_wait: Duration,
    /// Dumps only about as many rows of each table; every Sample is a [`Preview`](crate::model::Preview).
    pub first_rows: Option<usize>,
}

/// Rows of each table in a preview: far more than a screen has, and dumped in a few ms.
const PREVIEW_ROWS: usize = 1024;

impl LiveOptions {
    /// Returns the options of a source that takes a preview: the first TCP, UDP and unix sockets, without owners. Only
    /// of these kinds there are very many, and a request for one that the kernel lacks makes it look for a module.
    pub fn preview() -> LiveOptions {
        LiveOptions {
            tables: vec![
                Table::Tcp,
                Table::Inet(Protocol::Udp),
                Table::Inet6(Protocol::Udp),
                Table::Unix,
            ],
            counts_namespaces: false,
            destroy_events: false,
            request: AttributeRequest {
                lowered: LoweredFilter {
                    // To find them, the kernel first walks all sockets with a port: 0.1 s at 800 000. Kernel:
                    // `inet_diag_dump_icsk`.
                    states: StateSet::ALL.without(StateSet::of(State::BoundInactive)),
                    ..LoweredFilter::ALL
                },
                ..AttributeRequest::default()
            },
            owners: OwnerScope::None,
            devices: false,
            settings: false,
            name_wait: Duration::ZERO,
            first_rows: Some(PREVIEW_ROWS),
            ..LiveOptions::default()
        }
    }
}

impl Default for LiveOptions {
    fn default() -> Self {
        LiveOptions {
            proc_root: PathBuf::from("/proc"),
            file_root: PathBuf::from("/"),
            tables: Table::ALL.to_vec(),
            namespaces: NamespaceScope::Own,
            counts_namespaces: true,
            destroy_events: true,
            request: AttributeRequest::default(),
            owners: OwnerScope::All,
            include_peers: true,
            devices: true,
            settings: true,
            name_wait: Duration::from_millis(20),
            first_rows: None,
        }
    }
}
