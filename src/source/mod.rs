//! Sources of Samples: the running kernel, and files that `ss -D` wrote. A recording is another [`Source`].
//!
//! - [`netlink`]: `sock_diag` and rtnetlink: requests, dumps, destroy events; bytes to rows.
//! - [`procfs`]: owners of sockets, counters, interfaces, settings, names, from `/proc`.
//! - `attribution`: joins sockets with their owners, or finds the reason for which one has none; remembers owners for
//!   TIME-WAIT and closed sockets.
//! - `process_activity`: whether the processes that sockets wait for are stopped, asleep or busy.
//! - [`LiveSource`]: puts one Sample together from all of these.
//! - [`read_raw_dump`]: a Sample from a file of `ss -D`.
//! - [`SystemNames`]: services, hosts, devices and control groups by name, for filters and for display.
//!
//! No rates are computed here: that is the `aggregate` layer's.

pub mod netlink;
pub mod procfs;

mod attribution;
mod clock;
mod live;
mod process_activity;
mod raw_dump;
mod system_names;

pub use live::{LiveOptions, LiveSource, OwnerScope};
pub use raw_dump::{RawDumpError, read_raw_dump};
pub use system_names::SystemNames;

use crate::model::Sample;

/// Reasons for which a source can make no Sample at all. A partial failure is a [`Fault`](crate::model::Fault) on the
/// Sample.
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

/// Advice where descriptors run out.
pub const MORE_DESCRIPTORS: &str = "raise the limit of open files, e.g. ulimit -n 1024";

/// Reports whether an error means that descriptors have run out: this process' own or the system's.
pub fn lacks_descriptors(error: &std::io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

/// Advice where no `sock_diag` socket can be opened.
pub const SOCK_DIAG_NEEDED: &str = "sockwatch needs Linux with CONFIG_INET_DIAG and leave to open netlink sockets (a seccomp profile may forbid it)";

/// Makes one Sample after another.
pub trait Source: Send {
    /// Makes the next Sample in `sample`, which is empty or an old one whose memory is reused.
    ///
    /// # Errors
    /// If no Sample can be made at all; see [`SourceError`].
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError>;
}
