//! Determines the reason why a socket has no owner.

use crate::model::SeededSet;
use crate::model::{ClearForReuse, Ends, Protocol, Row, Socket, SocketTable, State, Unowned};
use crate::source::procfs::Owners;

/// Maximum number of single-socket lookups per round. Beyond that, the system changes faster than it can be sampled.
const MAX_LOOKUPS: usize = 256;

/// Cookies of sockets that had an inode in the dump and have been released since: their process ended before `/proc`
/// was scanned, so no missing permission hides them.
#[derive(Debug, Default)]
pub(super) struct ReleasedSockets(SeededSet<u64>);

impl ReleasedSockets {
    pub(super) fn clear(&mut self) {
        self.0.clear_for_reuse();
    }

    /// Adds the sockets whose destroy event was received.
    pub(super) fn add_closed(&mut self, closed: &SocketTable) {
        self.0.extend(closed.iter().map(|socket| socket.cookie));
    }

    /// Looks up those of `sockets` that have no known owner: their event may be late, and a closing connection has none
    /// yet. `is_open` asks the kernel whether a process still has a socket open.
    pub(super) fn look_up<'a>(
        &mut self,
        sockets: impl Iterator<Item = &'a Socket>,
        owners: &Owners,
        is_open: &mut dyn FnMut(&Socket) -> Option<bool>,
    ) {
        let unowned = sockets
            .filter(|socket| owners.holders(socket.inode).is_empty())
            .take(MAX_LOOKUPS);
        for socket in unowned {
            if !self.contains(socket) && is_open(socket) == Some(false) {
                self.0.insert(socket.cookie);
            }
        }
    }

    fn contains(&self, socket: &Socket) -> bool {
        self.0.contains(&socket.cookie)
    }
}

/// Returns true if a socket without an owner for this reason is still attributed to its previous owner. TIME-WAIT has
/// its own rules, see [`time_wait`](super::time_wait).
pub(super) fn keeps_owner(reason: Unowned) -> bool {
    matches!(
        reason,
        Unowned::Orphan
            | Unowned::Exited
            | Unowned::Unknown
            | Unowned::OtherNamespace
            | Unowned::PermissionDenied
            | Unowned::IoUring
            | Unowned::NotRead
    )
}

/// Returns true if the kernel itself has opened a socket without a known owner, so that no process is searched for. Each
/// network namespace has some of them.
pub(super) fn is_of_kernel(socket: &Socket) -> bool {
    matches!(socket.ends, Ends::Netlink { port_id: 0, .. })
}

/// Returns the reason why no descriptor refers to `socket`, as far as the socket and the readability of the processes
/// prove it. [`unexplained`](crate::source::unexplained) looks for further evidence.
pub(super) fn unowned_reason(
    socket: Row<'_>,
    owners: &Owners,
    released: &ReleasedSockets,
) -> Unowned {
    if is_of_kernel(socket.socket) {
        return Unowned::Kernel;
    }
    // A full socket always has the shut down directions; a TIME-WAIT minisocket does not.
    let is_mini = || {
        socket.protocol == Protocol::Tcp && socket.shutdown.is_none() && socket.tcp_info().is_none()
    };
    match socket.state {
        State::TimeWait => return Unowned::TimeWait,
        State::SynRecv => return Unowned::Handshake,
        State::FinWait2 if socket.inode == 0 && is_mini() => return Unowned::TimeWait,
        State::Established | State::CloseWait if socket.inode == 0 => {
            return Unowned::WaitingForAccept;
        }
        _ if socket.inode == 0 => return Unowned::Orphan,
        _ => {}
    }
    if released.contains(&socket) {
        Unowned::Exited
    } else if owners.has_unreadable_processes() {
        Unowned::PermissionDenied
    } else {
        Unowned::Unknown
    }
}
