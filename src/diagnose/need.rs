//! What a finding reads, without which its condition cannot be seen.

use crate::model::Protocol;

/// Something that a detector reads of each Sample. Without it, the finding cannot be looked for, or only in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The sockets of a protocol.
    Sockets(Protocol),
    /// A kernel setting that may be empty, by its `sysctl` name.
    Setting(&'static str),
    /// A number of a kernel setting, counted from 0.
    Number(&'static str, usize),
    /// A number of a setting that the kernel shows only in the initial network namespace: a limit of the whole host.
    HostNumber(&'static str, usize),
    /// A counter or a setting of a part of the kernel that may not be loaded: then there is nothing to check.
    LoadedCounter(&'static str),
    LoadedNumber(&'static str, usize),
    /// A counter, by its name in [`Protocols`](crate::model::Protocols).
    Counter(&'static str),
    /// The open file descriptors of processes.
    Descriptors,
}
