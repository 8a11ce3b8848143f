//! The criteria by which sockets are grouped, and the identities of groups.

use crate::model::{ProcessKey, RemoteHost, State, Unowned};

/// The criterion by which sockets are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Not grouped.
    #[default]
    None,
    /// The first owner of each socket, or the reason for having none.
    Process,
    /// The remote host.
    Remote,
    /// The local port.
    Port,
    /// Protocol and state.
    State,
    /// The control group.
    Cgroup,
    /// The network namespace.
    Namespace,
    /// The systemd unit.
    Unit,
    /// The container.
    Container,
    /// The pod.
    Pod,
}

/// The identity of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// A process.
    Process(ProcessKey),
    /// Sockets without an owner.
    Unowned(Unowned),
    /// One of several processes, by the first of them.
    OneOf(ProcessKey),
    /// A remote host.
    Remote(RemoteHost),
    /// A local port of a protocol.
    Port(&'static str, u16),
    /// A protocol and a state.
    State(&'static str, State),
    /// A control group.
    Cgroup(u64),
    /// A network namespace.
    Namespace(u32),
    /// A systemd unit, by the hash of its name.
    Unit(u64),
    /// A container, by the hash of its id.
    Container(u64),
    /// A pod, by the hash of its uid, or of its namespace and name.
    Pod(u64),
    /// Sockets to which the criterion does not apply.
    Other,
}

impl Grouping {
    /// Returns the name of the criterion; `None` if sockets are not grouped.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Grouping::None => None,
            Grouping::Process => Some("process"),
            Grouping::Remote => Some("remote"),
            Grouping::Port => Some("local port"),
            Grouping::State => Some("state"),
            Grouping::Cgroup => Some("cgroup"),
            Grouping::Namespace => Some("network namespace"),
            Grouping::Unit => Some("unit"),
            Grouping::Container => Some("container"),
            Grouping::Pod => Some("pod"),
        }
    }
}

impl GroupKey {
    /// The criterion of a network namespace, unit, container or pod, which has a page of its own; `None` for others.
    pub(super) fn workload_grouping(self) -> Option<Grouping> {
        match self {
            GroupKey::Namespace(_) => Some(Grouping::Namespace),
            GroupKey::Unit(_) => Some(Grouping::Unit),
            GroupKey::Container(_) => Some(Grouping::Container),
            GroupKey::Pod(_) => Some(Grouping::Pod),
            _ => None,
        }
    }
}
