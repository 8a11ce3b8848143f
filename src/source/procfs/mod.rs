//! Reads `/proc`: owners of sockets, counters, settings, names. The root is always a parameter, so that tests can read
//! a synthetic tree.
//!
//! - [`Owners`]: maps a socket's inode to the descriptors that refer to it, and is updated with as little reading as
//!   possible. It uses `socket_holders` (the map), `process_reader` (reads one process) and [`UserNames`].
//! - [`CounterReader`]: protocol counters and interfaces. [`SettingsReader`]: sysctl settings.
//! - [`CgroupPaths`]: cgroup id → path. [`OutsideCgroups`]: cgroups whose processes are in another pid namespace.
//! - [`tracks_connections`]: whether connection tracking has entries.
//! - [`netlink_drops`]: messages that were not delivered to a netlink socket.
//! - [`SocketFile`]: sockets that `sock_diag` does not report.
//! - [`read_host`], [`network_namespace`], [`hides_pid_namespaces`]: the host and its namespaces.
//! - [`process_start_time`]: the start time that distinguishes a process from a later one with the same pid.
//!
//! The `procfs` crate parses the files, except where it has no parser (`net/netstat`, `net/sockstat`, `net/netlink`,
//! the settings below `sys/net`), keeps only known names (`net/snmp`), or costs too much, in which case the cost is
//! documented.

mod cgroup_members;
mod cgroup_paths;
mod conntrack;
mod counters;
mod hidepid;
mod host;
mod namespace_processes;
mod netlink_drops;
mod owners;
mod process_reader;
mod settings;
mod socket_count;
mod socket_files;
mod socket_holders;
mod user_names;

pub use cgroup_members::OutsideCgroups;
pub use cgroup_paths::CgroupPaths;
pub(super) use cgroup_paths::cgroup2_mount;
pub use conntrack::tracks_connections;
pub use counters::CounterReader;
pub use host::{hides_pid_namespaces, network_namespace, read_host};
pub(in crate::source) use namespace_processes::NamespaceProcesses;
pub use netlink_drops::netlink_drops;
pub use owners::{HeldSockets, NamespaceFile, Owners};
pub(super) use process_reader::Waiting;
pub use process_reader::process_start_time;
pub use settings::SettingsReader;
pub(in crate::source) use socket_count::{
    approximate_socket_count, counts_mptcp_sockets, has_no_mptcp_socket,
};
pub use socket_files::SocketFile;
pub use socket_holders::SocketDescriptor;
pub use user_names::UserNames;
