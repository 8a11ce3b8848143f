//! The targets that Enter opens: a process, a socket, a remote host, a screen.

use std::sync::Arc;

use super::group::{GroupKey, Grouping};
use crate::column::Service;
use crate::model::{Process, RemoteHost, SocketKey};

/// A target that Enter opens on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenTarget {
    /// A process.
    Process(Arc<Process>),
    /// A socket.
    Socket(SocketKey),
    /// The socket of an event, by the number of the event.
    Event(u64),
    /// A remote host, or one of its ports.
    Remote(RemoteHost, Option<Service>),
    /// The System screen.
    System,
    /// Nothing to open, with the reason for the user.
    Unavailable(String),
    /// A group, to be folded or unfolded.
    Fold,
    /// The sockets of a network namespace, unit, container or pod.
    Group(Grouping, GroupKey),
}

impl OpenTarget {
    /// The target of a group's heading: the page of a group that has one, or else the group is folded.
    pub(super) fn of_group(key: GroupKey) -> OpenTarget {
        match key.workload_grouping() {
            Some(by) => OpenTarget::Group(by, key),
            None => OpenTarget::Fold,
        }
    }
}
