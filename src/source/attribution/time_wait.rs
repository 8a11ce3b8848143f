//! Attributes sockets in TIME-WAIT and closed sockets. No descriptor refers to them any more, and the kernel reports
//! neither inode nor user.
//!
//! Their cookie is that of the full socket, so its owners in an earlier Sample are remembered
//! ([`remembered`](super::remembered)). A connection that opened and closed between two Samples was never seen open. If
//! it was accepted here, its owner is inferred from the listener ([`accepted_from`](super::accepted_from)). If it was
//! opened from here, its owner is unknown.

use super::accepted_from::ListenerOwners;
use super::remembered::RememberedSocket;
use super::sample_holders::SampleHolders;
use crate::model::{Attribution, Sample, Socket, SocketTable, Unowned};

/// Attributes a socket that no process has open any more, for this `reason`: to its previous owners, or else to those
/// of its listener among `rows`.
pub(super) fn attribute(
    socket: &mut Socket,
    reason: Unowned,
    remembered: Option<&mut RememberedSocket>,
    listeners: &mut ListenerOwners,
    rows: &SocketTable,
    sample: &mut Sample,
    holders: &mut SampleHolders,
) {
    if let Some(remembered) = remembered
        && !remembered.owners.is_none()
    {
        remembered.restore(socket, sample, holders);
        socket.attribution = Attribution::Remembered;
    } else {
        socket.attribution = Attribution::Unowned(reason);
        let places = &mut holders.places;
        listeners.infer(socket, rows, places, &mut sample.holders);
    }
}
