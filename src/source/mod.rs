//! Where Samples come from.
//!
//! [`Live`] asks the kernel; [`read_raw_dump`] reads what ss wrote; [`System`] knows names. A recording will be another [`Source`]. Nothing here computes a rate or knows a screen.

pub mod netlink;
pub mod procfs;

mod activity;
mod attribution;
mod live;
mod names;
mod raw_dump;

pub use live::{Live, LiveOptions, OwnersOf};
pub use names::System;
pub use raw_dump::{RawDumpError, read_raw_dump};

use crate::model::Sample;

/// Why a source can give no Sample at all. What fails in part is a [`Fault`](crate::model::Fault) on the Sample.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The kernel gives no `sock_diag` socket.
    #[error("cannot ask the kernel for its sockets: {what}")]
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        #[source]
        error: std::io::Error,
    },
}

/// What helps where descriptors run out.
pub const MORE_DESCRIPTORS: &str = "raise the limit of open files, e.g. ulimit -n 1024";

/// Whether descriptors have run out: this process' own or the system's.
pub fn lacks_descriptors(error: &std::io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

/// What helps where the kernel gives no `sock_diag` socket.
pub const SOCK_DIAG_NEEDED: &str = "sockwatch needs Linux with CONFIG_INET_DIAG and leave to open netlink sockets (a seccomp profile may forbid it)";

/// Gives one Sample after another.
pub trait Source: Send {
    /// Makes the next Sample in `sample`, which is empty or an old one whose memory may be used again.
    ///
    /// # Errors
    /// When there is nothing to show at all; see [`SourceError`].
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError>;
}
