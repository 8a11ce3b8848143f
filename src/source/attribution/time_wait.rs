//! Attributes sockets in TIME-WAIT and closed sockets. No descriptor refers to them any more, and the kernel reports
//! neither inode nor user.
//!
//! Their cookie is that of the full socket, so its owners in an earlier Sample are remembered
//! ([`remembered`](super::remembered)). A connection that opened and closed between two Samples was never seen open. If
//! it was accepted here, its owner is inferred from the listener ([`accepted_from`](super::accepted_from)). If it was
//! opened from here, its owner is unknown.

use super::accepted_from::ListenerOwners;
use super::remembered::RememberedSocket;
use super::sample_processes::SampleProcesses;
use crate::model::{Attribution, Sample, Socket, Unowned};

/// Attributes a socket that no process has open any more, for this `reason`: to its previous owners, or else to those
/// of its listener among `rows`.
pub(super) fn attribute(
    socket: &mut Socket,
    reason: Unowned,
    remembered: Option<&RememberedSocket>,
    listeners: &mut ListenerOwners,
    rows: &[Socket],
    sample: &mut Sample,
    processes: &mut SampleProcesses,
) {
    if let Some(remembered) = remembered
        && !remembered.owners.is_none()
    {
        remembered.owners.restore(socket, sample, processes);
        socket.attribution = Attribution::Remembered;
    } else {
        socket.attribution = Attribution::Unowned(reason);
        listeners.infer(socket, rows, &mut sample.holders);
    }
}
