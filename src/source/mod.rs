//! Sources of Samples: the running kernel, and files written by `ss -D`. A recording is another [`Source`].
//!
//! - [`netlink`]: `sock_diag` and rtnetlink: requests, dumps, destroy events; decodes bytes to rows.
//! - [`procfs`]: owners of sockets, counters, interfaces, settings and names, from `/proc`.
//! - `attribution`: joins sockets with their owners, or determines why a socket has none; remembers owners for
//!   TIME-WAIT and closed sockets.
//! - `containers`: the containers of control groups, named from the files of their runtimes.
//! - `unexplained`: evidence about sockets for which no process was found.
//! - `process_activity`: whether the processes that sockets wait for are stopped, asleep or busy.
//! - `tables`: dumps the socket tables of a network namespace; `namespaces`: finds the other network namespaces of the host
//!   and visits each.
//! - `translations`: the connections whose addresses are translated, from connection tracking.
//! - [`LiveSource`]: builds a Sample from all of these; `progress_meter` counts how far it has come.
//! - [`Schedule`]: when Samples are due.
//! - [`read_raw_dump`]: reads a Sample from a file of `ss -D`.
//! - [`SystemNames`]: services, hosts, devices and cgroups by name, for filters and for display.
//!
//! No rates are computed here; the `aggregate` layer does that.

pub mod netlink;
pub mod procfs;

mod attribution;
mod clock;
mod containers;
mod live;
mod namespaces;
mod process_activity;
mod progress_meter;
mod raw_dump;
mod schedule;
mod system_names;
mod tables;
mod translations;
mod unexplained;

pub use live::{LiveOptions, LiveSource, OwnerScope};
pub use namespaces::{NamespaceScope, enter_namespace, run_in_namespace};
pub use progress_meter::ProgressObserver;
pub use raw_dump::{RawDumpError, read_raw_dump};
pub use schedule::Schedule;
pub use system_names::SystemNames;

use std::sync::Arc;

use crate::model::Sample;

/// Reasons why a source cannot take any Sample. A partial failure is a [`Fault`](crate::model::Fault) of the Sample.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No `sock_diag` socket can be opened.
    #[error("cannot ask the kernel for its sockets: {what}")]
    Unavailable {
        /// The operation that failed.
        what: &'static str,
        /// The kernel's error.
        #[source]
        error: std::io::Error,
    },
}

/// Remedy for exhausted descriptors.
pub const MORE_DESCRIPTORS: &str = "raise the open file limit, for example with ulimit -n 1024";

/// Reports whether an error means that descriptors are exhausted, for this process or for the system.
pub fn lacks_descriptors(error: &std::io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

/// Remedy if no `sock_diag` socket can be opened.
pub const SOCK_DIAG_NEEDED: &str = "sockwatch requires Linux with CONFIG_INET_DIAG and permission to open netlink sockets (check the seccomp profile)";

/// Takes Samples in sequence.
pub trait Source: Send {
    /// Takes the next Sample into `sample`, which is empty or an old one whose memory is reused.
    ///
    /// # Errors
    /// If no Sample can be taken at all; see [`SourceError`].
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError>;

    /// Reports the progress of Samples that take long. A source whose Samples never do reports nothing.
    fn observe_progress(&mut self, _observer: Arc<dyn ProgressObserver>) {}
}
