//! Why nobody owns a socket.

use rustc_hash::FxHashSet;

use crate::model::{ClearForReuse, Ends, Protocol, Sample, Socket, State, Unowned};
use crate::source::procfs::Owners;

/// How many sockets are asked for in a round. Beyond that the machine changes faster than it can be looked at.
const MAX_ASKED: usize = 256;

/// Sockets that the dump told with an inode and that are held no more: their process ended before it was looked for.
/// They are no other user's secret.
#[derive(Debug, Default)]
pub(super) struct Freed(FxHashSet<u64>);

impl Freed {
    pub(super) fn clear(&mut self) {
        self.0.clear_for_reuse();
    }

    /// Takes those whose destroy event was heard.
    pub(super) fn hear(&mut self, closed: &[Socket]) {
        self.0.extend(closed.iter().map(|socket| socket.cookie));
    }

    /// Finds out about those that no process is known to hold: the event may be late, and a connection that is being
    /// closed has none yet.
    pub(super) fn ask<'a>(
        &mut self,
        sockets: impl Iterator<Item = &'a Socket>,
        owners: &Owners,
        is_held: &mut dyn FnMut(&Socket) -> Option<bool>,
    ) {
        let unseen = sockets
            .filter(|socket| owners.holders(socket.inode).is_empty())
            .take(MAX_ASKED);
        for socket in unseen {
            if !self.contains(socket) && is_held(socket) == Some(false) {
                self.0.insert(socket.cookie);
            }
        }
    }

    fn contains(&self, socket: &Socket) -> bool {
        self.0.contains(&socket.cookie)
    }
}

/// Whether a socket without an owner for this reason still names the one that it had.
pub(super) fn keeps_owner(why: Unowned) -> bool {
    matches!(
        why,
        Unowned::TimeWait
            | Unowned::Orphan
            | Unowned::Exited
            | Unowned::Unknown
            | Unowned::OtherNamespace
            | Unowned::PermissionDenied
    )
}

/// Why no descriptor refers to it.
pub(super) fn why_unowned(
    socket: &Socket,
    sample: &Sample,
    owners: &Owners,
    freed: &Freed,
    hides_namespaces: bool,
) -> Unowned {
    if let Ends::Netlink { port_id: 0, .. } = socket.ends {
        return Unowned::Kernel;
    }
    // Whatever was asked for, a full socket comes with the directions that are shut down.
    let is_mini = || {
        socket.protocol == Protocol::Tcp
            && socket.shutdown.is_none()
            && sample.sockets.tcp_info(socket).is_none()
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
    if freed.contains(socket) {
        Unowned::Exited
    } else if owners.could_be_hidden(socket.uid) {
        Unowned::PermissionDenied
    } else if hides_namespaces {
        Unowned::OtherNamespace
    } else {
        Unowned::Unknown
    }
}
