//! Where Samples come from.
//!
//! [`Live`] asks the kernel. A recording will be another [`Source`]. Nothing here computes a rate or knows a screen.

pub mod netlink;
pub mod procfs;

mod attribution;
mod live;

pub use live::{Live, LiveOptions};

use crate::model::Sample;

/// Why a source can give no Sample at all. What fails in part is a [`Fault`](crate::model::Fault) on the Sample.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The kernel gives no `sock_diag` socket.
    #[error("cannot ask the kernel for its sockets: {what}: {error}; {remedy}")]
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        error: std::io::Error,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// Gives one Sample after another.
pub trait Source: Send {
    /// Makes the next Sample in `sample`, which is empty or an old one whose memory may be used again.
    ///
    /// # Errors
    /// When there is nothing to show at all; see [`SourceError`].
    fn next_into(&mut self, sample: &mut Sample) -> Result<(), SourceError>;
}
