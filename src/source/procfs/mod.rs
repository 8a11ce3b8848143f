//! What `/proc` tells: who holds which socket, counters, names. The root is a parameter everywhere, so that a tree made
//! by hand can be read as well as the kernel's.
//!
//! - [`Owners`]: socket inode → the descriptors that refer to it, kept up to date with as little reading as possible.
//!   It rests on `handles` (the map), `inspect` (reading one process) and [`UserNames`].
//! - [`CounterReader`]: protocol counters and interfaces.
//! - [`CgroupPaths`]: cgroup id → path.
//! - [`netlink_drops`]: what was not delivered to a netlink socket.
//! - [`host()`], [`network_namespace`], [`hides_namespaces`]: which machine, which network, which processes.

mod cgroups;
mod counters;
mod handles;
mod host;
mod inspect;
mod overruns;
mod owners;
mod raw;
mod settings;
mod users;

pub use cgroups::CgroupPaths;
pub(super) use cgroups::cgroup2_directory;
pub use counters::CounterReader;
pub use handles::Handle;
pub use host::{hides_namespaces, host, network_namespace, start_time};
pub use overruns::netlink_drops;
pub use owners::Owners;
pub use raw::read_raw;
pub use settings::SettingsReader;
pub use users::UserNames;
